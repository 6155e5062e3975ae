/* check_say: the lines of a check, for people or for programs.
 * Knows nothing of what is checked. */

#include "check_parts.h"

#include <stdarg.h>
#include <string.h>

#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "exitcode.h"

enum { WIDTH = 24 };

static void add(struct check *c, char const *s, size_t len) {
    if (!stralloc_catb(&c->text, s, len)) strerr_diefusys(EXIT_SYSTEM, "tell what was found");
}

static void add_char(struct check *c, char ch) {
    add(c, &ch, 1);
}

/* People read words in a column. */
static void add_key(struct check *c, char const *key) {
    size_t len = strlen(key);
    for (char const *s = key; *s; s++)
        if (!c->plain && (*s == '.' || *s == '_'))
            add_char(c, ' ');
        else
            add_char(c, *s);
    if (c->plain)
        add_char(c, '=');
    else
        do add_char(c, ' ');
        while (++len < WIDTH);
}

static void add_value(struct check *c, char const *s) {
    for (; *s; s++)
        if ((unsigned char)*s < 32 || *s == 127)
            add_char(c, '?');
        else
            add_char(c, *s);
}

void check_say(struct check *c, char const *key, char const *value) {
    add_key(c, key);
    add_value(c, value);
    add_char(c, '\n');
}

void check_say_number(struct check *c, char const *key, uint64_t n) {
    char fmt[UINT64_FMT];
    fmt[uint64_fmt(fmt, n)] = 0;
    check_say(c, key, fmt);
}

char const *check_text(stralloc *sa) {
    if (!stralloc_0(sa)) strerr_diefusys(EXIT_SYSTEM, "tell what was found");
    return sa->s;
}

void check_say_of(struct check *c, char const *name, unsigned int n, char const *key, char const *value) {
    stralloc sa = STRALLOC_ZERO;
    char fmt[UINT_FMT];
    int ok = stralloc_cats(&sa, name) && stralloc_append(&sa, '.') &&
             stralloc_catb(&sa, fmt, uint_fmt(fmt, n + 1)) && stralloc_append(&sa, '.') &&
             stralloc_cats(&sa, key);
    if (!ok) strerr_diefusys(EXIT_SYSTEM, "tell what was found");
    check_say(c, check_text(&sa), value);
    stralloc_free(&sa);
}

static void say_words(struct check *c, char const *key, char const *first, va_list rest) {
    add_key(c, key);
    for (char const *s = first; s; s = va_arg(rest, char const *)) add_value(c, s);
    add_char(c, '\n');
}

void check_warn(struct check *c, char const *first, ...) {
    va_list rest;
    va_start(rest, first);
    say_words(c, "warning", first, rest);
    va_end(rest);
}

void check_fail(struct check *c, char const *first, ...) {
    va_list rest;
    va_start(rest, first);
    say_words(c, "error", first, rest);
    va_end(rest);
    c->failed = 1;
}

void check_fail_creds(struct check *c, struct creds_error const *err) {
    check_fail(c, "unable to ", err->what, err->object, ": ",
               err->errnum ? strerror(err->errnum) : err->reason, (char *)0);
}
