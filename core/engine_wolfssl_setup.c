/* engine_wolfssl_setup: the context, trust anchors and chains of the wolfSSL engine. Must not leave anything to the
 * library's defaults: Debian's build accepts unverified peers. */

#include "engine_wolfssl.h"

#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/cpuid.h>

#include <skalibs/alloc.h>

#include "der.h"
#include "pem.h"
#include "x509.h"

void engine_ask_processor(void) {
#if CONFIG_WOLFSSL_ASM
    cpuid_get_flags(); /* it keeps them */
#endif
}

/* A process has one connection: it has nothing to resume but what a ticket brings, and that would lose the client's
 * certificate. */
static void set_resumption(struct engine *e) {
#ifndef NO_SESSION_CACHE
    wolfSSL_CTX_set_session_cache_mode(e->ctx, WOLFSSL_SESS_CACHE_OFF);
#endif
    if (!engine_wolfssl_is_server(e)) return;
    if (CONFIG_TICKETS && e->config.tickets && e->config.verify == ENGINE_VERIFY_NONE) {
        engine_wolfssl_set_tickets(e);
        return;
    }
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

static int no_memory(struct engine *e) {
    return engine_fail(e, "out of memory", (char *)0);
}

/* A certificate in DER and no byte more. */
static int is_certificate(unsigned char const *s, ssize_t len) {
    struct der in, content;
    struct x509 x;
    if (len <= 0) return 0;
    in = (struct der){s, (size_t)len};
    return x509_read(&x, s, (size_t)len) && der_expect(&in, DER_SEQUENCE, &content) && !in.len;
}

static int add_anchor(struct engine *e, unsigned char const *s, size_t len, unsigned int *count) {
    int r = wolfSSL_CTX_load_verify_buffer(e->ctx, s, (long)len, WOLFSSL_FILETYPE_ASN1);
#ifdef WOLFSSL_TRUST_PEER_CERT
    /* Debian's build takes an anchor for a trusted peer too: that peer's dates, names and usage would go
     * unchecked */
    wolfSSL_CTX_Unload_trust_peers(e->ctx);
#endif
    if (r == ASN_AFTER_DATE_E || r == ASN_BEFORE_DATE_E) return 0;
    if (r != WOLFSSL_SUCCESS) return engine_fail_code(e, "invalid trust anchor", r);
    ++*count;
    return 0;
}

static int add_pem_anchor(struct engine *e, struct pem const *block, unsigned char *der,
                          unsigned int *count) {
    ssize_t n = pem_decode(block, der);
    if (is_certificate(der, n)) return add_anchor(e, der, (size_t)n, count);
    return engine_fail(e, "invalid trust anchor: one of its PEM blocks is no certificate", (char *)0);
}

/* One certificate of a PEM file after the other, so that an expired one does not spoil the rest. Decoded here: the library
 * takes half of the time that anchors take for that, for it decodes keys by the same code. */
int engine_add_anchors(struct engine *e, unsigned char const *s, size_t len, unsigned int *count) {
    struct pem block;
    enum pem_status status;
    int r = 0;
    if (!pem_is(s, len)) return add_anchor(e, s, len, count);
    unsigned char *der = alloc(len);
    if (!der) return no_memory(e);
    while (!r && (status = pem_next(&s, &len, &block)) == PEM_BLOCK)
        if (block.is_certificate) r = add_pem_anchor(e, &block, der, count);
    alloc_free(der);
    return r || status == PEM_NONE
               ? r
               : engine_fail(e, "invalid trust anchor: PEM without an END line", (char *)0);
}

static void *copy(void const *s, size_t len) {
    void *p = alloc(len);
    if (p) memcpy(p, s, len);
    return p;
}

/* Takes the certificates of a PEM file, and nothing else of it: the key may be in the same file. The library stops
 * without a word at the first block above the leaf that it cannot read. */
static int add_pem(struct engine *e, struct chain *c, unsigned char const *s, size_t len) {
    struct pem block;
    enum pem_status status;
    while ((status = pem_next(&s, &len, &block)) == PEM_BLOCK) {
        if (!block.is_certificate) continue;
        ssize_t n = pem_decode(&block, c->s + c->len);
        if (!is_certificate(c->s + c->len, n))
            return engine_fail(e, "one of its PEM blocks is no certificate", (char *)0);
        c->len += (size_t)n;
    }
    if (status != PEM_NONE) return engine_fail(e, "PEM without an END line", (char *)0);
    return c->len ? 0 : engine_fail(e, "there is no certificate in it", (char *)0);
}

static int add_der(struct engine *e, struct chain *c, unsigned char const *s, size_t len) {
    struct der in = {s, len}, content, certificate;
    unsigned char tag;
    while (in.len)
        if (!der_next(&in, &tag, &content, &certificate) ||
            !is_certificate(certificate.s, (ssize_t)certificate.len))
            return engine_fail(e, "there is something else than PEM or certificates in DER in it", (char *)0);
    memcpy(c->s, s, len);
    c->len = len;
    return 0;
}

/* The leaf and MAX_CHAIN_DEPTH: for the lengths of more the library makes no room. */
enum { CHAIN_MAX = 10 };

static unsigned int certificates(struct chain const *c) {
    struct der in = {c->s, c->len}, content;
    unsigned int n = 0;
    while (der_expect(&in, DER_SEQUENCE, &content)) n++;
    return n;
}

static int use(WOLFSSL_CTX *ctx, WOLFSSL *ssl, struct chain const *c) {
    long len = (long)c->len;
    return ssl ? wolfSSL_use_certificate_chain_buffer_format(ssl, c->s, len, WOLFSSL_FILETYPE_ASN1)
               : wolfSSL_CTX_use_certificate_chain_buffer_format(ctx, c->s, len, WOLFSSL_FILETYPE_ASN1);
}

/* Loads the chain once to see that it is one; elsewhere, for the key type of the first would stay with the
 * context. */
static int check_chain(struct engine *e, struct chain const *c) {
    if (certificates(c) > CHAIN_MAX)
        return engine_fail(e, "there are more than ten certificates in it", (char *)0);
    WOLFSSL_CTX *scratch = wolfSSL_CTX_new(engine_wolfssl_method(e));
    if (!scratch) return no_memory(e);
    int r = use(scratch, 0, c);
    wolfSSL_CTX_free(scratch);
    return r == WOLFSSL_SUCCESS ? 0 : engine_fail_code(e, "invalid certificate", r);
}

int engine_add_chain(struct engine *e, char const *name, unsigned char const *s, size_t len,
                     unsigned int key) {
    struct chain c = {.s = alloc(len), .key = key};
    if (name) c.name = copy(name, strlen(name) + 1);
    if (!c.s || (name && !c.name) || !genalloc_append(struct chain, &e->chains, &c)) return no_memory(e);
    int r = pem_is(s, len) ? add_pem(e, &c, s, len) : add_der(e, &c, s, len);
    genalloc_s(struct chain, &e->chains)[genalloc_len(struct chain, &e->chains) - 1].len = c.len;
    return r < 0 ? -1 : check_chain(e, &c);
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
