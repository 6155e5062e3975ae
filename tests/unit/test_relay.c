/* test_relay: one short story for each rule of closing and of the relay, with a fake engine.
 * What no story tells is left to test_relay_random. */

#include "world_run.h"

static struct world world;

static struct world *run(struct setup const *setup) {
    world_run(&world, setup);
    if (world.fault) fail_msg("the relay %s", world.fault);
    world_end(&world);
    return &world;
}

#define RUN(...) run(&(struct setup){.seed = 1, __VA_ARGS__})

static void output_of_a_prog_that_exits_at_once_reaches_the_peer(void **state) {
    (void)state;
    struct world *w = RUN(.prog = PLAN(DATA(6), EXIT), .peer = PLAN(AWAIT_END, FIN));
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_equal(w->peer.got, 6);
    assert_int_equal(w->relay.sent, 6);
    assert_int_equal(w->now, 0);
}

static void a_pipe_full_of_output_is_drained_after_prog_is_gone(void **state) {
    (void)state;
    struct world *w =
        RUN(.prog = PLAN(DATA(65536), EXIT), .peer = PLAN(SLEEP(1000), AWAIT_END, CLOSE_NOTIFY, FIN),
            .peer_pause = 100, .eager = {1, 1, 9, 1}, .small = 0);
    assert_int_equal(w->peer.got, 65536);
    assert_int_equal(w->outcome, RELAY_ENDED);
}

static void a_grandchild_that_holds_the_pipe_does_not_keep_the_connection(void **state) {
    (void)state;
    struct world *w = RUN(.prog = PLAN(DATA(5000), LEAVE), .peer = PLAN(AWAIT_END, FIN));
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_equal(w->peer.got, 5000);
    assert_int_equal(w->now, 0);
}

static void a_grandchild_that_writes_for_ever_does_not_keep_the_connection(void **state) {
    (void)state;
    struct world *w = RUN(.prog = PLAN(DATA(60000), LEAVE, DATA(50000000)), .peer = PLAN(AWAIT_END, FIN),
                          .peer_pause = 10, .small = 1);
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_in_range(w->peer.got, 60000, 60000 + 4096); /* a pipe full more */
}

static void a_prog_that_closed_both_its_fds_does_not_keep_the_connection(void **state) {
    (void)state;
    struct world *w = RUN(.prog = PLAN(DATA(100), CLOSE_OUT, CLOSE_IN), .peer = PLAN(STAY));
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_equal(w->peer.got, 100);
    assert_int_equal(w->exit_at, 0);
}

static void the_death_of_another_child_ends_nothing(void **state) {
    (void)state;
    struct world *w =
        RUN(.prog = PLAN(DATA(10), OTHER_CHILD, SLEEP(9999), DATA(10), EXIT), .peer = PLAN(AWAIT_END, FIN));
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_equal(w->peer.got, 20);
}

static void prog_may_close_its_stdout_and_read_on(void **state) {
    (void)state;
    struct world *w = RUN(.prog = PLAN(DATA(10), CLOSE_OUT, AWAIT_END, EXIT),
                          .peer = PLAN(AWAIT_END, SLEEP(60000), DATA(30000), CLOSE_NOTIFY, FIN));
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_equal(w->prog.got, 30000);
}

static void prog_may_close_its_stdin_and_write_on(void **state) {
    (void)state;
    struct world *w = RUN(.prog = PLAN(CLOSE_IN, SLEEP(100), DATA(200000), EXIT),
                          .peer = PLAN(DATA(300000), AWAIT_END, FIN));
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_equal(w->peer.got, 200000);
}

static void a_prog_that_never_reads_still_gets_its_answer_out(void **state) {
    (void)state;
    struct world *w =
        RUN(.prog = PLAN(DATA(200000), EXIT), .prog_ignores = 1, .peer = PLAN(DATA(300000), AWAIT_END, FIN));
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_equal(w->peer.got, 200000);
}

