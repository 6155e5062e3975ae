/* tcpenv: the variables by which a program is told of its TCP connection, as skalibs' exec functions take them.
 * Must not let what a peer chose into a variable unescaped. */

#ifndef TCPENV_H
#define TCPENV_H

#include <skalibs/stralloc.h>

#include "tcp/addr.h"

/* Each appends to vars and returns 1, or 0: no memory. */

/* PROTO, and the address and port of both ends. */
int tcpenv_add_ends(stralloc *vars, struct addr const *remote, struct addr const *local);

/* A number. */
int tcpenv_add_number(stralloc *vars, char const *name, unsigned int n);

/* A text that somebody else chose; NULL removes the variable, and so does a text that is empty. */
int tcpenv_add_foreign(stralloc *vars, char const *name, char const *text);

#endif
