/* test_relay_random: thousands of connections made up from seeds, each judged by what the contract says of
 * its end.
 * It must judge by what happened on the fds alone.
 *
 * RELAY_RUNS is how many there are; RELAY_SEED runs the one of that seed alone, and tells of it. */

#include "world_run.h"

/* ---- making connections up ---- */

enum { PLAN_MAX = 24 };

static struct plan const peer_ends[][5] = {
    {CLOSE_NOTIFY, FIN, STAY},
    {CLOSE_NOTIFY, DATA(500), BAD, FIN, STAY},
    {CLOSE_NOTIFY, AWAIT_END, FIN, STAY},
    {CLOSE_NOTIFY, SLEEP(3000), FIN, STAY},
    {CLOSE_NOTIFY, RESET, STAY},
    {CLOSE_NOTIFY, AWAIT_END, RESET, STAY},
    {CLOSE_NOTIFY, STAY},
    {AWAIT_END, CLOSE_NOTIFY, FIN, STAY},
    {AWAIT_END, SLEEP(4000), DATA(3000), FIN, STAY},
    {AWAIT_END, FIN, STAY},
    {FIN, STAY},
    {FIN, AWAIT_END, RESET, STAY},
    {FIN, SLEEP(100), RESET, STAY},
    {PART, FIN, STAY},
    {PART, AWAIT_END, FIN, STAY},
    {ALERT, FIN, STAY},
    {ALERT, AWAIT_END, FIN, STAY},
    {AWAIT_END, ALERT, FIN, STAY},
    {AWAIT_END, ALERT, RESET, STAY},
    {BAD, FIN, STAY},
    {BAD, AWAIT_END, FIN, STAY},
    {AWAIT_END, BAD, FIN, STAY},
    {RESET, STAY},
    {HARD_RESET, STAY},
    {CLOSE_IN, STAY},
    {CLOSE_IN, SLEEP(2000), DATA(4000), FIN, STAY},
    {AWAIT_END, RESET, STAY},
    {AWAIT_END, HARD_RESET, STAY},
    {STAY},
};

static struct plan const prog_ends[][5] = {
    {EXIT, STAY},
    {SLEEP(2000), EXIT, STAY},
    {OTHER_CHILD, SLEEP(10), EXIT, STAY},
    {AWAIT_END, EXIT, STAY},
    {AWAIT_END, DATA(700), EXIT, STAY},
    {AWAIT_END, CLOSE_OUT, STAY},
    {CLOSE_OUT, AWAIT_END, EXIT, STAY},
    {CLOSE_OUT, SLEEP(7000), EXIT, STAY},
    {CLOSE_OUT, EXIT, STAY},
    {CLOSE_OUT, CLOSE_IN, STAY},
    {CLOSE_IN, DATA(900), EXIT, STAY},
    {CLOSE_IN, CLOSE_OUT, SLEEP(9000), EXIT, STAY},
    {LEAVE, STAY},
    {LEAVE, DATA(3000), EXIT, STAY},
    {LEAVE, DATA(200000), STAY},
    {STAY},
};

static unsigned int some_length(uint64_t *chance) {
    static unsigned int const most[] = {20, 20, 20, 20, 2000, 2000, 2000, 20000, 20000, 150000};
    return 1 + chance_below(chance, most[chance_below(chance, COUNT(most))]);
}

static void add(struct plan **p, enum act act, unsigned int n) {
    *(*p)++ = (struct plan){act, n};
}

static void add_some(struct plan **p, uint64_t *chance, int peer) {
    for (unsigned int n = chance_below(chance, 8); n; n--) {
        unsigned int which = chance_below(chance, 20);
        if (which < 3)
            add(p, ACT_SLEEP, 1 + chance_below(chance, 8000));
        else if (which < 5)
            add(p, ACT_AWAIT, chance_below(chance, 3000));
        else if (which < 8)
            add(p, peer ? ACT_KEY_UPDATE : ACT_OTHER_CHILD, 0);
        else
            add(p, ACT_DATA, some_length(chance));
    }
}

static void add_end(struct plan **p, struct plan const *end) {
    do *(*p)++ = *end;
    while (end++->act != ACT_STAY);
}

