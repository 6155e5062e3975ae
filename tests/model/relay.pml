/* relay: core/relay*.c with its engine, prog, the peer and time, for Spin; README.md says what is abstracted.
 * It must follow the code function by function: a name of struct relay has r_ before it, e_x is of the engine, and an inline has
 * the name of the C function that it stands for.
 *
 * What a run is of: CLOSE, TLS13, STRICT, or ANY 1, each of these in one search; HANDSHAKE 1 begins with one, IDLE 1 has an
 * idle limit, FLUSH_FIRST 1 an engine that writes no more before what waits has been taken, FULL 1 many pieces, no failures
 * and no grandchild, SMALL 1 few pieces, FLOOD 1 a peer that never stops sending, not even when it takes no more, FINE 1 lets
 * the others act between any two system calls of a step. STAYS 1 is for the claims: there prog and the peer may decide to do
 * no more; elsewhere the judge takes it that they may at any time.
 * NO_NAME 1 removes a rule: a fault that must be found. */

/* Pieces, where the code counts bytes: how many a buffer holds, how many each side has. */
#define UNSENT_MAX 2
#define OUT_MAX 1
#define REST_MAX 2
#define E_OUT_MAX 3
#define TURNS_MAX 40 /* of a loop in one step */
#if FULL
#define PIECES 5
#define UPDATES 2
#elif SMALL
#define PIECES 1
#define UPDATES 0
#else
#define PIECES 2
#define UPDATES 1
#endif
#if FINE
#define WAKE
#define STEP
#define PART_OF_STEP atomic
#define TURN
#else
#define WAKE atomic
#define STEP d_step
#define PART_OF_STEP
#define TURN turns++; assert(turns <= TURNS_MAX);  /* a step ends */
#endif

mtype:close = { RELAY_CLOSE_AUTO, RELAY_CLOSE_FIN, RELAY_CLOSE_NOTIFY }
mtype:state = { RELAY_OPEN, RELAY_ENDING, RELAY_OVER }
mtype:outcome = { RELAY_ENDED, RELAY_IDLE, RELAY_FAILED, RELAY_LATE }
mtype:engine_status = { ENGINE_OK, ENGINE_AGAIN, ENGINE_CLOSED, ENGINE_EOF, ENGINE_FAILED }

/* What goes over a wire or a pipe. LATE is the peer's after its end; HELD a grandchild's after prog's exit, AFTER the
 * same after the relay knew. */
mtype:piece = { DATA, LATE, HELD, AFTER, HELLO, FINISHED, KEY_UPDATE, ANSWER, CLOSE_NOTIFY, ALERT, BAD, PART }

chan net_in = [1] of { mtype:piece }
chan net_out = [1] of { mtype:piece }
chan pipe_from = [1] of { mtype:piece }
chan pipe_to = [1] of { mtype:piece }

#define has(c) (len(c) > 0)
#define has_none(c) (len(c) == 0)
#define has_room(c) (len(c) < 1)
#define is_full(c) (!has_room(c))

/* The options of the run. */
mtype:close close;
bool tls13, strict;

/* The relay. An fd is open or not; errno is none or some. */
mtype:state r_in = RELAY_OPEN, r_out = RELAY_OPEN;
mtype:outcome r_outcome = RELAY_ENDED;
bool r_local_rfd = true, r_local_wfd = true, r_net = true;
bool r_in_ended, r_peer_closed, r_net_ended, r_net_errno, r_cut, r_refused, r_gone, r_discard;
bool r_inlen, r_outlen, r_farewell;
byte r_drain, r_rest, r_unacked;
mtype:piece r_inbuf;  /* what r_inlen is of */
mtype:piece r_outbuf;
bool moved_long_ago, heard_long_ago; /* longer than the limit; cleared where the code sets r->moved, r->heard */
bool limit, limit_passed;            /* of the handshake */
bool handshake_done = !HANDSHAKE;
bool running;                        /* the options are chosen, and relay_run has not returned */

/* The engine */
chan e_in = [1] of { mtype:piece }
chan e_out = [E_OUT_MAX] of { mtype:piece }
mtype:engine_status e_told = ENGINE_OK;
bool e_in_eof, e_by_peer, e_close_sent, e_part, e_hello_read;