static void a_prog_that_ignores_eof_writes_on(void **state) {
    (void)state;
    struct world *w =
        RUN(.prog = PLAN(AWAIT_END, SLEEP(3600000), DATA(100), EXIT), .peer = PLAN(CLOSE_NOTIFY, FIN));
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_equal(w->peer.got, 100);
}

/* ---- what stays in memory ---- */

static void assert_holds_nothing(struct world const *w) {
    static char const nothing[ENGINE_WRITE_MAX];
    assert_int_equal(w->outcome, RELAY_IDLE); /* else what was read last may be ciphertext */
    assert_memory_equal(w->relay.inbuf, nothing, sizeof nothing);
    assert_memory_equal(w->relay.outbuf, nothing, sizeof nothing);
}

static void an_idle_relay_holds_no_cleartext(void **state) {
    (void)state;
    struct world *w = RUN(.prog = PLAN(DATA(40000), AWAIT(30000), STAY),
                          .peer = PLAN(DATA(30000), AWAIT(40000), STAY), .options.idle = 1000);
    assert_holds_nothing(w);
    assert_int_equal(w->prog.got, 30000);
    assert_int_equal(w->peer.got, 40000);
}

static void what_a_prog_does_not_take_is_not_kept_either(void **state) {
    (void)state;
    assert_holds_nothing(
        RUN(.prog = PLAN(CLOSE_IN, STAY), .peer = PLAN(DATA(30000), STAY), .options.idle = 1000));
    assert_holds_nothing(
        RUN(.prog = PLAN(STAY), .prog_ignores = 1, .peer = PLAN(DATA(300000), STAY), .options.idle = 1000));
}

/* ---- what our end looks like ---- */

static struct world *end_by_prog(enum relay_close close, int tls12) {
    return RUN(.prog = PLAN(DATA(100), EXIT), .peer = PLAN(AWAIT_END, FIN), .options.close = close,
               .tls12 = tls12);
}

static void close_notify_is_sent_as_the_mode_says(void **state) {
    (void)state;
    assert_int_equal(end_by_prog(RELAY_CLOSE_AUTO, 0)->outward.count[WIRE_CLOSE_NOTIFY], 1);
    assert_int_equal(end_by_prog(RELAY_CLOSE_AUTO, 1)->outward.count[WIRE_CLOSE_NOTIFY], 0);
    assert_int_equal(end_by_prog(RELAY_CLOSE_FIN, 0)->outward.count[WIRE_CLOSE_NOTIFY], 0);
    assert_int_equal(end_by_prog(RELAY_CLOSE_FIN, 1)->outward.count[WIRE_CLOSE_NOTIFY], 0);
    assert_int_equal(end_by_prog(RELAY_CLOSE_NOTIFY, 0)->outward.count[WIRE_CLOSE_NOTIFY], 1);
    assert_int_equal(end_by_prog(RELAY_CLOSE_NOTIFY, 1)->outward.count[WIRE_CLOSE_NOTIFY], 1);
}

static void on_tls12_a_peer_that_sent_close_notify_gets_its_answer_and_ours(void **state) {
    (void)state;
    struct world *w = RUN(.prog = PLAN(AWAIT_END, DATA(100), EXIT),
                          .peer = PLAN(DATA(9), CLOSE_NOTIFY, AWAIT_END, FIN), .tls12 = 1);
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_equal(w->peer.got, 100);
    assert_int_equal(w->outward.count[WIRE_CLOSE_NOTIFY], 1);
}

static void after_close_notify_and_break_prog_gets_eof_and_input_is_discarded(void **state) {
    (void)state;
    struct world *w =
        RUN(.prog = PLAN(CLOSE_OUT, AWAIT_END, EXIT),
            .peer = PLAN(AWAIT_END, DATA(200000), CLOSE_NOTIFY, FIN), .options.close = RELAY_CLOSE_NOTIFY);
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_equal(w->prog.got, 0);
    assert_int_not_equal(w->fin_at, 0);
}