static void add_handshake(struct plan **p, uint64_t *chance) {
    add(p, ACT_HELLO, 0);
    if (chance_percent(chance, 30)) add(p, ACT_SLEEP, 1 + chance_below(chance, 2000));
    if (chance_percent(chance, 90)) add(p, ACT_FINISHED, 0);
}

static void make_timing(struct setup *s, uint64_t *chance) {
    if (chance_percent(chance, 40)) s->options.idle = 300 + chance_below(chance, 20000);
    if (chance_percent(chance, 15)) s->peer_pause = 1 + chance_below(chance, 4000);
    if (chance_percent(chance, 15)) s->prog_pause = 1 + chance_below(chance, 4000);
    if (chance_percent(chance, 8)) s->peer_reads = 1 + chance_below(chance, 5000);
    if (chance_percent(chance, 8)) s->prog_reads = 1 + chance_below(chance, 5000);
    if (chance_percent(chance, 50)) s->limit = 500 + chance_below(chance, 3000);
}

static void make_moods(struct setup *s, uint64_t *chance) {
    s->small = chance_percent(chance, 50);
    s->again = chance_percent(chance, 50) ? chance_below(chance, 40) : 0;
    s->brief = chance_percent(chance, 50) ? chance_below(chance, 60) : 0;
    s->deaf = chance_percent(chance, 50) ? chance_below(chance, 80) : 0;
    s->interrupted = chance_percent(chance, 20) ? 10 : 0;
    for (int i = 0; i < 4; i++) s->eager[i] = 1 + chance_below(chance, chance_percent(chance, 50) ? 30 : 3);
    if (chance_percent(chance, 40)) s->in_max = WIRE_HEADER + 16384 + chance_below(chance, 3000);
    if (chance_percent(chance, 40)) s->out_max = chance_below(chance, 3000);
    if (chance_percent(chance, 40)) s->piece = 1 + chance_below(chance, 3000);
    s->flush_first = chance_percent(chance, 30);
}

static void make_setup(struct setup *s, uint64_t seed, struct plan peer[PLAN_MAX],
                       struct plan prog[PLAN_MAX]) {
    uint64_t chance = seed * 2 + 1;
    *s = (struct setup){.seed = seed, .peer = peer, .prog = prog};
    s->options.close = chance_below(&chance, 3);
    s->options.strict = chance_percent(&chance, 40);
    s->tls12 = chance_percent(&chance, 50);
    s->network = chance_below(&chance, 4);
    s->handshake = chance_percent(&chance, 30);
    make_timing(s, &chance);
    make_moods(s, &chance);
    if (s->handshake) add_handshake(&peer, &chance);
    add_some(&peer, &chance, 1);
    add_end(&peer, peer_ends[chance_below(&chance, COUNT(peer_ends))]);
    add_some(&prog, &chance, 0);
    add_end(&prog, prog_ends[chance_below(&chance, COUNT(prog_ends))]);
}

/* ---- judging them ---- */

static int came_first(unsigned long at, unsigned long other) {
    return at && (!other || at < other);
}

/* When the peer cut the connection with a fatal alert or a reset, as the relay was told. */
static unsigned long cut_at(struct world const *w) {
    int by_alert = w->engine.told == ENGINE_FAILED && w->engine.by_peer;
    return by_alert && came_first(w->engine.told_at, w->net_error_at) ? w->engine.told_at : w->net_error_at;
}

/* A record that is bad or that the peer's end cuts; under -J the end without close_notify: 98, always. */
static int peer_is_wrong(struct world const *w) {
    int wrong = w->engine.told == ENGINE_FAILED && !w->engine.by_peer;
    if (w->setup.options.strict && w->engine.told == ENGINE_EOF) wrong = 1;
    return wrong && came_first(w->engine.told_at, w->net_error_at);
}

/* "Once prog's output is sent and our direction is closed, a fatal alert or reset from the peer is a normal
 * end" */
static int may_fail(struct world const *w) {
    return peer_is_wrong(w) || came_first(cut_at(w), w->our_end_at);
}

