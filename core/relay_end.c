/* relay_end: how the directions of a relay end, and how it fails.
 * Reads and writes nothing. */

#include "relay_parts.h"

#include <string.h>

size_t relay_unsent(struct relay *r) {
    size_t n;
    engine_out(r->engine, &n);
    return n;
}

void relay_moved(struct relay *r) {
    r->moved = STAMP;
    r->awake = 1;
}

/* What prog still gets is what was received before; then its stdin ends. */
void relay_end_in(struct relay *r) {
    r->in_ended = 1;
    if (r->in == RELAY_OPEN) r->in = RELAY_ENDING;
}

static void stop_taking(struct relay *r) {
    net_close_read(&r->local);
    explicit_bzero(r->outbuf, r->outlen);
    r->outlen = 0;
}

void relay_cut_out(struct relay *r) {
    stop_taking(r);
    engine_out_taken(r->engine, relay_unsent(r));
    r->out = RELAY_OVER;
}

/* An alert may wait to be sent: our direction goes on until it has. */
void relay_fail(struct relay *r, char const *why) {
    if (r->outcome == RELAY_ENDED) {
        r->outcome = RELAY_FAILED;
        r->why = why;
    }
    relay_end_in(r);
    stop_taking(r);
    r->farewell = 0;
    r->heard = STAMP;
    if (r->out == RELAY_OPEN) r->out = RELAY_ENDING;
}

/* Our end. To a TLS 1.2 peer that sent close_notify, ours is owed (RFC 5246 7.2.1); before, it would end
 * the peer's direction too. */
void relay_end_out(struct relay *r) {
    size_t before = relay_unsent(r);
    stop_taking(r);
    r->out = RELAY_ENDING;
    if (r->options.close == RELAY_CLOSE_FIN) return;
    if (r->options.close == RELAY_CLOSE_AUTO && !engine_is_tls13(r->engine) && !r->peer_closed) return;
    engine_close_notify(r->engine);
    r->farewell = relay_unsent(r) - before;
}

/* Whether all of prog's output is out, and nothing but our close_notify may wait. */
int relay_all_sent(struct relay *r) {
    return r->out == RELAY_OVER ||
           (r->out == RELAY_ENDING && r->outcome == RELAY_ENDED && relay_unsent(r) <= r->farewell);
}