/* prog and who holds its pipes */
bool prog_reads = true, prog_out_closed, prog_in_closed, exited;
/* the peer */
bool peer_reads = true, peer_ended, peer_cn, peer_fin, peer_reset, peer_purged, peer_refuses, sk_err;
bool cause = HANDSHAKE; /* it did what may be reported as a failure */
bool our_fin;   /* the relay has shut its direction down */
/* The peer may go: there is nothing to come, or but our close_notify. */
#define has_all (our_fin || (e_close_sent && len(e_out) <= 1))
/* Bytes on their way: written by prog before its exit and not yet the kernel's; sent by the peer before its end and not
 * yet in prog's pipe. */
byte pending_out, pending_in;

mtype:engine_status es;
mtype:piece p;
bool did, progress, rev_watch, rev_to, rev_net, rev_from;
bool net_was_empty; /* in this step */
byte turns;         /* of this step */

/* ---- engine.h ---- */

inline engine_answers(what) {
    if
    :: e_close_sent -> skip
    :: else ->
        assert(len(e_out) < E_OUT_MAX); /* the output is bounded */
        e_out!what
    fi
}

inline engine_fails() {
    e_told = ENGINE_FAILED
}

inline engine_drop_out() {
    do
    :: has(e_out) -> e_out?_
    :: has_none(e_out) -> break
    od
}

/* A piece of cleartext in p, or why there is none in es. */
inline engine_read() {
    do
#if NO_ENGINE_END
    :: e_told == ENGINE_FAILED || e_told == ENGINE_EOF -> es = e_told; break
#else
    :: e_told != ENGINE_OK -> es = e_told; break
#endif
    :: else ->
        if
#if !NO_OUT_MAX
        :: len(e_out) > OUT_MAX -> es = ENGINE_AGAIN; break
#endif
#if NO_INDEPENDENCE
        :: has(e_out) -> es = ENGINE_AGAIN; break
#endif
#if NO_OUT_MAX
        :: has_none(e_in) ->
#else
        :: len(e_out) <= OUT_MAX && has_none(e_in) ->
#endif
            if
            :: !e_in_eof -> es = ENGINE_AGAIN; break
            :: e_in_eof && e_part -> engine_fails()
            :: e_in_eof && !e_part -> e_told = ENGINE_EOF
            fi
#if NO_OUT_MAX
        :: has(e_in) ->
#else
        :: len(e_out) <= OUT_MAX && has(e_in) ->
#endif
            e_in?p;
            if
            :: p == DATA || p == LATE -> es = ENGINE_OK; break
            :: p == KEY_UPDATE -> engine_answers(ANSWER)
            :: p == CLOSE_NOTIFY -> e_told = ENGINE_CLOSED
            :: p == ALERT -> e_by_peer = true; engine_fails()
            :: p == PART -> e_part = true
            :: else -> engine_answers(ALERT); engine_fails()
            fi
        fi
    od
}

inline engine_write(what) {
    assert(!e_close_sent); /* nothing is written after close_notify */
    if
    :: e_told == ENGINE_FAILED -> es = ENGINE_FAILED
    :: else ->
        if
        :: FLUSH_FIRST && has(e_out) -> es = ENGINE_AGAIN
        :: else ->
            assert(len(e_out) < E_OUT_MAX);
            e_out!what;
            es = ENGINE_OK
        fi
    fi
}

inline engine_close_notify() {
    assert(!e_close_sent); /* our end at most once */
    assert(close != RELAY_CLOSE_FIN);
    assert(close != RELAY_CLOSE_AUTO || tls13 || peer_cn);
    e_close_sent = true;
    e_out!CLOSE_NOTIFY
}

/* HELLO, our flight of two records, FINISHED, a ticket. */
inline engine_handshake() {
    do
    :: e_told != ENGINE_OK -> es = e_told; break
    :: e_told == ENGINE_OK && has_none(e_in) && e_in_eof -> engine_fails()
    :: e_told == ENGINE_OK && has_none(e_in) && !e_in_eof -> es = ENGINE_AGAIN; break
    :: e_told == ENGINE_OK && has(e_in) ->
        e_in?p;
        if
        :: p == HELLO && !e_hello_read -> e_hello_read = true; engine_answers(ANSWER); engine_answers(ANSWER)
        :: p == FINISHED && e_hello_read -> engine_answers(ANSWER); es = ENGINE_OK; break
        :: p == ALERT -> e_by_peer = true; engine_fails()
        :: p == PART -> e_part = true
        :: else -> engine_answers(ALERT); engine_fails()
        fi
    od
}

