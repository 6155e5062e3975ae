/* recordpos: where in a record of TLS (RFC 8446 5.1) a stream of them stands, of the bytes that have gone by.
 * Knows nothing of what is in a record, but for alerts in the clear. */

#ifndef RECORDPOS_H
#define RECORDPOS_H

#include <stddef.h>

/* All zero at the stream's beginning. */
struct recordpos {
    int encrypted; /* change_cipher_spec has gone by */
    unsigned char header[5];
    unsigned int headerlen;
    size_t bodyleft;
    unsigned char alert[2]; /* level and description of the last alert in the clear; 0, 0: none */
};

/* These n bytes have gone by. */
void recordpos_advance(struct recordpos *r, unsigned char const *s, size_t n);

#endif
