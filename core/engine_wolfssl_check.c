/* engine_wolfssl_check: a look at the chains that an engine was given.
 * Must not change the engine. */

#include "engine_wolfssl.h"

#include <skalibs/types.h>

#include "certs.h"

unsigned int engine_version_number(void) {
    return (unsigned int)wolfSSL_lib_version_hex();
}

unsigned int engine_chains(struct engine const *e) {
    return (unsigned int)genalloc_len(struct chain, &e->chains);
}

int engine_chain_certificate(struct engine *e, unsigned int chain, unsigned int n, stralloc *der) {
    struct chain const *c = genalloc_s(struct chain, &e->chains) + chain;
    struct der in = c->certs, certificate;
    do
        if (!certs_next(&in, &certificate)) return 0;
    while (n--);
    return stralloc_catb(der, (char const *)certificate.s, certificate.len);
}

static int verify_one(struct engine *e, WOLFSSL_CERT_MANAGER *cm, unsigned int n, int last,
                      stralloc const *der) {
    int r = WOLFSSL_SUCCESS;
    char number[UINT_FMT];
    if (!last)
        r = wolfSSL_CertManagerVerifyBuffer(cm, (unsigned char const *)der->s, (long)der->len,
                                            WOLFSSL_FILETYPE_ASN1);
    if (r == WOLFSSL_SUCCESS && n)
        r = wolfSSL_CertManagerLoadCABuffer(cm, (unsigned char const *)der->s, (long)der->len,
                                            WOLFSSL_FILETYPE_ASN1);
    if (r == WOLFSSL_SUCCESS) return 0;
    number[uint_fmt(number, n)] = 0;
    if (r != ASN_NO_SIGNER_E) return engine_fail_code(e, n ? "one above the leaf" : "the leaf", r);
    return n ? engine_fail(e, "number ", number, " above the leaf is not signed by the next one in the file",
                           (char *)0)
             : engine_fail(e, "the leaf is not signed by the next one in the file", (char *)0);
}

/* From the last one down, each trusted once it is verified by what is above it. One that stands alone is not verified. */
int engine_verify_chain(struct engine *e, unsigned int chain) {
    WOLFSSL_CERT_MANAGER *cm = wolfSSL_CertManagerNew();
    stralloc der = STRALLOC_ZERO;
    unsigned int n = 0;
    int r = 0;
    if (!cm) return engine_fail_memory(e);
    while (der.len = 0, engine_chain_certificate(e, chain, n, &der)) n++;
    for (unsigned int i = n; n > 1 && i-- && !r;) {
        der.len = 0;
        r = engine_chain_certificate(e, chain, i, &der) ? verify_one(e, cm, i, i == n - 1, &der)
                                                        : engine_fail_memory(e);
    }
    stralloc_free(&der);
    wolfSSL_CertManagerFree(cm);
    return r;
}
