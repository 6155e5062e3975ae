/* command: a command line that is being put together; the header says it. */

#include "command.h"

#include <skalibs/alloc.h>
#include <skalibs/types.h>

static int add_copy(struct command *c, stralloc *word) {
    if (!stralloc_0(word)) return 0;
    return genalloc_append(char *, &c->words, &word->s);
}

static void add(struct command *c, char const *text, char const *more) {
    stralloc word = STRALLOC_ZERO;
    if (stralloc_cats(&word, text) && stralloc_cats(&word, more) && add_copy(c, &word)) return;
    stralloc_free(&word);
    c->failed = 1;
}

void command_add(struct command *c, char const *word) {
    add(c, word, "");
}

void command_add_all(struct command *c, char const *const *words) {
    while (*words) command_add(c, *words++);
}

void command_add_number(struct command *c, char const *option, unsigned int n) {
    char fmt[UINT_FMT];
    fmt[uint_fmt(fmt, n)] = 0;
    add(c, option, fmt);
}

char const *const *command_argv(struct command *c) {
    char *const end = NULL;
    if (c->failed || !genalloc_append(char *, &c->words, &end)) return NULL;
    genalloc_setlen(char *, &c->words, genalloc_len(char *, &c->words) - 1); /* more may be added */
    return genalloc_s(char const *, &c->words);
}

void command_free(struct command *c) {
    for (size_t n = genalloc_len(char *, &c->words); n; n--) alloc_free(genalloc_s(char *, &c->words)[n - 1]);
    genalloc_free(char *, &c->words);
    c->failed = 0;
}
