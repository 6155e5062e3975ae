/* der: bounded reading of DER (X.690), one element after the other, without copying.
 * Knows nothing of certificates. */

#ifndef DER_H
#define DER_H

#include <stddef.h>

enum {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_OID = 0x06,
    DER_ENUMERATED = 0x0a,
    DER_UTF8_STRING = 0x0c,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
    DER_PRINTABLE_STRING = 0x13,
    DER_TELETEX_STRING = 0x14,
    DER_IA5_STRING = 0x16,
    DER_UTC_TIME = 0x17,
    DER_GENERALIZED_TIME = 0x18,
    DER_UNIVERSAL_STRING = 0x1c,
    DER_BMP_STRING = 0x1e,
    DER_CONTEXT_0 = 0xa0, /* constructed, [0] */
    DER_CONTEXT_3 = 0xa3,
};

/* A piece of somebody else's memory. */
struct der {
    unsigned char const *s;
    size_t len;
};

/* Takes one element off the front of in: its tag, its content. whole, if not 0, gets the element with its
 * header. Returns 1, or 0 when in is empty or malformed (high tag numbers and indefinite lengths are;
 * nothing here uses them). */
int der_next(struct der *in, unsigned char *tag, struct der *content, struct der *whole);

/* The same, and the tag must be tag. */
int der_expect(struct der *in, unsigned char tag, struct der *content);

/* Whether d is exactly these len bytes. */
int der_is(struct der const *d, void const *s, size_t len);

#endif