static void after_close_notify_and_break_the_peer_need_not_wait_for_a_prog_that_does_not_read(void **state) {
    (void)state;
    struct world *w =
        RUN(.prog = PLAN(SLEEP(100), CLOSE_OUT, SLEEP(20000), EXIT), .prog_ignores = 1,
            .peer = PLAN(DATA(1000000), CLOSE_NOTIFY, FIN), .options.close = RELAY_CLOSE_NOTIFY);
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_not_equal(w->fin_at, 0);
    assert_int_equal(w->inward.whole, 1000000);
}

static void
after_close_notify_and_break_a_prog_that_does_not_read_does_not_keep_the_peer_connected(void **state) {
    (void)state;
    struct world *w =
        RUN(.prog = PLAN(SLEEP(100), CLOSE_OUT, SLEEP(20000), EXIT), .prog_ignores = 1,
            .peer = PLAN(DATA(100000), SLEEP(10000), DATA(5)), .options.close = RELAY_CLOSE_NOTIFY);
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_equal(w->inward.whole, 100000);
}

static void what_came_before_close_notify_and_break_reaches_a_prog_that_is_slow(void **state) {
    (void)state;
    struct world *w = RUN(.prog = PLAN(SLEEP(100), CLOSE_OUT, AWAIT_END, EXIT), .prog_pause = 7000,
                          .peer = PLAN(DATA(8000)), .small = 1, .options.close = RELAY_CLOSE_NOTIFY);
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_equal(w->prog.got, 8000);
}

/* ---- how the peer ends ---- */

static void close_notify_in_one_piece_with_data_loses_none_of_it(void **state) {
    (void)state;
    struct world *w = RUN(.peer = PLAN(DATA(20000), CLOSE_NOTIFY, FIN),
                          .prog = PLAN(AWAIT_END, DATA(1), EXIT), .options.strict = 1);
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_equal(w->prog.got, 20000);
    assert_int_equal(w->peer.got, 1);
}

static void what_comes_after_close_notify_is_ignored(void **state) {
    (void)state;
    struct world *w = RUN(.peer = PLAN(DATA(20), CLOSE_NOTIFY, DATA(100000), BAD, FIN),
                          .prog = PLAN(AWAIT_END, DATA(1), EXIT));
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_equal(w->prog.got, 20);
}

static void eof_without_close_notify_is_normal(void **state) {
    (void)state;
    struct world *w = RUN(.peer = PLAN(DATA(20), FIN), .prog = PLAN(AWAIT_END, DATA(10), EXIT));
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_equal(w->prog.got, 20);
    assert_int_equal(w->peer.got, 10);
}

static void eof_without_close_notify_is_a_failure_when_strict(void **state) {
    (void)state;
    struct world *w = RUN(.peer = PLAN(DATA(20), FIN), .prog = PLAN(AWAIT_END, SLEEP(10), DATA(10), EXIT),
                          .options.strict = 1);
    assert_int_equal(w->outcome, RELAY_FAILED);
    assert_int_equal(w->prog.got, 20);
    assert_int_equal(w->peer.got, 0);
    assert_non_null(relay_why(&w->relay));
}

static void eof_inside_a_record_is_a_failure_always(void **state) {
    (void)state;
    struct world *w = RUN(.peer = PLAN(DATA(20), PART, FIN), .prog = PLAN(AWAIT_END, EXIT));
    assert_int_equal(w->outcome, RELAY_FAILED);
    assert_int_equal(w->prog.got, 20);
}

static void a_bad_record_is_answered_with_an_alert_after_what_was_sent(void **state) {
    (void)state;
    struct world *w = RUN(.peer = PLAN(AWAIT(500), DATA(20), BAD, AWAIT_END, FIN),
                          .prog = PLAN(DATA(500), AWAIT_END, EXIT));
    assert_int_equal(w->outcome, RELAY_FAILED);
    assert_int_equal(w->prog.got, 20);
    assert_int_equal(w->peer.got, 500);
    assert_int_equal(w->outward.count[WIRE_ALERT], 1);
    assert_int_equal(w->outward.count[WIRE_CLOSE_NOTIFY], 0);
}

