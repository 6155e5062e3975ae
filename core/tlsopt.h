/* tlsopt: the options that the TLS applets share, as letters and as the long names of s6-networking 2.8.
 * Reads no environment and does nothing about what it has read. */

#ifndef TLSOPT_H
#define TLSOPT_H

#include "engine.h"
#include "relay.h"

enum tlsopt_side { TLSOPT_SERVER = 1, TLSOPT_CLIENT = 2 };

struct tlsopt {
    enum relay_close close; /* -S -s */
    int strict;             /* -J: the peer's EOF without close_notify is an error */
    enum engine_verify
        verify;    /* the peer's certificate: server -Y -y, client mandatory unless --no-verify-cert */
    int send_cert; /* client -y */
    int keep;      /* -Z: prog keeps the TLS variables */
    unsigned int verbosity; /* -v: 0 to 3 */
    unsigned int handshake; /* -K: milliseconds, 0 no limit */
    unsigned int idle;      /* -I, or -K without -I: milliseconds, 0 no limit */
    unsigned int snilevel;  /* server -k: 0, 1, 2 */
    char const *servername; /* client -k, or 0 */
    unsigned int rfd;       /* of the network, -6 */
    unsigned int wfd;       /* -7 */
};

/* Fills o from argv and the defaults of that side. Returns the index of the first argument that is no
 * option, or -1 with *what the static text of what is wrong and *where the option that it is wrong with. */
int tlsopt_parse(struct tlsopt *o, enum tlsopt_side side, int argc, char const *const *argv,
                 char const **what, char const **where);

#endif