/* ---- relay_end.c ---- */

inline relay_end_in() {
    r_in_ended = true;
    if
    :: r_in == RELAY_OPEN -> r_in = RELAY_ENDING
    :: else -> skip
    fi
}

inline stop_taking() {
#if !NO_CLOSE_ONCE
    r_local_rfd = false;
#endif
    r_outlen = false
}

inline relay_cut_out() {
    stop_taking();
    engine_drop_out();
    r_out = RELAY_OVER
}

inline relay_fail() {
    if
    :: r_outcome == RELAY_ENDED -> r_outcome = RELAY_FAILED
    :: else -> skip
    fi;
    relay_end_in();
    stop_taking();
    r_farewell = false;
    heard_long_ago = false;
    if
    :: r_out == RELAY_OPEN -> r_out = RELAY_ENDING
    :: else -> skip
    fi
}

inline relay_end_out() {
    stop_taking();
    r_out = RELAY_ENDING;
#if NO_DUPLEX
    relay_end_in();
#endif
    if
    :: close == RELAY_CLOSE_FIN -> skip
    :: close == RELAY_CLOSE_AUTO && !tls13 && !r_peer_closed -> skip
    :: else ->
#if !NO_NOTIFY
        engine_close_notify();
#endif
#if NO_FAREWELL
        skip
#else
        r_farewell = true
#endif
    fi
}

#define relay_all_sent \
    (r_out == RELAY_OVER || (r_out == RELAY_ENDING && r_outcome == RELAY_ENDED && len(e_out) <= r_farewell))

/* ---- relay_in.c ---- */

#define can_send (!peer_fin && !peer_reset && has_room(net_in) && r_net)
#define may_send (can_send && !peer_ended)
#define refuses (peer_reset || peer_refuses)
#define room (has_none(e_in))

/* What never stops is there again before the next read. */
inline peer_floods() {
#if FLOOD
    if
    :: may_send -> net_in!DATA
    :: else -> skip
    fi
#else
    skip
#endif
}

#if NO_WAIT_FOR_INBUF
#define relay_wants_net (!r_net_ended && (r_in_ended || room))
#else
#define relay_wants_net (!r_net_ended && ((r_in_ended && r_in == RELAY_OVER) || (!r_in_ended && room)))
#endif

inline relay_net_over(e) {
    r_net_ended = true;
    r_net_errno = e;
#if !NO_EOF
    e_in_eof = true
#endif
}

inline relay_read_net() {
    if
    :: r_in_ended -> assert(!r_inlen) /* inbuf is read into */
    :: else -> skip
    fi;
    if
    :: !(r_in_ended || room) -> skip
    :: has(net_in) && (r_in_ended || room) ->
        net_in?p;
        peer_floods();
        heard_long_ago = false;
        moved_long_ago = false;
        if
        :: r_in_ended -> skip
        :: else -> e_in!p
        fi
    :: has_none(net_in) && (r_in_ended || room) ->
        if
        :: sk_err -> sk_err = false; relay_net_over(true)
        :: !sk_err && (peer_fin || peer_reset) -> relay_net_over(false)
        :: else -> /* EAGAIN */
            assert(!net_was_empty); /* it is not asked again and again */
            net_was_empty = true;
#if !NO_EAGAIN
            if
            :: r_refused -> relay_net_over(true)
            :: else -> skip
            fi
#endif
        fi
    fi
}

inline cut_by_peer() {
    if
#if NO_CUT
    :: false ->
#else
    :: relay_all_sent ->
#endif
        r_cut = true;
        heard_long_ago = false;
        relay_end_in()
    :: else ->
        relay_fail();
        if
        :: r_net_errno -> relay_cut_out()
        :: else -> skip
        fi
    fi
}

inline cleartext_ended() {
    r_peer_closed = (es == ENGINE_CLOSED);
    if
    :: es == ENGINE_CLOSED -> relay_end_in()
    :: es != ENGINE_CLOSED && r_net_errno -> cut_by_peer()
    :: es == ENGINE_FAILED && !r_net_errno && e_by_peer -> cut_by_peer()
#if NO_FAIL
    :: es == ENGINE_FAILED && !r_net_errno && !e_by_peer -> relay_end_in()
#else
    :: es == ENGINE_FAILED && !r_net_errno && !e_by_peer -> relay_fail()
#endif
#if NO_STRICT
    :: es == ENGINE_EOF && !r_net_errno -> relay_end_in()
#else
    :: es == ENGINE_EOF && !r_net_errno && strict -> relay_fail()
    :: es == ENGINE_EOF && !r_net_errno && !strict -> relay_end_in()
#endif
    fi
}

