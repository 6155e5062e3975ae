/* dial: a TCP connection to one of several addresses; the header says it. */

#include "tcp/dial.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include <skalibs/djbunix.h>
#include <skalibs/iopause.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "tcp/race.h"

/* Several attempts may leave from the same port, and a later run from the port of one that has just ended. */
static int bind_to(int fd, struct addr const *from) {
    int on = 1;
    if (addr_port(from) && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) return -1;
    return bind(fd, &from->any, addr_len(from));
}

int dial_start(struct addr const *to, struct addr const *from) {
    int fd = socket(to->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    if ((!from || bind_to(fd, from) == 0) &&
        (connect(fd, &to->any, addr_len(to)) == 0 || errno == EINPROGRESS || errno == EINTR))
        return fd;
    fd_close(fd); /* keeps errno */
    return -1;
}

int dial_finish(int fd) {
    int error;
    socklen_t len = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0) return -1;
    if (!error) return 0;
    errno = error;
    return -1;
}

/* ---- the track of a race: the network, and tain_now's clock ---- */

static int start(void *data, unsigned int which) {
    struct dial const *d = data;
    struct addr any;
    if (d->from || !d->from_port) return dial_start(&d->to[which], d->from);
    memset(&any, 0, sizeof any); /* of either family, zero is any address */
    any.any.sa_family = d->to[which].any.sa_family;
    addr_set_port(&any, d->from_port);
    return dial_start(&d->to[which], &any);
}

static int finish(void *data, int fd) {
    (void)data;
    return dial_finish(fd);
}

static void failed(void *data, unsigned int which, int fd, int error) {
    struct dial const *d = data;
    char ip[ADDR_TEXT], port[UINT16_FMT];
    if (fd >= 0) fd_close(fd);
    if (!d->verbose || error == ECANCELED) return;
    addr_text(ip, &d->to[which]);
    port[uint16_fmt(port, addr_port(&d->to[which]))] = 0;
    errno = error;
    strerr_warnwusys("connect to ", ip, " port ", port);
}

static int wait_for_one(void *data, int const *fds, unsigned int n, tain const *until, tain *now) {
    iopause_fd x[RACE_MAX];
    (void)data;
    for (unsigned int i = 0; i < n; i++) x[i] = (iopause_fd){.fd = fds[i], .events = IOPAUSE_WRITE};
    if (iopause_stamp(x, n, until, now) < 0) return -1;
    unsigned int i = 0;
    while (i < n && !x[i].revents) i++;
    return (int)i;
}

/* ---- rounds ---- */

static int run_round(struct dial const *d, unsigned int seconds, unsigned int *which) {
    struct race_track track = {
        .data = (void *)d, .start = start, .finish = finish, .failed = failed, .wait = wait_for_one};
    tain limit;
    tain_addsec(&limit, &tain_zero, seconds > INT_MAX ? INT_MAX : (int)seconds);
    return race_run(&track, d->n, &limit, &d->deadline, &STAMP, which);
}

int dial_run(struct dial const *d, struct addr const **failed_one) {
    unsigned int first = d->limit[0], second = d->limit[1], which = 0;
    int fd = -1;
    if (d->n == 1) {
        first = second > UINT_MAX - first ? UINT_MAX : first + second;
        second = 0;
    }
    if (first) fd = run_round(d, first, &which);
    if (fd < 0 && second && tain_future(&d->deadline)) fd = run_round(d, second, &which);
    *failed_one = &d->to[which];
    if (fd >= 0 && ndelay_off(fd) < 0) {
        fd_close(fd);
        return -1;
    }
    return fd;
}
