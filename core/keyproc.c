/* keyproc: the key process: it reads the keys, gives up what it can do, and answers; the header says it.
 * Must not read a file, or open anything, after its report. */

#include "keyproc.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/selfpipe.h>

#include "cage.h"
#include "config.h"
#include "exitcode.h"
#include "fds.h"
#include "keys.h"
#include "say.h"
#include "secret.h"

enum { HEADER = offsetof(struct keyproc_request, in) };

/* ---- answering ---- */

static int is_length(uint32_t scheme, size_t len, size_t content_max) {
    switch (scheme) {
    case SIGN_ECDSA: return len == 32 || len == 48 || len == 64;
    case SIGN_RSA_PKCS1: return len == 51 || len == 67 || len == 83; /* 19 bytes say which digest it is */
    case SIGN_RSA_PSS_SHA256: return len == 32;
    case SIGN_RSA_PSS_SHA384: return len == 48;
    case SIGN_RSA_PSS_SHA512: return len == 64;
    case SIGN_ED25519: return len && len <= content_max;
    }
    return 0;
}

static int is_ticket(struct keyproc_request const *q) {
    return !q->key && !q->scheme && q->len == sizeof q->sealed && q->sealed.ticket.len <= TICKET_STATE_MAX;
}

char const *keyproc_refuses(struct keyproc_request const *q, size_t len, size_t content_max) {
    if (len < HEADER || len > sizeof *q || q->len != len - HEADER)
        return "a message that is too short or too long";
    if (q->op == KEYPROC_SIGN)
        return is_length(q->scheme, q->len, content_max) ? 0 : "an unknown scheme, or a wrong length for it";
    if (!CONFIG_TICKETS || (q->op != KEYPROC_OPEN && q->op != KEYPROC_SEAL)) return "an unknown request";
    return is_ticket(q) ? 0 : "a ticket that is none";
}

static char const *sign(struct keyring *ring, struct keyproc_request const *q, struct keyproc_reply *a) {
    size_t len = sizeof a->out;
    if (keyring_sign(ring, q->key, (enum sign_scheme)q->scheme, q->in, q->len, a->out, &len) < 0)
        return "what its key cannot sign";
    a->len = (uint32_t)len;
    return 0;
}

static char const *seal_or_open(struct keyring *ring, struct keyproc_request *q, struct keyproc_reply *a) {
    enum ticket_op op = q->op == KEYPROC_SEAL ? TICKET_SEAL : TICKET_OPEN;
    int r = keyring_ticket(ring, op, q->sealed.purpose, &q->sealed.ticket);
    if (r < 0) return "a ticket without a key for it";
    if (r) {
        a->ticket = q->sealed.ticket;
        a->len = sizeof a->ticket;
    }
    return 0;
}

/* What has been asked for last, and how often. */
struct progress {
    uint32_t op;
    unsigned int times;
};

static int is_in_order(struct progress *p, uint32_t op) {
    if (op < p->op) return 0;
    p->times = op == p->op ? p->times + 1 : 1;
    p->op = op;
    return p->times <= (op == KEYPROC_OPEN ? KEYPROC_OPENS : 1);
}

static int is_done(struct progress const *p, struct keyring const *ring) {
    return p->op == (CONFIG_TICKETS && keyring_has_ticket_keys(ring) ? KEYPROC_SEAL : KEYPROC_SIGN);
}

static char const *answer(int fd, struct keyring *ring, struct keyproc_request *q) {
    struct keyproc_reply a = {0};
    char const *why = CONFIG_TICKETS && q->op != KEYPROC_SIGN ? seal_or_open(ring, q, &a) : sign(ring, q, &a);
    /* the other one may be gone */
    if (!why) fd_send(fd, (char *)&a, sizeof a, MSG_NOSIGNAL);
    return why;
}

