/* unit: what the unit tests share: cmocka with the headers that it needs, and chance that a seed repeats.
 * It must not know what is tested. */

#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* splitmix64: any seed is a good one */
static inline uint64_t chance_next(uint64_t *chance) {
    uint64_t z = *chance += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* 0 to n - 1 */
static inline unsigned int chance_below(uint64_t *chance, size_t n) {
    return (unsigned int)(chance_next(chance) % n);
}

static inline int chance_percent(uint64_t *chance, unsigned int percent) {
    return chance_below(chance, 100) < percent;
}

/* A number from the environment, or what it is without. */
static inline unsigned long unit_number(char const *name, unsigned long otherwise) {
    char const *given = getenv(name);
    return given ? strtoul(given, 0, 10) : otherwise;
}

/* Whether the sanitizers or valgrind watch, which keep freed memory and much memory of their own. */
static inline int unit_is_watched(void) {
    char const *by = getenv("WATCHED");
    return by && *by;
}

/* Whether something like qemu-user runs it, where a limit of memory limits nothing. */
static inline int unit_is_foreign(void) {
    char const *by = getenv("WATCHED");
    return by && !strcmp(by, "foreign");
}

/* How often what is repeated at random is: as the environment says, or n times, where each takes long fewer. */
static inline unsigned long unit_rounds(char const *name, unsigned long n) {
    return unit_number(name, unit_is_watched() ? n / 10 : n);
}

/* For main, where what the whole program tests is not built in: TAP of one skipped test. */
static inline int unit_skip_all(char const *needs) {
    printf("1..1\nok 1 # SKIP needs %s\n", needs);
    return 0;
}

#endif
