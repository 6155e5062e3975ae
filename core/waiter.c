/* waiter: the process that will become prog; the header says it. */

#include "waiter.h"

#include <errno.h>
#include <unistd.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/strerr.h>

#include "exitcode.h"
#include "peerenv.h"
#include "sibling.h"

static void die(struct waiter const *w, char const *what) __attribute__((noreturn));

static void die(struct waiter const *w, char const *what) {
    if (w->verbosity) strerr_warn(PROG, ": fatal: unable to ", what);
    _exit(EXIT_SYSTEM);
}

static void die_sys(struct waiter const *w, char const *what) __attribute__((noreturn));

static void die_sys(struct waiter const *w, char const *what) {
    if (w->verbosity) strerr_warnsys(PROG, ": fatal: unable to ", what);
    _exit(EXIT_SYSTEM);
}

/* The network fds go: prog's pipes take their numbers. */
static void take_fds(struct waiter const *w) {
    if (dup2(w->from_engine, w->rfd) < 0 || dup2(w->to_engine, w->wfd) < 0)
        die_sys(w, "give prog its file descriptors");
    fd_close(w->from_engine);
    fd_close(w->to_engine);
}

/* One byte more than a block may have is room enough to see that it is too long. */
static size_t read_block(struct waiter const *w, char block[PEERENV_MAX + 1]) {
    size_t len = 0;
    ssize_t n;
    while (len <= PEERENV_MAX && (n = fd_read(w->control, block + len, PEERENV_MAX + 1 - len))) {
        if (n < 0) die_sys(w, "read from the TLS engine");
        len += (size_t)n;
    }
    fd_close(w->control);
    if (!len) _exit(0);
    if (!peerenv_valid(block, len))
        die(w, "trust the TLS engine: it sends what are no variables of a connection");
    return len;
}

void waiter_run(struct waiter const *w) {
    char block[PEERENV_MAX + 1];
    genalloc env = GENALLOC_ZERO;
    if (callersig_restore(w->signals) < 0) die_sys(w, "restore signals");
    take_fds(w);
    size_t len = read_block(w, block);
    if (!peerenv_merge(&env, w->envp, w->keep, block, len)) die_sys(w, "build the environment of prog");
    int code = sibling_exec(w->argv, genalloc_s(char const *, &env));
    if (w->verbosity) strerr_warnsys(PROG, ": fatal: unable to execute ", w->argv[0]);
    _exit(code);
}
