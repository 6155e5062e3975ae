/* world_actors: the peer and prog, who follow their plans, a piece at a time.
 * They must not block, nor know of each other. */

#ifndef WORLD_ACTORS_H
#define WORLD_ACTORS_H

#include "world.h"

#include <errno.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void close_end(int *fd) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

static void close_both(struct actor *a) {
    if (a->wfd != a->rfd) close_end(&a->wfd);
    close_end(&a->rfd);
    a->wfd = -1;
}

static int is_bytes(enum act act) {
    return act >= ACT_HELLO && act <= ACT_PART;
}

static void put_data(struct world *w, struct actor *a, size_t n) {
    if (a == &w->prog) wire_text(&a->pending, WIRE_PROG, a->put, n);
    for (size_t done = 0, part; a == &w->peer && done < n; done += part) {
        part = n - done < 16384 ? n - done : 16384;
        wire_header(&a->pending, WIRE_DATA, part);
        wire_text(&a->pending, WIRE_PEER, a->put + done, part);
    }
    a->put += n;
}

static void put_bytes(struct world *w, struct actor *a, struct plan const *p) {
    static char const filling[64];
    switch (p->act) {
    case ACT_HELLO: wire_record(&a->pending, WIRE_HELLO, filling, sizeof filling); break;
    case ACT_FINISHED: wire_record(&a->pending, WIRE_FINISHED, filling, sizeof filling); break;
    case ACT_DATA: put_data(w, a, p->n); break;
    case ACT_KEY_UPDATE: wire_record(&a->pending, WIRE_KEY_UPDATE, filling, 5); break;
    case ACT_CLOSE_NOTIFY: wire_record(&a->pending, WIRE_CLOSE_NOTIFY, "", 0); break;
    case ACT_ALERT: wire_record(&a->pending, WIRE_ALERT, "", 0); break;
    case ACT_BAD: wire_record(&a->pending, WIRE_BAD, filling, 9); break;
    default: wire_header(&a->pending, WIRE_DATA, 99); break; /* PART */
    }
}

static int write_pending(struct world *w, struct actor *a) {
    size_t n = queue_len(&a->pending);
    if (percent(w, 80)) n = 1 + below(w, n);
    ssize_t r = a->wfd < 0 ? -1 : write(a->wfd, queue_s(&a->pending), n);
    if (r < 0 && a->wfd >= 0 && errno == EAGAIN) return 0;
    if (r < 0) { /* nobody reads it */
        queue_drop(&a->pending, queue_len(&a->pending));
        return 1;
    }
    if (a == &w->peer)
        wire_feed(&w->inward, queue_s(&a->pending), (size_t)r);
    else
        w->written += (size_t)r;
    if (!w->exit_at) w->owed = w->written;
    queue_drop(&a->pending, (size_t)r);
    return 1;
}

static void tell_exit(struct world *w) {
    if (write(w->watch[1], "", 1) < 0) fault(w, "the test itself fails");
}

static void end_prog(struct world *w) {
    unsigned long at = ++w->events;
    if (!w->prog_end_at) w->prog_end_at = at;
}

static void drop_connection(struct world *w, int hard) {
    close_both(&w->peer);
    w->reset_at = ++w->events;
    w->reset_hard = hard;
}

static void send_fin(struct world *w) {
    if (w->setup.network == PIPES)
        close_end(&w->peer.wfd);
    else if (w->peer.wfd >= 0)
        syscall(SYS_shutdown, w->peer.wfd, SHUT_WR);
    w->fin_at = ++w->events;
}

static void exit_prog(struct world *w, int held) {
    end_prog(w);
    if (!held) close_both(&w->prog);
    if (w->exit_at) return;
    w->exit_at = w->events;
    tell_exit(w);
}

/* Whether the act is done; if not, it must be tried again later. */
static int do_act(struct world *w, struct actor *a, struct plan const *p) {
    switch (p->act) {
    case ACT_SLEEP: a->wake = w->now + p->n; break;
    case ACT_AWAIT: return a->got >= p->n || a->end_at || a->rfd < 0;
    case ACT_AWAIT_END: return a->end_at || a->rfd < 0;
    case ACT_FIN: send_fin(w); break;
    case ACT_RESET: drop_connection(w, (int)p->n); break;
    case ACT_CLOSE_IN:
        if (a->rfd != a->wfd) close_end(&a->rfd);
        break;
    case ACT_CLOSE_OUT:
        close_end(&a->wfd);
        end_prog(w);
        break;
    case ACT_EXIT: exit_prog(w, 0); break;
    case ACT_LEAVE: exit_prog(w, 1); break;
    case ACT_OTHER_CHILD: tell_exit(w); break;
    default: break;
    }
    return 1;
}

/* Whether it could do something. */
static int act(struct world *w, struct actor *a) {
    if (a->wake > w->now || (a == &w->prog && !w->running)) return 0;
    for (; is_bytes(a->next->act); a->next++) put_bytes(w, a, a->next);
    if (queue_len(&a->pending)) return write_pending(w, a);
    if (a->next->act == ACT_STAY || !do_act(w, a, a->next)) return 0;
    a->next++;
    return 1;
}

static int wants_to_read(struct world *w, struct actor *a) {
    return a->rfd >= 0 && !a->end_at && a->got < a->reads && a->read_wake <= w->now;
}

static void has_read(struct world *w, struct actor *a, char const *s, size_t n) {
    if (a == &w->peer) {
        wire_feed(&w->outward, s, n);
        a->got = w->outward.data;
        return;
    }
    for (size_t i = 0; i < n; i++)
        if (s[i] != wire_byte(WIRE_PEER, a->got + i)) a->wrong = 1;
    a->got += n;
}

/* What the kernel tells the relay of: bytes that wait for the peer. */
static int unread_by_peer(struct world *w) {
    int n;
    return w->net.wsock && ioctl(w->net.wfd, SIOCOUTQ, &n) == 0 ? n : 0;
}

static int read_some(struct world *w, struct actor *a) {
    char buf[20000];
    if (!wants_to_read(w, a)) return 0;
    size_t max = 1 + below(w, percent(w, 50) ? 100 : sizeof buf);
    if (max > a->reads - a->got) max = a->reads - a->got;
    int before = unread_by_peer(w);
    ssize_t n = read(a->rfd, buf, max);
    if (n < 0 && errno == EAGAIN) return 0;
    if (n <= 0) {
        a->end_at = ++w->events;
        a->cut = n < 0;
        return 1;
    }
    has_read(w, a, buf, (size_t)n);
    a->read_wake = w->now + a->pause;
    if (unread_by_peer(w) < before) {
        w->heard = w->now;
        w->progress = 1;
    }
    return 1;
}

static int one_acts(struct world *w, unsigned int which) {
    switch (which) {
    case 0: return act(w, &w->peer);
    case 1: return read_some(w, &w->peer);
    case 2: return act(w, &w->prog);
    default: return read_some(w, &w->prog);
    }
}

static int somebody_acts(struct world *w) {
    unsigned int first = below(w, 4);
    for (unsigned int i = 0; i < 4; i++)
        if (one_acts(w, (first + i) % 4)) return 1;
    return 0;
}

static void some_act(struct world *w) {
    unsigned int const *eager = w->setup.eager;
    for (unsigned int times = below(w, 6); times; times--) {
        unsigned int n = below(w, eager[0] + eager[1] + eager[2] + eager[3]), which = 0;
        while (n >= eager[which]) n -= eager[which++];
        one_acts(w, which);
    }
}

#endif