static void a_peer_that_does_not_take_its_alert_is_left_after_the_linger_limit(void **state) {
    (void)state;
    struct world *w =
        RUN(.peer = PLAN(SLEEP(1000), BAD), .peer_reads = 100, .prog = PLAN(DATA(1000000), EXIT));
    assert_int_equal(w->outcome, RELAY_FAILED);
    assert_in_range(w->now, 6000, 6500);
}

static void an_alert_or_a_reset_is_a_failure_while_prog_may_write(void **state) {
    (void)state;
    assert_int_equal(RUN(.peer = PLAN(DATA(9), ALERT, FIN), .prog = PLAN(AWAIT_END, EXIT))->outcome,
                     RELAY_FAILED);
    assert_int_equal(RUN(.peer = PLAN(DATA(9), RESET), .prog = PLAN(AWAIT_END, EXIT))->outcome, RELAY_FAILED);
}

static void an_alert_or_a_reset_after_our_end_is_normal(void **state) {
    (void)state;
    struct world *w = RUN(.peer = PLAN(AWAIT_END, ALERT, FIN), .prog = PLAN(DATA(100), EXIT), .tls12 = 1);
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_equal(w->peer.got, 100);
    w = RUN(.peer = PLAN(AWAIT_END, HARD_RESET), .prog = PLAN(DATA(100), EXIT));
    assert_int_equal(w->outcome, RELAY_ENDED);
}

static void a_reset_that_only_our_close_notify_meets_is_normal(void **state) {
    (void)state;
    struct world *w =
        RUN(.peer = PLAN(AWAIT(100), CLOSE_NOTIFY, RESET), .prog = PLAN(DATA(100), SLEEP(10), EXIT));
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_not_equal(w->net_error_at, 0);
}

static void a_reset_that_loses_output_is_a_failure(void **state) {
    (void)state;
    struct world *w =
        RUN(.peer = PLAN(AWAIT(10), RESET), .peer_reads = 10, .prog = PLAN(DATA(1000000), EXIT), .small = 1);
    assert_int_equal(w->outcome, RELAY_FAILED);
}

/* ---- both directions full, key updates ---- */

static void both_directions_at_once_with_key_updates_come_through(void **state) {
    (void)state;
    struct world *w = RUN(.peer = PLAN(DATA(400000), KEY_UPDATE, DATA(400000), KEY_UPDATE, DATA(1),
                                       CLOSE_NOTIFY, AWAIT_END, FIN),
                          .prog = PLAN(DATA(800000), AWAIT_END, EXIT), .small = 1);
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_equal(w->prog.got, 800001);
    assert_int_equal(w->peer.got, 800000);
    assert_int_equal(w->outward.count[WIRE_ANSWER], 2);
}

static void key_updates_without_end_to_a_peer_that_takes_no_answer_are_not_hoarded(void **state) {
    struct plan peer[2002] = {[2000] = SLEEP(100), [2001] = STAY};
    (void)state;
    for (int i = 0; i < 2000; i++) peer[i] = (struct plan)KEY_UPDATE;
    struct world *w = RUN(.peer = peer, .peer_reads = 1, .prog = PLAN(DATA(100000), EXIT), .small = 1,
                          .out_max = 2000, .options.idle = 60000);
    assert_int_equal(w->outcome, RELAY_IDLE);
}

static void one_byte_records_come_through_whole(void **state) {
    struct plan peer[3003] = {[3000] = CLOSE_NOTIFY, [3001] = FIN};
    (void)state;
    for (int i = 0; i < 3000; i++) peer[i] = (struct plan)DATA(1);
    struct world *w = RUN(.peer = peer, .prog = PLAN(AWAIT_END, EXIT));
    assert_int_equal(w->prog.got, 3000);
}

