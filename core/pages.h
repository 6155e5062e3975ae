/* pages: gives memory back whose content is not needed. Nothing fails: what the kernel does not take stays. */

#ifndef PAGES_H
#define PAGES_H

#include <stddef.h>

/* The whole pages of the n bytes at s, which are the caller's and read as zeros from then on; at other addresses nothing
 * changes. Private anonymous memory: heap or stack. errno stays. */
void pages_release(void *s, size_t n);

/* What deeper calls have left below the caller's part of the stack. */
void pages_release_stack(void);

#endif
