/* x509: taking a certificate apart and comparing its names; the header says it. */

#include "x509.h"

#include <string.h>

#include "hostname.h"

/* Extensions ::= SEQUENCE OF SEQUENCE { extnID, critical DEFAULT FALSE, extnValue } (RFC 5280 4.1) */
static int read_extensions(struct der ext, struct x509 *x) {
    static unsigned char const san_oid[] = {0x55, 0x1d, 0x11};
    struct der list, one, oid, value;
    unsigned char tag;
    if (!der_expect(&ext, DER_SEQUENCE, &list)) return 0;
    while (list.len) {
        if (!der_expect(&list, DER_SEQUENCE, &one) || !der_expect(&one, DER_OID, &oid)) return 0;
        if (!der_next(&one, &tag, &value, 0)) return 0;
        if (tag == DER_BOOLEAN && !der_next(&one, &tag, &value, 0)) return 0;
        if (tag != DER_OCTET_STRING) return 0;
        if (!der_is(&oid, san_oid, sizeof san_oid)) continue;
        if (x->san.s || !der_expect(&value, DER_SEQUENCE, &x->san))
            return 0; /* one of a kind: RFC 5280 4.2 */
    }
    return 1;
}

static int read_validity(struct der *tbs, struct x509 *x) {
    struct der validity, content;
    unsigned char tag;
    return der_expect(tbs, DER_SEQUENCE, &validity) && der_next(&validity, &tag, &content, &x->notbefore) &&
           der_next(&validity, &tag, &content, &x->notafter);
}

int x509_read(struct x509 *x, unsigned char const *s, size_t len) {
    struct der in = {s, len}, cert, tbs, d;
    unsigned char tag;
    memset(x, 0, sizeof *x);
    if (!der_expect(&in, DER_SEQUENCE, &cert) || !der_expect(&cert, DER_SEQUENCE, &tbs)) return 0;
    if (!der_next(&tbs, &tag, &d, 0)) return 0;
    if (tag == DER_CONTEXT_0 && !der_next(&tbs, &tag, &d, 0)) return 0; /* version */
    if (tag != DER_INTEGER) return 0;
    x->serial = d;
    if (!der_expect(&tbs, DER_SEQUENCE, &d) /* signature algorithm */ ||
        !der_expect(&tbs, DER_SEQUENCE, &x->issuer) || !read_validity(&tbs, x) ||
        !der_expect(&tbs, DER_SEQUENCE, &x->subject))
        return 0;
    if (!der_next(&tbs, &tag, &d, &x->spki) || tag != DER_SEQUENCE) return 0;
    while (tbs.len) {
        if (!der_next(&tbs, &tag, &d, 0)) return 0;
        if (tag == DER_CONTEXT_3 && !read_extensions(d, x)) return 0;
    }
    return 1;
}

static int ip_is_for(struct x509 const *x, char const *ip, size_t iplen) {
    struct der san = x->san, value;
    unsigned char tag;
    while (der_next(&san, &tag, &value, 0))
        if (tag == X509_SAN_IP && der_is(&value, ip, iplen)) return 1;
    return 0;
}

int x509_is_for(struct x509 const *x, char const *name) {
    char ip[16];
    size_t iplen = hostname_ip(name, ip);
    struct der san = x->san, value;
    unsigned char tag;
    if (iplen) return ip_is_for(x, ip, iplen);
    while (der_next(&san, &tag, &value, 0))
        if (tag == X509_SAN_DNS &&
            hostname_matches((char const *)value.s, value.len, name, hostname_len(name)))
            return 1;
    return 0;
}

int x509_is_self_issued(struct x509 const *x) {
    return der_is(&x->issuer, x->subject.s, x->subject.len);
}
