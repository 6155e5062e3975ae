/* fake_wire: the records of the fake engine's protocol, and a reader that counts what went over a wire.
 * A record is a type, a length of two bytes, a payload. Nothing is encrypted. */

#ifndef FAKE_WIRE_H
#define FAKE_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "queue.h"

enum {
    WIRE_DATA = 'D',
    WIRE_KEY_UPDATE = 'K',
    WIRE_ANSWER = 'k', /* to a key update */
    WIRE_TICKET = 'T',
    WIRE_CLOSE_NOTIFY = 'C',
    WIRE_ALERT = 'A', /* fatal */
    WIRE_BAD = '!',
    WIRE_HELLO = 'H',
    WIRE_FINISHED = 'F',
};

enum { WIRE_HEADER = 3 };

/* Who sends: each has an endless text of its own, so that a byte lost, doubled or moved shows. */
enum { WIRE_PEER = 1, WIRE_PROG = 2 };

static inline char wire_byte(unsigned int sender, size_t i) {
    uint32_t x = ((uint32_t)i + sender * 0x9e3779b9u) * 2654435761u;
    return (char)(x >> 24 ^ x >> 13);
}

/* Adds n bytes of the sender's text from the at-th on. */
static inline void wire_text(struct queue *q, unsigned int sender, size_t at, size_t n) {
    char *s = queue_room(q, n);
    for (size_t i = 0; i < n; i++) s[i] = wire_byte(sender, at + i);
    queue_added(q, n);
}

static inline void wire_header(struct queue *q, char type, size_t len) {
    char header[WIRE_HEADER] = {type, (char)(len >> 8), (char)len};
    queue_put(q, header, sizeof header);
}

static inline void wire_record(struct queue *q, char type, void const *s, size_t len) {
    wire_header(q, type, len);
    queue_put(q, s, len);
}

/* What has gone over one direction of a wire. */
struct wire {
    unsigned int sender;
    unsigned char header[WIRE_HEADER];
    unsigned int headerlen; /* 0: between two records */
    size_t left;            /* of the record */
    size_t data;            /* cleartext before the end */
    size_t whole;           /* the same, of records that are complete */
    size_t count[128];      /* of complete records, by type */
    size_t late;            /* bytes after the end */
    int ended;              /* a close_notify, a fatal alert or a bad record has gone over */
    int wrong;              /* a byte was not the next of the sender's text */
};

static inline void wire_record_done(struct wire *w) {
    unsigned char type = w->header[0];
    w->headerlen = 0;
    w->whole = w->data;
    w->count[type & 127]++;
    if (type == WIRE_CLOSE_NOTIFY || type == WIRE_ALERT || type == WIRE_BAD) w->ended = 1;
}

static inline void wire_payload(struct wire *w, char c) {
    w->left--;
    if (w->header[0] != WIRE_DATA || w->ended) return;
    if (c != wire_byte(w->sender, w->data)) w->wrong = 1;
    w->data++;
}

static inline void wire_feed(struct wire *w, char const *s, size_t n) {
    if (w->ended) w->late += n;
    for (size_t i = 0; i < n; i++) {
        if (w->headerlen == WIRE_HEADER) {
            wire_payload(w, s[i]);
        } else {
            w->header[w->headerlen++] = (unsigned char)s[i];
            if (w->headerlen < WIRE_HEADER) continue;
            w->left = (size_t)w->header[1] << 8 | w->header[2];
        }
        if (w->left) continue;
        int before = w->ended;
        wire_record_done(w);
        if (w->ended && !before) w->late += n - i - 1;
    }
}

#endif
