/* keyproc_ask: asks the key process for signatures; the header of keyproc says it.
 * Must not wait longer than the handshake may take: the key process may be stopped. */

#include "keyproc.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/iopause.h>

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
    size_t len = offsetof(struct keyproc_request, in) + inlen;
    if (fd_send(k->fd, (char *)&q, len, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)len)
        return failed(k, "the key process has ended");
    ssize_t n = receive(k, &a, sizeof a);
    if (n < 0) return -1;
    if (n != sizeof a || a.len > sizeof a.out || a.len > *outlen)
        return failed(k, "the key process answers nonsense");
    memcpy(out, a.out, a.len);
    *outlen = a.len;
    return 0;
}

void keyproc_close(struct keyproc *k) {
    if (k->fd >= 0) fd_close(k->fd);
    k->fd = -1;
}
