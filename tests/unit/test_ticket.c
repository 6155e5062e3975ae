/* test_ticket: tickets that are sealed and opened, with keys, purposes and clocks of all kinds.
 * It must not know what is in a ticket, but for the places that ticket.h names. */

#include "unit.h"

#include <string.h>
#include <time.h>

#include "keyring.h"

#if CONFIG_TICKETS

enum { KEY = 80, STATE = 100 };

static time_t now;

/* The C library's, for this program. */
time_t time(time_t *t) {
    if (t) *t = now;
    return now;
}

static unsigned char const purpose[TICKET_PURPOSE] = "for this";

/* A ring with a key for each letter, by whose name it goes. */
static struct keyring *ring_of(char const *letters) {
    unsigned char s[KEY * 8];
    char const *why;
    size_t len = strlen(letters) * KEY;
    struct keyring *ring = keyring_new();
    assert_non_null(ring);
    for (size_t i = 0; i < len; i++) s[i] = (unsigned char)(letters[i / KEY] + (i % KEY < 16 ? 0 : i % KEY));
    assert_int_equal(keyring_add_ticket_keys(ring, s, len, &why), 0);
    return ring;
}

static struct ticket sealed_by(char const *letters) {
    struct keyring *ring = ring_of(letters);
    struct ticket t;
    memset(&t, 'x', sizeof t);
    t.len = STATE;
    assert_int_equal(keyring_ticket(ring, TICKET_SEAL, purpose, &t), 1);
    keyring_free(ring);
    return t;
}

/* Whether it opens, and then to what was sealed. */
static int opens_for(char const *letters, unsigned char const *wanted, struct ticket t) {
    unsigned char same[STATE];
    struct keyring *ring = ring_of(letters);
    int r = keyring_ticket(ring, TICKET_OPEN, wanted, &t);
    keyring_free(ring);
    memset(same, 'x', sizeof same);
    assert_true(r == 0 || r == 1);
    if (r) assert_memory_equal(t.state, same, sizeof same);
    return r;
}

static int opens(char const *letters, struct ticket t) {
    return opens_for(letters, purpose, t);
}

static void what_is_sealed_opens(void **state) {
    (void)state;
    struct ticket t = sealed_by("A");
    unsigned char clear[STATE];
    memset(clear, 'x', STATE);
    assert_int_equal(t.len, STATE);
    assert_int_equal(t.name[0], 'A');
    assert_memory_not_equal(t.state, clear, STATE);
    assert_true(opens("A", t));
}

static void the_first_key_seals_and_all_open(void **state) {
    (void)state;
    assert_int_equal(sealed_by("BA").name[0], 'B');
    assert_true(opens("ABC", sealed_by("C")));
    assert_false(opens("AB", sealed_by("C")));
}

static void no_two_tickets_are_alike(void **state) {
    (void)state;
    struct ticket a = sealed_by("A"), b = sealed_by("A");
    assert_memory_not_equal(a.salt, b.salt, sizeof a.salt);
    assert_memory_not_equal(a.state, b.state, STATE);
    assert_memory_not_equal(a.mac, b.mac, sizeof a.mac);
}

static void another_purpose_is_another_key(void **state) {
    (void)state;
    struct ticket t = sealed_by("A");
    for (size_t i = 0; i < sizeof purpose; i++) {
        unsigned char other[sizeof purpose];
        memcpy(other, purpose, sizeof other);
        other[i] ^= 1;
        assert_false(opens_for("A", other, t));
    }
}

static void each_bit_counts(void **state) {
    (void)state;
    struct ticket t = sealed_by("A");
    size_t bytes = offsetof(struct ticket, state) + STATE;
    for (size_t i = 0; i < bytes * 8; i++) {
        struct ticket other = t;
        if (i / 8 >= offsetof(struct ticket, len) && i / 8 < offsetof(struct ticket, state)) continue;
        ((unsigned char *)&other)[i / 8] ^= (unsigned char)(1 << i % 8);
        if (opens("A", other)) fail_msg("byte %zu, bit %zu", i / 8, i % 8);
    }
}