/* The rest of a record is in the engine: no event of the socket tells of it. */
static void what_the_engine_holds_is_not_waited_for(void **state) {
    (void)state;
    struct world *w = RUN(.peer = PLAN(DATA(16384), AWAIT(1), FIN),
                          .prog = PLAN(AWAIT(16384), DATA(1), AWAIT_END, EXIT), .piece = 100);
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_equal(w->prog.got, 16384);
    assert_int_equal(w->now, 0);
}

/* ---- limits of time ---- */

static void the_idle_limit_counts_from_the_last_byte_either_way(void **state) {
    (void)state;
    struct world *w = RUN(.prog = PLAN(SLEEP(900), DATA(1), SLEEP(900), DATA(1)),
                          .peer = PLAN(SLEEP(2700), DATA(5)), .options.idle = 1000);
    assert_int_equal(w->outcome, RELAY_IDLE);
    assert_int_equal(w->now, 3700);
    assert_int_equal(w->peer.got, 2);
    assert_int_equal(w->prog.got, 5);
}

static void a_peer_that_stops_reading_is_left_at_the_idle_limit(void **state) {
    (void)state;
    struct world *w =
        RUN(.prog = PLAN(DATA(1000000), EXIT), .peer = PLAN(STAY), .peer_reads = 1000, .options.idle = 7000);
    assert_int_equal(w->outcome, RELAY_IDLE);
    assert_int_equal(w->now, 7000);
}

static void without_a_limit_a_quiet_connection_stays(void **state) {
    (void)state;
    struct world *w = RUN(.prog = PLAN(SLEEP(86400000), DATA(1), EXIT), .peer = PLAN(AWAIT_END, FIN));
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_equal(w->peer.got, 1);
    assert_int_equal(w->now, 86400000);
}

static void a_half_closed_connection_with_prog_alive_stays(void **state) {
    (void)state;
    struct world *w =
        RUN(.prog = PLAN(CLOSE_OUT, AWAIT_END, EXIT), .peer = PLAN(SLEEP(600000), DATA(3), FIN));
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_equal(w->prog.got, 3);
    assert_int_equal(w->now, 600000);
}

static void a_peer_that_does_not_close_is_left_after_the_linger_limit(void **state) {
    (void)state;
    struct world *w = RUN(.prog = PLAN(DATA(100), EXIT), .peer = PLAN(STAY));
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_equal(w->peer.got, 100);
    assert_in_range(w->now, 5000, 5500);
}

static void lingering_goes_on_while_the_peer_takes_what_was_sent(void **state) {
    (void)state;
    struct world *w =
        RUN(.prog = PLAN(DATA(3000), EXIT), .peer = PLAN(AWAIT_END, FIN), .peer_pause = 3000, .brief = 100);
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_equal(w->peer.got, 3000);
    assert_in_range(w->now, 10000, 100000);
    assert_int_equal(w->peer.cut, 0);
    assert_int_not_equal(w->fin_at, 0); /* it came to that: it was not left before */
}

static void lingering_goes_on_while_the_peer_sends(void **state) {
    (void)state;
    struct world *w = RUN(.prog = PLAN(DATA(10), EXIT), .peer = PLAN(SLEEP(4000), DATA(9), SLEEP(4000),
                                                                     DATA(9), SLEEP(4000), DATA(9), FIN));
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_equal(w->peer.cut, 0);
    assert_int_equal(w->now, 12000);
}

/* ---- a network that is no socket ---- */

static void over_pipes_all_comes_through(void **state) {
    (void)state;
    struct world *w = RUN(.network = PIPES, .peer = PLAN(DATA(300000), CLOSE_NOTIFY, FIN),
                          .prog = PLAN(DATA(300000), AWAIT_END, EXIT));
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_equal(w->prog.got, 300000);
    assert_int_equal(w->peer.got, 300000);
}

static void over_pipes_nothing_lingers(void **state) {
    (void)state;
    struct world *w = RUN(.network = PIPES, .peer = PLAN(STAY), .prog = PLAN(DATA(100), EXIT));
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_equal(w->peer.got, 100);
    assert_int_equal(w->now, 0);
}

