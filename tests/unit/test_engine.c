/* test_engine: two engines that speak to each other through memory, and how a connection ends for them.
 * What other implementations make of the engine is left to the wire tests. */

#include "engines.h"

static size_t unsent(struct engine *e) {
    size_t n;
    engine_out(e, &n);
    return n;
}

static void give(struct engine *to, void const *s, size_t n) {
    size_t room;
    unsigned char *r = engine_in_room(to, &room);
    assert_true(room >= n);
    memcpy(r, s, n);
    engine_in_commit(to, n);
}

static int connect_engines(void **state) {
    if (make_engines(state) < 0) return -1;
    shake_hands(SIZE_MAX);
    return 0;
}

static enum engine_status read_at(struct engine *e) {
    size_t got = 0;
    return engine_read(e, buf, sizeof buf, &got);
}

static void a_handshake_may_trickle(void **state) {
    (void)state;
    shake_hands(1);
    assert_int_equal(engine_write(client, "hello", 5), ENGINE_OK);
    carry_all(client, server);
    assert_reads(server, "hello");
}

/* Later there would be nobody to tell: no room means that there is enough for now. */
static void memory_for_what_comes_in_is_had_before_the_handshake(void **state) {
    size_t had = server->in.sa.a, room;
    (void)state;
    assert_non_null(engine_in_room(server, &room));
    assert_true(had >= room);
    assert_int_equal(server->in.sa.a, had);
}

static void the_end_of_the_transport_in_the_handshake_is_a_failure(void **state) {
    (void)state;
    assert_int_equal(engine_handshake(client), ENGINE_AGAIN);
    carry(client, server, 50);
    assert_int_equal(engine_handshake(server), ENGINE_AGAIN);
    engine_in_eof(server);
    assert_int_equal(engine_handshake(server), ENGINE_FAILED);
    assert_false(engine_failed_by_peer(server));
}

static void an_alert_without_a_name_is_told_all_the_same(void **state) {
    (void)state;
    assert_int_equal(engine_handshake(client), ENGINE_AGAIN);
    give(client, "\x15\3\3\0\2\2\xc8", 7);
    assert_int_equal(engine_handshake(client), ENGINE_FAILED);
    assert_true(engine_failed_by_peer(client));
    assert_non_null(strstr(engine_error(client), "peer sent alert of an unknown kind"));
}

/* Each has one byte of it. */
static void a_hello_in_too_many_records_is_refused(void **state) {
    static unsigned char records[32768];
    (void)state;
    for (size_t i = 0; i < sizeof records; i++)
        records[i] = (unsigned char)(i % 6 < 5 ? "\x16\3\1\0\1"[i % 6] : i < 24 ? "\1\0\x3e\x80"[i / 6] : 0);
    give(server, records, sizeof records - 1);
    assert_int_equal(engine_handshake(server), ENGINE_AGAIN);
    give(server, records, 1);
    assert_int_equal(engine_handshake(server), ENGINE_FAILED);
    assert_non_null(strstr(engine_error(server), "too many records"));
}

/* The lengths of the records in what is unsent: the first 14,000 bytes are in such as fit a segment. */
static void the_first_records_are_short_and_later_ones_are_not(void **state) {
    size_t n, at = 0, len = 0, early = 0;
    (void)state;
    for (int i = 0; i < 3 || (size_t)i * sizeof buf < 40000; i++)
        assert_int_equal(engine_write(server, buf, sizeof buf), ENGINE_OK);
    for (unsigned char const *s = engine_out(server, &n); at < n; at += len) {
        len = 5 + (size_t)s[at + 3] * 256 + s[at + 4];
        if (at < 14000) assert_true(len < 1440);
        early += len < 1440;
    }
    assert_int_equal(at, n);
    assert_true(early >= 10 && len > sizeof buf);
}

static void each_direction_ends_alone(void **state) {
    (void)state;
    assert_int_equal(engine_write(client, "last", 4), ENGINE_OK);
    engine_close_notify(client);
    carry_all(client, server);
    assert_reads(server, "last");
    assert_int_equal(read_at(server), ENGINE_CLOSED);
    assert_int_equal(read_at(server), ENGINE_CLOSED);
    assert_int_equal(engine_write(server, "answer", 6), ENGINE_OK);
    carry_all(server, client);
    assert_reads(client, "answer");
    assert_int_equal(read_at(client), ENGINE_AGAIN);
}

static void nothing_is_written_after_our_close_notify(void **state) {
    (void)state;
    engine_close_notify(server);
    size_t before = unsent(server);
    assert_int_equal(engine_write(server, "x", 1), ENGINE_FAILED);
    engine_close_notify(server);
    assert_int_equal(unsent(server), before);
}