/* What came before a reset goes to prog first: it counts when the engine has told that there is no more. */
static int must_fail(struct world const *w) {
    unsigned long cut = cut_at(w), seen = w->engine.told_at > cut ? w->engine.told_at : cut;
    int eof_first = w->engine.told == ENGINE_EOF && came_first(w->engine.told_at, cut);
    int in_was_over = w->engine.told == ENGINE_CLOSED || eof_first;
    if (peer_is_wrong(w)) return 1;
    if (w->engine.told == ENGINE_OK && w->outcome == RELAY_IDLE)
        return 0; /* prog had not yet read all that came before */
    return cut && (w->accepted.whole < w->owed || (came_first(seen, w->prog_end_at) && !in_was_over));
}

static int is_idle(struct world const *w) {
    return w->setup.options.idle && w->now >= w->moved + w->setup.options.idle;
}

static void judge_outcome(struct world *w) {
    if (w->outcome == RELAY_FAILED) {
        if (!may_fail(w)) fault(w, "fails without a reason");
    } else if (must_fail(w)) {
        fault(w, "does not fail");
    } else if (w->outcome == RELAY_IDLE) {
        if (!is_idle(w)) fault(w, "ends for idleness too early");
    } else if (w->outcome != RELAY_ENDED) {
        fault(w, "ends strangely");
    } else if (is_idle(w) && !w->net_end_at && !w->net_error_at) {
        fault(w, "does not say that it was idle");
    }
}

/* Neither side may be left alone without one of these reasons. */
static void judge_end(struct world *w) {
    int in_over = w->exit_at || w->engine.told != ENGINE_OK || w->prog.rfd < 0 ||
                  w->setup.options.close == RELAY_CLOSE_NOTIFY;
    int lingered = w->now >= w->heard + (int64_t)w->setup.options.linger;
    if (is_idle(w) || w->net_error_at) return;
    if (!w->our_end_at && !(failing(w) && lingered)) fault(w, "ends before it has ended its direction");
    if (w->net_end_at) {
        if (w->peer.cut) fault(w, "resets a peer that has ended");
        return;
    }
    if (!in_over) fault(w, "leaves a half-closed connection");
    if (w->net.rsock && !lingered) fault(w, "does not linger");
}

static void judge_in(struct world *w) {
    int until_end = w->prog.end_at && came_first(w->prog.end_at, w->exit_at);
    int discards = w->setup.options.close == RELAY_CLOSE_NOTIFY && w->prog_end_at;
    if (!until_end || discards || w->reset_hard || is_idle(w)) return;
    if (w->prog.got < (w->net_error_at ? w->whole_then : w->inward.whole))
        fault(w, "loses what the peer sent");
}

static int peer_has_all(struct world const *w) {
    return came_first(w->peer.end_at, w->reset_at) && !w->peer.cut;
}

static void judge_out(struct world *w) {
    int more = w->exit_at && w->prog.put > w->owed; /* a grandchild's */
    if (w->outcome != RELAY_ENDED || !peer_has_all(w)) return;
    if (w->peer.got < w->owed || (!more && w->peer.got != w->owed)) fault(w, "loses what prog wrote");
}

static void judge_close_notify(struct world *w) {
    size_t n = w->outward.count[WIRE_CLOSE_NOTIFY];
    enum relay_close close = w->setup.options.close;
    int always = close == RELAY_CLOSE_NOTIFY || (close == RELAY_CLOSE_AUTO && !w->setup.tls12);
    unsigned long told_at = w->engine.told == ENGINE_CLOSED ? w->engine.told_at : 0;
    int never_sent = close == RELAY_CLOSE_FIN || (!always && !came_first(told_at, w->our_end_at));
    if (n && never_sent) fault(w, "sends close_notify");
    if (n && w->outcome == RELAY_FAILED && came_first(cut_at(w), w->prog_end_at))
        fault(w, "sends close_notify after a failure");
    if (w->outcome != RELAY_ENDED || !peer_has_all(w) || n || close == RELAY_CLOSE_FIN) return;
    if (w->engine.by_peer) return; /* to one that sent an alert and reads slowly, LINGER may end it */
    if (always || came_first(told_at, w->prog_end_at)) fault(w, "does not send close_notify");
}

