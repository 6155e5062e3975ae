/* secret: memory for private keys; the header says it.
 * Blocks are powers of two, kept in a list for each size once they are free: nothing is given back to the system
 * before the end. */

#include "secret.h"

#include <errno.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "pages.h"

enum { CHUNK = 1 << 20, STACK = 1 << 16 };
enum { SIZE_MIN = 6, SIZE_N = sizeof(size_t) * 8 - 2 }; /* logarithms */

struct block {
    alignas(16) size_t size; /* the logarithm, this included */
    struct block *next;      /* while it is free */
};

struct chunk {
    alignas(16) struct chunk *next;
    size_t size; /* bytes, this included */
    size_t used;
};

static struct chunk *chunks; /* the one that blocks are cut from first */
static struct block *free_blocks[SIZE_N];

/* Locked page by page as they are touched. It is no error when that is refused (RLIMIT_MEMLOCK). */
static void protect(void *p, size_t n) {
#ifdef MADV_DONTDUMP
    madvise(p, n, MADV_DONTDUMP);
#endif
#ifdef MLOCK_ONFAULT
    mlock2(p, n, MLOCK_ONFAULT);
#endif
    (void)p, (void)n;
}

static struct chunk *add_chunk(size_t block) {
    size_t n = block + sizeof(struct chunk) < CHUNK ? CHUNK : block + sizeof(struct chunk);
    struct chunk *c = pages_new(n);
    if (!c) return 0;
    protect(c, n);
    *c = (struct chunk){chunks, n, sizeof *c};
    return chunks = c;
}

static struct block *take(size_t size) {
    struct block *b = free_blocks[size];
    size_t n = (size_t)1 << size;
    if (b) {
        free_blocks[size] = b->next;
        return b;
    }
    struct chunk *c = chunks && chunks->size - chunks->used >= n ? chunks : add_chunk(n);
    if (!c) return 0;
    b = (struct block *)((char *)c + c->used);
    c->used += n;
    b->size = size;
    return b;
}

void *secret_alloc(size_t n) {
    size_t size = SIZE_MIN;
    while (size < SIZE_N && ((size_t)1 << size) - sizeof(struct block) < n) size++;
    struct block *b = size < SIZE_N ? take(size) : 0;
    if (b) return b + 1;
    errno = ENOMEM;
    return 0;
}

static size_t room(struct block const *b) {
    return ((size_t)1 << b->size) - sizeof *b;
}

void secret_free(void *p) {
    struct block *b = p;
    if (!p) return;
    b--;
    explicit_bzero(p, room(b));
    b->next = free_blocks[b->size];
    free_blocks[b->size] = b;
}

void *secret_realloc(void *p, size_t n) {
    size_t had = p ? room((struct block *)p - 1) : 0;
    if (p && n <= had) return p;
    void *q = secret_alloc(n);
    if (q && p) memcpy(q, p, had);
    if (q) secret_free(p);
    return q;
}

void secret_end(void) {
    struct chunk *next;
    for (struct chunk *c = chunks; c; c = next) {
        size_t size = c->size;
        next = c->next;
        explicit_bzero(c, c->used);
        pages_free(c, size);
    }
    chunks = 0;
    memset(free_blocks, 0, sizeof free_blocks);
}

void secret_wipe_stack(void) {
    char below[STACK];
    explicit_bzero(below, sizeof below);
}
