/* engine_wolfssl_anchors: whom the engine trusts.
 * The library takes its time over each, and could not be given only those that a peer's chain needs: it shows the chain to
 * nobody before it verifies it. So they wait here for engine_trust. */

#include "engine_wolfssl.h"

#include <time.h>

#include "certs.h"
#include "x509.h"

/* /etc/ssl/certs has each three times. */
static int is_there(struct engine const *e, struct der const *cert) {
    struct der in = certs_all(&e->anchors), one;
    while (certs_next(&in, &one))
        if (der_is(&one, cert->s, cert->len)) return 1;
    return 0;
}

static int is_wanted(struct engine const *e, struct der const *cert) {
    int64_t now = (int64_t)time(NULL);
    struct x509 x;
    return x509_read(&x, cert->s, cert->len) && !x509_is_early(&x, now) && !x509_has_expired(&x, now) &&
           !is_there(e, cert);
}

int engine_add_anchors(struct engine *e, unsigned char const *s, size_t len, unsigned int *count) {
    size_t had = e->anchors.len;
    char const *why;
    struct der in, cert;
    if (certs_take(&e->anchors, s, len, &why) < 0) return engine_fail(e, why, (char *)0);
    in = certs_all(&e->anchors);
    in = (struct der){in.s + had, in.len - had};
    e->anchors.len = had;
    while (certs_next(&in, &cert)) {
        if (!is_wanted(e, &cert)) continue;
        memmove(e->anchors.s + e->anchors.len, cert.s, cert.len);
        e->anchors.len += cert.len;
        ++*count;
    }
    return 0;
}

static int load(struct engine *e, struct der const *cert, unsigned int *count) {
    int r = wolfSSL_CTX_load_verify_buffer(e->ctx, cert->s, (long)cert->len, WOLFSSL_FILETYPE_ASN1);
#ifdef WOLFSSL_TRUST_PEER_CERT
    /* Debian's build takes an anchor for a trusted peer too: that peer's dates, names and usage would go
     * unchecked. At once, so that the memory is there for the next one. */
    wolfSSL_CTX_Unload_trust_peers(e->ctx);
#endif
    *count += r == WOLFSSL_SUCCESS;
    return r == WOLFSSL_SUCCESS || r == ASN_AFTER_DATE_E || r == ASN_BEFORE_DATE_E
               ? 0
               : engine_fail_code(e, "invalid trust anchor", r);
}

int engine_trust(struct engine *e, int pass_over, unsigned int *count) {
    struct der in = certs_all(&e->anchors), cert;
    int r = 0;
    *count = 0;
    while (!r && certs_next(&in, &cert))
        if (load(e, &cert, count) < 0 && !pass_over) r = -1;
    stralloc_free(&e->anchors);
    return r;
}

void engine_wolfssl_forget_anchors(struct engine *e) {
    wolfSSL_CTX_UnloadCAs(e->ctx);
}