static void judge_alert(struct world *w) {
    int bad = w->engine.told == ENGINE_FAILED && !w->engine.by_peer && !w->engine.in_eof;
    int ended = w->engine.close_sent || came_first(w->our_end_at, w->engine.told_at);
    if (!bad || ended || w->outcome != RELAY_FAILED || !peer_has_all(w) || !w->net_end_at) return;
    if (w->outward.count[WIRE_ALERT] != 1) fault(w, "does not send the alert");
}

static void judge(struct world *w) {
    if (w->fault || w->outcome == RELAY_LATE) return;
    judge_alert(w);
    if (w->handshake == RELAY_FAILED) return;
    judge_outcome(w);
    judge_end(w);
    judge_in(w);
    judge_out(w);
    judge_close_notify(w);
}

/* ---- telling of them ---- */

static void tell_plan(char const *who, struct plan const *p) {
    static char const *const names[] = {"STAY",         "HELLO",     "FINISHED", "DATA",       "KEY_UPDATE",
                                        "CLOSE_NOTIFY", "ALERT",     "BAD",      "PART",       "SLEEP",
                                        "AWAIT",        "AWAIT_END", "FIN",      "RESET",      "CLOSE_IN",
                                        "CLOSE_OUT",    "EXIT",      "LEAVE",    "OTHER_CHILD"};
    fprintf(stderr, "%s:", who);
    for (; p->act != ACT_STAY; p++) fprintf(stderr, " %s(%u)", names[p->act], p->n);
    fprintf(stderr, "\n");
}

static void tell(struct world const *w, struct setup const *s) {
    tell_plan("peer", s->peer);
    tell_plan("prog", s->prog);
    fprintf(stderr,
            "close %d strict %d tls12 %d network %d idle %u handshake %d limit %u small %d pauses %u %u "
            "reads %zu %zu\n",
            s->options.close, s->options.strict, s->tls12, s->network, s->options.idle, s->handshake,
            s->limit, s->small, s->peer_pause, s->prog_pause, s->peer_reads, s->prog_reads);
    fprintf(stderr, "handshake %d outcome %d now %lld moved %lld heard %lld why %s\n", w->handshake,
            w->outcome, (long long)w->now, (long long)w->moved, (long long)w->heard,
            relay_why(&w->relay) ? relay_why(&w->relay) : "-");
    fprintf(stderr,
            "peer put %zu whole %zu, prog got %zu; prog put %zu owed %zu, accepted %zu, peer got %zu\n",
            w->peer.put, w->inward.whole, w->prog.got, w->prog.put, w->owed, w->accepted.whole, w->peer.got);
    fprintf(stderr,
            "at: fin %lu reset %lu told %lu (%d) prog end %lu exit %lu our end %lu net end %lu error %lu "
            "peer eof %lu prog eof %lu\n",
            w->fin_at, w->reset_at, w->engine.told_at, w->engine.told, w->prog_end_at, w->exit_at,
            w->our_end_at, w->net_end_at, w->net_error_at, w->peer.end_at, w->prog.end_at);
}

static struct world world;

static int is_right(uint64_t seed, int told) {
    struct plan peer[PLAN_MAX], prog[PLAN_MAX];
    struct setup setup;
    make_setup(&setup, seed, peer, prog);
    world_run(&world, &setup);
    judge(&world);
    if (told) tell(&world, &setup);
    if (world.fault)
        fprintf(stderr, "RELAY_SEED=%llu: the relay %s\n", (unsigned long long)seed, world.fault);
    world_end(&world);
    return !world.fault;
}

static void thousands_of_connections_end_as_the_contract_says(void **state) {
    unsigned long alone = unit_number("RELAY_SEED", 0);
    unsigned long runs = unit_rounds("RELAY_RUNS", 10000), wrong = 0;
    (void)state;
    for (unsigned long seed = alone ? alone : 1; seed <= (alone ? alone : runs) && wrong < 20; seed++)
        wrong += !is_right(seed, alone != 0);
    if (wrong) fail_msg("%lu wrong; the seeds are above", wrong);
}

int main(void) {
    struct CMUnitTest const tests[] = {cmocka_unit_test(thousands_of_connections_end_as_the_contract_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
