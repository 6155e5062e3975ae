/* check_pairs: keys and certificates as a check tells of them: what they are, for which names, for how long, and what is wrong.
 * Keeps no key. */

#include "check_parts.h"

#include <time.h>

#include <skalibs/types.h>

#include "config.h"
#include "keyring.h"
#include "secret.h"
#include "x509.h"

/* Days before the end that are few. */
enum { SOON = 14 };

enum { DAY = 86400 };

static void say_name(struct check *c, unsigned int pair, char const *key, struct der const *name) {
    stralloc sa = STRALLOC_ZERO;
    if (x509_name_text(&sa, name)) check_say_of(c, "pair", pair, key, check_text(&sa));
    stralloc_free(&sa);
}

static void say_time(struct check *c, unsigned int pair, char const *key, struct der const *time) {
    stralloc sa = STRALLOC_ZERO;
    if (x509_time_text(&sa, time)) check_say_of(c, "pair", pair, key, check_text(&sa));
    stralloc_free(&sa);
}

/* which: of the certificates in the file. */
static void check_time(struct check *c, struct x509 const *x, char const *which, char const *file) {
    int64_t now = (int64_t)time(0);
    if (x509_is_early(x, now)) check_fail(c, "the ", which, " in ", file, " is not yet valid", (char *)0);
    if (x509_has_expired(x, now))
        check_fail(c, "the ", which, " in ", file, " has expired", (char *)0);
    else if ((x509_time_seconds(&x->notafter) - now) / DAY < SOON)
        check_warn(c, "the ", which, " in ", file, " expires soon", (char *)0);
}

static void say_validity(struct check *c, unsigned int pair, struct x509 const *x, char const *file) {
    int64_t now = (int64_t)time(0), to = x509_time_seconds(&x->notafter);
    char fmt[UINT64_FMT];
    say_time(c, pair, "not_before", &x->notbefore);
    say_time(c, pair, "not_after", &x->notafter);
    fmt[uint64_fmt(fmt, to < now ? 0 : (uint64_t)(to - now) / DAY)] = 0;
    check_say_of(c, "pair", pair, "days_left", fmt);
    check_time(c, x, "certificate", file);
}

/* A certificate without names is for nobody who looks (RFC 9525); those of clients have other ones, or none. */
static void say_names(struct check *c, unsigned int pair, struct x509 const *x, struct creds_pair const *p) {
    stralloc sa = STRALLOC_ZERO;
    int has = x509_san_text(&sa, x) && sa.len;
    check_say_of(c, "pair", pair, "names", check_text(&sa));
    stralloc_free(&sa);
    if (!c->plan->server) return;
    if (!has)
        check_warn(c, "the certificate in ", p->certfile, " is for no name (subjectAltName)", (char *)0);
    else if (CONFIG_SNI_CERTS && p->name && !x509_is_for(x, p->name))
        check_fail(c, "the certificate in ", p->certfile, " is not for ", p->name, (char *)0);
}

/* How many certificates there are, who is above the last one, and whether each is signed by the next. */
static void say_chain(struct check *c, unsigned int pair, unsigned int chain, char const *file) {
    stralloc der = STRALLOC_ZERO;
    struct x509 x;
    unsigned int n = 0;
    int root = 0;
    char fmt[UINT_FMT];
    for (; der.len = 0, engine_chain_certificate(c->engine, chain, n, &der); n++) {
        if (!x509_read(&x, (unsigned char const *)der.s, der.len)) continue;
        root = x509_is_self_issued(&x);
        if (n) check_time(c, &x, "issuer's certificate", file);
    }
    fmt[uint_fmt(fmt, n)] = 0;
    check_say_of(c, "pair", pair, "certificates", fmt);
    der.len = 0;
    if (!root && engine_chain_certificate(c->engine, chain, n - 1, &der) &&
        x509_read(&x, (unsigned char const *)der.s, der.len))
        say_name(c, pair, "anchor_needed", &x.issuer);
    stralloc_free(&der);
    int bad = engine_verify_chain(c->engine, chain) < 0;
    check_say_of(c, "pair", pair, "chain", bad ? engine_error(c->engine) : "verifies");
    if (bad) check_fail(c, "the chain in ", file, " does not verify: ", engine_error(c->engine), (char *)0);
}

