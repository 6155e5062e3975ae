/* conn: one TLS connection, as the process that faces the network sees it; the header says it. */

#include "conn.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "cage.h"
#include "exitcode.h"
#include "keys.h"
#include "remote.h"
#include "report.h"
#include "say.h"
#include "secret.h"
#include "x509.h"

#define fatal(c, ...) say_fatal((c)->opt->verbosity, __VA_ARGS__)
#define fatal_sys(c, ...) say_fatal_sys((c)->opt->verbosity, __VA_ARGS__)

static int fatal_creds(struct conn const *c, int code, struct creds_error const *err) {
    return fatal(c, code, "unable to ", err->what, err->object, ": ",
                 err->errnum ? strerror(err->errnum) : err->reason);
}

/* ---- the keys: in a process of their own, or here ---- */

#if CONFIG_KEY_PROCESS

static void limit_keys(struct conn *c, unsigned int ms) {
    c->keys.deadline = tain_infinite;
    if (ms) relay_add_ms(&c->keys.deadline, &STAMP, ms);
}

static int get_keys(struct conn *c) {
    struct keyproc_report r;
    engine_set_signer(c->engine, keyproc_sign, &c->keys);
    if (CONFIG_TICKETS) engine_set_sealer(c->engine, keyproc_ticket, &c->keys);
    if (c->keys.fd < 0) return 0;
    int code = keyproc_await(&c->keys, &r);
    return code < 0 ? fatal(c, EXIT_TLS, c->keys.why) : code ? fatal(c, code, r.text) : 0;
}

/* What was overrun meanwhile could ask for no more than a handshake needs. */
static void forget_keys(struct conn *c) {
    keyproc_close(&c->keys);
}

static char const *why_no_signature(struct conn const *c) {
    return c->keys.why;
}

#else

static void limit_keys(struct conn *c, unsigned int ms) {
    (void)c, (void)ms;
}

static int get_keys(struct conn *c) {
    struct creds_error err;
    int code;
    if (!CONFIG_OWN_CERTS) return 0;
    c->keys = keys_read(c->creds, c->opt->verbosity, &code, &err);
    if (!c->keys) return fatal_creds(c, code, &err);
    engine_set_signer(c->engine, keyring_sign, c->keys);
    if (CONFIG_TICKETS) engine_set_sealer(c->engine, keyring_ticket, c->keys);
    return 0;
}

/* The keys have done their work: what is overrun later cannot lose them. */
static void forget_keys(struct conn *c) {
    if (CONFIG_OWN_CERTS && c->keys) keyring_free(c->keys);
    c->keys = 0;
    secret_end();
}

static char const *why_no_signature(struct conn const *c) {
    (void)c;
    return 0;
}

#endif

/* ---- set up ---- */

#if CONFIG_CAGE

static int enter_cage(struct conn *c) {
    int missing = cage_enter(CAGE_ENGINE, RELAY_POLL_N);
    if (missing < 0) return fatal_sys(c, EXIT_SYSTEM, "enter the cage");
    if (missing && c->opt->verbosity > 1) {
        char text[CAGE_TEXT_MAX];
        strerr_warnw("this system lacks a part of the cage, going on without: ",
                     cage_parts_text(text, missing));
    }
    return 0;
}

#else

static int enter_cage(struct conn *c) {
    (void)c;
    return 0;
}

#endif

struct engine *conn_engine(int server, struct tlsopt const *opt, struct creds const *creds,
                           struct policy const *policy) {
    struct engine_config config = {
        .server = server,
        .verify = opt->verify,
        .servername = opt->servername,
        .sni_required = server && opt->snilevel == 2,
        .tickets = creds->ticketfile || creds->ticketfd >= 0,
        .policy = policy,
    };
    return engine_new(&config);
}

/* It is for the peers to refuse, and may be this clock that is wrong. */
static void warn_of_time(struct x509 const *x, char const *file) {
    int64_t now = (int64_t)time(NULL);
    if (x509_is_early(x, now)) strerr_warnw("the certificate in ", file, " is not yet valid");
    if (x509_has_expired(x, now)) strerr_warnw("the certificate in ", file, " has expired");
}

/* Our own, which the engine has in the order of the pairs. */
static void look_at_times(struct conn const *c) {
    struct creds_pair const *pair = genalloc_s(struct creds_pair, &c->creds->pairs);
    stralloc der = STRALLOC_ZERO;
    struct x509 x;
    for (unsigned int i = 0; i < engine_chains(c->engine); i++, der.len = 0)
        if (engine_chain_certificate(c->engine, i, 0, &der) &&
            x509_read(&x, (unsigned char const *)der.s, der.len))
            warn_of_time(&x, pair[i].certfile);
    stralloc_free(&der);
}

