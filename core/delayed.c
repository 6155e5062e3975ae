/* delayed: TLS that begins when prog says so; the header says it. */

#include "delayed.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/types.h>

#include "applet.h"
#include "exitcode.h"
#include "fds.h"
#include "peerenv.h"
#include "say.h"

#define fatal_sys(plan, ...) say_fatal_sys((plan)->opt.verbosity, EXIT_SYSTEM, __VA_ARGS__)

/* What the two processes have of each other; in each pair the first end is prog's. */
struct delayed {
    int control[2];
    int to[2];   /* cleartext to prog */
    int from[2]; /* cleartext from prog */
};

static void swap(int pair[2]) {
    int fd = pair[0];
    pair[0] = pair[1];
    pair[1] = fd;
}

static int make(struct delayed *d) {
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, d->control) < 0) return -1;
    if (pipecoe(d->to) < 0 || pipecoe(d->from) < 0) return -1;
    swap(d->from); /* a pipe's first end is the one that reads */
    return 0;
}

/* ---- the engine ---- */

/* The word: 0 when prog has none to say. */
static int await_word(struct chain_plan const *plan, int control, char *word) {
    ssize_t n = fd_read(control, word, 1);
    if (n < 0) return fatal_sys(plan, "read from prog");
    if (!n) *word = 0;
    if (!n || *word == 'y' || *word == 'Y') return 0;
    return say_fatal(plan->opt.verbosity, EXIT_USAGE, "prog's word on SSLCTLFD is neither y nor Y");
}

/* From here on there is no prog to run: the cleartext goes to where it has been since before. */
static int serve(struct chain_plan *plan, struct delayed const *d) {
    struct tlsopt *opt = &plan->opt;
    int const keep[] = {2,        (int)opt->rfd, (int)opt->wfd,       d->control[1],
                        d->to[1], d->from[1],    plan->creds.ticketfd};
    char word;
    if (fds_close_others(keep, sizeof keep / sizeof *keep) < 0)
        return fatal_sys(plan, "close file descriptors");
    int code = await_word(plan, d->control[1], &word);
    if (code || !word) return code;
    plan->prog = 0;
    opt->notif = word == 'Y' ? d->control[1] : -1;
    if (net_init_pipes(&plan->local, d->from[1], d->to[1]) < 0) return fatal_sys(plan, "set up pipes");
    return chain_run(plan);
}

/* ---- prog ---- */

static int add_fd(stralloc *vars, char const *name, int fd) {
    char fmt[UINT_FMT];
    fmt[uint_fmt(fmt, (unsigned int)fd)] = 0;
    return stralloc_cats(vars, name) && stralloc_cats(vars, fmt) && stralloc_0(vars) && uncoe(fd) == 0;
}

static int become_prog(struct chain_plan const *plan, struct delayed const *d) {
    genalloc env = GENALLOC_ZERO;
    stralloc vars = STRALLOC_ZERO;
    if (!peerenv_merge(&env, plan->envp, plan->opt.keep, "", 0) ||
        !add_fd(&vars, "SSLCTLFD=", d->control[0]) || !add_fd(&vars, "SSLREADFD=", d->to[0]) ||
        !add_fd(&vars, "SSLWRITEFD=", d->from[0]))
        return fatal_sys(plan, "build the environment of prog");
    fd_close(d->control[1]);
    fd_close(d->to[1]);
    fd_close(d->from[1]);
    creds_close_tickets(&plan->creds);
    applet_exec_with(plan->prog, genalloc_s(char const *, &env), vars.s, vars.len);
}

static int is_open(unsigned int fd) {
    return fcntl((int)fd, F_GETFD) >= 0;
}

int delayed_run(struct chain_plan *plan) {
    struct delayed d;
    if (!is_open(plan->opt.rfd) || !is_open(plan->opt.wfd)) return chain_no_network(plan);
    if (fds_fill_standard() < 0) return fatal_sys(plan, "open /dev/null");
    if (make(&d) < 0) return fatal_sys(plan, "make pipes");
    pid_t pid = fork();
    if (pid < 0) return fatal_sys(plan, "fork");
    return pid ? become_prog(plan, &d) : serve(plan, &d);
}
