/* world_calls: the functions of skalibs and libc by which a relay reads, writes and closes, with the kernel's
 * moods.
 * They must do nothing that a kernel would not.
 *
 * To be included once in a program: it defines them. */

#ifndef WORLD_CALLS_H
#define WORLD_CALLS_H

#include "world.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>

/* Never on a pipe that prog is known to have left bytes in, nor on a network that is known to be broken:
 * with something to read, these do not say EAGAIN. */
static int tries_later(struct world *w, int fd) {
    int sure = (fd == w->from && w->gone_told) || (fd == w->net.rfd && w->net_error_at);
    if (sure || !percent(w, w->setup.again)) return 0;
    w->progress = 1;
    errno = EAGAIN;
    return 1;
}

static size_t cut_short(struct world *w, size_t len) {
    return len && percent(w, w->setup.brief) ? 1 + below(w, len < 40 || percent(w, 50) ? len : 40) : len;
}

static ssize_t has_moved(struct world *w, ssize_t n) {
    if (n >= 0 || errno != EAGAIN) w->progress = 1;
    if (n > 0) w->moved = w->now;
    return n;
}

static ssize_t network_failed(struct world *w, ssize_t n) {
    if (n < 0 && errno != EAGAIN && !w->net_error_at) {
        w->net_error_at = ++w->events;
        w->whole_then = w->inward.whole;
    }
    return has_moved(w, n);
}

static ssize_t network_read(struct world *w, ssize_t n) {
    if (n > 0) w->heard = w->now;
    if (w->reset_at && w->net.rsock && (n <= 0 || w->reset_hard)) { /* as TCP does it, whatever was unread */
        errno = ECONNRESET;
        n = -1;
    }
    if (n == 0) w->net_end_at = ++w->events;
    return network_failed(w, n);
}

static ssize_t network_written(struct world *w, char const *s, ssize_t n) {
    if (n > 0) wire_feed(&w->accepted, s, (size_t)n);
    return network_failed(w, n);
}

ssize_t fd_read(int fd, char *s, size_t len) {
    struct world *w = the_world;
    if (tries_later(w, fd)) return -1;
    ssize_t n = read(fd, s, cut_short(w, len));
    return fd == w->net.rfd ? network_read(w, n) : has_moved(w, n);
}

ssize_t fd_write(int fd, char const *s, size_t len) {
    struct world *w = the_world;
    if (tries_later(w, fd)) return -1;
    ssize_t n = write(fd, s, cut_short(w, len));
    return fd == w->net.wfd ? network_written(w, s, n) : has_moved(w, n);
}

ssize_t fd_recv(int fd, char *s, size_t len, unsigned int flags) {
    struct world *w = the_world;
    if (tries_later(w, fd)) return -1;
    return network_read(w, recv(fd, s, cut_short(w, len), (int)flags));
}

ssize_t fd_send(int fd, char const *s, size_t len, unsigned int flags) {
    struct world *w = the_world;
    if (tries_later(w, fd)) return -1;
    return network_written(w, s, send(fd, s, cut_short(w, len), (int)flags));
}

static void our_end(struct world *w) {
    w->progress = 1;
    if (w->our_end_at) return;
    w->our_end_at = ++w->events;
    w->heard = w->now;
}

int shutdown(int fd, int how) {
    struct world *w = the_world;
    if (fd == w->net.wfd) our_end(w);
    return (int)syscall(SYS_shutdown, fd, how);
}

void fd_close(int fd) {
    struct world *w = the_world;
    if (fd == w->net.wfd && !w->net.wsock) our_end(w);
    w->progress = 1;
    close(fd);
}

static int gone(void *data) {
    struct world *w = data;
    char buf[64];
    while (read(w->watch[0], buf, sizeof buf) > 0)
        ;
    w->progress = 1;
    if (w->exit_at && !w->gone_told) {
        w->gone_told = 1;
        w->written_then = w->written;
    }
    return w->gone_told;
}

#endif
