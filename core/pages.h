/* pages: memory by the page, and giving back that whose content is not needed: there nothing fails, and what the kernel does not
 * take stays. */

#ifndef PAGES_H
#define PAGES_H

#include <stddef.h>

/* n bytes, rounded up to whole pages. */
size_t pages_round(size_t n);

/* n bytes of whole pages, zeros; 0 with errno when there are none. pages_free gives all of them back. */
void *pages_new(size_t n);
void pages_free(void *s, size_t n);

/* The whole pages of the n bytes at s, which are the caller's and read as zeros from then on; at other addresses nothing
 * changes. Private anonymous memory: heap or stack. errno stays. */
void pages_release(void *s, size_t n);

/* What deeper calls have left below the caller's part of the stack. */
void pages_release_stack(void);

#endif
