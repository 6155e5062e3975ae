/* callersig: the signal state that the caller gave us; the header says it. */

#include "callersig.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <skalibs/selfpipe.h>
#include <skalibs/sig.h>

/* sigprocmask with all of the kernel's signals: the C library's own hides those that it uses itself, and prog
 * would lose them. The kernel's set is the beginning of the library's. */
static int change_mask(int how, sigset_t const *set, sigset_t *old) {
#ifdef SYS_rt_sigprocmask
    return (int)syscall(SYS_rt_sigprocmask, how, set, old, (size_t)(_NSIG / 8));
#else
    return sigprocmask(how, set, old);
#endif
}

int callersig_trap(struct callersig *c) {
    int fd;
    if (change_mask(SIG_SETMASK, 0, &c->mask) < 0 || sigaction(SIGCHLD, 0, &c->chld) < 0 ||
        sigaction(SIGPIPE, 0, &c->pipe) < 0)
        return -1;
    if (!sig_restore(SIGCHLD) || !sig_ignore(SIGPIPE)) return -1; /* ignored, SIGCHLD loses exit codes */
    fd = selfpipe_init();
    if (fd < 0 || !selfpipe_trap(SIGCHLD)) return -1;
    return fd;
}

int callersig_restore(struct callersig const *c) {
    selfpipe_finish();
    if (sigaction(SIGCHLD, &c->chld, 0) < 0 || sigaction(SIGPIPE, &c->pipe, 0) < 0) return -1;
    return change_mask(SIG_SETMASK, &c->mask, 0);
}
