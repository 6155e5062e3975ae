/* fake_engine: an engine for the relay's tests, on the records of fake_wire, that says what it was asked to
 * do wrong.
 * It must keep to engine.h as the real one does, with its limits and its moods.
 *
 * To be included once in a program: it defines the engine_ functions that the relay calls. */

#ifndef FAKE_ENGINE_H
#define FAKE_ENGINE_H

#include <string.h>

#include "engine.h"
#include "fake_wire.h"

struct engine {
    struct queue in;
    struct queue out;
    struct queue plain; /* decrypted and not yet read */
    size_t in_max;      /* more ciphertext is not taken */
    size_t out_max;     /* with more than this unsent, nothing is read */
    size_t piece;       /* engine_read gives at most that much at once */
    int flush_first;    /* engine_write wants what waits to be sent taken first */
    int tls13;
    int in_eof;
    int hello_read;
    int by_peer;
    int close_sent;
    unsigned int rests;
    size_t room;             /* last offered for ciphertext */
    size_t repeat;           /* what an engine_write that was told AGAIN must come back with */
    enum engine_status told; /* OK, or how reading ended */
    unsigned long *events;   /* counts what happens, for the order of it */
    unsigned long told_at;
    char const *misused; /* what the relay did that engine.h forbids */
};

static inline enum engine_status fake_ends(struct engine *e, enum engine_status s) {
    e->told = s;
    e->told_at = ++*e->events;
    return s;
}

/* Nothing follows close_notify (RFC 8446 6.1). */
static inline void fake_answers(struct engine *e, char type, void const *s, size_t len) {
    if (!e->close_sent) wire_record(&e->out, type, s, len);
}

static inline enum engine_status fake_refuses(struct engine *e) {
    fake_answers(e, WIRE_ALERT, "", 0);
    return fake_ends(e, ENGINE_FAILED);
}

void engine_rest(struct engine *e) {
    e->rests++;
}

unsigned char *engine_in_room(struct engine *e, size_t *len) {
    size_t have = queue_len(&e->in);
    *len = e->room = have < e->in_max ? e->in_max - have : 0;
    return *len ? (unsigned char *)queue_room(&e->in, *len) : 0;
}

void engine_in_commit(struct engine *e, size_t len) {
    if (e->in_eof) e->misused = "gives the engine bytes after the end";
    if (len > e->room)
        e->misused = "gives the engine bytes where there is no room";
    else
        queue_added(&e->in, len);
    e->room = 0;
}

void engine_in_eof(struct engine *e) {
    e->in_eof = 1;
}

unsigned char const *engine_out(struct engine *e, size_t *len) {
    *len = queue_len(&e->out);
    return (unsigned char const *)queue_s(&e->out);
}

void engine_out_taken(struct engine *e, size_t len) {
    if (len > queue_len(&e->out))
        e->misused = "takes more output than there is";
    else if (len)
        queue_drop(&e->out, len);
}

/* The type of the next record, its payload in *s, or 0: it is not complete. */
static inline char fake_next(struct engine *e, char const **s, size_t *len) {
    unsigned char const *p = (unsigned char const *)queue_s(&e->in);
    if (queue_len(&e->in) < WIRE_HEADER) return 0;
    *len = (size_t)p[1] << 8 | p[2];
    *s = (char const *)p + WIRE_HEADER;
    return queue_len(&e->in) < WIRE_HEADER + *len ? 0 : (char)p[0];
}

static inline enum engine_status fake_incomplete(struct engine *e) {
    if (!e->in_eof) return ENGINE_AGAIN;
    return fake_ends(e, queue_len(&e->in) ? ENGINE_FAILED : ENGINE_EOF);
}

/* Takes one record. OK: there may be more. */
static inline enum engine_status fake_record(struct engine *e) {
    char const *s;
    size_t len;
    switch (fake_next(e, &s, &len)) {
    case 0: return fake_incomplete(e);
    case WIRE_DATA: queue_put(&e->plain, s, len); break;
    case WIRE_KEY_UPDATE: fake_answers(e, WIRE_ANSWER, s, len); break;
    case WIRE_CLOSE_NOTIFY: return fake_ends(e, ENGINE_CLOSED);
    case WIRE_ALERT: e->by_peer = 1; return fake_ends(e, ENGINE_FAILED);
    default: return fake_refuses(e);
    }
    queue_drop(&e->in, WIRE_HEADER + len);
    return ENGINE_OK;
}

enum engine_status engine_read(struct engine *e, char *s, size_t len, size_t *got) {
    if (e->told != ENGINE_OK) return e->told;
    while (!queue_len(&e->plain)) {
        if (queue_len(&e->out) > e->out_max) return ENGINE_AGAIN;
        enum engine_status r = fake_record(e);
        if (r != ENGINE_OK) return r;
    }
    *got = queue_len(&e->plain);
    if (*got > len) *got = len;
    if (*got > e->piece) *got = e->piece;
    memcpy(s, queue_s(&e->plain), *got);
    queue_drop(&e->plain, *got);
    return ENGINE_OK;
}

enum engine_status engine_write(struct engine *e, char const *s, size_t len) {
    if (!len || len > ENGINE_WRITE_MAX) e->misused = "writes too much or nothing";
    if (e->close_sent) e->misused = "writes after close_notify";
    if (e->repeat && e->repeat != len) e->misused = "does not repeat the bytes that the engine did not take";
    if (e->told == ENGINE_FAILED || e->close_sent) return ENGINE_FAILED;
    e->repeat = len;
    if (e->flush_first && queue_len(&e->out)) return ENGINE_AGAIN;
    e->repeat = 0;
    wire_record(&e->out, WIRE_DATA, s, len);
    return ENGINE_OK;
}

void engine_close_notify(struct engine *e) {
    if (e->close_sent) e->misused = "sends close_notify twice";
    e->close_sent = 1;
    wire_record(&e->out, WIRE_CLOSE_NOTIFY, "", 0);
}

/* The client's hello, our flight, the client's last word, then two tickets. */
enum engine_status engine_handshake(struct engine *e) {
    static char const flight[300], ticket[150];
    char const *s;
    size_t len = 0;
    if (e->told != ENGINE_OK) return e->told;
    for (;;) {
        char type = fake_next(e, &s, &len);
        if (!type && e->in_eof) return fake_ends(e, ENGINE_FAILED);
        if (!type) return ENGINE_AGAIN;
        e->by_peer = type == WIRE_ALERT;
        if (e->by_peer) return fake_ends(e, ENGINE_FAILED);
        if (type != (e->hello_read ? WIRE_FINISHED : WIRE_HELLO)) return fake_refuses(e);
        queue_drop(&e->in, WIRE_HEADER + len);
        if (e->hello_read) break;
        e->hello_read = 1;
        wire_record(&e->out, WIRE_HELLO, flight, sizeof flight);
    }
    wire_record(&e->out, WIRE_TICKET, ticket, sizeof ticket);
    wire_record(&e->out, WIRE_TICKET, ticket, sizeof ticket);
    return ENGINE_OK;
}

int engine_is_tls13(struct engine const *e) {
    return e->tls13;
}

int engine_failed_by_peer(struct engine const *e) {
    return e->by_peer;
}

char const *engine_error(struct engine const *e) {
    return e->by_peer ? "alert by the peer" : "a bad record";
}

#endif
