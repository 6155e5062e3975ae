/* optable: options by letter and by long name, from tables of rows, of which several may make one command line.
 * Does not know what an option means, and says nothing of what is wrong: it returns it. */

#ifndef OPTABLE_H
#define OPTABLE_H

#include <stddef.h>

/* Codes beyond the letters are for options that have a long name only. */
enum { OPTABLE_LONG = 256 };

enum { OPTABLE_MAYBE = 2 };

struct optable_row {
    unsigned int users; /* a bit for each command line that has this option */
    int code;           /* the letter, or OPTABLE_LONG and up */
    int has_arg;        /* 0, 1, or OPTABLE_MAYBE: a long name may have one behind an equals sign */
    char const *name;   /* the long name without its dashes, or NULL */
};

/* What is wrong: what, where and why are one text in three parts, each static, of argv, or of this struct. */
struct opterror {
    char const *what;  /* NULL: nothing is wrong */
    char const *where; /* the option, as it was given; what takes it may name something else */
    char const *why;
    int errnum; /* if it was a system call that failed */
    char letter[3];
};

/* Takes one option; arg is NULL where the row, or the word, has none. Sets err->what if it is wrong. */
typedef void optable_take(void *data, int code, char const *arg, struct opterror *err);

struct optable {
    struct optable_row const *rows;
    size_t n;
    unsigned int users; /* the rows that have one of these bits */
    optable_take *take;
    void *data;
};

/* Gives each option of argv to the table that has it; no letter and no long name may be in two. Returns the index of
 * the first argument that is no option, or -1 with err filled. */
int optable_parse(struct optable const *tables, size_t n, int argc, char const *const *argv,
                  struct opterror *err);

/* A decimal number that fits, or err->what set. */
void optable_number(unsigned int *n, char const *arg, struct opterror *err);

#endif
