/* chain: who is forked, in what order, with which fds and privileges; the header says it. */

#include "chain.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/selfpipe.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "config.h"
#include "exitcode.h"
#include "fds.h"
#include "peerenv.h"
#include "report.h"
#include "waiter.h"

/* One run, as the engine's process sees it. */
struct run {
    struct chain_plan const *plan;
    struct callersig signals;
    struct net net;
    int deaths;  /* readable when a child has died */
    int from;    /* pipe from prog */
    int to;      /* pipe to prog */
    int control; /* to what waits to become prog */
    pid_t pid;   /* of prog; 0: reaped */
    int status;  /* of prog, once reaped */
    struct engine *engine;
    struct keyring *ring;
};

static void debug(struct run const *run, char const *what, uint64_t n) {
    char fmt[UINT64_FMT];
    if (run->plan->opt.verbosity < 3) return;
    fmt[uint64_fmt(fmt, n)] = 0;
    strerr_warnt(what, fmt);
}

/* Says why and returns the code. */
#define fatal(run, code, ...)                                                                                \
    ((run)->plan->opt.verbosity ? strerr_warn(PROG, ": fatal: ", __VA_ARGS__) : (void)0, (code))
#define fatal_sys(run, code, ...)                                                                            \
    ((run)->plan->opt.verbosity ? strerr_warnsys(PROG, ": fatal: unable to ", __VA_ARGS__) : (void)0, (code))

/* ---- prog ---- */

