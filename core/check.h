/* check: what a command line and its variables come to, told on stdout instead of done (--check).
 * Must not touch the network, start prog, or change what this process may do. */

#ifndef CHECK_H
#define CHECK_H

#include "chain.h"

/* Reads what a connection would read. Returns what to exit with: 0, or 96 where it would fail. Exits 111 when nothing can be
 * told. */
int check_run(struct chain_plan const *plan);

/* Whether what is called so can be executed: an applet of this binary, a program of PATH, or a path. */
int check_program(char const *name);

#endif
