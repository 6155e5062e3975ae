/* pem: walks over the blocks of a PEM file (RFC 7468), and decodes those that are public.
 * Must not decode a key: how long it takes tells what is in it. */

#ifndef PEM_H
#define PEM_H

#include <stddef.h>
#include <sys/types.h>

struct pem {
    unsigned char const *body; /* what is between BEGIN and END, with their newlines */
    size_t bodylen;
    int is_certificate; /* by its label */
    int is_crl;         /* likewise */
};

enum pem_status { PEM_NONE, PEM_BLOCK, PEM_BROKEN };

/* Takes the next block off the front of the *len bytes at *s. PEM_BROKEN: it has no END line with the same
 * label. */
enum pem_status pem_next(unsigned char const **s, size_t *len, struct pem *block);

/* Writes what the block holds, at most bodylen bytes, to the memory at to. Returns how many, or -1: that is no base64 with its
 * padding (RFC 4648 4), white space aside. */
ssize_t pem_decode(struct pem const *block, unsigned char *to);

/* Whether there is any PEM block; if not, the bytes may be DER. */
int pem_is(unsigned char const *s, size_t len);

#endif
