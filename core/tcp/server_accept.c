/* server_accept: one connection, from the listener to its program; server_parts.h says it. */

#include "tcp/server_parts.h"

#include <netinet/tcp.h>
#include <unistd.h>

#include <skalibs/djbunix.h>
#include <skalibs/strerr.h>

#include "applet.h"
#include "exitcode.h"
#include "tcp/listener.h"
#include "tcp/tcpenv.h"

/* Seconds to wait when fds or memory are short, unless a child ends before. */
enum { PAUSE = 1 };

static void become_prog(struct server const *s, int fd, struct addr const *remote, struct addr const *local,
                        uint32_t number) {
    stralloc vars = STRALLOC_ZERO;
    int on = 1;
    if (serversig_restore(&s->signals) < 0) strerr_diefusys(EXIT_SYSTEM, "restore signals");
    if (s->options->no_delay) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (fd_copy(0, fd) < 0 || fd_copy(1, fd) < 0)
        strerr_diefusys(EXIT_SYSTEM, "give prog its file descriptors");
    /* what a super-server around this one knew of its own connection is not true of this one */
    if (!tcpenv_add_ends(&vars, remote, local) || !tcpenv_add_number(&vars, "TCPCONNNUM", number) ||
        !tcpenv_add_foreign(&vars, "TCPREMOTEHOST", NULL) ||
        !tcpenv_add_foreign(&vars, "TCPREMOTEINFO", NULL))
        strerr_diefusys(EXIT_SYSTEM, "build the environment of prog");
    applet_exec_with(s->options->argv, s->options->envp, vars.s, vars.len);
}

static void serve(struct server *s, int fd, struct addr const *remote, struct addr const *local) {
    unsigned char key[ADDR_KEY];
    addr_key(key, remote);
    struct serverlog_count count = server_count_of(s, key);
    if (count.n >= count.max) {
        if (server_says_all(s)) serverlog_deny(remote, count);
        return;
    }
    pid_t pid = fork();
    if (!pid) become_prog(s, fd, remote, local, count.n + 1);
    if (pid < 0) {
        if (s->options->verbosity) strerr_warnwusys("fork: connection closed");
        return;
    }
    count.n = children_add(&s->children, pid, key);
    if (server_says_all(s)) serverlog_allow(remote, pid, count);
    server_log_status(s);
}

/* Until then the listener is not polled: it would be ready at once again, and again. */
static void pause_accepting(struct server *s) {
    if (s->options->verbosity) strerr_warnwusys("accept a connection: it waits");
    tain_addsec_g(&s->not_before, PAUSE);
}

int server_accept(struct server *s) {
    struct addr remote, local;
    int fd;
    switch (listener_accept(s->listener, &fd, &remote, &local)) {
    case LISTENER_ACCEPTED:
        serve(s, fd, &remote, &local);
        fd_close(fd);
        return 0;
    case LISTENER_NONE: return 0;
    case LISTENER_SHORT: pause_accepting(s); return 0;
    default: return -1;
    }
}
