/* tlsopt: the options that the TLS applets share, as letters and as the long names of s6-networking 2.8: the one table
 * of them, which parses a command line and writes one for a child.
 * Reads no environment and does nothing about what it has read. */

#ifndef TLSOPT_H
#define TLSOPT_H

#include "command.h"
#include "engine.h"
#include "optable.h"
#include "relay.h"

/* Whose command line it is; a bit each. */
enum tlsopt_user {
    TLSOPT_TLSD = 1 << 0,
    TLSOPT_TLSC = 1 << 1,
    TLSOPT_TLSD_IO = 1 << 2,
    TLSOPT_TLSC_IO = 1 << 3,
    TLSOPT_UCSPITLSD = 1 << 4,
    TLSOPT_UCSPITLSC = 1 << 5,
    TLSOPT_TLSSERVER = 1 << 6,
    TLSOPT_TLSCLIENT = 1 << 7,

    TLSOPT_SERVERS = TLSOPT_TLSD | TLSOPT_TLSD_IO | TLSOPT_UCSPITLSD | TLSOPT_TLSSERVER,
    TLSOPT_CLIENTS = TLSOPT_TLSC | TLSOPT_TLSC_IO | TLSOPT_UCSPITLSC | TLSOPT_TLSCLIENT,
};

/* Whether what would be done is told instead. */
enum tlsopt_check { TLSOPT_CHECK_NOT, TLSOPT_CHECK_TELL, TLSOPT_CHECK_PLAIN };

struct tlsopt {
    enum relay_close close; /* -S -s */
    int strict;             /* -J: the peer's EOF without close_notify is an error */
    enum engine_verify
        verify;    /* the peer's certificate: server -Y -y, client mandatory unless --no-verify-cert */
    int send_cert; /* client -y */
    int keep;      /* -Z: prog keeps the TLS variables */
    unsigned int
        verbosity; /* -v: 0 to 3; of s6-tlsserver and s6-tlsclient, their -q and -v are not taken here */
    unsigned int handshake; /* -K: milliseconds, 0 not given: as configured */
    unsigned int idle; /* -I: milliseconds, 0 no limit; without it -K, but for the -io and ucspi applets */
    unsigned int snilevel;   /* server -k: 0, 1, 2 */
    char const *servername;  /* client -k, or 0 */
    unsigned int rfd;        /* of the network, -6 */
    unsigned int wfd;        /* -7 */
    int notif;               /* -io -d, or -1 */
    enum tlsopt_check check; /* --check, --check=plain */
};

/* Fills o from argv and the defaults of that user. Returns the index of the first argument that is no
 * option, or -1 with err. */
int tlsopt_parse(struct tlsopt *o, enum tlsopt_user user, int argc, char const *const *argv,
                 struct opterror *err);

/* The same in three steps, for a command line that has other options too: begin, give the table to optable_parse,
 * end. p and o must stay where they are meanwhile. tlsopt_end returns 0, or -1 with err. */
struct tlsopt_parsing {
    struct tlsopt *o;
    enum tlsopt_user user;
    int idle_given;
};

struct optable tlsopt_begin(struct tlsopt_parsing *p, struct tlsopt *o, enum tlsopt_user user);
int tlsopt_end(struct tlsopt_parsing const *p, struct opterror *err);

/* As -k of a client. Returns 0, or -1: no name that a server can have. */
int tlsopt_set_servername(struct tlsopt *o, char const *name);

/* Milliseconds that a handshake may take. */
unsigned int tlsopt_handshake_limit(struct tlsopt const *o);

/* Adds the options that make user parse to o again: only those that are not its defaults. */
void tlsopt_format(struct command *c, struct tlsopt const *o, enum tlsopt_user user);

#endif