inline take_cleartext() {
    if
#if NO_IN_ENDED
    :: r_inlen && !r_discard -> skip
#else
    :: r_in_ended || (r_inlen && !r_discard) -> skip
#endif
    :: else ->
        assert(!r_inlen || !r_outlen); /* outbuf is read into */
        engine_read();
        if
        :: es == ENGINE_AGAIN -> skip
        :: es == ENGINE_OK ->
            did = true;
            if
            :: r_discard -> skip
            :: else -> r_inlen = true; r_inbuf = p
            fi
        :: else -> did = true; cleartext_ended()
        fi
    fi
}

inline relay_drop_in() {
    r_local_wfd = false;
    r_discard = true;
    r_inlen = false
}

inline deliver() {
    if
    :: !r_inlen -> skip
    :: r_inlen && prog_in_closed -> relay_drop_in(); did = true
    :: r_inlen && !prog_in_closed && is_full(pipe_to) -> skip
    :: r_inlen && !prog_in_closed && has_room(pipe_to) ->
        assert(r_local_wfd);
        assert(r_inbuf == DATA); /* nothing that came after the end of the in direction */
        pipe_to!r_inbuf;
        pending_in = pending_in - (pending_in > 0);
        moved_long_ago = false;
        r_inlen = false;
        did = true
    fi
}

inline relay_step_in() {
    do
    :: PART_OF_STEP {
        TURN
        did = false;
        deliver();
        if
        :: did -> skip
        :: else -> take_cleartext()
        fi;
        if
        :: did -> progress = true
        :: else -> break
        fi
       }
#if NO_PENDING
    ; break
#endif
    od;
    PART_OF_STEP {
        if
        :: !r_inlen && r_in != RELAY_OVER && (r_in == RELAY_ENDING || r_discard) ->
            r_local_wfd = false;
            r_discard = true;
            if
            :: r_in_ended -> r_in = RELAY_OVER; progress = true
            :: else -> skip
            fi
        :: else -> skip
        fi
    }
}

inline relay_read_rest() {
    PART_OF_STEP {
        if
#if NO_REST
        :: false ->
#else
        :: r_refused && relay_wants_net ->
#endif
            progress = true;
#if NO_REST_MAX
            relay_read_net()
#else
            if
            :: r_rest < REST_MAX -> r_rest++; relay_read_net()
            :: else -> relay_net_over(true)
            fi
#endif
        :: else -> skip
        fi
    }
}

/* ---- relay_out.c ---- */

#if NO_UNSENT_MAX
#define relay_may_take (r_local_rfd && !r_outlen)
#else
#define relay_may_take (r_local_rfd && !r_outlen && len(e_out) < UNSENT_MAX)
#endif

inline relay_read_from() {
    if
#if NO_DRAIN_LIMIT
    :: has(pipe_from) ->
#else
    :: has(pipe_from) && (!r_gone || r_drain > 0) ->
#endif
        pipe_from?r_outbuf;
        assert(r_outbuf != AFTER); /* written when prog was known to be gone */
        moved_long_ago = false;
        r_outlen = true;
        if
        :: r_gone && r_drain > 0 -> r_drain--
        :: else -> skip
        fi
    :: has_none(pipe_from) && !r_gone && !prog_out_closed -> skip /* EAGAIN */
    :: else -> relay_end_out()
    fi
}

inline encrypt() {
    if
    :: !r_outlen -> skip
    :: else ->
        engine_write(r_outbuf);
        if
        :: es == ENGINE_AGAIN -> skip
        :: es == ENGINE_OK -> r_outlen = false; did = true
        :: else -> relay_fail(); did = true
        fi
    fi
}

inline net_refused() {
    if
    :: relay_all_sent -> engine_drop_out()
    :: else ->
        relay_cut_out();
        if
        :: r_outcome != RELAY_ENDED -> skip
        :: else ->
#if !NO_REFUSED
            r_outcome = RELAY_FAILED;
#endif
            r_refused = true
        fi
    fi
}

