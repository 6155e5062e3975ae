/* certs: the certificates that a file has (RFC 7468, RFC 5280), in DER, one after the other.
 * Verifies nothing: that they are certificates is all that is known of them. */

#ifndef CERTS_H
#define CERTS_H

#include <skalibs/stralloc.h>

#include "der.h"

/* Appends those of a file, PEM or DER, to to, and nothing else of it: a key may be in the same file. Returns 0, or -1 with why;
 * those before what is wrong have been appended. */
int certs_take(stralloc *to, unsigned char const *s, size_t len, char const **why);

/* All that have been taken; then one off the front of those that are left, by its length alone: 1, or 0: there is none. */
struct der certs_all(stralloc const *certs);
int certs_next(struct der *left, struct der *cert);

#endif
