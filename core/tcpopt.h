/* tcpopt: the options of the TCP programs, as letters and as the long names of s6-networking 2.8: the one table of them,
 * also for the programs that pass them on.
 * Does not know what they mean. */

#ifndef TCPOPT_H
#define TCPOPT_H

#include "optable.h"

/* Whose command line it is; a bit each. */
enum tcpopt_user {
    TCPOPT_TCPSERVER = 1 << 0,
    TCPOPT_TCPCLIENT = 1 << 1,
    TCPOPT_TLSSERVER = 1 << 2,
    TCPOPT_TLSCLIENT = 1 << 3,
};

/* What has no letter. */
enum { TCPOPT_DNS = OPTABLE_LONG, TCPOPT_NO_HOSTS };

/* The rows of user, for take and its data. */
struct optable tcpopt_table(enum tcpopt_user user, optable_take *take, void *data);

/* Whether what follows the options is an address, a port and, if it must be, a program at least. Returns 0, or -1 with err. */
int tcpopt_operands(char const *const *operands, int program, struct opterror *err);

#endif
