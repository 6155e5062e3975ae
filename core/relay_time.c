/* relay_time: the limits of a relay, on the monotonic clock of STAMP.
 * Moves no bytes. */

#include "relay_parts.h"

#include <stddef.h>

#include "pages.h"

/* A relay that has moved nothing for so long gives back what moving takes: most connections wait more than they speak. */
enum { REST_AFTER = 1000 };

/* How often the peer's acknowledgements are looked at while lingering: nothing wakes us for them. */
enum { ACK_INTERVAL = 250 };

void relay_add_ms(tain *t, tain const *from, unsigned int ms) {
    tain delta = {.sec = {ms / 1000}, .nano = ms % 1000 * 1000000};
    tain_add(t, from, &delta);
}

static int passed(tain const *since, unsigned int ms) {
    tain t;
    relay_add_ms(&t, since, ms);
    return !tain_future(&t);
}

int relay_is_idle(struct relay const *r) {
    return r->options.idle && passed(&r->moved, r->options.idle);
}

static void earlier(tain *deadline, tain const *other) {
    if (tain_less(other, deadline)) *deadline = *other;
}

/* Nobody wants anything of the network any more: all that is waited for is the peer's EOF or, when one
 * side has failed, that our last word goes out. */
static int lingers(struct relay const *r) {
    if (r->out == RELAY_ENDING) return r->outcome != RELAY_ENDED || r->cut;
    return r->out == RELAY_OVER && !r->net_ended && (r->local.wfd < 0 || r->discard || r->in_ended);
}

static void linger_deadline(struct relay const *r, tain *deadline) {
    tain t;
    relay_add_ms(&t, &r->heard, r->options.linger);
    earlier(deadline, &t);
    if (!r->unacked) return;
    relay_add_ms(&t, &STAMP, ACK_INTERVAL);
    earlier(deadline, &t);
}

void relay_set_deadline(struct relay const *r, tain *deadline) {
    tain t;
    *deadline = r->limit;
    if (r->options.idle) {
        relay_add_ms(&t, &r->moved, r->options.idle);
        earlier(deadline, &t);
    }
    if (r->awake) {
        relay_add_ms(&t, &r->moved, REST_AFTER);
        earlier(deadline, &t);
    }
    if (lingers(r)) linger_deadline(r, deadline);
}

/* Those that are empty; both are, as a rule, and share a page. */
static void release_buffers(struct relay *r) {
    _Static_assert(offsetof(struct relay, outbuf) == offsetof(struct relay, inbuf) + sizeof r->inbuf, "");
    char *from = r->inlen ? r->outbuf : r->inbuf;
    char *to = r->outlen ? r->outbuf : r->outbuf + sizeof r->outbuf;
    pages_release(from, (size_t)(to - from));
}

void relay_check_rest(struct relay *r) {
    if (!r->awake || !passed(&r->moved, REST_AFTER)) return;
    r->awake = 0;
    engine_rest(r->engine);
    release_buffers(r);
    pages_release_stack();
}

void relay_abandon(struct relay *r) {
    relay_cut_out(r);
    relay_drop_in(r);
    r->in = RELAY_OVER;
    r->in_ended = r->net_ended = 1;
    net_close(&r->net);
}

/* The peer must not take it for the end: nothing more goes out, no close_notify either. */
void relay_lose(struct relay *r, int e) {
    if (r->outcome == RELAY_ENDED) r->outcome = RELAY_LOST;
    r->lost = e;
    relay_abandon(r);
}

/* Only a socket loses what is in flight when it is closed. */
static int lingered(struct relay *r) {
    if (!r->net.wsock && r->out == RELAY_OVER) return 1;
    int left = net_unacknowledged(&r->net);
    if (left < r->unacked) r->heard = STAMP;
    r->unacked = left;
    return passed(&r->heard, r->options.linger);
}

void relay_check_time(struct relay *r) {
    if (relay_is_idle(r)) {
        if (r->outcome == RELAY_ENDED) r->outcome = RELAY_IDLE;
        relay_abandon(r);
    } else if (!tain_future(&r->limit)) {
        relay_abandon(r);
    } else if (lingers(r) && lingered(r)) {
        relay_cut_out(r);
        relay_end_in(r); /* prog still gets what was received */
        r->net_ended = 1;
    }
}
