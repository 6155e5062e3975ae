/* relay: moves bytes between four fds through an engine; the header says it. */

#include "relay.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/error.h>

/* Less than this much unsent: more may be taken from prog. A record more than that is the most that waits. */
enum { UNSENT_MAX = 16384 };

/* How many reads a peer gets that takes nothing more from us: a receive buffer's worth. */
enum { REST_MAX = 256 };

/* How often the peer's acknowledgements are looked at while lingering: nothing wakes us for them. */
enum { ACK_INTERVAL = 250 };

void relay_init(struct relay *r, struct engine *e, struct net const *net, int from, int to,
                struct relay_options const *options, struct relay_watch const *watch) {
    memset(r, 0, offsetof(struct relay, inbuf));
    r->engine = e;
    r->net = *net;
    r->from = from;
    r->to = to;
    r->options = *options;
    r->watch = *watch;
    r->limit = tain_infinite;
    r->moved = r->heard = STAMP;
}

static void close_fd(int *fd) {
    if (*fd >= 0) fd_close(*fd);
    *fd = -1;
}

static size_t unsent(struct relay *r) {
    size_t n;
    engine_out(r->engine, &n);
    return n;
}

static void moved(struct relay *r) {
    r->moved = STAMP;
}

/* ---- ends and failures ---- */

/* What prog still gets is what was received before; then its stdin ends. */
static void end_in(struct relay *r) {
    r->in_ended = 1;
    if (r->in == RELAY_OPEN) r->in = RELAY_ENDING;
}

static void stop_taking(struct relay *r) {
    close_fd(&r->from);
    r->outlen = 0;
}

static void cut_out(struct relay *r) {
    stop_taking(r);
    engine_out_taken(r->engine, unsent(r));
    r->out = RELAY_OVER;
}

/* An alert may wait to be sent: our direction goes on until it has. */
static void fail(struct relay *r, char const *why) {
    if (r->outcome == RELAY_ENDED) {
        r->outcome = RELAY_FAILED;
        r->why = why;
    }
    end_in(r);
    stop_taking(r);
    r->farewell = 0;
    r->heard = STAMP;
    if (r->out == RELAY_OPEN) r->out = RELAY_ENDING;
}

/* Our end. To a TLS 1.2 peer that sent close_notify, ours is owed (RFC 5246 7.2.1); before, it would end
 * the peer's direction too. */
static void end_out(struct relay *r) {
    size_t before = unsent(r);
    stop_taking(r);
    r->out = RELAY_ENDING;
    if (r->options.close == RELAY_CLOSE_FIN) return;
    if (r->options.close == RELAY_CLOSE_AUTO && !engine_is_tls13(r->engine) && !r->peer_closed) return;
    engine_close_notify(r->engine);
    r->farewell = unsent(r) - before;
}

/* Whether all of prog's output is out, and nothing but our close_notify may wait. */
static int all_sent(struct relay *r) {
    return r->out == RELAY_OVER ||
           (r->out == RELAY_ENDING && r->outcome == RELAY_ENDED && unsent(r) <= r->farewell);
}

/* ---- in: network, engine, prog ---- */

static void net_over(struct relay *r, int e) {
    r->net_ended = 1;
    r->net_errno = e;
    engine_in_eof(r->engine);
}

static void read_net(struct relay *r) {
    size_t len = sizeof r->inbuf;
    unsigned char *s = r->in_ended ? (unsigned char *)r->inbuf : engine_in_room(r->engine, &len);
    if (!s) return;
    ssize_t n = net_read(&r->net, s, len);
    if (n < 0) {
        if (r->refused)
            net_over(r, r->refused);
        else if (!error_isagain(errno))
            net_over(r, errno);
        return;
    }
    if (!n) {
        net_over(r, 0);
        return;
    }
    r->heard = STAMP;
    moved(r);
    if (!r->in_ended) engine_in_commit(r->engine, (size_t)n);
}

/* A peer that has our end may go as it likes: OpenSSL 3 answers a bare FIN with decode_error, others
 * reset. */
