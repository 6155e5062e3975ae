/* certs: the certificates that a file has; the header says it. */

#include "certs.h"

#include "pem.h"
#include "x509.h"

/* A certificate and no byte more. */
static int is_certificate(unsigned char const *s, size_t len) {
    struct der in = {s, len}, content;
    struct x509 x;
    return x509_read(&x, s, len) && der_expect(&in, DER_SEQUENCE, &content) && !in.len;
}

static char const *take_pem(stralloc *to, unsigned char const *s, size_t len) {
    struct pem block;
    enum pem_status status;
    while ((status = pem_next(&s, &len, &block)) == PEM_BLOCK) {
        if (!block.is_certificate) continue;
        unsigned char *der = (unsigned char *)to->s + to->len;
        ssize_t n = pem_decode(&block, der);
        if (n < 0 || !is_certificate(der, (size_t)n)) return "one of its PEM blocks is no certificate";
        to->len += (size_t)n;
    }
    return status == PEM_NONE ? 0 : "PEM without an END line";
}

static char const *take_der(stralloc *to, unsigned char const *s, size_t len) {
    struct der in = {s, len}, cert;
    while (in.len) {
        if (!certs_next(&in, &cert) || !is_certificate(cert.s, cert.len))
            return "there is something else than PEM or certificates in DER in it";
        stralloc_catb(to, (char const *)cert.s, cert.len); /* there is room */
    }
    return 0;
}

int certs_take(stralloc *to, unsigned char const *s, size_t len, char const **why) {
    *why = !stralloc_readyplus_tuned(to, len, 0, 0, 1) ? "out of memory"
           : pem_is(s, len)                            ? take_pem(to, s, len)
                                                       : take_der(to, s, len);
    return *why ? -1 : 0;
}

struct der certs_all(stralloc const *certs) {
    return (struct der){(unsigned char const *)certs->s, certs->len};
}

int certs_next(struct der *left, struct der *cert) {
    struct der content;
    unsigned char tag;
    return der_next(left, &tag, &content, cert);
}
