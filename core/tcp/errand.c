/* errand: what may block for long, for a limited time; the header says it. */

#include "tcp/errand.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/iopause.h>

/* A parent that is killed cannot end it any more. */
static void die_with(pid_t parent) {
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    if (getppid() != parent) _exit(0);
}

static void run_child(errand_func *f, void const *question, void *answer, size_t size, int to) {
    memset(answer, 0, size);
    f(question, answer);
    _exit(allwrite(to, answer, size) < size);
}

/* Until all of it is there. */
static int receive(int from, char *answer, size_t size, tain const *deadline) {
    size_t len = 0;
    while (len < size) {
        iopause_fd x = {.fd = from, .events = IOPAUSE_READ};
        int r = iopause_g(&x, 1, deadline);
        if (r == 0) errno = ETIMEDOUT;
        if (r <= 0) return -1;
        ssize_t n = fd_read(from, answer + len, size - len);
        if (n == 0) errno = EPIPE;
        if (n <= 0) return -1;
        len += (size_t)n;
    }
    return 0;
}

int errand_run(errand_func *f, void const *question, void *answer, size_t size, tain const *deadline) {
    int p[2], wstatus;
    pid_t us = getpid();
    if (pipecoe(p) < 0) return -1;
    pid_t pid = fork();
    if (!pid) {
        die_with(us);
        run_child(f, question, answer, size, p[1]);
    }
    fd_close(p[1]);
    int r = pid < 0 ? -1 : receive(p[0], answer, size, deadline);
    fd_close(p[0]);
    if (pid < 0) return -1;
    int why = errno;
    kill(pid, SIGKILL);      /* not reaped yet: the pid is still its own */
    wait_pid(pid, &wstatus); /* fails when the caller ignores SIGCHLD, and then has waited all the same */
    errno = why;
    return r;
}
