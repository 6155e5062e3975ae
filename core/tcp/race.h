/* race: connects to whichever of several addresses answers first, each given a head start over the next
 * (RFC 8305 5).
 * Has no socket and no clock: it is told of both, so that a test can make them up. */

#ifndef RACE_H
#define RACE_H

#include <skalibs/tai.h>

enum {
    RACE_MAX = 32,    /* attempts */
    RACE_DELAY = 250, /* milliseconds until the next attempt begins, unless one fails before */
};

struct race_track {
    void *data;
    /* Begins attempt which: an fd, or -1 with errno. */
    int (*start)(void *data, unsigned int which);
    /* How the attempt ended that is ready: 0, or -1 with errno. */
    int (*finish)(void *data, int fd);
    /* The attempt failed of errno error; fd, if not -1, is to be closed. */
    void (*failed)(void *data, unsigned int which, int fd, int error);
    /* Waits until one of the n fds is ready, and gives its place, or n once it is until; -1 with errno. Now is
     * set after that to what time it is. */
    int (*wait)(void *data, int const *fds, unsigned int n, tain const *until, tain *now);
};

/* Tries the addresses 0 to n - 1; each attempt may take limit. Those that have lost are told to failed() with
 * ECANCELED. Returns the fd of the first to connect, and which it was; or -1 with errno, that of the attempt
 * that failed last (*which), or ETIMEDOUT when the deadline came. n is 1 to RACE_MAX. *now: what time it is,
 * before and after. */
int race_run(struct race_track const *track, unsigned int n, tain const *limit, tain const *deadline,
             tain *now, unsigned int *which);

#endif