inline relay_flush() {
    if
    :: has_none(e_out) -> skip
    :: has(e_out) && r_out == RELAY_OVER -> engine_drop_out(); did = true
    :: has(e_out) && r_out != RELAY_OVER ->
        if
        :: refuses -> sk_err = false; net_refused(); did = true
        :: !refuses && is_full(net_out) -> skip
        :: !refuses && has_room(net_out) ->
            assert(!our_fin);
            e_out?p;
            net_out!p;
            if
            :: p == DATA -> pending_out--
            :: else -> skip
            fi;
            moved_long_ago = false;
            heard_long_ago = false;
            did = true
        fi
    fi
}

inline end_network_direction() {
    assert(!our_fin); /* our end at most once */
    our_fin = true;
    assert(r_outcome != RELAY_ENDED || e_close_sent || close == RELAY_CLOSE_FIN ||
           (close == RELAY_CLOSE_AUTO && !tls13)); /* the peer can tell it from a cut */
#if !NO_OVER
    r_out = RELAY_OVER;
#endif
    heard_long_ago = false;
    r_unacked = len(net_out);
#if !NO_DISCARD
    if
    :: close == RELAY_CLOSE_NOTIFY -> r_discard = true
    :: else -> skip
    fi
#endif
}

inline relay_step_out() {
    do
    :: PART_OF_STEP {
        TURN
        did = false;
        encrypt();
        if
        :: did -> skip
        :: else -> relay_flush()
        fi;
        if
        :: !did && r_gone && relay_may_take -> relay_read_from(); did = true
        :: else -> skip
        fi;
        if
        :: did -> progress = true
        :: else -> break
        fi
       }
    od;
    PART_OF_STEP {
        if
#if NO_ALL_OUT
        :: r_out == RELAY_ENDING ->
            engine_drop_out();
#else
        :: r_out == RELAY_ENDING && has_none(e_out) ->
#endif
            end_network_direction();
            progress = true
        :: else -> skip
        fi
    }
}

/* ---- relay_time.c ---- */

#if NO_LINGER_LIMIT
#define lingers false
#else
#define lingers \
    ((r_out == RELAY_ENDING && (r_outcome != RELAY_ENDED || r_cut)) || \
     (r_out == RELAY_OVER && !r_net_ended && (!r_local_wfd || r_discard || r_in_ended)))
#endif

inline relay_abandon() {
    relay_cut_out();
    relay_drop_in();
    r_in = RELAY_OVER;
    r_in_ended = true;
    r_net_ended = true;
    r_net = false
}

inline lingered() {
    if
    :: len(net_out) < r_unacked -> heard_long_ago = false
    :: else -> skip
    fi;
    r_unacked = len(net_out)
}

inline relay_check_time() {
    PART_OF_STEP {
        if
#if !NO_IDLE
        :: IDLE && moved_long_ago ->
            if
            :: r_outcome == RELAY_ENDED -> r_outcome = RELAY_IDLE
            :: else -> skip
            fi;
            relay_abandon()
#endif
#if !NO_LIMIT_LATER
        :: limit && limit_passed -> relay_abandon()
#endif
        :: !(IDLE && moved_long_ago) && !(limit && limit_passed) && lingers ->
            lingered();
            if
            :: heard_long_ago ->
                relay_cut_out();
                relay_end_in();
                r_net_ended = true
            :: else -> skip
            fi
        :: else -> skip
        fi
    }
}

/* ---- relay.c ---- */

inline watch_prog() {
    r_gone = true;
#if NO_DRAIN
    r_drain = 0;
#else
    if
    :: r_local_rfd -> r_drain = len(pipe_from)
    :: else -> skip
    fi;
#endif
    relay_drop_in()
}

#define net_readable (has(net_in) || peer_fin || peer_reset)
#define net_writable (has_room(net_out) || refuses)
#define from_readable (has(pipe_from) || prog_out_closed)

#define wait_net_read (r_net && relay_wants_net && net_readable)
#if NO_HANDSHAKE_WRITE
#define wait_net_write (handshake_done && r_net && r_out != RELAY_OVER && has(e_out) && net_writable)
#else
#define wait_net_write (r_net && r_out != RELAY_OVER && has(e_out) && net_writable)
#endif
#define wait_from (relay_may_take && from_readable)
#if NO_TO_WATCH
#define wait_to (r_local_wfd && r_inlen && (prog_in_closed || has_room(pipe_to)))
#else
#define wait_to (r_local_wfd && (prog_in_closed || (r_inlen && has_room(pipe_to))))
#endif
#if NO_WATCH
#define wait_watch false
#else
#define wait_watch (exited && !r_gone)
#endif
#define ready (wait_net_read || wait_net_write || wait_from || wait_to || wait_watch)

