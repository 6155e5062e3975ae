/* net: the two fds of one side of a connection; the header says it. */

#include "net.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>

#ifdef __linux__
#include <linux/sockios.h>
#endif

static int is_socket(int fd) {
    int type;
    socklen_t len = sizeof type;
    return !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len);
}

int net_init(struct net *n, int rfd, int wfd) {
    int on = 1;
    if (fcntl(rfd, F_GETFD) < 0 || fcntl(wfd, F_GETFD) < 0) return -1;
    *n = (struct net){.rfd = rfd, .wfd = wfd, .rsock = is_socket(rfd), .wsock = is_socket(wfd)};
    if (n->wsock)
        setsockopt(wfd, IPPROTO_TCP, TCP_NODELAY, &on,
                   sizeof on); /* fails where it is not TCP: nothing to turn off */
    return 0;
}

int net_init_pipes(struct net *n, int rfd, int wfd) {
    *n = (struct net){.rfd = rfd, .wfd = wfd, .own = 1};
    return ndelay_on(rfd) < 0 || ndelay_on(wfd) < 0 ? -1 : 0;
}

/* What is no socket may be blocking: it is asked first. Returns 1, or 0 with errno. */
static int is_ready(int fd, short events) {
    struct pollfd p = {.fd = fd, .events = events};
    int r;
    do r = poll(&p, 1, 0);
    while (r < 0 && errno == EINTR);
    if (!r) errno = EAGAIN;
    return r > 0;
}

static ssize_t read_other(int fd, void *s, size_t len) {
    return is_ready(fd, POLLIN) ? fd_read(fd, s, len) : -1;
}

/* A pipe that polls writable takes PIPE_BUF bytes without blocking (POSIX, write and poll). */
static ssize_t write_other(int fd, void const *s, size_t len) {
    return is_ready(fd, POLLOUT) ? fd_write(fd, s, len < PIPE_BUF ? len : PIPE_BUF) : -1;
}

ssize_t net_read(struct net const *n, void *s, size_t len) {
    if (n->own) return fd_read(n->rfd, s, len);
    return n->rsock ? fd_recv(n->rfd, s, len, MSG_DONTWAIT) : read_other(n->rfd, s, len);
}

ssize_t net_write(struct net const *n, void const *s, size_t len) {
    if (n->own) return fd_write(n->wfd, s, len);
    return n->wsock ? fd_send(n->wfd, s, len, MSG_DONTWAIT | MSG_NOSIGNAL) : write_other(n->wfd, s, len);
}

void net_end(struct net *n) {
    if (n->wsock) {
        shutdown(n->wfd, SHUT_WR); /* fails where the peer is gone: then there is nothing to end */
        return;
    }
    if (n->wfd >= 0) fd_close(n->wfd);
    if (n->rfd == n->wfd) n->rfd = -1;
    n->wfd = -1;
}

int net_unacknowledged(struct net const *n) {
    int left = 0;
#ifdef SIOCOUTQ
    if (n->wsock && ioctl(n->wfd, SIOCOUTQ, &left) < 0) return 0;
#else
    (void)n;
#endif
    return left;
}

void net_acknowledge(struct net const *n) {
#ifdef TCP_QUICKACK
    int on = 1;
    if (n->rsock) setsockopt(n->rfd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
#else
    (void)n;
#endif
}

void net_close_read(struct net *n) {
    if (n->rfd >= 0 && n->rfd != n->wfd) fd_close(n->rfd);
    n->rfd = -1;
}

/* Others may hold the socket too: closing it would not end it. */
void net_close_write(struct net *n) {
    if (n->wfd >= 0 && n->wsock) shutdown(n->wfd, SHUT_WR);
    if (n->wfd >= 0 && n->wfd != n->rfd) fd_close(n->wfd);
    n->wfd = -1;
}

void net_close(struct net *n) {
    if (n->wfd >= 0 && n->wfd != n->rfd) fd_close(n->wfd);
    if (n->rfd >= 0) fd_close(n->rfd);
    n->rfd = n->wfd = -1;
}
