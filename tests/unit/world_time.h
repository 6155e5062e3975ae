/* world_time: where the relay waits, the others act, and when nobody can, time passes; and what must never
 * be seen there.
 * It must not let time pass while anybody has something to do.
 *
 * To be included once in a program: it defines iopause_stamp. */

#ifndef WORLD_TIME_H
#define WORLD_TIME_H

#include "world_actors.h"

#include <errno.h>
#include <poll.h>

/* ---- the clock ---- */

enum { BASE = 1000000 };
static int64_t const never = INT64_MAX;

static void set_stamp(struct world *w, tain *stamp) {
    stamp->sec.x = TAI_MAGIC + BASE + (uint64_t)w->now / 1000;
    stamp->nano = (uint32_t)(w->now % 1000) * 1000000;
}

/* Rounded up. */
static int64_t milliseconds(tain const *t) {
    uint64_t start = TAI_MAGIC + BASE;
    if (t->sec.x > start + (1ULL << 40)) return never;
    if (t->sec.x < start) return 0;
    return (int64_t)(t->sec.x - start) * 1000 + (t->nano + 999999) / 1000000;
}

static int read_clock(tain *stamp) {
    set_stamp(the_world, stamp);
    return 1;
}

static void sooner(struct world *w, int64_t *t, int64_t other) {
    if (other > w->now && other < *t) *t = other;
}

static int64_t next_wake(struct world *w) {
    int64_t t = never;
    if (w->peer.next->act != ACT_STAY) sooner(w, &t, w->peer.wake);
    if (w->running && w->prog.next->act != ACT_STAY) sooner(w, &t, w->prog.wake);
    if (w->peer.rfd >= 0 && !w->peer.end_at) sooner(w, &t, w->peer.read_wake);
    if (w->prog.rfd >= 0 && !w->prog.end_at) sooner(w, &t, w->prog.read_wake);
    return t;
}

/* ---- what must never happen ---- */

/* Whether the relay has been told of a reason to fail. */
static int failing(struct world *w) {
    enum engine_status told = w->engine.told;
    return w->net_error_at || told == ENGINE_FAILED || (told == ENGINE_EOF && w->setup.options.strict);
}

static void check_wait(struct world *w, iopause_fd const *x, unsigned int n, int64_t deadline) {
    unsigned int fds = 0;
    unsigned int idle = w->setup.options.idle;
    for (unsigned int i = 0; i < n; i++) fds += x[i].fd >= 0;
    if (!fds && deadline == never) fault(w, "waits for nothing");
    w->vain = w->progress ? 0 : w->vain + 1;
    w->progress = 0;
    if (w->vain > 100 || (w->vain > 4 && deadline <= w->now)) fault(w, "spins");
    if (w->running && idle && w->now >= w->moved + idle) fault(w, "does not see the idle limit");
    if (w->engine.misused) fault(w, w->engine.misused);
    if (queue_len(&w->engine.out) > 70000 + w->engine.out_max) fault(w, "lets its output grow without bound");
}

/* All is quiet: the reader of the cleartext has all that it can have. */
static void check_in(struct world *w) {
    if (!wants_to_read(w, &w->prog) || queue_len(&w->engine.out) > w->engine.out_max) return;
    if (w->setup.options.close == RELAY_CLOSE_NOTIFY && w->prog_end_at) {
        if (w->our_end_at) fault(w, "does not end prog's stdin after close_notify");
        return; /* and what comes in is discarded */
    }
    if (w->prog.got < w->inward.whole)
        fault(w, "holds back what the peer sent");
    else if (w->inward.ended || w->fin_at)
        fault(w, "does not tell prog that the peer has ended");
}

