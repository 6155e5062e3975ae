/* world: all that surrounds a relay in one thread: what is planned for it, and what has happened so far.
 * It must not know how the relay works: what is seen is what happens on the relay's fds. */

#ifndef WORLD_H
#define WORLD_H

#include "unit.h"

#include "fake_engine.h"
#include "fake_wire.h"
#include "relay.h"

/* ---- what is to happen ---- */

/* The acts of the peer and of prog, and how a plan names them. */
enum act {
    ACT_STAY,
    ACT_HELLO,
    ACT_FINISHED,
    ACT_DATA,
    ACT_KEY_UPDATE,
    ACT_CLOSE_NOTIFY,
    ACT_ALERT,
    ACT_BAD,
    ACT_PART,
    ACT_SLEEP,
    ACT_AWAIT,
    ACT_AWAIT_END,
    ACT_FIN,
    ACT_RESET,
    ACT_CLOSE_IN,
    ACT_CLOSE_OUT,
    ACT_EXIT,
    ACT_LEAVE,
    ACT_OTHER_CHILD,
};

struct plan {
    enum act act;
    unsigned int n;
};

/* clang-format off */

/* Bytes; they go together with those of the acts behind them. */
#define HELLO {ACT_HELLO, 0}
#define FINISHED {ACT_FINISHED, 0}
#define DATA(n) {ACT_DATA, n} /* n bytes of cleartext; from the peer in records */
#define KEY_UPDATE {ACT_KEY_UPDATE, 0}
#define CLOSE_NOTIFY {ACT_CLOSE_NOTIFY, 0}
#define ALERT {ACT_ALERT, 0}
#define BAD {ACT_BAD, 0}
#define PART {ACT_PART, 0} /* the beginning of a record */

#define SLEEP(ms) {ACT_SLEEP, ms}
#define AWAIT(n) {ACT_AWAIT, n} /* until n bytes of cleartext have come, or the end */
#define AWAIT_END {ACT_AWAIT_END, 0} /* until the other side has ended its direction */
#define STAY {ACT_STAY, 0} /* closes every plan: nothing more is done, and nothing closed */

/* The peer's */
#define FIN {ACT_FIN, 0} /* ends its direction and reads on */
#define RESET {ACT_RESET, 0} /* drops the connection */
#define HARD_RESET {ACT_RESET, 1} /* and what was in flight to the relay is lost, as with TCP */

#define CLOSE_IN {ACT_CLOSE_IN, 0} /* reads no more; with one socket for both, nothing. prog's, too */

/* prog's */
#define CLOSE_OUT {ACT_CLOSE_OUT, 0}
#define EXIT {ACT_EXIT, 0}
#define LEAVE {ACT_LEAVE, 0} /* exits; what follows is done by a grandchild that holds the pipes */
#define OTHER_CHILD {ACT_OTHER_CHILD, 0} /* what tells of prog's exit wakes for nothing */

/* clang-format on */

#define PLAN(...) ((struct plan const[]){__VA_ARGS__, STAY})

/* One socket as two fds, as one; two of them; two pipes. */
enum network { SOCKET_TWICE, SOCKET, SOCKETS, PIPES };

struct setup {
    struct plan const *peer;
    struct plan const *prog;
    struct relay_options options; /* linger 0: 5000 */
    enum network network;
    int tls12;
    int handshake;      /* begins with one */
    unsigned int limit; /* of the handshake */

    size_t peer_reads, prog_reads;       /* reads that many bytes, then never again; 0: all */
    unsigned int peer_pause, prog_pause; /* milliseconds between two reads */
    int prog_ignores;                    /* reads nothing from the start */

    int small;                     /* buffers in the kernel as small as it has them */
    size_t in_max, out_max, piece; /* of the engine; 0: as the real one */
    int flush_first;
    /* percent: EAGAIN, short reads and writes, an event that is not told yet, EINTR */
    unsigned int again, brief, deaf, interrupted;
    /* how often, relative to each other: the peer acts, it reads, prog acts, it reads */
    unsigned int eager[4];
    uint64_t seed;
};

/* ---- what there is ---- */

struct actor {
    struct plan const *next;
    struct queue pending; /* to be written before the next act */
    int rfd, wfd;         /* its ends; -1: closed */
    size_t put, got;      /* cleartext: into pending since the start, read */
    size_t reads;
    unsigned int pause;
    int64_t wake, read_wake; /* sleeps until then */
    unsigned long end_at;    /* when it has read the end; 0: not yet */
    int cut;                 /* that end was a reset */
    int wrong;               /* read a byte that was not the next */
};

struct world {
    struct setup setup;
    struct engine engine;
    struct net net;
    int from, to;
    int watch[2];
    struct relay relay;
    enum relay_outcome handshake; /* what it came to */
    enum relay_outcome outcome;
    struct actor peer, prog;
    struct wire inward;   /* what the peer has written */
    struct wire outward;  /* what the peer has read */
    struct wire accepted; /* what the relay has given to the kernel for the peer */
    uint64_t chance;
    int64_t now;   /* virtual milliseconds */
    int64_t moved; /* when the relay last moved a byte */
    int64_t heard; /* when a byte was last received or acknowledged, or the relay ended its direction */
    unsigned long events;                   /* counts them; each _at below is such a number, 0: never */
    unsigned long fin_at, reset_at;         /* the peer ended its direction, dropped the connection */
    unsigned long prog_end_at, exit_at;     /* prog closed its stdout or exited; exited */
    unsigned long our_end_at;               /* the relay ended its direction */
    unsigned long net_end_at, net_error_at; /* it was told that the network has ended; of an error there */
    size_t owed;                            /* cleartext that prog wrote before its end */
    size_t written;                         /* the same, and what a grandchild wrote */
    size_t written_then,
        whole_then; /* written when prog's exit was told, inward.whole at the error on the network */
    int reset_hard;
    int running; /* relay_run has begun and not ended */
    int gone_told;
    int progress;      /* something happened since the relay last went to wait */
    unsigned int vain; /* how often in a row it woke for nothing */
    char const *fault; /* the first thing that must not happen */
};

static struct world *the_world;

static void fault(struct world *w, char const *what) {
    if (!w->fault) w->fault = what;
}

static unsigned int below(struct world *w, size_t n) {
    return chance_below(&w->chance, n);
}

static int percent(struct world *w, unsigned int p) {
    return p && chance_percent(&w->chance, p);
}

#endif
