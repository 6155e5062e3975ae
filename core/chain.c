/* chain: who is forked, in what order, with which fds and privileges; the header says it. */

#include "chain.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/selfpipe.h>

#include "config.h"
#include "conn.h"
#include "exitcode.h"
#include "fds.h"
#include "peerenv.h"
#include "remote.h"
#include "say.h"
#include "waiter.h"

/* How long the end of the key process is waited for when all else is over, milliseconds. One that is stopped dies with
 * this process. */
enum { KEYS_PATIENCE = 1000 };

/* One run, as the process sees it that was called. */
struct run {
    struct chain_plan const *plan;
    struct callersig signals;
    struct conn conn;
    int deaths;  /* readable when a child has died */
    int control; /* to what waits to become prog */
    pid_t prog;  /* 0: reaped */
    int status;  /* of prog, once reaped */
    pid_t keys;  /* the key process; 0: reaped, or there is none */
};

#define fatal(run, ...) say_fatal((run)->plan->opt.verbosity, __VA_ARGS__)
#define fatal_sys(run, ...) say_fatal_sys((run)->plan->opt.verbosity, __VA_ARGS__)

static void debug(struct run const *run, char const *what, uint64_t n) {
    say_debug(run->plan->opt.verbosity, what, n);
}

static void close_one(int *fd) {
    if (*fd >= 0) fd_close(*fd);
    *fd = -1;
}

/* ---- prog ---- */

static void become_prog(struct run *run, int const to[2], int const from[2], int const control[2]) {
    struct chain_plan const *plan = run->plan;
    struct waiter w = {
        .rfd = run->conn.net.rfd,
        .wfd = run->conn.net.wfd,
        .from_engine = to[0],
        .to_engine = from[1],
        .control = control[0],
        .keep = plan->opt.keep,
        .verbosity = plan->opt.verbosity,
        .signals = &run->signals,
        .argv = plan->prog,
        .envp = plan->envp,
    };
    fd_close(to[1]);
    fd_close(from[0]);
    fd_close(control[1]);
    creds_close_tickets(&plan->creds);
    waiter_run(&w);
}

/* Its pipes are blocking at its end; each end has flags of its own. */
static int fork_prog(struct run *run) {
    int to[2], from[2], control[2];
    if (pipecoe(to) < 0 || pipecoe(from) < 0 || pipecoe(control) < 0)
        return fatal_sys(run, EXIT_SYSTEM, "make pipes");
    run->prog = fork();
    if (run->prog < 0) {
        run->prog = 0;
        return fatal_sys(run, EXIT_SYSTEM, "fork");
    }
    if (!run->prog) become_prog(run, to, from, control);
    debug(run, "prog will be process ", (uint64_t)run->prog);
    run->control = control[1];
    if (net_init_pipes(&run->conn.local, from[0], to[1]) < 0)
        return fatal_sys(run, EXIT_SYSTEM, "set up pipes");
    return 0;
}

/* Somebody else sees to prog, if there is one. */
static int take_local(struct run *run) {
    struct net const *local = &run->plan->local;
    run->conn.local = *local;
    if (!local->own && net_init(&run->conn.local, local->rfd, local->wfd) < 0)
        return fatal_sys(run, EXIT_SYSTEM, "use the cleartext: it should be open on ",
                         run->plan->server ? "the two file descriptors of the command line"
                                           : "stdin and stdout");
    run->control = run->plan->opt.notif;
    if (run->control >= 0 && fcntl(run->control, F_GETFD) < 0)
        return fatal_sys(run, EXIT_SYSTEM, "use the file descriptor of -d");
    return 0;
}

static int keep_own_fds(struct run *run) {
    struct conn const *c = &run->conn;
    int const keep[] = {2,
                        c->net.rfd,
                        c->net.wfd,
                        c->local.rfd,
                        c->local.wfd,
                        run->control,
                        run->deaths,
                        run->plan->creds.ticketfd};
    if (fds_close_others(keep, sizeof keep / sizeof *keep) < 0 || fds_fill_standard() < 0)
        return fatal_sys(run, EXIT_SYSTEM, "close file descriptors");
    return 0;
}

static void warn_of_left_out(struct run const *run, char const *names) {
    stralloc sa = STRALLOC_ZERO;
    if (run->plan->opt.verbosity > 1)
        strerr_warnw(remote_prefix(&sa, run->plan->envp), "too long or malformed, not told to prog:", names);
    stralloc_free(&sa);
}

/* After the handshake, with what it came to: prog may start. Without: there will be no prog. */
static int tell_prog(struct run *run, struct engine_info const *info) {
    size_t max = run->plan->prog ? PEERENV_MAX : PEERENV_NOTIFY_MAX;
    stralloc block = STRALLOC_ZERO, left_out = STRALLOC_ZERO;
    int code = 0;
    if (!info || run->control < 0)
        ;
    else if (!peerenv_make(&block, max, info, &left_out) || !stralloc_0(&left_out))
        code = fatal_sys(run, EXIT_SYSTEM, "describe the connection");
    else if (allwrite(run->control, block.s, block.len) < block.len)
        code = fatal_sys(run, EXIT_SYSTEM, "start prog");
    else if (left_out.len > 1)
        warn_of_left_out(run, left_out.s);
    stralloc_free(&block);
    stralloc_free(&left_out);
    close_one(&run->control);
    return code;
}

