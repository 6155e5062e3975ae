/* engine_wolfssl_memory: what the library gives back is zeroed: session keys, secrets, records that were decrypted.
 * Must not ask for memory in another way than malloc: the library has some from before. */

#include "engine_wolfssl.h"

#include <malloc.h>
#include <stdlib.h>

#include <wolfssl/wolfcrypt/memory.h>

static void wipe_and_free(void *p) {
    if (p) explicit_bzero(p, malloc_usable_size(p));
    free(p);
}

/* Never in place: realloc would leave the old bytes behind. */
static void *move(void *p, size_t n) {
    size_t had = p ? malloc_usable_size(p) : 0;
    if (p && n <= had) return p;
    void *q = malloc(n);
    if (!q) return 0;
    if (p) memcpy(q, p, had);
    wipe_and_free(p);
    return q;
}

int engine_wolfssl_wipe_memory(void) {
    return wolfSSL_SetAllocators(malloc, wipe_and_free, move) ? -1 : 0;
}
