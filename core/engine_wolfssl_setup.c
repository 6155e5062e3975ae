/* engine_wolfssl_setup: the context and the chains of the wolfSSL engine. Must not leave anything to the
 * library's defaults: Debian's build accepts unverified peers. */

#include "engine_wolfssl.h"

#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/cpuid.h>

#include <skalibs/alloc.h>

#include "certs.h"

void engine_ask_processor(void) {
#if CONFIG_WOLFSSL_ASM
    cpuid_get_flags(); /* it keeps them */
#endif
}

/* By default it has a callback of its own, with keys that nobody else has. */
void engine_wolfssl_ignore_tickets(struct engine *e) {
#ifdef HAVE_SESSION_TICKET
    wolfSSL_CTX_set_TicketEncCb(e->ctx, 0);
#else
    (void)e;
#endif
}

/* A process has one connection: it has nothing to resume but what a ticket brings. */
static void set_resumption(struct engine *e) {
#ifndef NO_SESSION_CACHE
    wolfSSL_CTX_set_session_cache_mode(e->ctx, WOLFSSL_SESS_CACHE_OFF);
#endif
    if (!engine_wolfssl_is_server(e)) return;
    if (engine_wolfssl_has_tickets(e)) {
        engine_wolfssl_set_tickets(e);
        return;
    }
    engine_wolfssl_ignore_tickets(e);
    wolfSSL_CTX_no_ticket_TLSv13(e->ctx);
#if CONFIG_TLS12 && defined HAVE_SESSION_TICKET
    wolfSSL_CTX_NoTicketTLSv12(e->ctx);
#endif
}

int engine_wolfssl_make_ctx(struct engine *e) {
    e->ctx = wolfSSL_CTX_new(engine_wolfssl_method(e));
    if (!e->ctx) return -1;
    if (engine_wolfssl_set_policy(e) < 0) {
        wolfSSL_CTX_free(e->ctx);
        e->ctx = 0;
        return -1;
    }
    set_resumption(e);
    engine_wolfssl_set_verify(e);
    if (CONFIG_OWN_CERTS) engine_wolfssl_set_callbacks(e);
    return 0;
}

/* The leaf and MAX_CHAIN_DEPTH: for the lengths of more the library makes no room. */
enum { CHAIN_MAX = 10 };

static unsigned int certificates(struct chain const *c) {
    struct der in = c->certs, cert;
    unsigned int n = 0;
    while (certs_next(&in, &cert)) n++;
    return n;
}

static int use(WOLFSSL_CTX *ctx, WOLFSSL *ssl, struct chain const *c) {
    struct der d = c->certs;
    return ssl ? wolfSSL_use_certificate_chain_buffer_format(ssl, d.s, (long)d.len, WOLFSSL_FILETYPE_ASN1)
               : wolfSSL_CTX_use_certificate_chain_buffer_format(ctx, d.s, (long)d.len,
                                                                 WOLFSSL_FILETYPE_ASN1);
}

/* Loads the chain once to see that it is one; elsewhere, for the key type of the first would stay with the
 * context. */
static int check_chain(struct engine *e, struct chain const *c) {
    unsigned int n = certificates(c);
    if (!n) return engine_fail(e, "there is no certificate in it", (char *)0);
    if (n > CHAIN_MAX) return engine_fail(e, "there are more than ten certificates in it", (char *)0);
    WOLFSSL_CTX *scratch = wolfSSL_CTX_new(engine_wolfssl_method(e));
    if (!scratch) return engine_fail_memory(e);
    int r = use(scratch, 0, c);
    wolfSSL_CTX_free(scratch);
    return r == WOLFSSL_SUCCESS ? 0 : engine_fail_code(e, "invalid certificate", r);
}

int engine_add_chain(struct engine *e, char const *name, unsigned char const *s, size_t len,
                     unsigned int key) {
    struct chain c = {.name = name ? strdup(name) : 0, .key = key};
    stralloc certs = STRALLOC_ZERO;
    char const *why;
    if (!certs_take(&certs, s, len, &why)) {
        c.certs = certs_all(&certs);
        if ((!name || c.name) && genalloc_append(struct chain, &e->chains, &c)) return check_chain(e, &c);
    }
    alloc_free(c.name);
    stralloc_free(&certs);
    return why ? engine_fail(e, why, (char *)0) : engine_fail_memory(e);
}

/* On the context while there is no object yet: a client's keeps the messages that Ed25519 signs only if it
 * begins with such a certificate (TLS 1.2). On an object only if it has had none: the first one's key type
 * would stay. */
int engine_wolfssl_use_chain(struct engine *e, struct chain const *c) {
    int r = use(e->ctx, e->ssl, c);
    if (r != WOLFSSL_SUCCESS) return engine_fail_code(e, "unable to use a certificate", r);
    e->chain = c;
    return 0;
}
