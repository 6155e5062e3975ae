/* cage: what a process gives up for good before it faces danger: opening, connecting, executing, forking,
 * signalling. What it has open already it may go on using.
 * Knows nothing of what the process is for, beyond which calls it makes (cage_rules.c). */

#ifndef CAGE_H
#define CAGE_H

enum cage_process {
    CAGE_ENGINE, /* the one that faces the network */
    CAGE_KEY,    /* the one that holds the keys */
};

/* The parts of a cage, each a bit. */
enum cage_part {
    CAGE_PRIVILEGES = 1, /* none is gained by executing: no_new_privs */
    CAGE_MEMORY = 2,     /* nobody but root reads it: not dumpable, no core */
    CAGE_GROUPS = 4,     /* root keeps no supplementary group */
    CAGE_FILES = 8,      /* the file system and new TCP connections: Landlock */
    CAGE_LIMITS = 16,    /* no new fd, no new process */
    CAGE_CALLS = 32,     /* every system call that is not in its table: a seccomp filter */
    CAGE_WHOLE = 63,
};

/* Puts the calling process, which must have one thread, in its cage. polled: the most fds that it polls at
 * once from now on. Returns the parts that this kernel does not have or does not let us have, 0: none; or -1
 * with errno: a part failed that it has, and the process must end. */
int cage_enter(enum cage_process who, unsigned int polled);

/* As cage_enter, only some parts: for the tests. */
int cage_enter_parts(enum cage_process who, unsigned int polled, int parts);

/* Names the parts for a message, with commas between. */
enum { CAGE_TEXT_MAX = 200 };
char const *cage_parts_text(char text[CAGE_TEXT_MAX], int parts);

#endif