static void cut_by_peer(struct relay *r, char const *why) {
    if (all_sent(r)) {
        r->cut = 1;
        r->heard = STAMP;
        end_in(r);
        return;
    }
    fail(r, why);
    if (r->net_errno) cut_out(r);
}

static void cleartext_ended(struct relay *r, enum engine_status s) {
    r->peer_closed = s == ENGINE_CLOSED;
    if (s == ENGINE_CLOSED)
        end_in(r);
    else if (r->net_errno)
        cut_by_peer(r, strerror(r->net_errno));
    else if (s == ENGINE_FAILED && engine_failed_by_peer(r->engine))
        cut_by_peer(r, engine_error(r->engine));
    else if (s == ENGINE_FAILED)
        fail(r, engine_error(r->engine));
    else if (r->options.strict)
        fail(r, "peer ended the connection without close_notify");
    else
        end_in(r);
}

/* What is to be discarded must not wait for what prog has not read yet: after our end, outbuf has no other
 * use. */
static int take_cleartext(struct relay *r) {
    size_t got = 0;
    if (r->in_ended || (r->inlen && !r->discard)) return 0;
    enum engine_status s = engine_read(r->engine, r->inlen ? r->outbuf : r->inbuf, sizeof r->inbuf, &got);
    if (s == ENGINE_AGAIN) return 0;
    if (s != ENGINE_OK) {
        cleartext_ended(r, s);
        return 1;
    }
    r->received += got;
    if (r->discard) return 1;
    r->inat = 0;
    r->inlen = got;
    return 1;
}

static void drop_in(struct relay *r) {
    close_fd(&r->to);
    r->discard = 1;
    r->inlen = 0;
}

static int deliver(struct relay *r) {
    if (!r->inlen) return 0;
    ssize_t n = fd_write(r->to, r->inbuf + r->inat, r->inlen);
    if (n < 0) {
        if (error_isagain(errno)) return 0;
        drop_in(r); /* prog reads no more: EPIPE */
        return 1;
    }
    moved(r);
    r->inat += (size_t)n;
    r->inlen -= (size_t)n;
    return 1;
}

static int step_in(struct relay *r) {
    int progress = 0;
    while (deliver(r) || take_cleartext(r)) progress = 1;
    if (!r->inlen && r->in != RELAY_OVER && (r->in == RELAY_ENDING || r->discard)) {
        close_fd(&r->to);
        r->discard = 1;
        if (r->in_ended) r->in = RELAY_OVER;
        progress = r->in_ended || progress;
    }
    return progress;
}

/* ---- out: prog, engine, network ---- */

static int may_take(struct relay *r) {
    return r->from >= 0 && !r->outlen && unsent(r) < UNSENT_MAX;
}

/* prog's last words are what was in the pipe when it went: another holder of the pipe may go on for ever. */
static void read_from(struct relay *r) {
    size_t max = sizeof r->outbuf;
    if (r->gone && (size_t)r->drain < max) max = (size_t)r->drain;
    ssize_t n = max ? fd_read(r->from, r->outbuf, max) : 0;
    if (n < 0 && error_isagain(errno) && !r->gone) return;
    if (n <= 0) {
        end_out(r);
        return;
    }
    moved(r);
    r->outlen = (size_t)n;
    if (r->gone) r->drain -= (int)n;
}

static int encrypt(struct relay *r) {
    if (!r->outlen) return 0;
    enum engine_status s = engine_write(r->engine, r->outbuf, r->outlen);
    if (s == ENGINE_AGAIN) return 0;
    if (s == ENGINE_OK) {
        r->sent += r->outlen;
        r->outlen = 0;
    } else {
        fail(r, engine_error(r->engine));
    }
    return 1;
}

/* What the peer sent before it went is still to be had, but no more is waited for. */
static void net_refused(struct relay *r, int e) {
    int normal = all_sent(r);
    cut_out(r);
    if (normal || r->outcome != RELAY_ENDED) return;
    r->outcome = RELAY_FAILED;
    r->why = strerror(e);
    r->refused = e;
}

