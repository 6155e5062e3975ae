/* errand: does what may block for long in a process of its own, and for a limited time.
 * Knows nothing of what it is. */

#ifndef ERRAND_H
#define ERRAND_H

#include <sys/types.h>

#include <skalibs/tai.h>

/* To be run in the child: fills the answer, which is all zero. Has the parent's memory, but as a copy. */
typedef void errand_func(void const *question, void *answer);

/* Runs f in a child and waits for its answer of size bytes, at most until the deadline, on tain_now's clock;
 * then the child is killed. The child is gone in any case. Returns 0, or -1 with errno: ETIMEDOUT, EPIPE (the
 * child died of something), or what kept us from having one. */
int errand_run(errand_func *f, void const *question, void *answer, size_t size, tain const *deadline);

#endif
