/* request: a request to the key process, whole or wrong, as its tests send it.
 * It must not say what becomes of it. */

#ifndef REQUEST_H
#define REQUEST_H

#include "unit.h"

#include <string.h>

#include "keyproc.h"

/* what stands before the content */
enum { HEADER = offsetof(struct keyproc_request, in) };

/* Good until the next call; what is to be signed is not zeros, which the library may refuse. */
static inline struct keyproc_request const *request(uint32_t op, uint32_t key, uint32_t scheme,
                                                    uint32_t len) {
    static struct keyproc_request q;
    q.op = op;
    q.key = key;
    q.scheme = scheme;
    q.len = len;
    memset(q.in, op == KEYPROC_SIGN ? 0x5a : 0, sizeof q.in);
    return &q;
}

#endif
