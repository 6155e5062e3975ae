/* server: accepts TCP connections and runs a program for each, until a signal ends it.
 * Must not touch what goes over a connection. */

#ifndef SERVER_H
#define SERVER_H

#include <stdint.h>

enum { SERVER_MAX = 16384 }; /* connections at a time */

struct server_options {
    uint32_t max;              /* connections at a time, 1 to SERVER_MAX: more wait in the kernel */
    uint32_t max_of_host;      /* of them from one address: more are closed */
    unsigned int verbosity;    /* 0: nothing but what is fatal, 1: warnings too, 2: each connection */
    unsigned int announce : 1; /* the port and a newline on stdout once all is ready */
    unsigned int no_delay : 1; /* TCP_NODELAY on connections */
    char const *const *argv;
    char const *const *envp;
};

/* Serves a listening socket that does not block; stdin, stdout and stderr must be open. SIGTERM: returns.
 * SIGHUP: SIGTERM and SIGCONT to all children. SIGQUIT: these, and returns. SIGABRT: SIGKILL to all children,
 * and returns. Returns 0, or -1 with errno and *failed what could not be done; does not wait for children. */
int server_run(int listener, struct server_options const *options, char const **failed);

#endif