static int flush(struct relay *r) {
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
    moved(r);
    r->heard = STAMP;
    engine_out_taken(r->engine, (size_t)n);
    return 1;
}

static void end_network_direction(struct relay *r) {
    net_end(&r->net);
    if (r->net.rfd < 0) net_over(r, 0); /* one fd that is no socket: no half is left */
    r->out = RELAY_OVER;
    r->heard = STAMP;
    r->unacked = net_unacknowledged(&r->net);
    if (r->options.close == RELAY_CLOSE_NOTIFY) r->discard = 1;
}

static int step_out(struct relay *r) {
    int progress = 0;
    while (encrypt(r) || flush(r) || (r->gone && may_take(r) && (read_from(r), 1))) progress = 1;
    if (r->out == RELAY_ENDING && !unsent(r)) {
        end_network_direction(r);
        progress = 1;
    }
    return progress;
}

/* ---- time ---- */

static void add_ms(tain *t, tain const *from, unsigned int ms) {
    tain delta = {.sec = {ms / 1000}, .nano = ms % 1000 * 1000000};
    tain_add(t, from, &delta);
}

static int passed(tain const *since, unsigned int ms) {
    tain t;
    add_ms(&t, since, ms);
    return !tain_future(&t);
}

static int is_idle(struct relay const *r) {
    return r->options.idle && passed(&r->moved, r->options.idle);
}

static void earlier(tain *deadline, tain const *other) {
    if (tain_less(other, deadline)) *deadline = *other;
}

/* Nobody wants anything of the network any more: all that is waited for is the peer's EOF or, when one
 * side has failed, that our last word goes out. */
static int lingers(struct relay const *r) {
    if (r->out == RELAY_ENDING) return r->outcome != RELAY_ENDED || r->cut;
    return r->out == RELAY_OVER && !r->net_ended && (r->to < 0 || r->discard || r->in_ended);
}

static void linger_deadline(struct relay const *r, tain *deadline) {
    tain t;
    add_ms(&t, &r->heard, r->options.linger);
    earlier(deadline, &t);
    if (!r->unacked) return;
    add_ms(&t, &STAMP, ACK_INTERVAL);
    earlier(deadline, &t);
}

static void set_deadline(struct relay const *r, tain *deadline) {
    tain t;
    *deadline = r->limit;
    if (r->options.idle) {
        add_ms(&t, &r->moved, r->options.idle);
        earlier(deadline, &t);
    }
    if (lingers(r)) linger_deadline(r, deadline);
}

void relay_abandon(struct relay *r) {
    cut_out(r);
    drop_in(r);
    r->in = RELAY_OVER;
    r->in_ended = r->net_ended = 1;
    net_close(&r->net);
}

/* Only a socket loses what is in flight when it is closed. */
static int lingered(struct relay *r) {
    if (!r->net.wsock && r->out == RELAY_OVER) return 1;
    int left = net_unacknowledged(&r->net);
    if (left < r->unacked) r->heard = STAMP;
    r->unacked = left;
    return passed(&r->heard, r->options.linger);
}

static void check_time(struct relay *r) {
    if (is_idle(r)) {
        if (r->outcome == RELAY_ENDED) r->outcome = RELAY_IDLE;
        relay_abandon(r);
    } else if (!tain_future(&r->limit)) {
        relay_abandon(r);
    } else if (lingers(r) && lingered(r)) {
        cut_out(r);
        end_in(r); /* prog still gets what was received */
        r->net_ended = 1;
    }
}

/* ---- the loop ---- */

static void watch_prog(struct relay *r) {
    if (!r->watch.gone(r->watch.data)) return;
    r->gone = 1;
    if (r->from >= 0 && ioctl(r->from, FIONREAD, &r->drain) < 0) r->drain = 0;
    drop_in(r);
}

static iopause_fd wait_for(int fd, int events, int wanted) {
    return (iopause_fd){.fd = wanted ? fd : -1, .events = (short)events};
}

