/* engine_wolfssl_anchors: whom the engine trusts.
 * The library takes its time over each, and could not be given only those that a peer's chain needs: it shows the chain to
 * nobody before it verifies it. So they wait here for engine_trust. */

#include "engine_wolfssl.h"

#include <time.h>

#include "certs.h"
#include "pem.h"
#include "x509.h"

/* In one piece, which goes as a whole: pieces of each would leave holes among what lives on. */
static int keep(struct engine *e, struct der const *cert) {
    size_t end = e->anchors.len + cert->len;
    return genalloc_append(size_t, &e->anchor_ends, &end) &&
           stralloc_catb(&e->anchors, (char const *)cert->s, cert->len);
}

/* Of those that are kept, number n (from 0). Returns 1, or 0: there is none. */
static int anchor(struct engine const *e, size_t n, struct der *cert) {
    size_t const *ends = genalloc_s(size_t, &e->anchor_ends);
    if (n >= genalloc_len(size_t, &e->anchor_ends)) return 0;
    size_t start = n ? ends[n - 1] : 0;
    *cert = (struct der){(unsigned char const *)e->anchors.s + start, ends[n] - start};
    return 1;
}

/* /etc/ssl/certs has each three times. */
static int is_there(struct engine const *e, struct der const *cert) {
    struct der one;
    for (size_t n = 0; anchor(e, n, &one); n++)
        if (der_is(&one, cert->s, cert->len)) return 1;
    return 0;
}

/* A time that is malformed is the library's to refuse. */
static int is_out_of_time(struct x509 const *x, int64_t now) {
    return x509_is_early(x, now) || (x509_has_expired(x, now) && x509_time_seconds(&x->notafter) >= 0);
}

static int is_wanted(struct engine const *e, struct der const *cert) {
    struct x509 x;
    return !is_there(e, cert) && x509_read(&x, cert->s, cert->len) &&
           !is_out_of_time(&x, (int64_t)time(NULL));
}

/* How much of a file counts: of DER the first alone. */
static size_t part(unsigned char const *s, size_t len) {
    struct der in = {s, len}, cert;
    return !pem_is(s, len) && certs_next(&in, &cert) ? cert.len : len;
}

int engine_add_anchors(struct engine *e, unsigned char const *s, size_t len, unsigned int *count) {
    stralloc certs = STRALLOC_ZERO;
    char const *why;
    int r = certs_take(&certs, s, part(s, len), &why) < 0 ? engine_fail(e, why, (char *)0) : 0;
    struct der in = certs_all(&certs), cert;
    int ok = stralloc_readyplus_tuned(&e->anchors, in.len, 0, 1, 2); /* for all: to grow is to move */
    while (ok && certs_next(&in, &cert)) {
        if (!is_wanted(e, &cert)) continue;
        ok = keep(e, &cert);
        *count += (unsigned int)ok;
    }
    if (!ok) r = engine_fail_memory(e);
    stralloc_free(&certs);
    return r;
}

static int load(struct engine *e, struct der const *cert) {
    int r = wolfSSL_CTX_load_verify_buffer(e->ctx, cert->s, (long)cert->len, WOLFSSL_FILETYPE_ASN1);
#ifdef WOLFSSL_TRUST_PEER_CERT
    /* Debian's build takes an anchor for a trusted peer too: that peer's dates, names and usage would go
     * unchecked. At once, so that the memory is there for the next one. */
    wolfSSL_CTX_Unload_trust_peers(e->ctx);
#endif
    return r;
}

/* Returns whether it can be used, or -1. */
static int trust(struct engine *e, struct der const *cert, int pass_over) {
    int r = load(e, cert);
    if (r == WOLFSSL_SUCCESS) return 1;
    if (r == MEMORY_E || r == MEMORY_ERROR) return engine_fail_memory(e);
    return pass_over || r == ASN_AFTER_DATE_E || r == ASN_BEFORE_DATE_E
               ? 0
               : engine_fail_code(e, "invalid trust anchor", r);
}

int engine_trust(struct engine *e, int pass_over, unsigned int *count) {
    struct der cert;
    int r = 0;
    *count = 0;
    for (size_t n = 0; r >= 0 && anchor(e, n, &cert); n++) {
        r = trust(e, &cert, pass_over);
        *count += r > 0;
    }
    stralloc_free(&e->anchors);
    genalloc_free(size_t, &e->anchor_ends);
    return r < 0 ? -1 : 0;
}

void engine_wolfssl_forget_anchors(struct engine *e) {
    wolfSSL_CTX_UnloadCAs(e->ctx);
}
