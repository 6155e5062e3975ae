/* waiter: the process that will become prog; it waits for word from the one that faces the network.
 * Must not hold a key, a network fd or anything else of the engine's, nor trust that one with anything but
 * the variables of peerenv. */

#ifndef WAITER_H
#define WAITER_H

#include "callersig.h"

struct waiter {
    int rfd; /* the fds that prog reads and writes on, and the pipe ends that go there */
    int wfd;
    int from_engine;
    int to_engine;
    int control; /* the block comes here; EOF without one: no prog */
    int keep;    /* prog keeps the variables that configure TLS */
    unsigned int verbosity;
    struct callersig const *signals;
    char const *const *argv;
    char const *const *envp;
};

/* Waits, then executes argv. Does not return: exits 0 when no prog is wanted, 111, 126 or 127. */
void waiter_run(struct waiter const *w) __attribute__((noreturn));

#endif