static void over_pipes_a_peer_that_reads_no_more_is_a_failure_and_not_waited_for(void **state) {
    (void)state;
    struct world *w = RUN(.network = PIPES, .peer = PLAN(DATA(10), CLOSE_IN),
                          .prog = PLAN(SLEEP(10), DATA(100), AWAIT_END, EXIT));
    assert_int_equal(w->outcome, RELAY_FAILED);
    assert_int_equal(w->prog.got, 10);
    assert_int_equal(w->now, 10);
    assert_int_not_equal(w->prog.end_at, 0); /* prog was told */
}

static void over_pipes_close_notify_that_is_refused_breaks_the_connection_too(void **state) {
    (void)state;
    struct world *w =
        RUN(.network = PIPES, .peer = PLAN(CLOSE_IN), .prog = PLAN(SLEEP(10), CLOSE_OUT, AWAIT_END, EXIT),
            .options.close = RELAY_CLOSE_NOTIFY);
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_not_equal(w->prog.end_at, 0);
}

static void over_pipes_prog_may_end_its_direction_first(void **state) {
    (void)state;
    struct world *w = RUN(.network = PIPES, .peer = PLAN(AWAIT_END, SLEEP(60000), DATA(100), FIN),
                          .prog = PLAN(CLOSE_OUT, AWAIT_END, EXIT));
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_equal(w->prog.got, 100);
}

/* ---- handshake ---- */

static void data_that_come_with_the_last_flight_reach_prog(void **state) {
    (void)state;
    struct world *w = RUN(.handshake = 1, .peer = PLAN(HELLO, FINISHED, DATA(70), CLOSE_NOTIFY, FIN),
                          .prog = PLAN(AWAIT_END, DATA(5), EXIT));
    assert_int_equal(w->handshake, RELAY_ENDED);
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_equal(w->prog.got, 70);
    assert_int_equal(w->peer.got, 5);
}

static void a_handshake_that_trickles_is_late_all_the_same(void **state) {
    struct plan peer[202] = {PART};
    (void)state;
    for (int i = 1; i < 200; i++)
        peer[i] = i % 2 ? (struct plan)SLEEP(100) : (struct plan)CLOSE_NOTIFY; /* bytes of one long record */
    struct world *w = RUN(.handshake = 1, .limit = 1000, .peer = peer, .prog = PLAN(STAY));
    assert_int_equal(w->handshake, RELAY_LATE);
    assert_int_equal(w->now, 1000);
}

static void a_peer_that_goes_in_the_handshake_is_a_failure(void **state) {
    (void)state;
    struct world *w = RUN(.handshake = 1, .peer = PLAN(HELLO, FIN), .prog = PLAN(STAY));
    assert_int_equal(w->handshake, RELAY_FAILED);
    assert_int_equal(w->outcome, RELAY_FAILED);
    w = RUN(.handshake = 1, .peer = PLAN(HELLO, HARD_RESET), .prog = PLAN(STAY));
    assert_int_equal(w->outcome, RELAY_FAILED);
}

