/* wrapopt: the options of s6-tlsserver and s6-tlsclient that are neither TLS's nor a user's: those of the TCP programs
 * around, passed on as they are.
 * Does not know what they mean there. */

#ifndef WRAPOPT_H
#define WRAPOPT_H

#include "command.h"
#include "tcpopt.h"

struct wrapopt {
    unsigned int verbosity;   /* -q 0, -Q 1, -v 2 */
    unsigned char given[128]; /* by letter */
    char const *arg[128];     /* of what was given, or NULL; points into argv */
};

/* Empties w. The rows are those of user, TCPOPT_TLSSERVER or TCPOPT_TLSCLIENT. */
struct optable wrapopt_begin(struct wrapopt *w, enum tcpopt_user user);

/* Whether one of these letters was given. */
int wrapopt_any(struct wrapopt const *w, char const *letters);

/* Adds those of letters that were given, in this order. */
void wrapopt_format(struct command *c, struct wrapopt const *w, char const *letters);

/* Adds -q or -v, or nothing. */
void wrapopt_format_verbosity(struct command *c, struct wrapopt const *w);

#endif