/* What prog does not want must not keep the peer from writing. */
static void check_discard(struct world *w) {
    int discards = w->prog.rfd < 0 || (w->setup.options.close == RELAY_CLOSE_NOTIFY && w->our_end_at);
    if (!discards || queue_len(&w->engine.out) > w->engine.out_max) return;
    if (w->peer.wfd >= 0 && queue_len(&w->peer.pending)) fault(w, "does not read what it is to discard");
}

static void check_out(struct world *w) {
    if (!wants_to_read(w, &w->peer)) return;
    if (w->peer.got < w->owed)
        fault(w, "holds back what prog wrote");
    else if (w->prog_end_at)
        fault(w, "does not tell the peer that prog has ended");
}

/* Both directions have ended, or nobody is left at prog's end of them. */
static void check_over(struct world *w, int64_t deadline) {
    int prog_gone = w->exit_at || w->prog.rfd < 0;
    int may_be_normal = w->engine.by_peer && w->accepted.whole == w->owed; /* our end is on its way */
    if (failing(w) && !may_be_normal && prog_gone && deadline == never)
        fault(w, "waits for ever to tell the peer of a failure");
    if (!w->our_end_at || !(prog_gone || w->prog.end_at)) return;
    if (w->fin_at || w->reset_at) fault(w, "does not see that all is over");
    if (prog_gone && deadline == never) fault(w, "waits for ever for the peer's end");
}

/* A close_notify that the peer refused is no failure: its direction may go on. */
static void check_failed(struct world *w) {
    int half_closed = w->engine.told == ENGINE_OK && w->prog_end_at && w->accepted.whole == w->owed;
    if (half_closed && w->setup.options.close != RELAY_CLOSE_NOTIFY) return;
    if (wants_to_read(w, &w->prog)) fault(w, "does not end prog's stdin");
}

static void check_quiet(struct world *w, int64_t deadline) {
    if (w->running) check_over(w, deadline);
    if (!w->running) return;
    if (failing(w)) {
        check_failed(w);
        return;
    }
    check_in(w);
    check_discard(w);
    check_out(w);
}

/* ---- waiting ---- */

static int ready_fds(struct world *w, iopause_fd *x, unsigned int n) {
    int ready = poll(x, n, 0), left = 0;
    for (unsigned int i = 0; i < n; i++) {
        if (ready > 1 && percent(w, w->setup.deaf)) x[i].revents = 0;
        left += x[i].revents != 0;
    }
    return ready > 0 && !left ? ready_fds(w, x, n) : left;
}

/* Nobody has anything left to do, and the relay waits without a limit: prog goes, then the peer. */
static int last_resort(struct world *w) {
    if (w->running && !w->exit_at)
        exit_prog(w, 0);
    else if (!w->reset_at)
        drop_connection(w, 0);
    else
        return 0;
    return 1;
}

/* Whether the relay's deadline has come. */
static int time_passes(struct world *w, int64_t deadline) {
    int64_t wake = next_wake(w);
    check_quiet(w, deadline);
    if (deadline == never && wake == never) {
        if (!last_resort(w)) fault(w, "sleeps for ever");
        return 0;
    }
    int timed_out = deadline < wake || (deadline == wake && percent(w, 50));
    int64_t then = timed_out ? deadline : wake;
    if (then > w->now) w->now = then;
    return timed_out;
}

static int interrupted(struct world *w) {
    if (!percent(w, w->setup.interrupted)) return 0;
    w->progress = 1;
    return 1;
}

int iopause_stamp(iopause_fd *x, unsigned int n, tain const *deadline, tain *stamp) {
    struct world *w = the_world;
    int64_t until = milliseconds(deadline);
    int ready = 0;
    check_wait(w, x, n, until);
    while (!w->fault && !ready) {
        some_act(w);
        ready = interrupted(w) ? -1 : ready_fds(w, x, n);
        if (!ready && !somebody_acts(w) && time_passes(w, until)) break;
    }
    set_stamp(w, stamp);
    errno = w->fault ? EIO : EINTR;
    return w->fault ? -1 : ready;
}

#endif
