/* waiting: plays the engine before a real waiter in a child of its own, and tells what came of it.
 * It must not know what a good block is. */

#ifndef WAITING_H
#define WAITING_H

#include "unit.h"

#include "exitcode.h"
#include "peerenv.h"
#include "waiter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#if __has_include(<skalibs/prog.h>)
#include <skalibs/prog.h>
#else
char const *PROG;
#endif

#define BLOCK(s) ((struct bytes){s, sizeof(s)}) /* the literal's own NUL is the closing empty string */
#define BYTES(s) ((struct bytes){s, sizeof(s) - 1})
#define CALLERS "WITNESS=1\0PATH=/caller\0UID=7\0"

enum { PATIENCE = 20000, PAUSE = 150 }; /* ms */

struct bytes {
    char const *s;
    size_t len;
};

/* A waiter, and our ends of its pipes; once it has ended, what came of it. */
struct waiting {
    pid_t pid;
    int control;
    int out;
    int err;
    int status;
    char said[2 * PEERENV_MAX];
    size_t len;
};

/* ---- the engine's part ---- */

static inline void wait_in_child(int control, int to, int from, int err, unsigned int verbosity) {
    static char const *const argv[] = {"env", "-0", 0};
    static char const *const envp[] = {"WITNESS=1",  "PATH=/caller",  "UID=7",
                                       "KEYFILE=/k", "SSL_GROUP=old", 0};
    struct callersig signals;
    PROG = "waiter";
    if (dup2(err, 2) < 0 || callersig_trap(&signals) < 0) _exit(1);
    struct waiter w = {.rfd = 0,
                       .wfd = 1,
                       .from_engine = to,
                       .to_engine = from,
                       .control = control,
                       .verbosity = verbosity,
                       .signals = &signals,
                       .argv = argv,
                       .envp = envp};
    waiter_run(&w);
}

static inline void start(struct waiting *w, unsigned int verbosity) {
    int control[2], to[2], from[2], err[2];
    assert_true(!pipe2(control, O_CLOEXEC) && !pipe2(to, O_CLOEXEC) && !pipe2(from, O_CLOEXEC) &&
                !pipe2(err, O_CLOEXEC));
    w->pid = fork();
    assert_true(w->pid >= 0);
    if (!w->pid) {
        close(control[1]);
        wait_in_child(control[0], to[0], from[1], err[1], verbosity);
    }
    close(control[0]), close(to[0]), close(to[1]), close(from[1]), close(err[1]);
    w->control = control[1];
    w->out = from[0];
    w->err = err[0];
    w->len = 0;
}

/* Returns how many bytes the waiter, or its pipe, has taken. */
static inline size_t tell(struct waiting *w, struct bytes b) {
    size_t sent = 0;
    while (sent < b.len) {
        struct pollfd p = {.fd = w->control, .events = POLLOUT};
        assert_int_equal(poll(&p, 1, PATIENCE), 1);
        ssize_t n = write(w->control, b.s + sent, b.len - sent);
        if (n < 0) {
            assert_int_equal(errno, EPIPE);
            break;
        }
        sent += (size_t)n;
    }
    return sent;
}

static inline void hang_up(struct waiting *w) {
    if (w->control >= 0) close(w->control);
    w->control = -1;
}

/* ---- what came of it ---- */

static inline void read_all(struct waiting *w, int fd) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    ssize_t n;
    do {
        assert_int_equal(poll(&p, 1, PATIENCE), 1);
        n = read(fd, w->said + w->len, sizeof w->said - w->len);
        assert_true(n >= 0);
        w->len += (size_t)n;
    } while (n);
    close(fd);
}

/* Its end, which must come though the pipe is held open. */
static inline void await(struct waiting *w) {
    read_all(w, w->out);
    read_all(w, w->err);
    assert_int_equal(waitpid(w->pid, &w->status, 0), w->pid);
    assert_true(WIFEXITED(w->status));
}

static inline void refused(struct waiting *w) {
    await(w);
    assert_int_equal(WEXITSTATUS(w->status), EXIT_SYSTEM);
    assert_int_equal(w->len, 0);
    hang_up(w);
}

/* prog found the caller's variables, then these, and no others. */
static inline void became_prog_with(struct waiting *w, struct bytes variables) {
    await(w);
    assert_int_equal(WEXITSTATUS(w->status), 0);
    assert_int_equal(w->len, sizeof CALLERS - 1 + variables.len);
    assert_memory_equal(w->said, CALLERS, sizeof CALLERS - 1);
    assert_memory_equal(w->said + sizeof CALLERS - 1, variables.s, variables.len);
}

/* Neither has it ended nor has prog said a word. */
static inline void still_waits(struct waiting *w) {
    struct pollfd p[] = {{.fd = w->out, .events = POLLIN}, {.fd = w->err, .events = POLLIN}};
    assert_int_equal(poll(p, 2, PAUSE), 0);
    assert_int_equal(waitpid(w->pid, &w->status, WNOHANG), 0);
}

#endif