static void a_ticket_that_is_cut_or_longer_does_not_open(void **state) {
    struct ticket t = sealed_by("A");
    (void)state;
    for (t.len = 0; t.len <= TICKET_STATE_MAX; t.len++)
        if (t.len != STATE) assert_false(opens("A", t));
}

static void what_is_too_long_is_not_touched(void **state) {
    struct keyring *ring = ring_of("A");
    struct ticket t = {.len = TICKET_STATE_MAX + 1};
    (void)state;
    assert_int_equal(keyring_ticket(ring, TICKET_SEAL, purpose, &t), -1);
    assert_int_equal(keyring_ticket(ring, TICKET_OPEN, purpose, &t), -1);
    keyring_free(ring);
}

static void every_length_up_to_the_longest_can_be_sealed(void **state) {
    struct keyring *ring = ring_of("A");
    (void)state;
    for (uint32_t len = 1; len <= TICKET_STATE_MAX; len++) {
        struct ticket t = {.len = len};
        t.state[len - 1] = 'x';
        assert_int_equal(keyring_ticket(ring, TICKET_SEAL, purpose, &t), 1);
        assert_int_equal(keyring_ticket(ring, TICKET_OPEN, purpose, &t), 1);
        assert_int_equal(t.state[len - 1], 'x');
    }
    keyring_free(ring);
}

static int opens_after(struct ticket t, time_t seconds) {
    time_t then = now;
    now += seconds;
    int r = opens("A", t);
    now = then;
    return r;
}

static void a_ticket_has_its_time(void **state) {
    (void)state;
    now = 1700000000;
    struct ticket t = sealed_by("A");
    assert_true(opens_after(t, 0));
    assert_true(opens_after(t, CONFIG_TICKET_LIFETIME));
    assert_false(opens_after(t, CONFIG_TICKET_LIFETIME + 1));
    assert_false(opens_after(t, 1000000000));
    assert_true(opens_after(t, -60)); /* made by a host whose clock is ahead */
    assert_false(opens_after(t, -61));
}

static void without_keys_there_is_nothing(void **state) {
    struct keyring *ring = keyring_new();
    struct ticket t = {.len = STATE};
    (void)state;
    assert_false(keyring_has_ticket_keys(ring));
    assert_int_equal(keyring_ticket(ring, TICKET_SEAL, purpose, &t), -1);
    assert_int_equal(keyring_ticket(ring, TICKET_OPEN, purpose, &t), -1);
    keyring_free(ring);
}

static void a_file_of_keys_has_80_bytes_for_each(void **state) {
    static unsigned char const s[KEY * 3 + 1] = {[0] = 'a', [KEY] = 'b', [KEY * 3] = 'd'};
    (void)state;
    struct keyring *ring = keyring_new();
    for (size_t len = 0; len <= sizeof s; len++) {
        char const *why = 0;
        int r = keyring_add_ticket_keys(ring, s, len, &why);
        if (r == 0) {
            assert_true(len == KEY || len == (size_t)KEY * 2);
            keyring_free(ring);
            ring = keyring_new();
        } else {
            assert_true(len % KEY || !len || len == (size_t)KEY * 3);
            assert_non_null(why);
        }
    }
    keyring_free(ring);
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(what_is_sealed_opens),
        cmocka_unit_test(the_first_key_seals_and_all_open),
        cmocka_unit_test(no_two_tickets_are_alike),
        cmocka_unit_test(another_purpose_is_another_key),
        cmocka_unit_test(each_bit_counts),
        cmocka_unit_test(a_ticket_that_is_cut_or_longer_does_not_open),
        cmocka_unit_test(what_is_too_long_is_not_touched),
        cmocka_unit_test(every_length_up_to_the_longest_can_be_sealed),
        cmocka_unit_test(a_ticket_has_its_time),
        cmocka_unit_test(without_keys_there_is_nothing),
        cmocka_unit_test(a_file_of_keys_has_80_bytes_for_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void) {
    return unit_skip_all("TICKETS");
}

#endif
