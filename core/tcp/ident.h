/* ident: asks the host at the other end of a connection who owns it there (RFC 1413).
 * Believes nothing: the answer is whatever that host says. */

#ifndef IDENT_H
#define IDENT_H

#include <stddef.h>

#include <skalibs/tai.h>

#include "tcp/addr.h"

enum {
    IDENT_PORT = 113,
    IDENT_LINE = 1000, /* bytes that an answer may have, RFC 1413 6 */
};

/* Asks on port of the remote host. Returns 0 and the user's name in user, or -1 with errno: ENOENT (the host
 * will not say), EPROTO (what it says is no answer to this), ETIMEDOUT, or of the connection. */
int ident_ask(char user[IDENT_LINE], struct addr const *remote, struct addr const *local, uint16_t port,
              tain const *deadline);

/* Reads an answer, a line without its end, to a question about these two ports. As ident_ask. */
int ident_parse(char user[IDENT_LINE], char const *line, uint16_t remote_port, uint16_t local_port);

#endif
