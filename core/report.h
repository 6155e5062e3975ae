/* report: the one line that -v2 prints about a connection when it is over.
 * Must not print what a peer chose without escaping it. */

#ifndef REPORT_H
#define REPORT_H

#include "engine.h"
#include "relay.h"

/* The line goes to stderr. start: when the handshake was done. */
void report_connection(struct engine_info const *info, struct relay const *relay, tain const *start,
                       char const *const *envp);

#endif
