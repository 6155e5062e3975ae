/* clientenv: what a client's program is told of its connection, also what takes asking others.
 * Must not take for ever to ask, nor fail when nobody answers. */

#ifndef CLIENTENV_H
#define CLIENTENV_H

#include <skalibs/stralloc.h>
#include <skalibs/tai.h>

#include "tcp/addr.h"

/* Seconds for the names, and for the owner; less when the deadline comes before. */
enum { CLIENTENV_NAMES_LIMIT = 10, CLIENTENV_IDENT_LIMIT = 10 };

struct clientenv {
    char const *local_name; /* TCPLOCALHOST; NULL: it is looked up */
    unsigned int names : 1; /* look names up at all */
    unsigned int ident : 1; /* ask for the owner */
    unsigned int warn : 1;  /* when it is not told */
    tain deadline;          /* on tain_now's clock */
};

/* Appends all variables of a connection to vars; those that nobody knows are removed. Returns 1, or 0: no
 * memory. */
int clientenv_add(stralloc *vars, struct clientenv const *c, struct addr const *remote,
                  struct addr const *local);

#endif
