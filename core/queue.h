/* queue: bytes in, bytes out, in order, in one piece of memory; empty queues start at its beginning again.
 * It grows without a limit of its own, its user bounds it; or it has reserved all it will ever have. */

#ifndef QUEUE_H
#define QUEUE_H

#include <string.h>

#include <skalibs/stralloc.h>

#include "pages.h"

struct queue {
    stralloc sa;
    size_t head;
    size_t reserved; /* bytes of sa that are in pages of their own; 0: it is on the heap, and grows */
};

static inline size_t queue_len(struct queue const *q) {
    return q->sa.len - q->head;
}

static inline char *queue_s(struct queue const *q) {
    return q->sa.s + q->head;
}

static inline void queue_drop(struct queue *q, size_t n) {
    q->head += n;
    if (q->head == q->sa.len) q->head = q->sa.len = 0;
}

/* Where n more bytes may be written; 0 when there is no memory. */
static inline char *queue_room(struct queue *q, size_t n) {
    if (q->head && q->sa.len + n > q->sa.a) {
        memmove(q->sa.s, q->sa.s + q->head, queue_len(q));
        q->sa.len -= q->head;
        q->head = 0;
    }
    if (q->reserved && q->sa.len + n > q->reserved) return 0;
    return stralloc_readyplus(&q->sa, n) ? q->sa.s + q->sa.len : 0;
}

/* n of the bytes at queue_room have been written. */
static inline void queue_added(struct queue *q, size_t n) {
    q->sa.len += n;
}

static inline int queue_put(struct queue *q, void const *s, size_t n) {
    if (!n) return 1;
    char *room = queue_room(q, n);
    if (!room) return 0;
    memcpy(room, s, n);
    queue_added(q, n);
    return 1;
}

/* Gives a queue that has no memory yet all it will have, n bytes or more. At rest it then holds no page, which an allocation of
 * the same size would at both of its ends. Returns 0 when there is none. */
static inline int queue_reserve(struct queue *q, size_t n) {
    size_t whole = pages_round(n);
    q->sa.s = pages_new(whole);
    if (!q->sa.s) return 0;
    q->sa.a = q->reserved = whole;
    return 1;
}

/* Gives back the pages of an empty queue: it keeps its room. */
static inline void queue_rest(struct queue const *q) {
    if (!queue_len(q)) pages_release(q->sa.s, q->sa.a);
}

static inline void queue_free(struct queue *q) {
    if (q->reserved)
        pages_free(q->sa.s, q->reserved);
    else
        stralloc_free(&q->sa);
    *q = (struct queue){STRALLOC_ZERO, 0, 0};
}

#endif
