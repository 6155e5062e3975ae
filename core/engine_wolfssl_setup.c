/* engine_wolfssl_setup: the context, trust anchors and chains of the wolfSSL engine. Must not leave anything to the
 * library's defaults: Debian's build accepts unverified peers. */

#include "engine_wolfssl.h"

#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/cpuid.h>

#include <skalibs/alloc.h>

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

static int format(unsigned char const *s, size_t len) {
    return pem_is(s, len) ? WOLFSSL_FILETYPE_PEM : WOLFSSL_FILETYPE_ASN1;
}

static int add_anchor(struct engine *e, unsigned char const *s, size_t len, int format, unsigned int *count) {
    int r = wolfSSL_CTX_load_verify_buffer(e->ctx, s, (long)len, format);
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

/* One certificate of a PEM file after the other, so that an expired one does not spoil the rest. */
int engine_add_anchors(struct engine *e, unsigned char const *s, size_t len, unsigned int *count) {
    struct pem block;
    enum pem_status status;
    if (!pem_is(s, len)) return add_anchor(e, s, len, WOLFSSL_FILETYPE_ASN1, count);
    while ((status = pem_next(&s, &len, &block)) == PEM_BLOCK)
        if (block.is_certificate && add_anchor(e, block.s, block.len, WOLFSSL_FILETYPE_PEM, count) < 0)
            return -1;
    return status == PEM_NONE ? 0
                              : engine_fail(e, "invalid trust anchor: PEM without an END line", (char *)0);
}

static void *copy(void const *s, size_t len) {
    void *p = alloc(len);
    if (p) memcpy(p, s, len);
    return p;
}

static int check_block(struct pem const *block) {
    unsigned char *der = alloc(block->len);
    struct x509 x;
    int n = der ? wc_CertPemToDer(block->s, (int)block->len, der, (int)block->len, CERT_TYPE) : -1;
    int ok = n > 0 && x509_read(&x, der, (size_t)n);
    alloc_free(der);
    return ok;
}

/* Takes the certificates of a PEM file, and nothing else of it: the key may be in the same file. The library stops
 * without a word at the first block above the leaf that it cannot read. */
static int add_pem(struct engine *e, struct chain *c, unsigned char const *s, size_t len) {
    struct pem block;
    enum pem_status status;
    while ((status = pem_next(&s, &len, &block)) == PEM_BLOCK) {
        if (!block.is_certificate) continue;
        if (!check_block(&block)) return engine_fail(e, "one of its PEM blocks is no certificate", (char *)0);
        memcpy(c->s + c->len, block.s, block.len);
        c->len += block.len;
    }
    if (status != PEM_NONE) return engine_fail(e, "PEM without an END line", (char *)0);
    return c->len ? 0 : engine_fail(e, "there is no certificate in it", (char *)0);
}

static int add_der(struct chain *c, unsigned char const *s, size_t len) {
    memcpy(c->s, s, len);
    c->len = len;
    return 0;
}

/* Loads the chain once to see that it is one; elsewhere, for the key type of the first would stay with the
 * context. */
static int check_chain(struct engine *e, struct chain const *c) {
    WOLFSSL_CTX *scratch = wolfSSL_CTX_new(engine_wolfssl_method(e));
    if (!scratch) return engine_fail(e, "out of memory", (char *)0);
    int r = wolfSSL_CTX_use_certificate_chain_buffer_format(scratch, c->s, (long)c->len, c->format);
    wolfSSL_CTX_free(scratch);
    return r == WOLFSSL_SUCCESS ? 0 : engine_fail_code(e, "invalid certificate", r);
}

int engine_add_chain(struct engine *e, char const *name, unsigned char const *s, size_t len,
                     unsigned int key) {
    struct chain c = {.s = alloc(len), .format = format(s, len), .key = key};
    if (name) c.name = copy(name, strlen(name) + 1);
    if (!c.s || (name && !c.name) || !genalloc_append(struct chain, &e->chains, &c))
        return engine_fail(e, "out of memory", (char *)0);
    int r = c.format == WOLFSSL_FILETYPE_PEM ? add_pem(e, &c, s, len) : add_der(&c, s, len);
    genalloc_s(struct chain, &e->chains)[genalloc_len(struct chain, &e->chains) - 1].len = c.len;
    return r < 0 ? -1 : check_chain(e, &c);
}

/* On the context while there is no object yet: a client's keeps the messages that Ed25519 signs only if it
 * begins with such a certificate (TLS 1.2). On an object only if it has had none: the first one's key type
 * would stay. */
int engine_wolfssl_use_chain(struct engine *e, struct chain const *c) {
    int r = e->ssl ? wolfSSL_use_certificate_chain_buffer_format(e->ssl, c->s, (long)c->len, c->format)
                   : wolfSSL_CTX_use_certificate_chain_buffer_format(e->ctx, c->s, (long)c->len, c->format);
    if (r != WOLFSSL_SUCCESS) return engine_fail_code(e, "unable to use a certificate", r);
    e->chain = c;
    return 0;
}
