/* listener: a socket that listens for TCP connections.
 * Accepts them one by one; must not keep any. */

#ifndef LISTENER_H
#define LISTENER_H

#include "tcp/addr.h"

/* Binds to a (port 0: one that the kernel chooses) and listens; the socket does not block, nor outlive an exec.
 * :: is all of IPv6 and nothing of IPv4. Returns the fd, or -1 with errno and *failed what could not be done. */
int listener_open(struct addr const *a, int backlog, char const **failed);

enum listener_outcome {
    LISTENER_ACCEPTED,
    LISTENER_NONE,  /* nobody is waiting any more: go on */
    LISTENER_SHORT, /* no fd or no memory left for it, errno says which: it waits until later */
    LISTENER_ERROR, /* errno says what is wrong with the socket itself */
};

/* Takes one connection: its fd, which blocks and does not outlive an exec, and both of its ends. */
enum listener_outcome listener_accept(int listener, int *fd, struct addr *remote, struct addr *local);

#endif
