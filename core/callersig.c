/* callersig: the signal state that the caller gave us; the header says it. */

#include "callersig.h"

#include <skalibs/selfpipe.h>
#include <skalibs/sig.h>

int callersig_trap(struct callersig *c) {
    int fd;
    if (sigprocmask(SIG_SETMASK, 0, &c->mask) < 0 || sigaction(SIGCHLD, 0, &c->chld) < 0 ||
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
    return sigprocmask(SIG_SETMASK, &c->mask, 0);
}
