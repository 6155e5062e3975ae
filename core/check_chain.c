/* check_chain: the programs around the TLS ones, as a check tells of them.
 * Executes nothing, and knows no TLS: what the program in the middle comes to, it tells itself. */

#include "check_chain.h"

#include <errno.h>
#include <string.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/strerr.h>

#include "check_parts.h"
#include "exitcode.h"

/* As a shell wants it (POSIX.1-2017, 2.2): quoted, unless there is nothing in it that a shell looks at. */
static int add_word(stralloc *sa, char const *word) {
    static char const plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%";
    if (*word && !word[strspn(word, plain)]) return stralloc_cats(sa, word);
    if (!stralloc_append(sa, '\'')) return 0;
    for (; *word; word++)
        if (*word == '\'' ? !stralloc_cats(sa, "'\\''") : !stralloc_append(sa, *word)) return 0;
    return stralloc_append(sa, '\'');
}

void check_chain(enum tlsopt_check form, struct command *whole, int built, char const *missing,
                 char const *prog) {
    struct check c = {.plain = form == TLSOPT_CHECK_PLAIN};
    stralloc sa = STRALLOC_ZERO;
    if (built < 0 && errno == ENOENT) strerr_dief(EXIT_CONFIG, missing, " is neither built in nor in PATH");
    if (built < 0) strerr_diefusys(EXIT_SYSTEM, "find ", missing);
    if (prog && !check_program(prog))
        strerr_dief(EXIT_CONFIG, "unable to execute ", prog, ": it is not there");
    char const *const *argv = command_argv(whole);
    for (char const *const *word = argv; word && *word; word++)
        if ((word != argv && !stralloc_append(&sa, ' ')) || !add_word(&sa, *word))
            strerr_diefusys(EXIT_SYSTEM, "tell what was found");
    check_say(&c, "command", check_text(&sa));
    if (allwrite(1, c.text.s, c.text.len) < c.text.len) strerr_diefusys(EXIT_SYSTEM, "write to stdout");
    stralloc_free(&c.text);
    stralloc_free(&sa);
    command_free(whole);
}