/* RFC 8446 6.1 */
static void no_answer_follows_our_close_notify(void **state) {
    (void)state;
    engine_close_notify(server);
    size_t before = unsent(server);
    assert_true(wolfSSL_update_keys(client->ssl) == WOLFSSL_SUCCESS);
    carry_all(client, server);
    assert_int_equal(read_at(server), ENGINE_AGAIN);
    assert_int_equal(unsent(server), before);
}

static void no_alert_follows_our_close_notify(void **state) {
    static unsigned char const record[5 + 40] = {23, 3, 3, 0, 40};
    (void)state;
    engine_close_notify(server);
    size_t before = unsent(server);
    give(server, record, sizeof record);
    assert_int_equal(read_at(server), ENGINE_FAILED);
    assert_int_equal(unsent(server), before);
}

static void a_bad_record_is_answered_with_an_alert(void **state) {
    static unsigned char const record[5 + 40] = {23, 3, 3, 0, 40};
    (void)state;
    give(server, record, sizeof record);
    assert_int_equal(read_at(server), ENGINE_FAILED);
    assert_false(engine_failed_by_peer(server));
    carry_all(server, client);
    assert_int_equal(read_at(client), ENGINE_FAILED);
    assert_true(engine_failed_by_peer(client));
}

static void eof_between_records_is_an_end_and_inside_one_a_failure(void **state) {
    (void)state;
    assert_int_equal(engine_write(client, "whole", 5), ENGINE_OK);
    carry_all(client, server);
    engine_in_eof(server);
    assert_reads(server, "whole");
    assert_int_equal(read_at(server), ENGINE_EOF);

    assert_int_equal(engine_write(server, "cut", 3), ENGINE_OK);
    carry(server, client, unsent(server) - 1);
    engine_in_eof(client);
    assert_int_equal(read_at(client), ENGINE_FAILED);
    assert_false(engine_failed_by_peer(client));
}

/* A peer that makes us answer and takes no answer must wait. */
static void key_updates_without_end_do_not_fill_memory(void **state) {
    (void)state;
    for (int i = 0; i < 20000; i++) {
        size_t room;
        if (!engine_in_room(server, &room)) return;
        assert_true(wolfSSL_update_keys(client->ssl) == WOLFSSL_SUCCESS);
        carry_all(client, server);
        assert_int_equal(read_at(server), ENGINE_AGAIN);
        assert_true(unsent(server) < 200000);
    }
    fail_msg("the engine takes all");
}

/* Here a client makes its key right after it has verified a signature. A library once made every other one wrong, for what the
 * verification had left in the registers. */
static void tls12_by_x25519_works_each_time(void **state) {
    static char const *const env[] = {"TLS_MAX_VERSION=1.2", "TLS_GROUPS=X25519:P-256", 0};
    stralloc why = STRALLOC_ZERO;
    static struct policy tls12;
    struct engine_info info;
    if (!CONFIG_TLS12 || !CONFIG_GROUP_X25519 || !CONFIG_GROUP_P256) skip();
    assert_int_equal(policy_find(&tls12, 0, env, &why), 0);
    policy = &tls12;
    for (int i = 0; i < 16; i++) {
        assert_int_equal(connect_engines(state), 0);
        engine_get_info(client, &info);
        assert_string_equal(info.protocol, "TLSv1.2");
        free_engines(state);
    }
    policy = 0;
}

#define WITH_NEW(test) cmocka_unit_test_setup_teardown(test, make_engines, free_engines)
#define CONNECTED(test) cmocka_unit_test_setup_teardown(test, connect_engines, free_engines)

int main(void) {
    if (!CONFIG_SERVER || !CONFIG_CLIENT || !CONFIG_KEY_EC) return unit_skip_all("SERVER, CLIENT, KEY_EC");
    struct CMUnitTest const tests[] = {
        WITH_NEW(a_handshake_may_trickle),
        WITH_NEW(memory_for_what_comes_in_is_had_before_the_handshake),
        WITH_NEW(the_end_of_the_transport_in_the_handshake_is_a_failure),
        WITH_NEW(an_alert_without_a_name_is_told_all_the_same),
        WITH_NEW(a_hello_in_too_many_records_is_refused),
        CONNECTED(the_first_records_are_short_and_later_ones_are_not),
        CONNECTED(each_direction_ends_alone),
        CONNECTED(nothing_is_written_after_our_close_notify),
        CONNECTED(no_answer_follows_our_close_notify),
        CONNECTED(no_alert_follows_our_close_notify),
        CONNECTED(a_bad_record_is_answered_with_an_alert),
        CONNECTED(eof_between_records_is_an_end_and_inside_one_a_failure),
        cmocka_unit_test(tls12_by_x25519_works_each_time),
        CONNECTED(key_updates_without_end_do_not_fill_memory),
    };
    return cmocka_run_group_tests(tests, make_key, free_key);
}
