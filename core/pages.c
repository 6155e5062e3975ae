/* pages: memory by the page; the header says it. */

#include "pages.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* A handshake goes no deeper. Linux leaves 256 pages below a stack free. What is spared is the frames of the calls that release
 * it: a few hundred bytes. */
enum { STACK_DEPTH = 256 << 10, STACK_SPARED = 1 << 10 };

size_t pages_round(size_t n) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (n + page - 1) & ~(page - 1);
}

void *pages_new(size_t n) {
    void *s = mmap(0, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return s == MAP_FAILED ? 0 : s;
}

void pages_free(void *s, size_t n) {
    munmap(s, n);
}

__attribute__((noinline)) void pages_release(void *s, size_t n) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = (uintptr_t)s;
    uintptr_t from = (start + page - 1) & ~(page - 1), to = (start + n) & ~(page - 1);
    int e = errno;
    if (from < to) madvise((char *)s + (from - start), to - from, MADV_DONTNEED);
    errno = e;
}

/* Neither of the two may become a part of its caller, whose frame may be larger than what is spared. */
__attribute__((noinline)) void pages_release_stack(void) {
    char *frame = __builtin_frame_address(0);
    pages_release(frame - STACK_SPARED - STACK_DEPTH, STACK_DEPTH);
}
