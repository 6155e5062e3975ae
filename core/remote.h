/* remote: who is at the other end, as what made the connection says in the environment: for lines of a log.
 * Must not ask the system: in the cage it cannot. */

#ifndef REMOTE_H
#define REMOTE_H

#include <skalibs/stralloc.h>

/* Appends "remote=TCPREMOTEIP port=TCPREMOTEPORT", each value escaped and cut where it is long; or nothing: the first is
 * not set. Returns 1, or 0: no memory. */
int remote_add(stralloc *sa, char const *const *envp);

/* What stands before a line about this connection and no other: the same and ": ", or "". The caller frees sa. */
char const *remote_prefix(stralloc *sa, char const *const *envp);

#endif