inline look() {
    rev_watch = wait_watch;
    rev_to = r_local_wfd && prog_in_closed;
    rev_net = wait_net_read;
    rev_from = wait_from
}

/* Nothing is ready, no limit runs, and what could be read has been: prog and the peer may leave it at that, so what
 * holds for ever must hold now. */
#define prog_ended (exited || prog_out_closed)
#define prog_listens (prog_reads && !prog_in_closed && !exited)
#define discards (close == RELAY_CLOSE_NOTIFY && our_fin)
#define engine_reads (len(e_out) <= OUT_MAX)
#define quiet \
    (!ready && !IDLE && !limit && !lingers && !(prog_reads && !prog_in_closed && has(pipe_to)) && \
     !(peer_reads && has(net_out)))

inline judge() {
    assert(!exited || r_gone);
    /* all that prog wrote has come, and its end */
    assert(!(peer_reads && r_outcome == RELAY_ENDED) || pending_out == 0);
    assert(!(peer_reads && prog_ended) || our_fin);
    /* all that the peer sent has come, and its end, whether the peer reads or not */
    assert(!(prog_listens && r_outcome == RELAY_ENDED && engine_reads) || pending_in == 0 || discards);
    assert(!(prog_listens && (peer_fin || peer_reset) && engine_reads) || !r_local_wfd);
    assert(!discards || !r_local_wfd || !prog_listens);
    /* what nobody wants does not keep the peer from writing */
    assert(!(r_net && is_full(net_in) && engine_reads) || !(exited || prog_in_closed || discards));
    /* nothing is left to wait for */
    assert(!(our_fin && (exited || prog_in_closed)));
    assert(!(exited && (peer_reads || peer_reset || r_outcome != RELAY_ENDED)))
}

/* Sleeps until something is ready or a limit has passed. Acknowledgements are looked at while lingering. */
inline iopause() {
    if
    :: atomic { (IDLE && moved_long_ago) || (limit && limit_passed) -> assert(false) } /* the limit has ended it */
#if !STAYS
    :: atomic { quiet -> judge() }
#endif
    :: atomic { ready -> look() }
#if !SMALL && !FULL
    :: atomic { ready && !heard_long_ago && !IDLE -> heard_long_ago = true; look() }
#endif
    :: atomic { IDLE -> moved_long_ago = true; look() }
    :: atomic { limit -> limit_passed = true; look() }
    :: atomic { lingers -> heard_long_ago = true; look() }
    :: atomic { lingers && len(net_out) < r_unacked -> look() }
    fi
}

/* What no longer matters must not make two states of one. */
inline forget() {
    atomic {
        rev_watch = false; rev_to = false; rev_net = false; rev_from = false;
        did = false; progress = false; p = DATA; es = ENGINE_OK; net_was_empty = false; turns = 0;
        if :: !r_inlen -> r_inbuf = DATA :: else fi;
        if :: !r_outlen -> r_outbuf = DATA :: else fi;
        if :: r_out != RELAY_OVER || r_net_ended -> r_unacked = 0 :: else fi
    }
}

inline relay_step() {
    PART_OF_STEP {
        if
        :: rev_watch -> watch_prog()
        :: else -> skip
        fi;
        if
        :: rev_to -> relay_drop_in()
        :: else -> skip
        fi
    };
    PART_OF_STEP {
        if
        :: rev_net -> relay_read_net()
        :: else -> skip
        fi
    };
    PART_OF_STEP {
        if
        :: rev_from && relay_may_take -> relay_read_from()
        :: else -> skip
        fi
    };
    {
        do
        :: progress = false;
            relay_step_in();
            relay_step_out();
            relay_read_rest();
#if NO_PENDING
            break
#else
            if
            :: progress -> skip
            :: else -> break
            fi
#endif
        od;
        relay_check_time();
#if !NO_PENDING
        relay_step_in();
#endif
        forget()
    }
}

