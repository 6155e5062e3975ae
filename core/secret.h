/* secret: memory for private keys, in pages of its own: left out of core dumps, locked where the system allows
 * it, wiped when it is given back. Knows nothing of keys. Not for threads. */

#ifndef SECRET_H
#define SECRET_H

#include <stddef.h>

/* As malloc, realloc and free; what is given back is zeroed, by secret_realloc too. */
void *secret_alloc(size_t n);
void *secret_realloc(void *p, size_t n);
void secret_free(void *p);

/* Wipes and gives back all of it at once: nothing that was allocated may be used afterwards. */
void secret_end(void);

/* Wipes what functions that have returned left on the stack, as far down as those for keys reach. */
void secret_wipe_stack(void);

#endif
