/* serverlog: the lines that a server prints; the header says it. */

#include "tcp/serverlog.h"

#include <string.h>
#include <sys/wait.h>

#include <skalibs/strerr.h>
#include <skalibs/types.h>

/* "3/40" */
enum { COUNT_TEXT = 2 * UINT32_FMT + 1 };

static void count_text(char text[COUNT_TEXT], struct serverlog_count count) {
    size_t len = uint32_fmt(text, count.n);
    text[len++] = '/';
    text[len + uint32_fmt(text + len, count.max)] = 0;
}

/* "192.0.2.1:4321", "[2001:db8::1]:4321" */
enum { END_TEXT = ADDR_TEXT + 3 + UINT16_FMT };

static void end_text(char text[END_TEXT], struct addr const *a) {
    char ip[ADDR_TEXT], port[UINT16_FMT];
    addr_text(ip, a);
    port[uint16_fmt(port, addr_port(a))] = 0;
    int v6 = strchr(ip, ':') != NULL;
    stpcpy(stpcpy(stpcpy(stpcpy(text, v6 ? "[" : ""), ip), v6 ? "]:" : ":"), port);
}

void serverlog_start(struct addr const *local) {
    char end[END_TEXT];
    end_text(end, local);
    strerr_warni("listening on ", end);
}

void serverlog_status(struct serverlog_count count) {
    char text[COUNT_TEXT];
    count_text(text, count);
    strerr_warni("status: ", text);
}

void serverlog_allow(struct addr const *remote, pid_t pid, struct serverlog_count of_host) {
    char end[END_TEXT], number[PID_FMT], count[COUNT_TEXT];
    end_text(end, remote);
    number[pid_fmt(number, pid)] = 0;
    count_text(count, of_host);
    strerr_warni("allow ", end, " pid ", number, " count ", count);
}

void serverlog_deny(struct addr const *remote, struct serverlog_count of_host) {
    char end[END_TEXT], count[COUNT_TEXT];
    end_text(end, remote);
    count_text(count, of_host);
    strerr_warni("deny ", end, " count ", count);
}

void serverlog_end(pid_t pid, int wstatus, struct serverlog_count of_host) {
    char number[PID_FMT], code[UINT_FMT], count[COUNT_TEXT];
    int killed = WIFSIGNALED(wstatus);
    number[pid_fmt(number, pid)] = 0;
    code[uint_fmt(code, (unsigned int)(killed ? WTERMSIG(wstatus) : WEXITSTATUS(wstatus)))] = 0;
    count_text(count, of_host);
    strerr_warni("end pid ", number, killed ? " signal " : " exitcode ", code, " count ", count);
}
