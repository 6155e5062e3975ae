/* pem: walks over the blocks of a PEM file (RFC 7468).
 * Decodes nothing. */

#ifndef PEM_H
#define PEM_H

#include <stddef.h>

struct pem {
    unsigned char const *s; /* from BEGIN to the end of the END line */
    size_t len;
    int is_certificate; /* by its label */
    int is_crl;         /* likewise */
};

enum pem_status { PEM_NONE, PEM_BLOCK, PEM_BROKEN };

/* Takes the next block off the front of the *len bytes at *s. PEM_BROKEN: it has no END line. */
enum pem_status pem_next(unsigned char const **s, size_t *len, struct pem *block);

/* Whether there is any PEM block; if not, the bytes may be DER. */
int pem_is(unsigned char const *s, size_t len);

#endif
