/* escape: text that a peer chose, made safe for a variable or a log line.
 * Knows nothing of where the text comes from. */

#ifndef ESCAPE_H
#define ESCAPE_H

#include <skalibs/stralloc.h>

/* Appends the len bytes at s, escaped as in RFC 4514 2.4: a control byte and each byte of what is not
 * UTF-8 becomes a backslash and two hexadecimal digits; a backslash, and each printable byte that also
 * names, has a backslash put before it. Returns 1, or 0: no memory. */
int escape_add(stralloc *sa, void const *s, size_t len, char const *also);

#endif
