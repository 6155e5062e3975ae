/* relay: the loop around the two directions; the header says it.
 * Leaves the moving of bytes to relay_in and relay_out. */

#include "relay_parts.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

void relay_init(struct relay *r, struct engine *e, struct net const *net, struct net const *local,
                struct relay_options const *options, struct relay_watch const *watch) {
    memset(r, 0, offsetof(struct relay, inbuf));
    r->engine = e;
    r->net = *net;
    r->local = *local;
    r->options = *options;
    r->watch = *watch;
    r->limit = tain_infinite;
    r->moved = r->heard = STAMP;
}

static void watch_prog(struct relay *r) {
    if (!r->watch.gone(r->watch.data)) return;
    r->gone = 1;
    /* better a grandchild's bytes too than prog's lost in silence */
    if (r->local.rfd >= 0 && ioctl(r->local.rfd, FIONREAD, &r->drain) < 0) r->drain = INT_MAX;
    relay_drop_in(r);
}

static iopause_fd wait_for(int fd, int events, int wanted) {
    return (iopause_fd){.fd = wanted ? fd : -1, .events = (short)events};
}

int relay_poll(struct relay *r, iopause_fd x[RELAY_POLL_N], tain *deadline) {
    if (r->out == RELAY_OVER && r->net_ended) {
        net_close(&r->net);
        if (r->local.wfd < 0) return 0;
    }
    x[RELAY_POLL_NET_READ] = wait_for(r->net.rfd, POLLIN, relay_wants_net(r));
    x[RELAY_POLL_NET_WRITE] = wait_for(r->net.wfd, POLLOUT, r->out != RELAY_OVER && relay_unsent(r));
    x[RELAY_POLL_FROM] = wait_for(r->local.rfd, POLLIN, relay_may_take(r));
    /* without events: to see prog close it */
    x[RELAY_POLL_TO] = wait_for(r->local.wfd, r->inlen ? POLLOUT : 0, r->local.wfd >= 0);
    x[RELAY_POLL_WATCH] = wait_for(r->watch.fd, POLLIN, !r->gone && r->watch.fd >= 0);
    relay_set_deadline(r, deadline);
    return 1;
}

void relay_step(struct relay *r, iopause_fd const x[RELAY_POLL_N]) {
    if (x[RELAY_POLL_WATCH].revents) watch_prog(r);
    if (x[RELAY_POLL_TO].revents & (POLLERR | POLLHUP)) relay_drop_in(r);
    if (x[RELAY_POLL_NET_READ].revents) relay_read_net(r);
    if (x[RELAY_POLL_FROM].revents && relay_may_take(r)) relay_read_from(r);
    while (relay_step_in(r) | relay_step_out(r) | relay_read_rest(r))
        ;
    relay_check_time(r);
    while (relay_step_in(r))
        ;
    relay_check_rest(r);
}

enum relay_outcome relay_run(struct relay *r) {
    iopause_fd x[RELAY_POLL_N] = {{0}};
    tain deadline;
    /* cleartext may have come with the handshake: no event will tell */
    relay_step(r, x);
    while (relay_poll(r, x, &deadline)) {
        if (iopause_g(x, RELAY_POLL_N, &deadline) < 0 && errno != EINTR) return RELAY_ERROR;
        relay_step(r, x);
    }
    errno = r->lost;
    return r->outcome;
}

static enum relay_outcome handshake_failed(struct relay *r) {
    relay_fail(r, r->net_errno ? strerror(r->net_errno) : engine_error(r->engine));
    relay_drop_in(r);
    return r->outcome;
}

/* Waits for the network, and reads it. */
static enum relay_outcome wait_for_peer(struct relay *r) {
    iopause_fd x[2] = {wait_for(r->net.rfd, POLLIN, relay_wants_net(r)),
                       wait_for(r->net.wfd, POLLOUT, relay_unsent(r) > 0)};
    tain deadline;
    relay_set_deadline(r, &deadline);
    int n = iopause_g(x, 2, &deadline);
    if (n < 0 && errno != EINTR) return RELAY_ERROR;
    if (n > 0 && x[0].revents) relay_read_net(r);
    relay_check_rest(r);
    return !tain_future(&r->limit) || relay_is_idle(r) ? RELAY_LATE : RELAY_ENDED;
}

static enum relay_outcome shake(struct relay *r, enum engine_status *s) {
    *s = engine_handshake(r->engine);
    if (*s == ENGINE_FAILED) return handshake_failed(r);
    while (relay_flush(r))
        ;
    return r->outcome;
}

enum relay_outcome relay_greet(struct relay *r, unsigned int limit) {
    enum engine_status s;
    if (limit) relay_add_ms(&r->limit, &STAMP, limit);
    return shake(r, &s);
}

enum relay_outcome relay_handshake(struct relay *r) {
    enum engine_status s;
    do {
        enum relay_outcome outcome = wait_for_peer(r);
        if (outcome == RELAY_ENDED) outcome = shake(r, &s);
        if (outcome != RELAY_ENDED) return outcome;
    } while (s != ENGINE_OK);
    r->limit = tain_infinite;
    /* a TLS 1.3 client's Finished gets no answer: its first request would wait 40 ms for the delayed ACK */
    net_acknowledge(&r->net);
    relay_moved(r);
    return RELAY_ENDED;
}

char const *relay_why(struct relay const *r) {
    return r->why;
}
