/* tlsclient: from the command line of s6-tlsclient to that of the chain that it becomes: s6-tcpclient, s6-tlsc, prog.
 * Executes nothing and reads no variable but PATH. */

#ifndef TLSCLIENT_H
#define TLSCLIENT_H

#include "command.h"
#include "tlsopt.h"
#include "wrapopt.h"

struct tlsclient {
    struct wrapopt tcp; /* of s6-tcpclient */
    struct tlsopt tls;  /* of s6-tlsc; the server's name is host, but for -k and -H */
    char const *const *operands;
};

/* Fills s, which then points into argv. Returns 0, or -1 with err. */
int tlsclient_parse(struct tlsclient *s, int argc, char const *const *argv, struct opterror *err);

/* Makes the command line; for a check, from s6-tlsc on. Returns 0, or -1 with errno set and *missing the program that it is
 * about. */
int tlsclient_build(struct command *c, struct tlsclient const *s, char const **missing);

#endif
