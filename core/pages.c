/* pages: gives memory back whose content is not needed; the header says it. */

#include "pages.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* A handshake goes no deeper. Linux leaves 256 pages below a stack free. */
enum { STACK_DEPTH = 256 << 10 };

__attribute__((noinline)) void pages_release(void *s, size_t n) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = (uintptr_t)s;
    uintptr_t from = (start + page - 1) & ~(page - 1), to = (start + n) & ~(page - 1);
    int e = errno;
    if (from < to) madvise((char *)s + (from - start), to - from, MADV_DONTNEED);
    errno = e;
}

/* The page below this frame is left to the calls that release the others: neither may become a part of its caller, whose
 * frame may be larger than that. */
__attribute__((noinline)) void pages_release_stack(void) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    char *frame = __builtin_frame_address(0);
    pages_release(frame - page - STACK_DEPTH, STACK_DEPTH);
}
