/* net: the two fds of one side of a connection, the network or the cleartext: reading, writing, half-closing them
 * without ever blocking.
 * Leaves O_NONBLOCK as it was: the description behind an fd may be shared with others. */

#ifndef NET_H
#define NET_H

#include <sys/types.h>

struct net {
    int rfd; /* -1: closed */
    int wfd; /* -1: closed; may be rfd */
    int rsock;
    int wsock;
    int own; /* pipes of ours, non-blocking, that nobody else reads or writes by */
};

/* Takes over the fds; on TCP, turns Nagle's algorithm off (RFC 1122 4.2.3.4). Returns 0, or -1 with errno:
 * an fd is not open. */
int net_init(struct net *n, int rfd, int wfd);

/* Takes over the ends of two pipes of ours and makes them non-blocking. Returns 0, or -1 with errno. */
int net_init_pipes(struct net *n, int rfd, int wfd);

/* As read(2); EAGAIN instead of blocking. */
ssize_t net_read(struct net const *n, void *s, size_t len);

/* As write(2), never SIGPIPE; EAGAIN instead of blocking. */
ssize_t net_write(struct net const *n, void const *s, size_t len);

/* Ends our direction: a socket is shut down for writing, anything else is closed. */
void net_end(struct net *n);

/* Bytes given to a socket that the peer has not acknowledged; 0 where that cannot be known. */
int net_unacknowledged(struct net const *n);

/* On TCP, acknowledges at once what has been received: a peer with Nagle's algorithm waits for that. */
void net_acknowledge(struct net const *n);

/* One direction is over, for us and for whoever is at the other end of it: it is -1 then. */
void net_close_read(struct net *n);
void net_close_write(struct net *n);

void net_close(struct net *n);

#endif
