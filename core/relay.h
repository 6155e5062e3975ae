/* relay: moves bytes between four fds through an engine, and ends what has ended.
 * Knows nothing of certificates or processes.
 *
 * Two directions. In: network, engine, prog's stdin. Out: prog's stdout, engine, network. Each is open,
 * then ending (no more will come, the rest is on its way), then ended. The connection is over when out has
 * ended and the network has no more to read, or when it lingered in vain. */

#ifndef RELAY_H
#define RELAY_H

#include <stdint.h>

#include <skalibs/iopause.h>
#include <skalibs/tai.h>

#include "engine.h"
#include "net.h"

/* What our end of the connection looks like to the peer. */
enum relay_close {
    RELAY_CLOSE_AUTO,   /* TLS 1.2: half-close. TLS 1.3: close_notify, half-close, and go on reading */
    RELAY_CLOSE_FIN,    /* half-close TCP, never close_notify */
    RELAY_CLOSE_NOTIFY, /* close_notify, half-close, and discard what comes later */
};

struct relay_options {
    enum relay_close close;
    int strict;          /* the peer's EOF without close_notify is a failure */
    unsigned int idle;   /* milliseconds without a byte moved, 0: no limit */
    unsigned int linger; /* milliseconds without a byte received or acknowledged, after our end */
};

/* How to learn that prog is gone: when fd is readable, gone is asked. fd -1: there is no prog to watch. */
struct relay_watch {
    int fd;
    int (*gone)(void *data);
    void *data;
};

enum relay_outcome {
    RELAY_ENDED,  /* a normal end */
    RELAY_IDLE,   /* the idle limit has passed */
    RELAY_FAILED, /* the TLS connection failed: relay_why */
    RELAY_LATE,   /* the handshake was not done in time */
    RELAY_ERROR,  /* a system call failed: errno */
    RELAY_LOST,   /* cleartext could not be read or written: errno */
};

enum relay_state { RELAY_OPEN, RELAY_ENDING, RELAY_OVER };

struct relay {
    struct engine *engine;
    struct net net;
    struct net local; /* rfd: cleartext to be sent; wfd: where received cleartext goes */
    struct relay_options options;
    struct relay_watch watch;

    enum relay_state in;
    enum relay_state out;
    enum relay_outcome outcome;
    int in_ended;      /* the engine has no more cleartext for us */
    int peer_closed;   /* by close_notify */
    int net_ended;     /* no more to read from the network */
    int net_errno;     /* why, if it was no FIN */
    int cut;           /* by the peer's alert or reset, when it had all but our close_notify */
    int lost;          /* errno of a failed cleartext fd */
    int refused;       /* errno of a failed write to the network; 0: none failed */
    unsigned int rest; /* reads since then */
    int gone;          /* prog is */
    int drain;         /* gone: bytes of its that are still in the pipe */
    int discard;       /* what is received from now on goes nowhere */
    int unacked;
    int awake;       /* has moved bytes since it last rested */
    size_t farewell; /* of the unsent bytes, those that are our close_notify */
    tain moved;      /* when a byte last moved, either way */
    tain heard;      /* when a byte was last received or acknowledged */
    tain limit;      /* of the handshake */
    char const *why;
    uint64_t received; /* cleartext bytes */
    uint64_t sent;
    size_t inlen, inat, outlen;
    /* cleartext that has left is zeroed at once: an idle relay holds none */
    char inbuf[ENGINE_WRITE_MAX];
    char outbuf[ENGINE_WRITE_MAX];
};

/* The fds that a relay waits for, in this order; those it does not wait for are -1. */
enum {
    RELAY_POLL_NET_READ,
    RELAY_POLL_NET_WRITE,
    RELAY_POLL_FROM,
    RELAY_POLL_TO,
    RELAY_POLL_WATCH,
    RELAY_POLL_N
};

/* All fds become the relay's: it closes them as their direction ends. STAMP must be current. */
void relay_init(struct relay *r, struct engine *e, struct net const *net, struct net const *local,
                struct relay_options const *options, struct relay_watch const *watch);

/* Begins the handshake: sends what it begins with, without waiting for anything. limit: of the whole, in monotonic
 * milliseconds, 0: none; the lingering counts too. Returns RELAY_ENDED, or RELAY_FAILED. */
enum relay_outcome relay_greet(struct relay *r, unsigned int limit);

/* Brings it to its end: RELAY_ENDED when it is done, else RELAY_FAILED, LATE or ERROR. After RELAY_FAILED, of this or of
 * relay_greet, relay_run sends the alert and lingers. STAMP must be current. */
enum relay_outcome relay_handshake(struct relay *r);

/* Moves bytes until the connection is over; prog may live on. */
enum relay_outcome relay_run(struct relay *r);

/* The two halves of relay_run. relay_poll fills x and the deadline and returns 0 when there is nothing
 * left to do. */
int relay_poll(struct relay *r, iopause_fd x[RELAY_POLL_N], tain *deadline);
void relay_step(struct relay *r, iopause_fd const x[RELAY_POLL_N]);

/* A time, and milliseconds later. */
void relay_add_ms(tain *t, tain const *from, unsigned int ms);

/* Closes all four fds at once. */
void relay_abandon(struct relay *r);

/* Why it failed, in words. */
char const *relay_why(struct relay const *r);

#endif
