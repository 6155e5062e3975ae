/* dial: a TCP connection to one of several addresses, within limits of time.
 * Must not look a name up. */

#ifndef DIAL_H
#define DIAL_H

#include <skalibs/tai.h>

#include "tcp/addr.h"

struct dial {
    struct addr const *to;
    unsigned int n; /* of to: 1 to RACE_MAX */
    /* Where to connect from, of the family of all in to (port 0: any); or NULL. */
    struct addr const *from;
    uint16_t from_port; /* without from: any address with this port, 0 for any */
    unsigned int
        limit[2];  /* seconds for an attempt: when all are tried first, and again; 0: that is left out */
    tain deadline; /* for all of them, on tain_now's clock */
    unsigned int verbose : 1; /* a line for each attempt that failed */
};

/* Begins to connect, without blocking. Returns the fd, which is close-on-exec, or -1 with errno. */
int dial_start(struct addr const *to, struct addr const *from);

/* Whether what has become writable is connected: 0, or -1 with errno. */
int dial_finish(int fd);

/* Returns a connected fd, blocking and close-on-exec, or -1 with errno and *failed the address that this is
 * true of. A single address is tried once, for both limits together. */
int dial_run(struct dial const *d, struct addr const **failed);

#endif
