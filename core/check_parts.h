/* check_parts: what the files of the check share.
 * Not to be included by anything else. */

#ifndef CHECK_PARTS_H
#define CHECK_PARTS_H

#include <stdint.h>

#include <skalibs/stralloc.h>

#include "check.h"
#include "engine.h"

struct check {
    struct chain_plan const *plan;
    struct engine *engine;
    int plain; /* key=value, for programs; else for people */
    int failed;
    stralloc text; /* what is told */
};

/* A line: a key of words with dots between, and a value, in which control bytes are replaced. */
void check_say(struct check *c, char const *key, char const *value);
void check_say_number(struct check *c, char const *key, uint64_t n);

/* The same of the n-th (from 0) of several things: its key is name.n+1.key. */
void check_say_of(struct check *c, char const *name, unsigned int n, char const *key, char const *value);

/* What is put together from the words given, up to a null pointer; the second means that it would fail. */
void check_warn(struct check *c, char const *first, ...) __attribute__((sentinel));
void check_fail(struct check *c, char const *first, ...) __attribute__((sentinel));

/* As creds says it. */
void check_fail_creds(struct check *c, struct creds_error const *err);

/* Ends sa, which is being put together, with a NUL, and gives it. */
char const *check_text(stralloc *sa);

/* Each tells a part. */
void check_pairs(struct check *c);
void check_processes(struct check *c);

#endif
