/* conn: one TLS connection, as the process that faces the network sees it: set up, handshake, relay.
 * Must not fork, wait for a process or know what the cleartext fds are: the chain does. */

#ifndef CONN_H
#define CONN_H

#include "config.h"
#include "creds.h"
#include "ids.h"
#include "keyproc.h"
#include "relay.h"
#include "tlsopt.h"

struct conn {
    int server;
    struct tlsopt const *opt;
    struct creds const *creds;
    struct policy const *policy;
    struct ids const *ids; /* what this process becomes before it reads the network */
    char const *const *envp;
    struct net net;
    struct net local; /* rfd: cleartext to be sent; wfd: where received cleartext goes */
    struct relay_watch watch;

    /* Called once, after the handshake: with what it came to, or with 0 when it failed and the peer is to be told; not at
     * all when the connection ends at once. Returns 0, or what to exit with. */
    int (*shaken)(void *data, struct engine_info const *info);
    void *data;

#if CONFIG_KEY_PROCESS
    struct keyproc keys; /* fd: the key process has been forked */
#else
    struct keyring *keys;
#endif
    struct engine *engine;
};

/* The engine for such a connection, without the files of creds yet. The caller frees it. Returns NULL on failure. */
struct engine *conn_engine(int server, struct tlsopt const *opt, struct creds const *creds,
                           struct policy const *policy);

/* Each returns 0, or what to exit with: then it has said why. After the last fork. The second closes net and
 * local. */
int conn_set_up(struct conn *c);
int conn_speak(struct conn *c);

/* After all of it or part: wipes the keys if they are here, ends the key process, and frees the engine. leaves: this process
 * waits for nobody, and takes the engine along, which is faster. */
void conn_free(struct conn *c, int leaves);

#endif
