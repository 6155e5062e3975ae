/* cage_child: runs a step in a child process, in a cage or a part of one, and says how it ended.
 * It must not be used by a program with threads. */

#ifndef CAGE_CHILD_H
#define CAGE_CHILD_H

#include "unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cage.h"
#include "config.h"

/* Opened before the cage, as its processes do. */
static int pipes[2], ends[2];

static inline int open_things(void **state) {
    (void)state;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof a;
#ifdef __GLIBC__
    tzset(); /* as the engine does */
#endif
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (pipe(pipes) < 0 || listener < 0 || bind(listener, (void *)&a, len) < 0 || listen(listener, 1) < 0)
        return -1;
    if (getsockname(listener, (void *)&a, &len) < 0 || (ends[0] = socket(AF_INET, SOCK_STREAM, 0)) < 0)
        return -1;
    if (connect(ends[0], (void *)&a, len) < 0 || (ends[1] = accept(listener, 0, 0)) < 0) return -1;
    return close(listener);
}

enum { POLLED = 5, NO_CAGE = 99 };

struct step {
    enum cage_process who;
    int parts;
    int (*run)(void const *data); /* what the child exits with, if it does */
    void const *data;
};

/* Returns the status of wait. */
static inline int child_status(struct step const *s) {
    int status = -1;
    if (!CONFIG_CAGE) skip();
    pid_t pid = fork();
    if (!pid) {
        int missing = cage_enter_parts(s->who, POLLED, s->parts);
        _exit(missing ? NO_CAGE : s->run(s->data));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NO_CAGE) skip(); /* this kernel has no such part */
    return status;
}

/* 0, or the test fails with what the child returned: the line of a step that went wrong. */
static inline void child_succeeds(enum cage_process who, int parts, int (*run)(void const *)) {
    int status = child_status(&(struct step){who, parts, run, 0});
    if (status) fail_msg("status %x", (unsigned int)status);
}

/* In a child: returns a number other than 0 from the step. */
#define CHECK(condition)                                                                                     \
    if (!(condition)) {                                                                                      \
        fprintf(stderr, "line %d: %s: errno %d\n", __LINE__, #condition, errno);                             \
        return 1;                                                                                            \
    }

#endif