/* What is longer than there is room for tells its length, and that is no request's. */
static char const *serve(int fd, struct keyring *ring, struct keyproc_request *q, size_t room,
                         size_t content_max) {
    struct progress p = {0};
    while (!is_done(&p, ring)) {
        ssize_t len = fd_recv(fd, (char *)q, room, MSG_TRUNC);
        if (len <= 0) return 0;
        char const *why = keyproc_refuses(q, (size_t)len, content_max);
        if (!why && !is_in_order(&p, q->op)) why = "more than a handshake needs";
        if (!why) why = answer(fd, ring, q);
        if (why) return why;
    }
    return 0;
}

/* One piece of memory for whatever is asked; not the stack, which is wiped as far down as it may have been used. */
char const *keyproc_serve(int fd, struct keyring *ring, size_t content_max) {
    size_t room =
        HEADER + (content_max > sizeof(struct keyproc_ticket) ? content_max : sizeof(struct keyproc_ticket));
    struct keyproc_request *q = secret_alloc(room);
    if (!q) return "more than there is memory for";
    char const *why = serve(fd, ring, q, room, content_max);
    secret_free(q);
    return why;
}

/* ---- before and after ---- */

/* Nobody but root may look into it, and it does not outlive its parent, even stopped. A change of user undoes both. */
static void withdraw(void) {
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* SIGPIPE stays ignored. Its name is what ps shows. */
static int leave_parent(struct keyproc_task const *task) {
    int const keep[] = {2, task->fd, task->creds->ticketfd};
    char name[16];
    selfpipe_finish();
    (void)snprintf(name, sizeof name, "%s: key", PROG);
    prctl(PR_SET_NAME, name);
    withdraw();
    return fds_close_others(keep, sizeof keep / sizeof *keep) < 0 ? -1 : fds_fill_standard();
}

#if CONFIG_CAGE

/* What the system lacks, the engine tells. */
static int enter_cage(struct creds_error *err) {
    *err = (struct creds_error){.what = "enter the cage", .object = ""};
    return cage_enter(CAGE_KEY, 1) < 0 ? (err->errnum = errno, EXIT_SYSTEM) : 0;
}

#else

static int enter_cage(struct creds_error *err) {
    (void)err;
    return 0;
}

#endif

/* Returns what the whole is to exit with, and err is why. */
static int prepare(struct keyproc_task const *task, struct keyring **ring, struct creds_error *err) {
    int code = EXIT_SYSTEM;
    *err = (struct creds_error){.what = "set up the key process", .object = ""};
    if (leave_parent(task) < 0 || keyring_keep_secret() < 0) return err->errnum = errno, code;
    *ring = keys_read(task->creds, task->verbosity, &code, err);
    creds_close_tickets(task->creds);
    if (!*ring) return code;
    *err = (struct creds_error){.object = ""};
    if (ids_apply(task->ids, &err->what) < 0) return err->errnum = errno, EXIT_SYSTEM;
    withdraw();
    return enter_cage(err);
}

/* Whether it has left: nobody asks before, and whoever waits for it is to see an end. */
static int report(int fd, int code, struct creds_error const *err) {
    struct keyproc_report r = {.code = (uint32_t)code};
    if (code)
        (void)snprintf(r.text, sizeof r.text, "unable to %s%s: %s", err->what, err->object,
                       err->errnum ? strerror(err->errnum) : err->reason);
    return fd_send(fd, (char *)&r, offsetof(struct keyproc_report, text) + strlen(r.text) + 1, MSG_NOSIGNAL) >
           0;
}

void keyproc_run(struct keyproc_task const *task) {
    struct keyring *ring = 0;
    struct creds_error err;
    char const *why = 0;
    int code = prepare(task, &ring, &err);
    secret_wipe_stack(); /* the library decodes keys there */
    if (report(task->fd, code, &err) && !code)
        why = keyproc_serve(task->fd, ring, task->server ? KEYPROC_CONTENT : SIGN_CONTENT_MAX);
    fd_close(task->fd);
    if (ring) keyring_free(ring);
    secret_end();
    secret_wipe_stack();
    if (why) code = say_fatal(task->verbosity, EXIT_TLS, "the key process was asked for ", why);
    _exit(code);
}
