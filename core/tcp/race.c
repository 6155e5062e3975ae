/* race: the first of several addresses to answer; the header says it. */

#include "tcp/race.h"

#include <errno.h>

struct race {
    struct race_track const *track;
    tain const *limit;
    unsigned int n;
    unsigned int next;    /* the first that has not been tried */
    unsigned int running; /* how many are under way, in the order in which they began */
    int fd[RACE_MAX];
    unsigned int which[RACE_MAX];
    tain until[RACE_MAX];
    tain next_start;
    int error;         /* of the attempt that failed last */
    unsigned int last; /* the attempt that ended last */
};

static void leave(struct race *r, unsigned int place) {
    r->running--;
    for (unsigned int i = place; i < r->running; i++) {
        r->fd[i] = r->fd[i + 1];
        r->which[i] = r->which[i + 1];
        r->until[i] = r->until[i + 1];
    }
}

/* The next one need not wait for its time. */
static void note_failure(struct race *r, unsigned int which, int fd, int error, tain const *now) {
    r->error = error;
    r->last = which;
    r->next_start = *now;
    r->track->failed(r->track->data, which, fd, error);
}

static void fail(struct race *r, unsigned int place, int error, tain const *now) {
    int fd = r->fd[place];
    unsigned int which = r->which[place];
    leave(r, place);
    note_failure(r, which, fd, error, now);
}

static void give_up_late_ones(struct race *r, tain const *now) {
    for (unsigned int i = r->running; i--;)
        if (!tain_less(now, &r->until[i])) fail(r, i, ETIMEDOUT, now);
}

static void start_due_ones(struct race *r, tain const *now) {
    tain delay;
    tain_from_millisecs(&delay, RACE_DELAY);
    while (r->next < r->n && !tain_less(now, &r->next_start)) {
        unsigned int which = r->next++;
        int fd = r->track->start(r->track->data, which);
        if (fd < 0) {
            note_failure(r, which, -1, errno, now);
            continue;
        }
        r->fd[r->running] = fd;
        r->which[r->running] = which;
        tain_add(&r->until[r->running], now, r->limit);
        r->running++;
        tain_add(&r->next_start, now, &delay);
    }
}

/* When something is to be done even if no attempt ends before: they began, and will end, in order. */
static tain next_event(struct race const *r, tain const *deadline) {
    tain t = *deadline;
    if (r->next < r->n && tain_less(&r->next_start, &t)) t = r->next_start;
    if (r->running && tain_less(&r->until[0], &t)) t = r->until[0];
    return t;
}

/* Closes all that is still under way. */
static void stop(struct race *r) {
    for (unsigned int i = 0; i < r->running; i++)
        r->track->failed(r->track->data, r->which[i], r->fd[i], ECANCELED);
}

/* The attempt at a place is ready: its fd when it has won, or -1. */
static int finish(struct race *r, unsigned int place, tain const *now) {
    int fd = r->fd[place];
    if (r->track->finish(r->track->data, fd) < 0) {
        fail(r, place, errno, now);
        return -1;
    }
    r->last = r->which[place];
    leave(r, place);
    return fd;
}

static int run(struct race *r, tain const *deadline, tain *now) {
    for (;;) {
        give_up_late_ones(r, now);
        if (!tain_less(now, deadline)) {
            r->error = ETIMEDOUT;
            if (r->running) r->last = r->which[0];
            return -1;
        }
        start_due_ones(r, now);
        if (!r->running && r->next == r->n) return -1;
        tain until = next_event(r, deadline);
        int ready = r->track->wait(r->track->data, r->fd, r->running, &until, now);
        if (ready < 0) {
            r->error = errno;
            return -1;
        }
        if ((unsigned int)ready == r->running) continue;
        int fd = finish(r, (unsigned int)ready, now);
        if (fd >= 0) return fd;
    }
}

int race_run(struct race_track const *track, unsigned int n, tain const *limit, tain const *deadline,
             tain *now, unsigned int *which) {
    struct race r = {.track = track, .limit = limit, .n = n, .next_start = *now, .error = ETIMEDOUT};
    int fd = run(&r, deadline, now);
    stop(&r);
    *which = r.last;
    errno = r.error;
    return fd;
}
