/* chain: who is forked, in what order, with which fds and which privileges, and what the whole exits with.
 * All forks of the program are here.
 *
 *     caller ── engine: the process that was called; faces the network, and stays prog's parent
 *                  ├─── waiter, which becomes prog: forked first, before there is a secret
 *                  └─── key process, if a key is needed and CONFIG_KEY_PROCESS; ends with the handshake
 *
 * Without a prog of its own, the engine moves cleartext between the network and two fds that it was given. */

#ifndef CHAIN_H
#define CHAIN_H

#include "creds.h"
#include "ids.h"
#include "policy.h"
#include "tlsopt.h"

struct chain_plan {
    int server;
    char const *where; /* the network fds are, in words */
    struct tlsopt opt;
    struct creds creds;
    struct policy policy;
    struct ids ids;          /* what the engine becomes before it speaks to the network */
    char const *const *prog; /* NULL: the cleartext is on local, and opt.notif is told of the connection */
    struct net local;
    char const *const *envp;
};

/* Says that the network fds of the plan are not open. Returns what to exit with. */
int chain_no_network(struct chain_plan const *plan);

/* Runs the connection and prog. Returns what to exit with. */
int chain_run(struct chain_plan const *plan);

#endif