static void prog_ended(struct run *run) {
    run->prog = 0;
    debug(run, "prog ended with ", (uint64_t)wait_estatus(run->status));
}

/* Returns 0, or what to exit with when prog's own code will never be known. */
static int await_prog(struct run *run) {
    close_one(&run->control);
    net_close(&run->conn.local);
    if (!run->prog) return 0;
    if (wait_pid(run->prog, &run->status) < 0) return fatal_sys(run, EXIT_SYSTEM, "wait for prog");
    prog_ended(run);
    return 0;
}

/* ---- the key process ---- */

#if CONFIG_KEY_PROCESS

static void become_keys(struct run *run, int fd) {
    struct keyproc_task task = {
        .fd = fd,
        .server = run->plan->server,
        .verbosity = run->plan->opt.verbosity,
        .creds = &run->plan->creds,
        .ids = &run->plan->ids,
    };
    keyproc_run(&task);
}

/* After prog: what becomes prog has no end of the socketpair, and cannot keep the key process alive. */
static int fork_keys(struct run *run) {
    int pair[2];
    if (!genalloc_len(struct creds_pair, &run->plan->creds.pairs)) return 0;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return fatal_sys(run, EXIT_SYSTEM, "make a socketpair");
    engine_ask_processor();
    run->keys = fork();
    if (run->keys < 0) {
        run->keys = 0;
        return fatal_sys(run, EXIT_SYSTEM, "fork");
    }
    if (!run->keys) become_keys(run, pair[1]);
    debug(run, "keys are in process ", (uint64_t)run->keys);
    fd_close(pair[1]);
    run->conn.keys.fd = pair[0];
    return 0;
}

#else

static int fork_keys(struct run *run) {
    (void)run;
    return 0;
}

#endif

/* Whoever has died: also a child of the caller's that came with the process. */
static void reap(struct run *run) {
    int status;
    for (pid_t pid; (pid = wait_nohang(&status)) > 0;) {
        if (pid == run->keys) run->keys = 0;
        if (pid != run->prog) continue;
        run->status = status;
        prog_ended(run);
    }
}

static void await_keys(struct run *run) {
    iopause_fd x = {.fd = run->deaths, .events = IOPAUSE_READ};
    tain deadline;
    tain_now_g();
    relay_add_ms(&deadline, &STAMP, KEYS_PATIENCE);
    for (reap(run); run->keys && tain_future(&deadline); reap(run)) {
        iopause_g(&x, 1, &deadline);
        while (selfpipe_read() > 0)
            ;
    }
}

/* The keys are not needed any more. Where no death of prog will be waited for, theirs must be now, or they would stay
 * zombies for as long as the connection lasts or lingers. */
static int shaken(void *data, struct engine_info const *info) {
    struct run *run = data;
    int code = tell_prog(run, info);
    if (run->keys && (!info || !run->plan->prog)) await_keys(run);
    return code;
}

/* ---- all of it ---- */

/* To be asked when a child has died. */
static int is_prog_gone(void *data) {
    struct run *run = data;
    while (selfpipe_read() > 0)
        ;
    reap(run);
    return !run->prog;
}

int chain_no_network(struct chain_plan const *plan) {
    return say_fatal_sys(plan->opt.verbosity, EXIT_SYSTEM,
                         "use the network connection: it should be open on ", plan->where);
}

static int set_up_process(struct run *run) {
    struct tlsopt const *opt = &run->plan->opt;
    if (net_init(&run->conn.net, (int)opt->rfd, (int)opt->wfd) < 0) return chain_no_network(run->plan);
    if (fds_fill_standard() < 0) return fatal_sys(run, EXIT_SYSTEM, "open /dev/null");
    if (!tain_now_set_stopwatch_g()) return fatal_sys(run, EXIT_SYSTEM, "read the clock");
    run->deaths = callersig_trap(&run->signals);
    if (run->deaths < 0) return fatal_sys(run, EXIT_SYSTEM, "trap signals");
    run->conn.watch =
        (struct relay_watch){.fd = run->plan->prog ? run->deaths : -1, .gone = is_prog_gone, .data = run};
    return 0;
}

static struct conn conn_of(struct chain_plan const *plan) {
    return (struct conn) {
        .server = plan->server, .opt = &plan->opt, .creds = &plan->creds, .policy = &plan->policy,
        .ids = &plan->ids, .envp = plan->envp, .net = {.rfd = -1, .wfd = -1}, .local = {.rfd = -1, .wfd = -1},
#if CONFIG_KEY_PROCESS
        .keys = {.fd = -1},
#endif
    };
}

/* Static: what is reachable until the process ends is not lost. */
int chain_run(struct chain_plan const *plan) {
    static struct run run;
    run = (struct run){.plan = plan, .conn = conn_of(plan), .deaths = -1, .control = -1};
    run.conn.shaken = shaken;
    run.conn.data = &run;
    int code = set_up_process(&run);
    if (!code) code = plan->prog ? fork_prog(&run) : take_local(&run);
    if (!code) code = keep_own_fds(&run);
    if (!code) code = fork_keys(&run);
    if (!code) code = conn_set_up(&run.conn);
    creds_close_tickets(&plan->creds);
    if (!code) code = conn_speak(&run.conn);
    conn_free(&run.conn, !run.prog && !run.keys);
    int waited = await_prog(&run);
    if (run.keys) await_keys(&run);
    close_one(&run.deaths);
    if (!code) code = waited;
    return code ? code : wait_estatus(run.status);
}
