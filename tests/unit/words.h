/* words: command lines as one text with spaces between, for the tests of what reads and writes them.
 * It must not know any option. */

#ifndef WORDS_H
#define WORDS_H

#include "unit.h"

#include "command.h"

#include <string.h>

enum { WORDS_MAX = 40 };

/* A command line: the name of a program, and the words of a line. */
struct words {
    char text[512];
    char const *argv[WORDS_MAX + 2];
    int argc;
};

static inline void words_split(struct words *w, char const *line) {
    assert_true(strlen(line) < sizeof w->text);
    strcpy(w->text, line);
    w->argc = 1;
    w->argv[0] = "s6-test";
    for (char *word = strtok(w->text, " "); word; word = strtok(0, " ")) {
        assert_true(w->argc <= WORDS_MAX);
        w->argv[w->argc++] = word;
    }
    w->argv[w->argc] = 0;
}

/* The command has these words, and is freed. */
static inline void words_are(struct command *c, char const *line) {
    char text[1024] = "";
    char const *const *argv = command_argv(c);
    assert_non_null(argv);
    for (; *argv; argv++) {
        assert_true(strlen(text) + strlen(*argv) + 2 < sizeof text);
        strcat(strcat(text, *text ? " " : ""), *argv);
    }
    command_free(c);
    assert_string_equal(text, line);
}

#endif
