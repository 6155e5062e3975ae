/* engine_wolfssl_status: what says that certificates are revoked or are not: revocation lists for those of peers (RFC 5280 5), a
 * response of OCSP for our own (RFC 6960, RFC 6066 8).
 * Must not let the library fetch anything: it would, and the cage would end it. */

#include "engine_wolfssl.h"

#include <wolfssl/wolfcrypt/asn_public.h>

#include <skalibs/alloc.h>

#include "certs.h"
#include "der.h"
#include "pem.h"

/* ---- revocation lists ---- */

#if CONFIG_CRL && defined(HAVE_CRL)

#ifdef OPENSSL_EXTRA

/* Its signature is looked at when it is needed: its issuer may come with the peer's chain. */
static int add_der_crl(struct engine *e, unsigned char const *s, size_t len) {
    WOLFSSL_X509_CRL *crl = wolfSSL_d2i_X509_CRL(0, s, (int)len);
    int ok = crl && wolfSSL_X509_STORE_add_crl(wolfSSL_CTX_get_cert_store(e->ctx), crl) == WOLFSSL_SUCCESS;
    if (crl) wolfSSL_X509_CRL_free(crl);
    return ok ? 0 : engine_fail(e, "it is no certificate revocation list", (char *)0);
}

#else

/* Its issuer must be a trust anchor. */
static int add_der_crl(struct engine *e, unsigned char const *s, size_t len) {
    int r = wolfSSL_CTX_LoadCRLBuffer(e->ctx, s, (long)len, WOLFSSL_FILETYPE_ASN1);
    return r == WOLFSSL_SUCCESS ? 0 : engine_fail_code(e, "it is of no use", r);
}

#endif

static int add_pem_crl(struct engine *e, struct pem const *block) {
    unsigned char *der = alloc(block->bodylen);
    if (!der) return engine_fail_memory(e);
    ssize_t n = pem_decode(block, der);
    int r = n > 0 ? add_der_crl(e, der, (size_t)n)
                  : engine_fail(e, "one of its PEM blocks is no certificate revocation list", (char *)0);
    alloc_free(der);
    return r;
}

static int add_crls(struct engine *e, unsigned char const *s, size_t len) {
    struct pem block;
    enum pem_status status;
    unsigned int n = 0;
    if (!pem_is(s, len)) return add_der_crl(e, s, len);
    for (; (status = pem_next(&s, &len, &block)) == PEM_BLOCK; n += (unsigned int)block.is_crl)
        if (block.is_crl && add_pem_crl(e, &block) < 0) return -1;
    if (status != PEM_NONE) return engine_fail(e, "PEM without an END line", (char *)0);
    return n ? 0 : engine_fail(e, "there is no certificate revocation list in it", (char *)0);
}

int engine_add_crls(struct engine *e, unsigned char const *s, size_t len) {
    if (wolfSSL_CTX_EnableCRL(e->ctx, WOLFSSL_CRL_CHECK | WOLFSSL_CRL_CHECKALL) != WOLFSSL_SUCCESS)
        return engine_fail(e, "unable to use certificate revocation lists", (char *)0);
#ifdef HAVE_CRL_IO
    wolfSSL_CTX_SetCRL_IOCb(e->ctx, 0); /* it would ask the address in the peer's certificate */
#endif
    return add_crls(e, s, len);
}

#else

int engine_add_crls(struct engine *e, unsigned char const *s, size_t len) {
    (void)s, (void)len;
    return engine_fail(e, "this build knows no certificate revocation lists", (char *)0);
}

#endif

/* ---- the response of OCSP that goes with a chain ---- */

#if CONFIG_OCSP_STAPLE && defined(HAVE_OCSP) && defined(HAVE_CERTIFICATE_STATUS_REQUEST)

