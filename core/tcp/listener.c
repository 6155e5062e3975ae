/* listener: a socket that listens; the header says it. */

#include "tcp/listener.h"

#include <errno.h>
#include <string.h>

#include <skalibs/djbunix.h>

/* A server that is started again must not wait until the old connections of its port are forgotten. */
static int set_options(int fd, sa_family_t family) {
    int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) return -1;
    return family == AF_INET6 ? setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) : 0;
}

int listener_open(struct addr const *a, int backlog, char const **failed) {
    *failed = "create a socket for ";
    int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    *failed = "bind to ";
    if (set_options(fd, a->any.sa_family) == 0 && bind(fd, &a->any, addr_len(a)) == 0) {
        *failed = "listen on ";
        if (listen(fd, backlog) == 0) return fd;
    }
    fd_close(fd); /* keeps errno */
    return -1;
}

/* Anything that is not known to lie with the socket itself lies with the connection, which is gone: Linux tells
 * its pending network errors here too (accept(2)). */
static enum listener_outcome why_none(int error) {
    switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM: return LISTENER_SHORT;
    case EBADF:
    case EFAULT:
    case EINVAL:
    case ENOTSOCK: return LISTENER_ERROR;
    default: return LISTENER_NONE;
    }
}

enum listener_outcome listener_accept(int listener, int *fd, struct addr *remote, struct addr *local) {
    socklen_t len = sizeof *remote;
    memset(remote, 0, sizeof *remote);
    *fd = accept4(listener, &remote->any, &len, SOCK_CLOEXEC);
    if (*fd < 0) return why_none(errno);
    /* its remote end has no address when the peer has gone, on some systems */
    if (remote->any.sa_family && addr_of_local(local, *fd) == 0) return LISTENER_ACCEPTED;
    fd_close(*fd);
    return LISTENER_NONE;
}
