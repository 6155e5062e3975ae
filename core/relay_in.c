/* relay_in: from the network through the engine to prog.
 * Must not write to the network. */

#include "relay_parts.h"

#include <errno.h>
#include <string.h>

#include <skalibs/error.h>

/* How many reads a peer gets that takes nothing more from us: a receive buffer's worth. */
enum { REST_MAX = 256 };

void relay_net_over(struct relay *r, int e) {
    r->net_ended = 1;
    r->net_errno = e;
    engine_in_eof(r->engine);
}

void relay_read_net(struct relay *r) {
    size_t len = sizeof r->inbuf;
    unsigned char *s = r->in_ended ? (unsigned char *)r->inbuf : engine_in_room(r->engine, &len);
    if (!s) return;
    ssize_t n = net_read(&r->net, s, len);
    if (n < 0) {
        if (r->refused)
            relay_net_over(r, r->refused);
        else if (!error_isagain(errno))
            relay_net_over(r, errno);
        return;
    }
    if (!n) {
        relay_net_over(r, 0);
        return;
    }
    r->heard = STAMP;
    relay_moved(r);
    if (!r->in_ended) engine_in_commit(r->engine, (size_t)n);
}

/* A peer that has our end may go as it likes: OpenSSL 3 answers a bare FIN with decode_error, others
 * reset. */
static void cut_by_peer(struct relay *r, char const *why) {
    if (relay_all_sent(r)) {
        r->cut = 1;
        r->heard = STAMP;
        relay_end_in(r);
        return;
    }
    relay_fail(r, why);
    if (r->net_errno) relay_cut_out(r);
}

static void cleartext_ended(struct relay *r, enum engine_status s) {
    r->peer_closed = s == ENGINE_CLOSED;
    if (r->net_errno && !r->peer_closed)
        cut_by_peer(r, strerror(r->net_errno));
    else if (s == ENGINE_FAILED && engine_failed_by_peer(r->engine))
        cut_by_peer(r, engine_error(r->engine));
    else if (s == ENGINE_FAILED)
        relay_fail(r, engine_error(r->engine));
    else if (r->options.strict && !r->peer_closed)
        relay_fail(r, "peer ended the connection without close_notify");
    else
        relay_end_in(r);
}

/* What is to be discarded must not wait for what prog has not read yet: after our end, outbuf has no other
 * use. */
static int take_cleartext(struct relay *r) {
    size_t got = 0;
    if (r->in_ended || (r->inlen && !r->discard)) return 0;
    char *to = r->inlen ? r->outbuf : r->inbuf;
    enum engine_status s = engine_read(r->engine, to, sizeof r->inbuf, &got);
    if (s == ENGINE_AGAIN) return 0;
    if (s != ENGINE_OK) {
        cleartext_ended(r, s);
        return 1;
    }
    r->received += got;
    if (r->discard) {
        explicit_bzero(to, got);
        return 1;
    }
    r->inat = 0;
    r->inlen = got;
    return 1;
}

void relay_drop_in(struct relay *r) {
    net_close_write(&r->local);
    r->discard = 1;
    explicit_bzero(r->inbuf + r->inat, r->inlen);
    r->inlen = 0;
}

static int deliver(struct relay *r) {
    if (!r->inlen) return 0;
    ssize_t n = net_write(&r->local, r->inbuf + r->inat, r->inlen);
    if (n < 0) {
        if (error_isagain(errno)) return 0;
        if (errno == EPIPE || errno == ECONNRESET)
            relay_drop_in(r); /* prog reads no more */
        else
            relay_lose(r, errno);
        return 1;
    }
    relay_moved(r);
    explicit_bzero(r->inbuf + r->inat, (size_t)n);
    r->inat += (size_t)n;
    r->inlen -= (size_t)n;
    return 1;
}

int relay_step_in(struct relay *r) {
    int progress = 0;
    while (deliver(r) || take_cleartext(r)) progress = 1;
    if (!r->inlen && r->in != RELAY_OVER && (r->in == RELAY_ENDING || r->discard)) {
        net_close_write(&r->local);
        r->discard = 1;
        if (r->in_ended) r->in = RELAY_OVER;
        progress = r->in_ended || progress;
    }
    return progress;
}

/* Whether something can be done with what the network has. */
int relay_wants_net(struct relay *r) {
    size_t len = 1;
    if (r->net_ended) return 0;
    if (r->in_ended) return r->in == RELAY_OVER;
    engine_in_room(r->engine, &len);
    return len > 0;
}

/* After a refused write: as much as is there, but not what goes on coming. */
int relay_read_rest(struct relay *r) {
    if (!r->refused || !relay_wants_net(r)) return 0;
    if (r->rest++ < REST_MAX)
        relay_read_net(r);
    else
        relay_net_over(r, r->refused);
    return 1;
}