/* OCSPResponse ::= SEQUENCE { responseStatus ENUMERATED, responseBytes [0] } */
static int is_response(unsigned char const *s, size_t len) {
    struct der in = {s, len}, response, status, bytes;
    return der_expect(&in, DER_SEQUENCE, &response) && !in.len &&
           der_expect(&response, DER_ENUMERATED, &status) && der_is(&status, "\0", 1) &&
           der_expect(&response, DER_CONTEXT_0, &bytes) && bytes.len;
}

int engine_set_staple(struct engine *e, unsigned char const *s, size_t len) {
    if (!is_response(s, len)) return engine_fail(e, "it is no successful response of OCSP in DER", (char *)0);
    return stralloc_copyb(&e->staple, (char const *)s, len) ? 0 : engine_fail_memory(e);
}

/* What the library asks for over the network, it gets from here. */
static int answer(void *data, char const *url, int urllen, unsigned char *request, int len,
                  unsigned char **response) {
    struct engine *e = data;
    (void)url, (void)urllen, (void)request, (void)len;
    *response = (unsigned char *)e->staple.s;
    return (int)e->staple.len;
}

/* Those above the leaf: the library wants to verify what it sends. A server that verifies nobody trusts nobody by this. */
static void add_issuers(WOLFSSL_CERT_MANAGER *cm, struct chain const *c) {
    struct der in = c->certs, cert;
    for (int leaf = 1; certs_next(&in, &cert); leaf = 0)
        if (!leaf) wolfSSL_CertManagerLoadCABuffer(cm, cert.s, (long)cert.len, WOLFSSL_FILETYPE_ASN1);
}

static int is_for(WOLFSSL_CERT_MANAGER *cm, struct chain const *c) {
    struct der in = c->certs, leaf;
    if (!certs_next(&in, &leaf)) return 0;
    int r = wolfSSL_CertManagerCheckOCSP(cm, (unsigned char *)c->certs.s, (int)leaf.len);
    return r == WOLFSSL_SUCCESS || r == OCSP_CERT_REVOKED;
}

/* Whether what the library will look at is good, for this chain; if so, the library is told to staple. Otherwise it would fail
 * the handshake. */
int engine_wolfssl_staple(struct engine *e, struct chain const *c) {
    WOLFSSL_CERT_MANAGER *cm = wolfSSL_CTX_GetCertManager(e->ctx);
    if (!e->staple.len) return 0;
    if (e->config.verify == ENGINE_VERIFY_NONE) add_issuers(cm, c);
    if (wolfSSL_CertManagerEnableOCSPStapling(cm) != WOLFSSL_SUCCESS ||
        wolfSSL_CertManagerEnableOCSP(cm, WOLFSSL_OCSP_URL_OVERRIDE | WOLFSSL_OCSP_NO_NONCE) !=
            WOLFSSL_SUCCESS ||
        wolfSSL_CertManagerSetOCSPOverrideURL(cm, "staple") != WOLFSSL_SUCCESS ||
        wolfSSL_CertManagerSetOCSP_Cb(cm, answer, 0, e) != WOLFSSL_SUCCESS)
        return 0;
    int works = is_for(cm, c);
    wolfSSL_CertManagerDisableOCSP(cm); /* else the certificates of peers would be asked for too */
    if (!works) wolfSSL_CertManagerDisableOCSPStapling(cm);
    return works;
}

int engine_staples(struct engine *e) {
    struct chain const *c = genalloc_s(struct chain, &e->chains);
    int works = 0;
    for (size_t n = genalloc_len(struct chain, &e->chains); n && !works; n--, c++)
        works = engine_wolfssl_staple(e, c);
    wolfSSL_CTX_DisableOCSPStapling(e->ctx); /* which chain it is, a client decides */
    return works;
}

#else

int engine_staples(struct engine *e) {
    (void)e;
    return 0;
}

int engine_set_staple(struct engine *e, unsigned char const *s, size_t len) {
    (void)s, (void)len;
    return engine_fail(e, "this build does not staple", (char *)0);
}

int engine_wolfssl_staple(struct engine *e, struct chain const *c) {
    (void)e, (void)c;
    return 0;
}

#endif
