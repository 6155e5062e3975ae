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

char const *keyproc_refuses(struct keyproc_request const *q, size_t len, size_t content_max) {
    if (len < HEADER || len > HEADER + content_max || q->len != len - HEADER)
        return "a message that is too short or too long";
    if (q->op != KEYPROC_SIGN) return "an unknown request";
    if (!is_length(q->scheme, q->len, content_max)) return "an unknown scheme, or a wrong length for it";
    return 0;
}

static char const *answer(int fd, struct keyring *ring, struct keyproc_request const *q) {
    struct keyproc_reply a = {0};
    size_t len = sizeof a.out;
    if (keyring_sign(ring, q->key, (enum sign_scheme)q->scheme, q->in, q->len, a.out, &len) < 0)
        return "what its key cannot sign";
    a.len = (uint32_t)len;
    /* the other one may be gone */
    fd_send(fd, (char *)&a, sizeof a, MSG_NOSIGNAL);
    return 0;
}

static char const *serve_one(int fd, struct keyring *ring, struct keyproc_request *q, size_t content_max) {
    ssize_t len =
        fd_recv(fd, (char *)q, HEADER + content_max, MSG_TRUNC); /* what is longer tells its length */
    if (len <= 0) return 0;
    char const *why = keyproc_refuses(q, (size_t)len, content_max);
    return why ? why : answer(fd, ring, q);
}

/* One piece of memory for whatever is asked; not the stack, which is wiped as far down as it may have been used. */
char const *keyproc_serve(int fd, struct keyring *ring, size_t content_max) {
    struct keyproc_request *q = secret_alloc(HEADER + content_max);
    if (!q) return "more than there is memory for";
    char const *why = serve_one(fd, ring, q, content_max);
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
    int const keep[] = {2, task->fd};
    char name[16];
    selfpipe_finish();
    (void)snprintf(name, sizeof name, "%s: key", PROG);
    prctl(PR_SET_NAME, name);
    withdraw();
    return fds_close_others(keep, 2) < 0 ? -1 : fds_fill_standard();
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
