/* check_chain: tells what s6-tlsserver or s6-tlsclient would become, before the program in the middle tells the rest.
 * Executes nothing. */

#ifndef CHECK_CHAIN_H
#define CHECK_CHAIN_H

#include "command.h"
#include "tlsopt.h"

/* The command line as it would be built for service, and whether it was, as applet_exec_command has them; frees it. prog: the
 * last program, or NULL. Where a program is not there it says which and exits 96. */
void check_chain(enum tlsopt_check form, struct command *whole, int built, char const *missing,
                 char const *prog);

#endif
