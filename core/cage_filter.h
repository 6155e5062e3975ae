/* cage_filter: from a table of the system calls that a process may make to the program that tells the kernel.
 * Calls nothing and holds no table: those are in cage_rules.c. */

#ifndef CAGE_FILTER_H
#define CAGE_FILTER_H

#include <stddef.h>
#include <stdint.h>

#include <linux/filter.h>

#include "cage.h"

/* What an argument must be. The kernel takes 32 bits of the first three: the rest is not looked at. */
enum cage_test {
    CAGE_ANY,     /* whatever it is */
    CAGE_IS,      /* this value */
    CAGE_WITH,    /* all these bits set */
    CAGE_WITHOUT, /* none of these bits set */
    CAGE_NULL,    /* all 64 bits zero: no pointer */
};

enum { CAGE_CONDITIONS = 2 };

/* One system call, allowed when both conditions hold. A call may have several rules: one must allow it. */
struct cage_rule {
    int call; /* its number; CAGE_ABSENT: this machine has none */
    struct {
        unsigned int argument; /* from 0 */
        enum cage_test test;
        uint32_t value;
    } when[CAGE_CONDITIONS];
};

/* A table of cage_rules.c, number part of those of a process. Returns 0 when there are no more. */
struct cage_rule const *cage_rules(enum cage_process who, unsigned int part, size_t *n);

/* No program is longer. */
enum { CAGE_PROGRAM_MAX = 256 };

/* Writes the program for a process; what no rule allows ends the process, and so does a call by another
 * architecture's numbers. Returns its length, or 0 if it is longer than CAGE_PROGRAM_MAX. */
size_t cage_filter(enum cage_process who, struct sock_filter program[CAGE_PROGRAM_MAX]);

/* For the tests: the architecture that it is for. */
uint32_t cage_filter_arch(void);
int cage_filter_big_endian(void);

#endif
