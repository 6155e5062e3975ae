/* server: the loop, its signals, and what comes before it; the header says it. */

#include "tcp/server.h"

#include <fcntl.h>
#include <signal.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/iopause.h>
#include <skalibs/selfpipe.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "tcp/server_parts.h"

/* ---- signals ---- */

static void reap(struct server *s) {
    unsigned char key[ADDR_KEY];
    int wstatus;
    for (pid_t pid; (pid = wait_nohang(&wstatus)) > 0;) {
        if (!children_remove(&s->children, pid, key)) continue; /* a child that was there before us */
        s->not_before = STAMP;
        if (server_says_all(s)) serverlog_end(pid, wstatus, server_count_of(s, key));
        server_log_status(s);
    }
}

static void terminate_one(pid_t pid, void *data) {
    (void)data;
    kill(pid, SIGTERM);
    kill(pid, SIGCONT);
}

static void kill_one(pid_t pid, void *data) {
    (void)data;
    kill(pid, SIGKILL);
}

static void log_order(struct server const *s, char const *order) {
    if (server_says_all(s)) strerr_warni("received ", order);
}

/* Returns 1 when the server is to end, 0 when all signals have been seen, or -1 with errno. */
static int handle_signals(struct server *s) {
    for (int sig; (sig = selfpipe_read());) {
        switch (sig) {
        case -1: return -1;
        case SIGCHLD: reap(s); break;
        case SIGTERM: log_order(s, "SIGTERM: exiting"); return 1;
        case SIGHUP:
            log_order(s, "SIGHUP: ending all connections");
            children_each(&s->children, terminate_one, NULL);
            break;
        case SIGQUIT:
            log_order(s, "SIGQUIT: ending all connections and exiting");
            children_each(&s->children, terminate_one, NULL);
            return 1;
        case SIGABRT:
            log_order(s, "SIGABRT: killing all connections and exiting");
            children_each(&s->children, kill_one, NULL);
            return 1;
        default: break;
        }
    }
    return 0;
}

/* ---- the loop ---- */

/* Signals before connections: each end that is known makes room. */
static int step(struct server *s) {
    iopause_fd x[2] = {{.fd = s->signals_fd, .events = IOPAUSE_READ},
                       {.fd = s->listener, .events = IOPAUSE_READ}};
    int full = children_count(&s->children) >= s->options->max;
    int paused = tain_future(&s->not_before);
    if (iopause_g(x, full || paused ? 1 : 2, paused && !full ? &s->not_before : NULL) < 0) return -1;
    if (x[0].revents) {
        int r = handle_signals(s);
        if (r) return r;
    }
    return x[1].revents ? server_accept(s) : 0;
}

static int close_standard(int to) {
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd < 0) return -1;
    return fd_move(to, fd);
}

static int announce(struct addr const *local) {
    char line[UINT16_FMT + 1];
    size_t len = uint16_fmt(line, addr_port(local));
    line[len++] = '\n';
    return allwrite(1, line, len) < len ? -1 : 0;
}

static int set_up(struct server *s, char const **failed) {
    struct addr local;
    *failed = "allocate memory for connections";
    if (children_init(&s->children, s->options->max) < 0) return -1;
    *failed = "trap signals";
    if ((s->signals_fd = serversig_trap(&s->signals)) < 0) return -1;
    *failed = "find the address of the socket";
    if (addr_of_local(&local, s->listener) < 0) return -1;
    if (server_says_all(s)) serverlog_start(&local);
    server_log_status(s);
    *failed = "write the port to stdout";
    if (s->options->announce && announce(&local) < 0) return -1;
    *failed = "close stdin and stdout";
    return close_standard(0) < 0 || close_standard(1) < 0 ? -1 : 0;
}

int server_run(int listener, struct server_options const *options, char const **failed) {
    struct server s = {.options = options, .listener = listener};
    int r;
    if (!tain_now_set_stopwatch_g()) tain_now_set_wallclock_g();
    s.not_before = STAMP;
    if (set_up(&s, failed) < 0) return -1;
    *failed = "serve";
    do r = step(&s);
    while (!r);
    children_free(&s.children);
    return r < 0 ? -1 : 0;
}