/* Whether something can be done with what the network has. */
static int wants_net(struct relay *r) {
    size_t len = 1;
    if (r->net_ended) return 0;
    if (r->in_ended) return r->in == RELAY_OVER;
    engine_in_room(r->engine, &len);
    return len > 0;
}

/* After a refused write: as much as is there, but not what goes on coming. */
static int read_rest(struct relay *r) {
    if (!r->refused || !wants_net(r)) return 0;
    if (r->rest++ < REST_MAX)
        read_net(r);
    else
        net_over(r, r->refused);
    return 1;
}

int relay_poll(struct relay *r, iopause_fd x[RELAY_POLL_N], tain *deadline) {
    if (r->out == RELAY_OVER && r->net_ended) {
        net_close(&r->net);
        if (r->to < 0) return 0;
    }
    x[RELAY_POLL_NET_READ] = wait_for(r->net.rfd, POLLIN, wants_net(r));
    x[RELAY_POLL_NET_WRITE] = wait_for(r->net.wfd, POLLOUT, r->out != RELAY_OVER && unsent(r));
    x[RELAY_POLL_FROM] = wait_for(r->from, POLLIN, may_take(r));
    x[RELAY_POLL_TO] =
        wait_for(r->to, r->inlen ? POLLOUT : 0, r->to >= 0); /* without events: to see prog close it */
    x[RELAY_POLL_WATCH] = wait_for(r->watch.fd, POLLIN, !r->gone && r->watch.fd >= 0);
    set_deadline(r, deadline);
    return 1;
}

void relay_step(struct relay *r, iopause_fd const x[RELAY_POLL_N]) {
    if (x[RELAY_POLL_WATCH].revents) watch_prog(r);
    if (x[RELAY_POLL_TO].revents & POLLERR) drop_in(r);
    if (x[RELAY_POLL_NET_READ].revents) read_net(r);
    if (x[RELAY_POLL_FROM].revents && may_take(r)) read_from(r);
    while (step_in(r) | step_out(r) | read_rest(r))
        ;
    check_time(r);
    while (step_in(r))
        ;
}

enum relay_outcome relay_run(struct relay *r) {
    iopause_fd x[RELAY_POLL_N];
    tain deadline;
    relay_step(r,
               memset(x, 0, sizeof x)); /* cleartext may have come with the handshake: no event will tell */
    while (relay_poll(r, x, &deadline)) {
        if (iopause_g(x, RELAY_POLL_N, &deadline) < 0 && errno != EINTR) return RELAY_ERROR;
        relay_step(r, x);
    }
    return r->outcome;
}

static enum relay_outcome handshake_failed(struct relay *r) {
    fail(r, r->net_errno ? strerror(r->net_errno) : engine_error(r->engine));
    drop_in(r);
    return r->outcome;
}

/* Waits for the network, and reads it. */
static enum relay_outcome wait_for_peer(struct relay *r) {
    iopause_fd x[2] = {wait_for(r->net.rfd, POLLIN, wants_net(r)),
                       wait_for(r->net.wfd, POLLOUT, unsent(r) > 0)};
    tain deadline;
    set_deadline(r, &deadline);
    int n = iopause_g(x, 2, &deadline);
    if (n < 0 && errno != EINTR) return RELAY_ERROR;
    if (n > 0 && x[0].revents) read_net(r);
    return !tain_future(&r->limit) || is_idle(r) ? RELAY_LATE : RELAY_ENDED;
}

enum relay_outcome relay_handshake(struct relay *r, unsigned int limit) {
    if (limit) add_ms(&r->limit, &STAMP, limit);
    for (;;) {
        enum engine_status s = engine_handshake(r->engine);
        if (s == ENGINE_FAILED) return handshake_failed(r);
        while (flush(r))
            ;
        if (r->outcome != RELAY_ENDED) return r->outcome;
        if (s == ENGINE_OK) break;
        enum relay_outcome waited = wait_for_peer(r);
        if (waited != RELAY_ENDED) return waited;
    }
    r->limit = tain_infinite;
    moved(r);
    return RELAY_ENDED;
}

char const *relay_why(struct relay const *r) {
    return r->why;
}
