/* chain: who is forked, in what order, with which fds and which privileges, and what the whole exits with.
 * All forks of the program are here.
 *
 *     caller ── engine: the process that was called; faces the network, and stays prog's parent
 *                  ├─── waiter, which becomes prog: forked first, before there is a secret
 *                  └─── key process, if a key is needed and CONFIG_KEY_PROCESS; ends with the handshake */

#ifndef CHAIN_H
#define CHAIN_H

#include "creds.h"
#include "ids.h"
#include "tlsopt.h"

struct chain_plan {
    int server;
    struct tlsopt opt;
    struct creds creds;
    struct ids ids; /* what the engine becomes before it speaks to the network */
    char const *const *prog;
    char const *const *envp;
};

/* Runs the connection and prog. Returns what to exit with. */
int chain_run(struct chain_plan const *plan);

#endif
