/* serversig: the signals that a server lives by: the deaths of its children, and the four that are orders to it.
 * Must not act on any of them. */

#ifndef SERVERSIG_H
#define SERVERSIG_H

#include <signal.h>

#include "callersig.h"

enum { SERVERSIG_ORDERS = 4 };

struct serversig {
    struct callersig caller;
    struct sigaction orders[SERVERSIG_ORDERS]; /* what the caller did with them */
};

/* Remembers the caller's signal state, ignores SIGPIPE, and traps SIGCHLD, SIGTERM, SIGHUP, SIGQUIT and SIGABRT,
 * whatever the caller did to them. Returns the fd that becomes readable when one has come, which
 * selfpipe_read() then tells; or -1 with errno. */
int serversig_trap(struct serversig *s);

/* To be called in a child: back to the caller's state. Returns 0, or -1 with errno. */
int serversig_restore(struct serversig const *s);

#endif