static void become_prog(struct run *run, int const to[2], int const from[2], int const control[2]) {
    struct chain_plan const *plan = run->plan;
    struct waiter w = {
        .rfd = run->net.rfd,
        .wfd = run->net.wfd,
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
    waiter_run(&w);
}

/* Its pipes are blocking at its end; each end has flags of its own. */
static int fork_prog(struct run *run) {
    int to[2], from[2], control[2];
    if (pipecoe(to) < 0 || pipecoe(from) < 0 || pipecoe(control) < 0)
        return fatal_sys(run, EXIT_SYSTEM, "make pipes");
    run->pid = fork();
    if (run->pid < 0) {
        run->pid = 0;
        return fatal_sys(run, EXIT_SYSTEM, "fork");
    }
    if (!run->pid) become_prog(run, to, from, control);
    debug(run, "prog will be process ", (uint64_t)run->pid);
    run->to = to[1];
    run->from = from[0];
    run->control = control[1];
    int const keep[] = {2, run->net.rfd, run->net.wfd, run->to, run->from, run->control, run->deaths};
    if (fds_close_others(keep, sizeof keep / sizeof *keep) < 0 || fds_fill_standard() < 0)
        return fatal_sys(run, EXIT_SYSTEM, "close file descriptors");
    if (ndelay_on(run->to) < 0 || ndelay_on(run->from) < 0)
        return fatal_sys(run, EXIT_SYSTEM, "set up pipes");
    return 0;
}

static void prog_ended(struct run *run) {
    run->pid = 0;
    debug(run, "prog ended with ", (uint64_t)wait_estatus(run->status));
}

static int prog_gone(void *data) {
    struct run *run = data;
    while (selfpipe_read() > 0)
        ;
    if (!run->pid || wait_pid_nohang(run->pid, &run->status) != run->pid) return !run->pid;
    prog_ended(run);
    return 1;
}

static void close_one(int *fd) {
    if (*fd >= 0) fd_close(*fd);
    *fd = -1;
}

static void await_prog(struct run *run) {
    close_one(&run->control);
    close_one(&run->to);
    close_one(&run->from);
    if (!run->pid) return;
    wait_pid(run->pid, &run->status);
    prog_ended(run);
}

/* ---- the engine ---- */

static void warn_of_exposed(struct run *run, stralloc *exposed) {
    if (exposed->len && run->plan->opt.verbosity > 1 && stralloc_0(exposed))
        strerr_warnw("key file readable by others:", exposed->s);
    stralloc_free(exposed);
}

static int load(struct run *run) {
    struct chain_plan const *plan = run->plan;
    struct creds_error err;
    stralloc exposed = STRALLOC_ZERO;
    struct engine_config config = {
        .server = plan->server,
        .verify = plan->opt.verify,
        .servername = plan->opt.servername,
        .sni_required = plan->server && plan->opt.snilevel == 2,
    };
    run->engine = engine_new(&config);
    if (CONFIG_OWN_CERTS) run->ring = keyring_new();
    if (!run->engine || (CONFIG_OWN_CERTS && !run->ring))
        return fatal(run, EXIT_ENGINE, "unable to set up the TLS engine");
    if (CONFIG_OWN_CERTS) engine_set_signer(run->engine, keyring_sign, run->ring);
    int failed = creds_load(&plan->creds, run->ring, run->engine, &err, &exposed) < 0;
    warn_of_exposed(run, &exposed);
    if (!failed) return 0;
    return fatal(run, EXIT_CONFIG, "unable to ", err.what, err.object, ": ",
                 err.errnum ? strerror(err.errnum) : err.reason);
}

static int set_up_engine(struct run *run) {
    char const *failed;
    int code = load(run);
    if (code) return code;
    debug(run, "keys read: ", genalloc_len(struct creds_pair, &run->plan->creds.pairs));
    if (ids_apply(&run->plan->ids, &failed) < 0) return fatal_sys(run, EXIT_SYSTEM, failed);
    if (engine_start(run->engine) < 0)
        return fatal(run, EXIT_ENGINE, "unable to set up the TLS engine: ", engine_error(run->engine));
    return 0;
}

/* The key has done its work: what is overrun later cannot lose it. */
static void forget_keys(struct run *run) {
    if (!CONFIG_OWN_CERTS) return;
    engine_set_signer(run->engine, 0, 0);
    if (run->ring) keyring_free(run->ring);
    run->ring = 0;
}

static int send_variables(struct run *run, struct engine_info const *info) {
    stralloc block = STRALLOC_ZERO, left_out = STRALLOC_ZERO;
    int code = 0;
    if (!peerenv_make(&block, info, &left_out) || !stralloc_0(&left_out))
        code = fatal_sys(run, EXIT_SYSTEM, "describe the connection");
    else if (allwrite(run->control, block.s, block.len) < block.len)
        code = fatal_sys(run, EXIT_SYSTEM, "start prog");
    else if (left_out.len > 1 && run->plan->opt.verbosity > 1)
        strerr_warnw("too long or malformed, not told to prog:", left_out.s);
    stralloc_free(&block);
    stralloc_free(&left_out);
    close_one(&run->control);
    return code;
}

static int handshake(struct run *run, struct relay *relay) {
    unsigned int limit = run->plan->opt.handshake;
    int code = 0;
    switch (relay_handshake(relay, limit ? limit : CONFIG_HANDSHAKE_LIMIT)) {
    case RELAY_ENDED:
        forget_keys(run);
        debug(run, "handshake done, TLS 1.", engine_is_tls13(run->engine) ? 3 : 2);
        break;
    case RELAY_LATE: code = fatal(run, EXIT_TLS, "TLS handshake not done in time"); break;
    case RELAY_ERROR: code = fatal_sys(run, EXIT_SYSTEM, "wait for the network"); break;
    default:
        code = fatal(run, EXIT_TLS, relay_why(relay));
        close_one(&run->control); /* there will be no prog */
        relay_run(relay);
        break;
    }
    return code;
}

/* 0: what prog exits with counts. */
static int relay_result(struct run *run, struct relay *relay, enum relay_outcome outcome) {
    switch (outcome) {
    case RELAY_ENDED: return 0;
    case RELAY_IDLE:
        if (run->plan->opt.verbosity > 1) strerr_warnw("nothing moved for too long: connection closed");
        return 0;
    case RELAY_ERROR: return fatal_sys(run, EXIT_SYSTEM, "wait for the network");
    default: return fatal(run, EXIT_TLS, relay_why(relay));
    }
}

static int speak(struct run *run) {
    struct tlsopt const *opt = &run->plan->opt;
    struct relay relay;
    struct engine_info info;
    struct relay_options options = {
        .close = opt->close, .strict = opt->strict, .idle = opt->idle, .linger = CONFIG_LINGER};
    struct relay_watch watch = {.fd = run->deaths, .gone = prog_gone, .data = run};
    tain_now_g();
    relay_init(&relay, run->engine, &run->net, run->from, run->to, &options, &watch);
    run->from = run->to = -1; /* the relay's now */
    int code = handshake(run, &relay);
    if (!code) {
        engine_get_info(run->engine, &info);
        code = send_variables(run, &info);
    }
    if (code) {
        relay_abandon(&relay);
        return code;
    }
    tain start = STAMP;
    code = relay_result(run, &relay, relay_run(&relay));
    relay_abandon(&relay);
    if (opt->verbosity > 1) report_connection(&info, &relay, &start, run->plan->envp);
    await_prog(run);
    return code ? code : wait_estatus(run->status);
}

static int set_up_process(struct run *run) {
    struct tlsopt const *opt = &run->plan->opt;
    if (net_init(&run->net, (int)opt->rfd, (int)opt->wfd) < 0)
        return fatal_sys(run, EXIT_SYSTEM, "use the network connection: it should be open on ",
                         run->plan->server ? "stdin and stdout" : "the file descriptors of -6 and -7");
    if (fds_fill_standard() < 0) return fatal_sys(run, EXIT_SYSTEM, "open /dev/null");
    if (!tain_now_set_stopwatch_g()) return fatal_sys(run, EXIT_SYSTEM, "read the clock");
    run->deaths = callersig_trap(&run->signals);
    if (run->deaths < 0) return fatal_sys(run, EXIT_SYSTEM, "trap signals");
    return 0;
}

int chain_run(struct chain_plan const *plan) {
    struct run run = {.plan = plan, .deaths = -1, .from = -1, .to = -1, .control = -1};
    int code = set_up_process(&run);
    if (!code) code = fork_prog(&run);
    if (!code) code = set_up_engine(&run);
    if (!code) code = speak(&run);
    await_prog(&run);
    if (CONFIG_OWN_CERTS && run.ring) keyring_free(run.ring);
    if (run.engine) engine_free(run.engine);
    selfpipe_finish();
    return code;
}
