/* serverlog: the lines that a server prints of its connections, to stderr.
 * Must not decide whether to print them. */

#ifndef SERVERLOG_H
#define SERVERLOG_H

#include <stdint.h>
#include <sys/types.h>

#include "tcp/addr.h"

/* So many connections, of so many that may be; in all, or of one host. */
struct serverlog_count {
    uint32_t n;
    uint32_t max;
};

void serverlog_start(struct addr const *local);
void serverlog_status(struct serverlog_count count);
void serverlog_allow(struct addr const *remote, pid_t pid, struct serverlog_count of_host);
void serverlog_deny(struct addr const *remote, struct serverlog_count of_host);

/* wstatus: as waitpid gave it. */
void serverlog_end(pid_t pid, int wstatus, struct serverlog_count of_host);

#endif
