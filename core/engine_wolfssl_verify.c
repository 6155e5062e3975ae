/* engine_wolfssl_verify: whether the peer's certificate is good, and for the name that was asked for.
 * Must not trust the library with names: one build takes the CN, another lets a name of one label pass. */

#include <string.h>

#include "engine_wolfssl.h"
#include "x509.h"

/* ---- which certificate it is, for who reads why it was refused ---- */

/* A peer may have made its names long. */
enum { SHOWN_MAX = 200 };

static int cut(stralloc *sa, size_t start) {
    if (sa->len <= start + SHOWN_MAX) return 1;
    sa->len = start + SHOWN_MAX;
    while (sa->len > start && (sa->s[sa->len] & 0xc0) == 0x80)
        sa->len--; /* not inside a character of UTF-8 */
    return stralloc_cats(sa, "...");
}

static int add_name(stralloc *sa, char const *before, struct der const *name) {
    if (!stralloc_cats(sa, before)) return 0;
    size_t start = sa->len;
    return x509_name_text(sa, name) && cut(sa, start);
}

static int add_time(stralloc *sa, char const *before, struct der const *time) {
    return stralloc_cats(sa, before) && x509_time_text(sa, time);
}

static int add_names(stralloc *sa, struct x509 const *x, char const *wanted) {
    if (!stralloc_cats(sa, wanted) || !stralloc_cats(sa, " is wanted, it is for ")) return 0;
    size_t start = sa->len;
    return x509_san_text(sa, x) && (sa->len > start ? cut(sa, start) : stralloc_cats(sa, "none"));
}

/* What cannot be read is left out. */
static void describe(struct engine *e, unsigned char const *der, size_t len, char const *wanted) {
    struct x509 x;
    stralloc *sa = &e->verify_detail;
    sa->len = 0;
    if (!x509_read(&x, der, len)) return;
    int ok = wanted ? add_names(sa, &x, wanted)
                    : add_name(sa, "subject ", &x.subject) && add_name(sa, ", issuer ", &x.issuer) &&
                          add_time(sa, ", valid from ", &x.notbefore) && add_time(sa, " until ", &x.notafter);
    if (!ok || !stralloc_0(sa)) sa->len = 0;
}

/* ---- whether it is good ---- */

static int leaf_is_for(struct engine *e, unsigned char const *der, size_t len) {
    struct x509 x;
    e->name_verified = x509_read(&x, der, len) && x509_is_for(&x, e->config.servername);
    return e->name_verified;
}

/* The library says of a certificate that signs itself that its issuer is not known, unless it is built to be like
 * OpenSSL. */
static int is_self_signed(WOLFSSL_X509_STORE_CTX const *store) {
    struct x509 x;
    int i = store->error_depth;
    return store->error == ASN_NO_SIGNER_E && store->certs && i >= 0 && i < store->totalCerts &&
           x509_read(&x, store->certs[i].buffer, store->certs[i].length) && x509_is_self_issued(&x);
}

/* Called for each certificate of the chain, from the anchor's end to the leaf; ok says what the library
 * made of it. A wrong name is refused here, in the handshake, before our own certificate is sent to the
 * wrong server. */
static int verify(int ok, WOLFSSL_X509_STORE_CTX *store) {
    struct engine *e = store->userCtx;
    if (!ok) {
        e->verify_error = is_self_signed(store) ? ASN_SELF_SIGNED_E : store->error;
        e->verify_depth = store->error_depth;
        if (store->certs && store->error_depth >= 0 && store->error_depth < store->totalCerts)
            describe(e, store->certs[store->error_depth].buffer, store->certs[store->error_depth].length,
                     NULL);
        return 0;
    }
    if (store->error_depth || !store->certs || store->totalCerts < 1) return 1;
    if (!stralloc_copyb(&e->peer, (char const *)store->certs[0].buffer, store->certs[0].length)) return 0;
    if (engine_wolfssl_is_server(e) || !e->config.servername ||
        leaf_is_for(e, store->certs[0].buffer, store->certs[0].length))
        return 1;
    e->verify_error = DOMAIN_NAME_MISMATCH;
    describe(e, store->certs[0].buffer, store->certs[0].length, e->config.servername);
    return 0;
}

void engine_wolfssl_set_verify(struct engine *e) {
    int mode = WOLFSSL_VERIFY_NONE;
    if (CONFIG_PEER_CERTS && e->config.verify == ENGINE_VERIFY_OPTIONAL) mode = WOLFSSL_VERIFY_PEER;
    if (CONFIG_PEER_CERTS && e->config.verify == ENGINE_VERIFY_MANDATORY)
        mode = WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    wolfSSL_CTX_set_verify(e->ctx, mode, mode == WOLFSSL_VERIFY_NONE ? 0 : verify);
}

/* Where verify was not called. Never from the session's chain: a long leaf is left out of that, and the
 * next certificate, which the peer may have made up, would be taken for it. */
static int keep_leaf(struct engine *e) {
    if (e->peer.len) return 1;
    WOLFSSL_X509 *x = wolfSSL_get_peer_certificate(e->ssl);
    int len = 0;
    unsigned char const *der = x ? wolfSSL_X509_get_der(x, &len) : 0;
    int ok = !der || stralloc_copyb(&e->peer, (char const *)der, (size_t)len);
    if (x) wolfSSL_X509_free(x);
    return ok;
}

/* A library that does not call verify for a good certificate has not compared the name. */
int engine_wolfssl_check_peer(struct engine *e) {
    if (!CONFIG_PEER_CERTS) return 0;
    if (!keep_leaf(e)) return engine_fail_memory(e);
    if (e->config.verify == ENGINE_VERIFY_MANDATORY && !e->peer.len)
        return engine_fail_code(e, "TLS handshake failed", NO_PEER_CERT);
    if (engine_wolfssl_is_server(e) || e->config.verify == ENGINE_VERIFY_NONE || !e->config.servername ||
        e->name_verified)
        return 0;
    if (leaf_is_for(e, (unsigned char const *)e->peer.s, e->peer.len)) return 0;
    return engine_fail_code(e, "TLS handshake failed", DOMAIN_NAME_MISMATCH);
}
