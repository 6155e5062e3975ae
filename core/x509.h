/* x509: the parts of a certificate (RFC 5280) that are shown, matched or compared.
 * Verifies nothing: whether to trust the certificate is the engine's to say. */

#ifndef X509_H
#define X509_H

#include <stdint.h>

#include <skalibs/stralloc.h>

#include "der.h"

/* All point into the certificate. */
struct x509 {
    struct der serial;    /* content of the INTEGER */
    struct der issuer;    /* content of the Name */
    struct der subject;   /* content of the Name */
    struct der notbefore; /* the whole Time element */
    struct der notafter;  /* the same */
    struct der spki;      /* the whole SubjectPublicKeyInfo */
    struct der san;       /* content of the GeneralNames, or len 0 */
};

/* GeneralName kinds, by their tag (RFC 5280 4.2.1.6). */
enum { X509_SAN_EMAIL = 0x81, X509_SAN_DNS = 0x82, X509_SAN_URI = 0x86, X509_SAN_IP = 0x87 };

/* Returns 1, or 0: der is no certificate. */
int x509_read(struct x509 *x, unsigned char const *s, size_t len);

/* Whether issuer and subject are the same name, byte by byte. */
int x509_is_self_issued(struct x509 const *x);

/* Each appends text without control bytes to sa. Returns 1; 0: no memory (errno ENOMEM) or malformed
 * (errno EPROTO). */
int x509_name_text(stralloc *sa, struct der const *name); /* RFC 4514: last RDN first */
int x509_serial_text(stralloc *sa, struct x509 const *x); /* lower-case hexadecimal */
int x509_time_text(stralloc *sa, struct der const *time); /* RFC 3339, UTC */
int x509_san_text(stralloc *sa, struct x509 const *x);    /* DNS:a,IP:::1,email:b,URI:c */

/* Since 1970; -1: malformed. */
int64_t x509_time_seconds(struct der const *time);

/* Whether at this time, since 1970, it is not valid yet; not valid any more, as one with a malformed time is. */
int x509_is_early(struct x509 const *x, int64_t now);
int x509_has_expired(struct x509 const *x, int64_t now);

/* Whether the certificate is for this name (RFC 9525: SANs only): an IP address in text, compared on bytes
 * with the iPAddress ones, or a DNS name, "*" standing for the whole of a left-most label. A trailing dot
 * is ignored. */
int x509_is_for(struct x509 const *x, char const *name);

#endif
