/* engine_wolfssl_setup: versions, suites, groups, trust anchors and chains of the wolfSSL engine. Must not
 * leave anything to the library's defaults: Debian's build accepts TLS 1.1, NULL suites and unverified
 * peers. */

#include "engine_wolfssl.h"

#include <wolfssl/wolfcrypt/asn_public.h>

#include <skalibs/alloc.h>

#include "cpu.h"
#include "pem.h"
#include "x509.h"

/* Each list of suites is put together from these, each with a colon before every name. */
#if CONFIG_SUITES_AES_GCM
#define GCM13 ":TLS13-AES128-GCM-SHA256:TLS13-AES256-GCM-SHA384"
#define GCM12                                                                                                \
    ":ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-"    \
    "AES256-GCM-SHA384"
#else
#define GCM13 ""
#define GCM12 ""
#endif

#if CONFIG_SUITES_CHACHA20
#define CHACHA13 ":TLS13-CHACHA20-POLY1305-SHA256"
#define CHACHA12 ":ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#else
#define CHACHA13 ""
#define CHACHA12 ""
#endif

#if CONFIG_SUITES_AES_CBC
#define CBC12                                                                                                \
    ":ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384"
#else
#define CBC12 ""
#endif

#if CONFIG_TLS12
#define GCM_FIRST GCM13 CHACHA13 GCM12 CHACHA12 CBC12
#define CHACHA_FIRST CHACHA13 GCM13 CHACHA12 GCM12 CBC12
#else
#define GCM_FIRST GCM13 CHACHA13
#define CHACHA_FIRST CHACHA13 GCM13
#endif

char const *engine_version_built(void) {
    return LIBWOLFSSL_VERSION_STRING;
}

char const *engine_version_running(void) {
    return wolfSSL_lib_version();
}

#if CONFIG_TLS12
#define SERVER_METHOD wolfSSLv23_server_method
#define CLIENT_METHOD wolfSSLv23_client_method
#else
#define SERVER_METHOD wolfTLSv1_3_server_method
#define CLIENT_METHOD wolfTLSv1_3_client_method
#endif

static WOLFSSL_METHOD *method(struct engine const *e) {
#if CONFIG_SERVER && CONFIG_CLIENT
    return engine_wolfssl_is_server(e) ? SERVER_METHOD() : CLIENT_METHOD();
#elif CONFIG_SERVER
    (void)e;
    return SERVER_METHOD();
#else
    (void)e;
    return CLIENT_METHOD();
#endif
}

char const *engine_wolfssl_suites(void) {
#if CONFIG_SUITES_AES_GCM && CONFIG_SUITES_CHACHA20
    return cpu_has_aes() ? GCM_FIRST : CHACHA_FIRST;
#else
    return GCM_FIRST;
#endif
}

static int set_protocol(struct engine *e) {
#if CONFIG_TLS12
    if (wolfSSL_CTX_SetMinVersion(e->ctx, WOLFSSL_TLSV1_2) != WOLFSSL_SUCCESS) return -1;
#endif
    return wolfSSL_CTX_set_cipher_list(e->ctx, engine_wolfssl_suites() + 1) == WOLFSSL_SUCCESS ? 0 : -1;
}

static struct {
    int id; /* NamedGroup */
    char const *name;
} const groups[] = {
#if CONFIG_GROUP_X25519MLKEM768
    {WOLFSSL_X25519MLKEM768, "X25519MLKEM768"},
#endif
#if CONFIG_GROUP_X25519
    {WOLFSSL_ECC_X25519, "X25519"},
#endif
#if CONFIG_GROUP_P256
    {WOLFSSL_ECC_SECP256R1, "P-256"},
#endif
#if CONFIG_GROUP_P384
    {WOLFSSL_ECC_SECP384R1, "P-384"},
#endif
#if CONFIG_GROUP_P521
    {WOLFSSL_ECC_SECP521R1, "P-521"}, /* for clients only: to reach the servers whose certificate has it */
#endif
};

enum { GROUPS_CLIENT = sizeof groups / sizeof *groups, GROUPS_SERVER = GROUPS_CLIENT - CONFIG_GROUP_P521 };

static int set_groups(struct engine *e) {
    int ids[GROUPS_CLIENT], n = engine_wolfssl_is_server(e) ? GROUPS_SERVER : GROUPS_CLIENT;
    for (int i = 0; i < n; i++) {
        ids[i] = groups[i].id;
        if (wolfSSL_CTX_UseSupportedCurve(e->ctx, (word16)ids[i]) != WOLFSSL_SUCCESS) return -1;
    }
    return wolfSSL_CTX_set_groups(e->ctx, ids, n) == WOLFSSL_SUCCESS ? 0 : -1;
}

static int offers(struct clienthello const *h, int id) {
    for (unsigned int i = 0; i < h->ngroups; i++)
        if (h->groups[i] == id) return 1;
    return 0;
}

static int first_common_group(struct clienthello const *h) {
    /* ML-KEM is for TLS 1.3 only */
    for (int i = h->offers_tls13 ? 0 : CONFIG_GROUP_X25519MLKEM768; i < GROUPS_SERVER; i++)
        if (offers(h, groups[i].id)) return i;
    return -1;
}

/* In TLS 1.2 the library takes the client's first group, and any that it knows; so it is left with no
 * choice. In TLS 1.3 it has ours, but answers a client that has none of them with an empty retry. */
int engine_wolfssl_choose_group(struct engine *e, struct clienthello const *h) {
    int i = h->ngroups ? first_common_group(h) : 0;
    if (i < 0) return 0;
    if (!CONFIG_TLS12 || !h->ngroups || h->offers_tls13) return 1;
#ifdef OPENSSL_EXTRA
    return wolfSSL_set1_curves_list(e->ssl, groups[i].name) == WOLFSSL_SUCCESS;
#else
    /* what the object has of its own is tried before what the client has (5.5.4), or is all that is tried */
    return wolfSSL_UseSupportedCurve(e->ssl, (word16)groups[i].id) == WOLFSSL_SUCCESS;
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
    e->ctx = wolfSSL_CTX_new(method(e));
    if (!e->ctx) return -1;
    if (set_protocol(e) < 0 || set_groups(e) < 0) {
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
    WOLFSSL_CTX *scratch = wolfSSL_CTX_new(method(e));
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