static int load(struct conn *c) {
    struct creds_error err;
    c->engine = conn_engine(c->server, c->opt, c->creds, c->policy);
    if (!c->engine) return fatal(c, EXIT_ENGINE, "unable to set up the TLS engine");
    int failed = creds_load_certificates(c->creds, c->engine, &err) < 0;
    secret_end(); /* the files */
    if (!failed && CONFIG_OCSP_STAPLE && c->creds->ocspfile && c->opt->verbosity > 1 &&
        !engine_staples(c->engine))
        strerr_warnw(c->creds->ocspfile,
                     " is of no use: it has expired, is for another certificate, or cannot be verified");
    if (CONFIG_CHECK && CONFIG_OWN_CERTS && !failed && c->opt->verbosity > 1) look_at_times(c);
    return failed ? fatal_creds(c, EXIT_CONFIG, &err) : get_keys(c);
}

int conn_set_up(struct conn *c) {
    char const *failed;
    tain_now_g();
    limit_keys(c, tlsopt_handshake_limit(c->opt));
    int code = load(c);
    if (code) return code;
    if (ids_apply(c->ids, &failed) < 0) return fatal_sys(c, EXIT_SYSTEM, failed);
    if (engine_start(c->engine) < 0)
        return fatal(c, EXIT_ENGINE, "unable to set up the TLS engine: ", engine_error(c->engine));
    return enter_cage(c);
}

/* ---- speak ---- */

static int lost(struct conn const *c, char const *doing, char const *why) {
    stralloc sa = STRALLOC_ZERO;
    int code = fatal(c, EXIT_TLS, remote_prefix(&sa, c->envp), doing, why);
    stralloc_free(&sa);
    return code;
}

static void warn_of_idleness(struct conn const *c) {
    stralloc sa = STRALLOC_ZERO;
    if (c->opt->verbosity > 1)
        strerr_warnw(remote_prefix(&sa, c->envp), "nothing moved for too long: connection closed");
    stralloc_free(&sa);
}

static int handshake_failed(struct conn *c, struct relay *relay) {
    char const *why = why_no_signature(c);
    int code = why ? lost(c, "TLS handshake failed: ", why) : lost(c, "", relay_why(relay));
    c->shaken(c->data, 0);
    relay_run(relay);
    return code;
}

/* While the server makes its answer. */
static int trust(struct conn *c) {
    struct creds_error err;
    if (!CONFIG_PEER_CERTS || !c->creds->trust_later) return 0;
    int failed = creds_trust(c->creds, c->engine, &err) < 0;
    tain_now_g();
    return failed ? fatal_creds(c, EXIT_CONFIG, &err) : 0;
}

static int handshake(struct conn *c, struct relay *relay, struct engine_info *info) {
    limit_keys(c, tlsopt_handshake_limit(c->opt));
    enum relay_outcome outcome = relay_greet(relay, tlsopt_handshake_limit(c->opt));
    if (outcome == RELAY_ENDED) {
        int code = CONFIG_CLIENT ? trust(c) : 0;
        if (code) return code;
        outcome = relay_handshake(relay);
    }
    int e = errno;
    engine_set_signer(c->engine, 0, 0);
    if (CONFIG_TICKETS) engine_set_sealer(c->engine, 0, 0);
    forget_keys(c);
    errno = e;
    switch (outcome) {
    case RELAY_ENDED:
        say_debug(c->opt->verbosity, "handshake done, TLS 1.", engine_is_tls13(c->engine) ? 3 : 2);
        engine_get_info(c->engine, info);
        return c->shaken(c->data, info);
    case RELAY_LATE: return lost(c, "", "TLS handshake not done in time");
    case RELAY_ERROR: return fatal_sys(c, EXIT_SYSTEM, "wait for the network");
    default: return handshake_failed(c, relay);
    }
}

static int relay_result(struct conn *c, struct relay *relay, enum relay_outcome outcome) {
    switch (outcome) {
    case RELAY_ENDED: return 0;
    case RELAY_IDLE: warn_of_idleness(c); return 0;
    case RELAY_ERROR: return fatal_sys(c, EXIT_SYSTEM, "wait for the network");
    case RELAY_LOST: return fatal_sys(c, EXIT_SYSTEM, "read or write the cleartext");
    default: return lost(c, "", relay_why(relay));
    }
}

int conn_speak(struct conn *c) {
    struct relay relay;
    struct engine_info info;
    struct relay_options options = {
        .close = c->opt->close, .strict = c->opt->strict, .idle = c->opt->idle, .linger = CONFIG_LINGER};
    tain_now_g();
    relay_init(&relay, c->engine, &c->net, &c->local, &options, &c->watch);
    c->local.rfd = c->local.wfd = -1; /* the relay's now */
    int code = handshake(c, &relay, &info);
    if (code) {
        relay_abandon(&relay);
        return code;
    }
    tain start = STAMP;
    code = relay_result(c, &relay, relay_run(&relay));
    relay_abandon(&relay);
    if (c->opt->verbosity > 1) report_connection(&info, &relay, &start, c->envp);
    return code;
}

void conn_free(struct conn *c, int leaves) {
    forget_keys(c);
    if (c->engine && !leaves) engine_free(c->engine);
}
