/* chainwords: a world for the tests of s6-tlsserver and s6-tlsclient: which programs are built in, and a PATH of our own.
 * It must not know their options. */

#ifndef CHAINWORDS_H
#define CHAINWORDS_H

#include "sandbox.h"
#include "words.h"

#include "applet.h"
#include "sibling.h"

#include <errno.h>

/* Built in: all but s6-tcpclient and s6-tcpserver-access. */
struct applet const applet_table[] = {
    {"s6-tcpserver", 0, ""}, {"s6-tlsd", 0, ""}, {"s6-applyuidgid", 0, ""}, {"s6-tlsc", 0, ""}, {0, 0, 0},
};

/* The whole PATH is the sandbox, where the foreign ones are. */
static inline int chainwords_enter(void **state) {
    if (sandbox_enter(state) < 0) return -1;
    sandbox_run("for p in s6-tcpclient s6-tcpserver-access; do : >$p && chmod 755 $p; done; mkdir s6-none && "
                ": >s6-plain");
    return setenv("PATH", sandbox_path, 1);
}

static inline int chainwords_leave(void **state) {
    setenv("PATH", "/usr/bin:/bin", 1);
    return sandbox_leave(state);
}

/* The command has these words; @ stands for the path of this very program. */
static inline void chainwords_are(struct command *c, char const *line) {
    stralloc self = STRALLOC_ZERO;
    char text[1024] = "";
    assert_int_equal(sibling_self(&self), 0);
    for (; *line; line++) {
        char const letter[2] = {*line, 0};
        strcat(text, *line == '@' ? self.s : letter);
    }
    stralloc_free(&self);
    words_are(c, text);
}

#endif