static void a_bad_handshake_gets_its_alert_and_is_read_to_its_end(void **state) {
    (void)state;
    struct world *w =
        RUN(.handshake = 1, .peer = PLAN(HELLO, BAD, AWAIT_END, DATA(50000), FIN), .prog = PLAN(STAY));
    assert_int_equal(w->outcome, RELAY_FAILED);
    assert_int_equal(w->outward.count[WIRE_ALERT], 1);
    assert_int_equal(w->peer.cut, 0);
    assert_int_equal(w->prog.got, 0);
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(output_of_a_prog_that_exits_at_once_reaches_the_peer),
        cmocka_unit_test(a_pipe_full_of_output_is_drained_after_prog_is_gone),
        cmocka_unit_test(a_grandchild_that_holds_the_pipe_does_not_keep_the_connection),
        cmocka_unit_test(a_grandchild_that_writes_for_ever_does_not_keep_the_connection),
        cmocka_unit_test(a_prog_that_closed_both_its_fds_does_not_keep_the_connection),
        cmocka_unit_test(the_death_of_another_child_ends_nothing),
        cmocka_unit_test(prog_may_close_its_stdout_and_read_on),
        cmocka_unit_test(prog_may_close_its_stdin_and_write_on),
        cmocka_unit_test(a_prog_that_never_reads_still_gets_its_answer_out),
        cmocka_unit_test(a_prog_that_ignores_eof_writes_on),
        cmocka_unit_test(an_idle_relay_holds_no_cleartext),
        cmocka_unit_test(what_a_prog_does_not_take_is_not_kept_either),
        cmocka_unit_test(close_notify_is_sent_as_the_mode_says),
        cmocka_unit_test(on_tls12_a_peer_that_sent_close_notify_gets_its_answer_and_ours),
        cmocka_unit_test(after_close_notify_and_break_prog_gets_eof_and_input_is_discarded),
        cmocka_unit_test(after_close_notify_and_break_the_peer_need_not_wait_for_a_prog_that_does_not_read),
        cmocka_unit_test(
            after_close_notify_and_break_a_prog_that_does_not_read_does_not_keep_the_peer_connected),
        cmocka_unit_test(what_came_before_close_notify_and_break_reaches_a_prog_that_is_slow),
        cmocka_unit_test(close_notify_in_one_piece_with_data_loses_none_of_it),
        cmocka_unit_test(what_comes_after_close_notify_is_ignored),
        cmocka_unit_test(eof_without_close_notify_is_normal),
        cmocka_unit_test(eof_without_close_notify_is_a_failure_when_strict),
        cmocka_unit_test(eof_inside_a_record_is_a_failure_always),
        cmocka_unit_test(a_bad_record_is_answered_with_an_alert_after_what_was_sent),
        cmocka_unit_test(a_peer_that_does_not_take_its_alert_is_left_after_the_linger_limit),
        cmocka_unit_test(an_alert_or_a_reset_is_a_failure_while_prog_may_write),
        cmocka_unit_test(an_alert_or_a_reset_after_our_end_is_normal),
        cmocka_unit_test(a_reset_that_only_our_close_notify_meets_is_normal),
        cmocka_unit_test(a_reset_that_loses_output_is_a_failure),
        cmocka_unit_test(both_directions_at_once_with_key_updates_come_through),
        cmocka_unit_test(key_updates_without_end_to_a_peer_that_takes_no_answer_are_not_hoarded),
        cmocka_unit_test(one_byte_records_come_through_whole),
        cmocka_unit_test(what_the_engine_holds_is_not_waited_for),
        cmocka_unit_test(the_idle_limit_counts_from_the_last_byte_either_way),
        cmocka_unit_test(a_peer_that_stops_reading_is_left_at_the_idle_limit),
        cmocka_unit_test(without_a_limit_a_quiet_connection_stays),
        cmocka_unit_test(a_half_closed_connection_with_prog_alive_stays),
        cmocka_unit_test(a_peer_that_does_not_close_is_left_after_the_linger_limit),
        cmocka_unit_test(lingering_goes_on_while_the_peer_takes_what_was_sent),
        cmocka_unit_test(lingering_goes_on_while_the_peer_sends),
        cmocka_unit_test(over_pipes_all_comes_through),
        cmocka_unit_test(over_pipes_nothing_lingers),
        cmocka_unit_test(over_pipes_a_peer_that_reads_no_more_is_a_failure_and_not_waited_for),
        cmocka_unit_test(over_pipes_close_notify_that_is_refused_breaks_the_connection_too),
        cmocka_unit_test(over_pipes_prog_may_end_its_direction_first),
        cmocka_unit_test(data_that_come_with_the_last_flight_reach_prog),
        cmocka_unit_test(a_handshake_that_trickles_is_late_all_the_same),
        cmocka_unit_test(a_peer_that_goes_in_the_handshake_is_a_failure),
        cmocka_unit_test(a_bad_handshake_gets_its_alert_and_is_read_to_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
