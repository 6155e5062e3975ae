/* lookup: from the name of a host to its addresses and back, as the system does it (getaddrinfo, getnameinfo).
 * Takes no longer than it may; must not connect to what it finds. */

#ifndef LOOKUP_H
#define LOOKUP_H

#include <netdb.h>

#include <skalibs/tai.h>

#include "tcp/addr.h"

enum { LOOKUP_MAX = 32 }; /* further addresses of a host are not looked at */

struct lookup_query {
    char const *host; /* a name; addresses with a comma between each two; "" or "0": this host */
    uint16_t port;
    sa_family_t family;         /* AF_UNSPEC, or the only one that is wanted */
    unsigned int numeric : 1;   /* no name */
    unsigned int qualified : 1; /* a name may be completed with the domains of resolv.conf */
};

struct lookup_result {
    struct addr addr[LOOKUP_MAX]; /* in the order in which they are to be tried, RFC 8305 4 */
    unsigned int n;
};

/* Addresses need no process and no time, names have both. Returns 0 with at least one address, or -1 with *why:
 * what getaddrinfo says, or the system; *permanent tells whether asking again is of no use. */
int lookup_run(struct lookup_result *result, struct lookup_query const *query, tain const *deadline,
               char const **why, int *permanent);

/* Puts the families by turns, beginning with the first; within one the order stays. */
void lookup_interleave(struct lookup_result *result);

struct lookup_names {
    char remote[NI_MAXHOST]; /* empty: it has none, or none was found in time */
    char local[NI_MAXHOST];
};

/* The names of both ends of a connection; local may be NULL: not wanted. */
void lookup_names(struct lookup_names *names, struct addr const *remote, struct addr const *local,
                  tain const *deadline);

#endif
