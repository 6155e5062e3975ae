/* world_run: a world from its beginning to its end.
 * To be included once in a program, by the test itself. */

#ifndef WORLD_RUN_H
#define WORLD_RUN_H

#include "world_calls.h"
#include "world_time.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void no_blocking(int fd) {
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static void make_pipe(struct world *w, int *rfd, int *wfd) {
    int p[2];
    if (pipe(p) < 0) abort();
    if (w->setup.small) fcntl(p[1], F_SETPIPE_SZ, 4096);
    *rfd = p[0];
    *wfd = p[1];
}

static void make_socket(struct world *w, int s[2]) {
    int size = 1;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) < 0) abort();
    for (int i = 0; w->setup.small && i < 2; i++) setsockopt(s[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

static void make_network(struct world *w) {
    int a[2], b[2];
    if (w->setup.network == PIPES) {
        make_pipe(w, a, a + 1);
        make_pipe(w, b + 1, b);
    } else {
        make_socket(w, a);
        if (w->setup.network == SOCKETS) make_socket(w, b);
    }
    int two = w->setup.network == PIPES || w->setup.network == SOCKETS;
    w->peer.wfd = a[1];
    w->peer.rfd = two ? b[1] : a[1];
    no_blocking(w->peer.rfd);
    no_blocking(w->peer.wfd);
    if (net_init(&w->net, a[0], two ? b[0] : w->setup.network == SOCKET ? a[0] : dup(a[0])) < 0) abort();
}

static void make_engine(struct world *w) {
    struct setup const *s = &w->setup;
    w->engine.in_max = s->in_max ? s->in_max : 32768;
    w->engine.out_max = s->out_max ? s->out_max : 65536;
    w->engine.piece = s->piece ? s->piece : ENGINE_WRITE_MAX;
    w->engine.flush_first = s->flush_first;
    w->engine.tls13 = !s->tls12;
    w->engine.events = &w->events;
}

static void make_actor(struct actor *a, struct plan const *plan, size_t reads, unsigned int pause) {
    a->next = plan;
    a->reads = reads ? reads : SIZE_MAX;
    a->pause = pause;
}

static void hangs(int sig) {
    (void)sig;
    fprintf(stderr, "seed %llu: the relay does not come back\n", (unsigned long long)the_world->setup.seed);
    _exit(1);
}

static void world_begin(struct world *w, struct setup const *setup) {
    memset(w, 0, offsetof(struct world, relay));
    memset((char *)w + offsetof(struct world, handshake), 0, sizeof *w - offsetof(struct world, handshake));
    the_world = w;
    w->setup = *setup;
    w->chance = setup->seed;
    if (!w->setup.options.linger) w->setup.options.linger = 5000;
    for (int i = 0; i < 4; i++) w->setup.eager[i] += !w->setup.eager[i];
    w->inward.sender = WIRE_PEER;
    w->outward.sender = w->accepted.sender = WIRE_PROG;
    make_engine(w);
    make_network(w);
    make_pipe(w, &w->from, &w->prog.wfd);
    make_pipe(w, &w->prog.rfd, &w->to);
    make_pipe(w, &w->watch[0], &w->watch[1]);
    make_actor(&w->peer, setup->peer, setup->peer_reads, setup->peer_pause);
    make_actor(&w->prog, setup->prog, setup->prog_reads, setup->prog_pause);
    if (setup->prog_ignores) w->prog.reads = 0;
    int const mine[] = {w->from, w->to, w->prog.rfd, w->prog.wfd, w->watch[0]};
    for (size_t i = 0; i < COUNT(mine); i++) no_blocking(mine[i]);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGALRM, hangs);
    alarm(20);
    tain_now = read_clock;
    set_stamp(w, &STAMP);
}

static void run_relay(struct world *w) {
    struct relay_watch watch = {.fd = w->watch[0], .gone = gone, .data = w};
    struct net local;
    assert_int_equal(net_init_pipes(&local, w->from, w->to), 0);
    relay_init(&w->relay, &w->engine, &w->net, &local, &w->setup.options, &watch);
    if (w->setup.handshake) w->handshake = relay_greet(&w->relay, w->setup.limit);
    if (w->setup.handshake && w->handshake == RELAY_ENDED) w->handshake = relay_handshake(&w->relay);
    w->outcome = w->handshake;
    w->running = w->handshake == RELAY_ENDED;
    w->moved = w->now;
    if (w->handshake == RELAY_ENDED || w->handshake == RELAY_FAILED) w->outcome = relay_run(&w->relay);
    w->running = 0;
    if (w->outcome == RELAY_LATE) relay_abandon(&w->relay);
}

static int is_open(int fd) {
    return fcntl(fd, F_GETFD) >= 0;
}

/* The relay is done, and the others read what is still on its way to them. */
static void settle(struct world *w) {
    if (is_open(w->net.rfd) || is_open(w->net.wfd) || is_open(w->from) || is_open(w->to))
        fault(w, "leaves an fd open");
    w->peer.read_wake = w->prog.read_wake = 0;
    w->peer.pause = w->prog.pause = 0;
    while (read_some(w, &w->peer) || read_some(w, &w->prog))
        ;
}

/* What holds of every connection, however it ends. */
static void check_all(struct world *w) {
    if (w->engine.misused) fault(w, w->engine.misused);
    if (w->prog.wrong) fault(w, "prog does not get what the peer sent");
    if (w->outward.wrong) fault(w, "the peer does not get what prog wrote");
    if (w->gone_told && w->accepted.data > w->written_then)
        fault(w, "sends what was written after prog was gone");
    if (w->prog.got > w->inward.data) fault(w, "prog gets what came after the peer's end");
    if (w->outward.late) fault(w, "sends on after its close_notify");
}

static void world_run(struct world *w, struct setup const *setup) {
    world_begin(w, setup);
    run_relay(w);
    if (!w->fault) settle(w);
    if (!w->fault) check_all(w);
    alarm(0);
}

static void world_end(struct world *w) {
    relay_abandon(&w->relay);
    close_both(&w->peer);
    close_both(&w->prog);
    close_end(&w->watch[0]);
    close_end(&w->watch[1]);
    queue_free(&w->peer.pending);
    queue_free(&w->prog.pending);
    queue_free(&w->engine.in);
    queue_free(&w->engine.out);
    queue_free(&w->engine.plain);
}

#endif
