/* cage_child: runs a step in a child process, in a cage or a part of one, and says how it ended.
 * It must not be used by a program with threads. */

#ifndef CAGE_CHILD_H
#define CAGE_CHILD_H

#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cage.h"
#include "config.h"

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
