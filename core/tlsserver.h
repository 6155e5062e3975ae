/* tlsserver: from the command line of s6-tlsserver to that of the chain that it becomes:
 * s6-tcpserver, s6-tcpserver-access, s6-tlsd, s6-applyuidgid, prog.
 * Executes nothing and reads no variable but PATH. */

#ifndef TLSSERVER_H
#define TLSSERVER_H

#include "command.h"
#include "idopt.h"
#include "tlsopt.h"
#include "wrapopt.h"

struct tlsserver {
    struct wrapopt tcp; /* of s6-tcpserver and s6-tcpserver-access */
    struct tlsopt tls;  /* of s6-tlsd */
    struct idopt who;   /* of s6-applyuidgid */
    char const *const *operands;
};

/* Fills s, which then points into argv. Returns 0, or -1 with err. */
int tlsserver_parse(struct tlsserver *s, int argc, char const *const *argv, struct opterror *err);

/* Whether there are rules for connections (-i, -x): they may set the variables that the rest of the chain needs. */
int tlsserver_has_rules(struct tlsserver const *s);

/* Whether the connections may share keys for tickets: they want tickets, and s6-tlsd is ours. A foreign one would hand the
 * keys on to prog. */
int tlsserver_shares_tickets(struct tlsserver const *s);

/* Makes the command line; for a check, from s6-tlsd on. Returns 0, or -1 with errno set, and *missing the program that it is
 * about, or NULL. */
int tlsserver_build(struct command *c, struct tlsserver const *s, char const **missing);

#endif
