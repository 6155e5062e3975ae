/* server_parts: what the files of the server share.
 * For them alone. */

#ifndef SERVER_PARTS_H
#define SERVER_PARTS_H

#include <skalibs/tai.h>

#include "tcp/children.h"
#include "tcp/server.h"
#include "tcp/serverlog.h"
#include "tcp/serversig.h"

struct server {
    struct server_options const *options;
    int listener;
    int signals_fd;
    struct serversig signals;
    struct children children;
    tain not_before; /* accept nothing earlier */
};

static inline int server_says_all(struct server const *s) {
    return s->options->verbosity > 1;
}

static inline struct serverlog_count server_count_of(struct server const *s,
                                                     unsigned char const key[ADDR_KEY]) {
    return (struct serverlog_count){children_of(&s->children, key), s->options->max_of_host};
}

static inline void server_log_status(struct server const *s) {
    if (server_says_all(s))
        serverlog_status((struct serverlog_count){children_count(&s->children), s->options->max});
}

/* Takes a connection that is waiting and runs the program for it. Returns 0, also when there was none or no
 * process for it; or -1 with errno: the listener is unusable. */
int server_accept(struct server *s);

#endif
