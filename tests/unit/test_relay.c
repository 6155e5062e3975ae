/* test_relay: one short story for each rule of how a connection ends, with a fake engine: by prog, by us, by the peer.
 * Limits of time, other networks and the handshake are test_relay_limits, what no story tells test_relay_random. */

#include "story.h"

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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
