/* plan: from a command line and an environment to what the chain is to do, for the applets that run one.
 * These say what is wrong and exit 100 or 96 themselves: nothing has been opened or forked yet. */

#ifndef PLAN_H
#define PLAN_H

#include "chain.h"

/* Options and prog; for the -io applets, options and the two fds of the side that is not on stdin and stdout. The plan
 * points into argv and envp. */
void plan_parse(struct chain_plan *plan, enum tlsopt_user user, int argc, char const *const *argv,
                char const *const *envp);

/* The variables that the options ask for: KEYFILE and CERTFILE, those of names, CADIR or CAFILE, for root
 * TLS_UID and TLS_GID, and the policy's. */
void plan_find(struct chain_plan *plan);

/* Each runs it and frees what the plan holds, the second in its own time; or tells what that would come to, where the options ask
 * for that. Returns what to exit with. */
int plan_run(struct chain_plan *plan);
int plan_run_delayed(struct chain_plan *plan);

#endif
