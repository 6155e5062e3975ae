/* test_relay_limits: stories of full directions, limits of time, networks that are no socket, and the handshake.
 * How connections end otherwise is left to test_relay. */

#include "story.h"

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

static void a_second_after_it_moved_something_a_relay_rests_once(void **state) {
    (void)state;
    struct world *w =
        RUN(.prog = PLAN(DATA(1), SLEEP(10000), DATA(1), SLEEP(999), DATA(1), SLEEP(10000), EXIT),
            .peer = PLAN(AWAIT_END, FIN));
    assert_int_equal(w->outcome, RELAY_ENDED);
    assert_int_equal(w->peer.got, 3);
    assert_int_equal(w->engine.rests, 2);
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

/* It could go on for ever. */
static void over_pipes_a_peer_that_reads_no_more_and_sends_on_is_not_heard_out(void **state) {
    struct plan peer[2002] = {[0] = CLOSE_IN, [2001] = STAY};
    (void)state;
    for (int i = 1; i <= 2000; i++) peer[i] = (struct plan)DATA(50);
    struct world *w = RUN(.network = PIPES, .peer = peer, .in_max = 100,
                          .prog = PLAN(AWAIT(1), DATA(100), AWAIT_END, EXIT));
    assert_int_equal(w->outcome, RELAY_FAILED);
    assert_true(w->prog.got < 50000);
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
        cmocka_unit_test(both_directions_at_once_with_key_updates_come_through),
        cmocka_unit_test(key_updates_without_end_to_a_peer_that_takes_no_answer_are_not_hoarded),
        cmocka_unit_test(one_byte_records_come_through_whole),
        cmocka_unit_test(what_the_engine_holds_is_not_waited_for),
        cmocka_unit_test(the_idle_limit_counts_from_the_last_byte_either_way),
        cmocka_unit_test(a_peer_that_stops_reading_is_left_at_the_idle_limit),
        cmocka_unit_test(without_a_limit_a_quiet_connection_stays),
        cmocka_unit_test(a_second_after_it_moved_something_a_relay_rests_once),
        cmocka_unit_test(a_half_closed_connection_with_prog_alive_stays),
        cmocka_unit_test(a_peer_that_does_not_close_is_left_after_the_linger_limit),
        cmocka_unit_test(lingering_goes_on_while_the_peer_takes_what_was_sent),
        cmocka_unit_test(lingering_goes_on_while_the_peer_sends),
        cmocka_unit_test(over_pipes_all_comes_through),
        cmocka_unit_test(over_pipes_nothing_lingers),
        cmocka_unit_test(over_pipes_a_peer_that_reads_no_more_is_a_failure_and_not_waited_for),
        cmocka_unit_test(over_pipes_close_notify_that_is_refused_breaks_the_connection_too),
        cmocka_unit_test(over_pipes_a_peer_that_reads_no_more_and_sends_on_is_not_heard_out),
        cmocka_unit_test(over_pipes_prog_may_end_its_direction_first),
        cmocka_unit_test(data_that_come_with_the_last_flight_reach_prog),
        cmocka_unit_test(a_handshake_that_trickles_is_late_all_the_same),
        cmocka_unit_test(a_peer_that_goes_in_the_handshake_is_a_failure),
        cmocka_unit_test(a_bad_handshake_gets_its_alert_and_is_read_to_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