inline relay_flush_all() {
    do
    :: atomic {
        did = false;
        relay_flush();
        if
        :: did -> skip
        :: else -> break
        fi
       }
    od
}

#if NO_LIMIT
#define handshake_ends IDLE
#else
#define handshake_ends (limit || IDLE)
#endif

inline relay_handshake() {
    do
    :: atomic {
        engine_handshake();
        if
        :: es == ENGINE_FAILED ->
            relay_fail();
            relay_drop_in();
            goto handshake_over
        :: else -> skip
        fi
       };
        progress = (es == ENGINE_OK);
        relay_flush_all();
        if
        :: r_outcome != RELAY_ENDED -> goto handshake_over
        :: r_outcome == RELAY_ENDED && progress -> break
        :: else -> skip
        fi;
        if
        :: atomic { wait_net_read -> relay_read_net() }
        :: wait_net_write
        :: atomic { !wait_net_read && !wait_net_write && !(peer_reads && has(net_out)) ->
            /* the peer may leave it at that: what we owe has come, and a limit runs */
            assert(!peer_reads || has_none(e_out));
            assert(handshake_ends) }
        :: atomic { handshake_ends -> r_outcome = RELAY_LATE; goto finish }
        fi
    od;
    atomic { limit = false; handshake_done = true; moved_long_ago = false };
handshake_over: skip
}

/* -S and -s are the same on TLS 1.2 and 1.3. */
inline choose_options() {
#if ANY
    if
    :: close = RELAY_CLOSE_AUTO
    :: close = RELAY_CLOSE_AUTO; tls13 = true
    :: close = RELAY_CLOSE_FIN
    :: close = RELAY_CLOSE_NOTIFY
    fi
#else
    close = CLOSE;
    tls13 = TLS13;
    strict = STRICT
#endif
}

/* What must have been told when it is over: all that was accepted has come, or why not. */
inline account() {
    assert(r_outcome != RELAY_ENDED || pending_out == 0);
    assert(r_outcome != RELAY_ENDED || pending_in == 0 || prog_in_closed || exited || peer_purged ||
           discards);
    assert(r_outcome != RELAY_ENDED || r_net_errno || !(e_told == ENGINE_FAILED && !e_by_peer));
    assert(r_outcome != RELAY_ENDED || r_net_errno || !(e_told == ENGINE_EOF && strict));
    assert(r_outcome != RELAY_FAILED || cause)
}

active proctype Relay() {
    atomic {
        choose_options();
        limit = HANDSHAKE;
        running = true
    };
#if HANDSHAKE
    relay_handshake();
#endif
    goto begin; /* cleartext may have come with the handshake: no event will tell */
    do
    :: atomic {
        if
#if NO_LINGER
            :: r_out == RELAY_OVER ->
#else
            :: r_out == RELAY_OVER && r_net_ended ->
#endif
                assert(!r_net || peer_fin || peer_reset || heard_long_ago || r_refused); /* it has lingered */
                r_net = false;
                if
                :: !r_local_wfd -> break
                :: else -> skip
                fi
            :: else -> skip
            fi
       };
end_poll:
        WAKE {
        iopause();
begin:  skip;
        STEP { relay_step() }
        }
    od;
finish:
    atomic {
        relay_abandon();
        running = false;
        account()
    }
}

/* ---- prog, and a grandchild that holds its pipes ---- */

inline prog_closes_in() {
    prog_in_closed = true;
    prog_reads = false;
    pending_in = 0; /* it is owed nothing more */
    if
    :: has(pipe_to) -> pipe_to?_
    :: else -> skip
    fi
}

inline prog_exits() {
    exited = true;
    left = 0;
    pending_in = 0;
    if
#if !FULL
    :: held = true; prog_reads = false
#endif
    :: prog_closes_in(); prog_out_closed = true
    fi
}

