/* callersig: the signal state that the caller gave us, so that prog can have it back.
 * Touches only what we change: the mask, SIGCHLD and SIGPIPE. */

#ifndef CALLERSIG_H
#define CALLERSIG_H

#include <signal.h>

struct callersig {
    sigset_t mask;
    struct sigaction chld;
    struct sigaction pipe;
};

/* Remembers the state, then ignores SIGPIPE and traps SIGCHLD, whatever the caller did to it. Returns the
 * fd that becomes readable when a child has died (a skalibs selfpipe), or -1 with errno. */
int callersig_trap(struct callersig *c);

/* To be called in a child: back to the remembered state, and the trap is closed. Returns 0, or -1 with
 * errno. */
int callersig_restore(struct callersig const *c);

#endif
