/* keyproc_ask: asks the key process for signatures and for tickets; the header of keyproc says it.
 * Must not wait longer than the handshake may take: the key process may be stopped. */

#include "keyproc.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/iopause.h>

#include "config.h"
#include "exitcode.h"

static int failed(struct keyproc *k, char const *why) {
    k->why = why;
    return -1;
}

/* Returns the length of a message, at most max bytes of it at s. */
static ssize_t receive(struct keyproc *k, void *s, size_t max) {
    iopause_fd x = {.fd = k->fd, .events = IOPAUSE_READ};
    int n;
    do n = iopause_g(&x, 1, &k->deadline);
    while (n < 0 && errno == EINTR);
    if (!n) return failed(k, "the key process does not answer in time");
    ssize_t len = n < 0 ? -1 : fd_recv(k->fd, s, max, MSG_DONTWAIT);
    return len > 0 ? len : failed(k, "the key process has ended");
}

int keyproc_await(struct keyproc *k, struct keyproc_report *r) {
    size_t const header = offsetof(struct keyproc_report, text);
    ssize_t n = receive(k, r, sizeof *r);
    if (n < 0) return -1;
    if ((size_t)n <= header || r->text[(size_t)n - header - 1])
        return failed(k, "the key process reports nonsense");
    switch (r->code) {
    case 0:
    case EXIT_CONFIG:
    case EXIT_ENGINE:
    case EXIT_SYSTEM: return (int)r->code;
    default: return failed(k, "the key process reports nonsense");
    }
}

static int ask(struct keyproc *k, struct keyproc_request const *q, struct keyproc_reply *a) {
    size_t len = offsetof(struct keyproc_request, in) + q->len;
    if (fd_send(k->fd, (char const *)q, len, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)len)
        return failed(k, "the key process has ended");
    ssize_t n = receive(k, a, sizeof *a);
    if (n < 0) return -1;
    return n == sizeof *a ? 0 : failed(k, "the key process answers nonsense");
}

int keyproc_sign(void *data, unsigned int key, enum sign_scheme scheme, unsigned char const *in, size_t inlen,
                 unsigned char *out, size_t *outlen) {
    struct keyproc *k = data;
    struct keyproc_request q;
    struct keyproc_reply a;
    if (inlen > sizeof q.in) return failed(k, "the handshake is too long to be signed");
    q.op = KEYPROC_SIGN;
    q.key = key;
    q.scheme = scheme;
    q.len = (uint32_t)inlen;
    memcpy(q.in, in, inlen);
    k->opened = KEYPROC_OPENS; /* none is opened after that */
    if (ask(k, &q, &a) < 0) return -1;
    if (a.len > sizeof a.out || a.len > *outlen) return failed(k, "the key process answers nonsense");
    memcpy(out, a.out, a.len);
    *outlen = a.len;
    return 0;
}

#if CONFIG_TICKETS

/* Returns as keyproc_ticket. */
static int take_ticket(struct keyproc *k, struct keyproc_reply const *a, struct ticket *t) {
    if (!a->len) return 0;
    if (a->len != sizeof *t || a->ticket.len != t->len) return failed(k, "the key process answers nonsense");
    *t = a->ticket;
    return 1;
}

int keyproc_ticket(void *data, enum ticket_op op, unsigned char const *purpose, struct ticket *t) {
    struct keyproc *k = data;
    struct keyproc_request q;
    struct keyproc_reply a;
    if (op == TICKET_OPEN && k->opened++ >= KEYPROC_OPENS) return 0;
    q.op = op == TICKET_SEAL ? KEYPROC_SEAL : KEYPROC_OPEN;
    q.key = q.scheme = 0;
    q.len = sizeof q.sealed;
    q.sealed.ticket = *t;
    memcpy(q.sealed.purpose, purpose, sizeof q.sealed.purpose);
    int r = ask(k, &q, &a) < 0 ? -1 : take_ticket(k, &a, t);
    explicit_bzero(&q.sealed, sizeof q.sealed);
    explicit_bzero(&a, sizeof a);
    return r;
}

#endif

void keyproc_close(struct keyproc *k) {
    if (k->fd >= 0) fd_close(k->fd);
    k->fd = -1;
}