/* Each act is a choice. What waits to become prog exits where the handshake has failed. */
active proctype Prog() provided (running) {
    byte left = PIECES;
    bool held;
end_start:
    if
    :: handshake_done
    :: atomic { r_outcome != RELAY_ENDED && !handshake_done ->
        exited = true; prog_closes_in(); prog_out_closed = true }
    fi;
end_acts:
    do
    :: atomic { prog_reads && has(pipe_to) -> pipe_to?_ }
    :: atomic { !prog_out_closed && left > 0 && has_room(pipe_from) && r_local_rfd ->
        pipe_from!DATA; pending_out++; left-- }
    :: atomic { !prog_out_closed && !exited -> prog_out_closed = true; left = 0 }
    :: atomic { !prog_in_closed && !exited -> prog_closes_in() }
    :: atomic { prog_reads -> prog_reads = false }
    :: atomic { !exited -> prog_exits() }
    :: atomic { held && !prog_out_closed && has_room(pipe_from) && r_local_rfd ->
        pipe_from!(r_gone -> AFTER : HELD) }
    :: atomic { held && !prog_out_closed -> prog_closes_in(); prog_out_closed = true }
#if STAYS
    :: break
#endif
    od;
end_reads:
    do
    :: atomic { prog_reads && has(pipe_to) -> pipe_to?_ }
    od
}

/* ---- the peer ---- */

inline peer_takes() {
    net_out?q;
    assert(!peer_saw_end); /* nothing after our close_notify */
    peer_saw_end = (q == CLOSE_NOTIFY);
    q = DATA
}

inline peer_sends(what) {
    net_in!what;
    pending_in = pending_in + (what == DATA && !prog_in_closed && !exited)
}

/* Its end, without close_notify or so that it may be lost: only now -J matters, and to no claim. */
inline peer_cuts() {
#if ANY && !STAYS
    if
    :: !peer_fin && (!peer_cn || has(net_in)) -> strict = true
    :: skip
    fi;
#endif
    cause = cause || (strict && !peer_cn);
    left = 0;
    updates = 0
}

inline peer_resets() {
    peer_cuts();
    peer_reset = true;
    sk_err = true;
    peer_reads = false;
    cause = cause || !has_all;
    do
    :: has(net_out) -> net_out?_
    :: else -> break
    od;
#if !SMALL
    if
    :: has(net_in) -> net_in?_; peer_purged = true; pending_in = 0; cause = cause || strict
    :: skip
    fi
#endif
}

inline peer_takes_no_more() {
    peer_refuses = true;
    peer_reads = false;
    do
    :: has(net_out) -> net_out?_
    :: else -> break
    od
}

active proctype Peer() provided (running) {
    byte left = PIECES, updates = UPDATES;
    mtype:piece q = DATA;
    bool peer_saw_end;
#if HANDSHAKE
end_first:
    if
    :: net_in!HELLO;
end_hello:
        if
        :: net_in!FINISHED
        :: skip
        fi
    :: skip
    fi;
#endif
end_acts:
    do
    :: atomic { peer_reads && has(net_out) -> peer_takes() }
#if FLOOD
    :: atomic { may_send -> net_in!DATA }
    :: atomic { r_net && !refuses -> peer_takes_no_more(); cause = cause || !has_all }
#else
    :: atomic { may_send && left > 0 -> peer_sends(DATA); left-- }
#if !SMALL
    :: atomic { can_send && peer_ended && left > 0 -> net_in!LATE; left = 0 }
#endif
    :: atomic { may_send && updates > 0 -> net_in!KEY_UPDATE; updates-- }
#endif
    :: atomic { may_send -> net_in!CLOSE_NOTIFY; peer_ended = true; peer_cn = true; updates = 0 }
#if !FULL
    :: atomic { may_send -> net_in!ALERT; peer_ended = true; cause = cause || !has_all; updates = 0 }
    :: atomic { may_send -> net_in!BAD; peer_ended = true; cause = true; updates = 0 }
#endif
#if !FULL && !SMALL
    :: atomic { may_send -> net_in!PART; peer_ended = true; cause = true; left = 0; updates = 0 }
#endif
#if !FULL
    :: atomic { r_net && !peer_reset -> peer_resets() }
#endif
    :: atomic { r_net && !peer_fin && !peer_reset ->
        peer_cuts(); peer_fin = true }
    :: atomic { peer_reads -> peer_reads = false }
#if STAYS
    :: break
#endif
    od;
end_reads:
    do
    :: atomic { peer_reads && has(net_out) -> peer_takes() }
    od
}

/* ---- in time ---- */

#define exit_noticed (exited -> <> (r_gone || !running))
#define linger_ends ((exited && (our_fin || r_outcome == RELAY_FAILED)) -> <> !running)

ltl in_time { [] exit_noticed && [] linger_ends }
ltl refused_in_time { [] exit_noticed && [] ((r_refused && exited) -> <> !running) }