static void say_certificate(struct check *c, unsigned int pair, struct creds_pair const *p) {
    struct creds_error err;
    struct creds one = {.ticketfd = -1};
    stralloc der = STRALLOC_ZERO;
    struct x509 x;
    if (!genalloc_append(struct creds_pair, &one.pairs, p)) return;
    if (creds_load_certificates(&one, c->engine, &err) < 0) {
        check_fail_creds(c, &err);
    } else {
        unsigned int chain = engine_chains(c->engine) - 1;
        if (engine_chain_certificate(c->engine, chain, 0, &der) &&
            x509_read(&x, (unsigned char const *)der.s, der.len)) {
            say_name(c, pair, "subject", &x.subject);
            say_name(c, pair, "issuer", &x.issuer);
            say_names(c, pair, &x, p);
            say_validity(c, pair, &x, p->certfile);
        }
        say_chain(c, pair, chain, p->certfile);
    }
    stralloc_free(&der);
    genalloc_free(struct creds_pair, &one.pairs);
}

static void say_loaded_key(struct check *c, unsigned int pair, struct keyring *ring, char const *file) {
    char text[KEYRING_TEXT_MAX];
    int weak = keyring_describe(ring, 0, text);
    check_say_of(c, "pair", pair, "key", text);
    if (weak) check_warn(c, "the key in ", file, " is weak: ", text, (char *)0);
}

/* In this process, which serves nobody, and not for longer than needed. */
static void say_key(struct check *c, unsigned int pair, struct creds_pair const *p) {
    struct creds_error err;
    struct creds one = {.ticketfd = -1};
    stralloc exposed = STRALLOC_ZERO;
    struct keyring *ring = keyring_new();
    if (!ring) {
        check_fail(c, "no randomness", (char *)0);
        return;
    }
    if (genalloc_append(struct creds_pair, &one.pairs, p)) {
        if (creds_load_keys(&one, ring, &err, &exposed) < 0)
            check_fail_creds(c, &err);
        else
            say_loaded_key(c, pair, ring, p->keyfile);
    }
    if (exposed.len) check_warn(c, "the key file ", p->keyfile, " can be read by others", (char *)0);
    keyring_free(ring);
    stralloc_free(&exposed);
    genalloc_free(struct creds_pair, &one.pairs);
}

static void say_ticket_keys(struct check *c, char const *file) {
    struct creds_error err;
    struct creds one = {.ticketfile = file, .ticketfd = -1};
    stralloc exposed = STRALLOC_ZERO;
    struct keyring *ring = keyring_new();
    if (ring && creds_load_keys(&one, ring, &err, &exposed) < 0) check_fail_creds(c, &err);
    if (exposed.len)
        check_warn(c, "the file ", file, " of keys for tickets can be read by others", (char *)0);
    if (ring) keyring_free(ring);
    stralloc_free(&exposed);
}

void check_pairs(struct check *c) {
    struct creds const *creds = &c->plan->creds;
    struct creds_pair const *p = genalloc_s(struct creds_pair, &creds->pairs);
    unsigned int n = (unsigned int)genalloc_len(struct creds_pair, &creds->pairs);
    for (unsigned int i = 0; i < n; i++, p++) {
        if (c->plan->server)
            check_say_of(c, "pair", i, "for", p->name ? p->name : n > 1 ? "every other name" : "every name");
        check_say_of(c, "pair", i, "key_file", p->keyfile);
        check_say_of(c, "pair", i, "certificate_file", p->certfile);
        say_key(c, i, p);
        say_certificate(c, i, p);
    }
    if (CONFIG_SNI_CERTS && c->plan->opt.snilevel == 1 && !creds_has_named(creds))
        check_warn(c, "no KEYFILE:x is set: under -k 1 every name gets the certificate of CERTFILE",
                   (char *)0);
    if (creds->ticketfile) say_ticket_keys(c, creds->ticketfile);
    secret_end();
}
