/* relay_out: from prog through the engine to the network.
 * Must not read from the network. */

#include "relay_parts.h"

#include <errno.h>
#include <string.h>

#include <skalibs/error.h>

/* Less than this much unsent: more may be taken from prog. Of a prog that writes a lot, several records are taken at a
 * time, for one write: no more than leaves the engine willing to read (it stops at 65536 unsent). */
enum { UNSENT_MAX = 16384, BATCH_MAX = 48000 };

static int may_take(struct relay *r, size_t max) {
    return r->local.rfd >= 0 && !r->outlen && relay_unsent(r) < max;
}

int relay_may_take(struct relay *r) {
    return may_take(r, UNSENT_MAX);
}

/* prog's last words are what was in the pipe when it went: another holder of the pipe may go on for ever. */
static void read_from(struct relay *r) {
    size_t max = sizeof r->outbuf;
    if (r->gone && (size_t)r->drain < max) max = (size_t)r->drain;
    ssize_t n = max ? net_read(&r->local, r->outbuf, max) : 0;
    if (n < 0 && !r->gone) {
        if (!error_isagain(errno)) relay_lose(r, errno);
        return;
    }
    if (n <= 0) {
        relay_end_out(r);
        return;
    }
    relay_moved(r);
    r->outlen = (size_t)n;
    if (r->gone) r->drain -= (int)n;
}

static int encrypt(struct relay *r) {
    if (!r->outlen) return 0;
    enum engine_status s = engine_write(r->engine, r->outbuf, r->outlen);
    if (s == ENGINE_AGAIN) return 0;
    if (s == ENGINE_OK) {
        r->sent += r->outlen;
        explicit_bzero(r->outbuf, r->outlen);
        r->outlen = 0;
    } else {
        relay_fail(r, engine_error(r->engine));
    }
    return 1;
}

/* A full read: there may be more. */
void relay_read_from(struct relay *r) {
    do read_from(r);
    while (r->outlen == sizeof r->outbuf && encrypt(r) && may_take(r, BATCH_MAX));
}

/* What the peer sent before it went is still to be had, but no more is waited for. */
static void net_refused(struct relay *r, int e) {
    if (relay_all_sent(r)) {
        engine_out_taken(r->engine, relay_unsent(r)); /* our end, without the farewell */
        return;
    }
    relay_cut_out(r);
    if (r->outcome != RELAY_ENDED) return;
    r->outcome = RELAY_FAILED;
    r->why = strerror(e);
    r->refused = e;
}

int relay_flush(struct relay *r) {
    size_t len;
    unsigned char const *s = engine_out(r->engine, &len);
    if (!len) return 0;
    if (r->out == RELAY_OVER) { /* an answer to the peer after our end */
        engine_out_taken(r->engine, len);
        return 1;
    }
    ssize_t n = net_write(&r->net, s, len);
    if (n < 0) {
        if (error_isagain(errno)) return 0;
        net_refused(r, errno);
        return 1;
    }
    relay_moved(r);
    r->heard = STAMP;
    engine_out_taken(r->engine, (size_t)n);
    return 1;
}

static void end_network_direction(struct relay *r) {
    net_end(&r->net);
    if (r->net.rfd < 0) relay_net_over(r, 0); /* one fd that is no socket: no half is left */
    r->out = RELAY_OVER;
    r->heard = STAMP;
    r->unacked = net_unacknowledged(&r->net);
    if (r->options.close == RELAY_CLOSE_NOTIFY) r->discard = 1;
}

/* What prog has left in the pipe. */
static int drain(struct relay *r) {
    if (!r->gone || !relay_may_take(r)) return 0;
    read_from(r);
    return 1;
}

int relay_step_out(struct relay *r) {
    int progress = 0;
    while (encrypt(r) || relay_flush(r) || drain(r)) progress = 1;
    if (r->out == RELAY_ENDING && !relay_unsent(r)) {
        end_network_direction(r);
        progress = 1;
    }
    return progress;
}
