/* test_ticket_shape: a ticket as it goes over the wire, and what is none. */

#include "unit.h"

#include "ticket.h"

#include <string.h>

enum { AROUND = TICKET_NAME + TICKET_SALT + 2 + TICKET_MAC, ROOM = AROUND + TICKET_STATE_MAX + 1 };

static unsigned char wire[ROOM];

/* One with len bytes of state, each part of a letter of its own. */
static size_t put(size_t len) {
    unsigned char *s = wire;
    memset(s, 'n', TICKET_NAME);
    memset(s += TICKET_NAME, 's', TICKET_SALT);
    s += TICKET_SALT;
    *s++ = (unsigned char)(len >> 8);
    *s++ = (unsigned char)len;
    memset(s, 'd', len);
    memset(s + len, 'm', TICKET_MAC);
    return AROUND + len;
}

static void each_part_is_where_it_belongs(void **state) {
    (void)state;
    static unsigned char const zeros[TICKET_STATE_MAX];
    static size_t const lengths[] = {0, 1, 255, 256, TICKET_STATE_MAX};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct ticket t;
        size_t n = lengths[i], len = put(n);
        memset(&t, 1, sizeof t);
        assert_true(ticket_is_whole(wire, len));
        assert_true(ticket_take(&t, wire, len));
        assert_int_equal(t.len, n);
        assert_memory_equal(t.name, wire, TICKET_NAME);
        assert_memory_equal(t.salt, wire + TICKET_NAME, TICKET_SALT);
        assert_memory_equal(t.state, wire + AROUND - TICKET_MAC, n);
        assert_memory_equal(t.mac, wire + len - TICKET_MAC, TICKET_MAC);
        assert_memory_equal(t.state + n, zeros, TICKET_STATE_MAX - n);
    }
}

static void one_of_another_length_than_it_says_is_none(void **state) {
    (void)state;
    struct ticket t;
    size_t len = put(100);
    for (size_t n = 0; n < sizeof wire; n++) {
        assert_int_equal(ticket_is_whole(wire, n), n == len);
        assert_int_equal(ticket_take(&t, wire, n), n == len);
    }
}

static void more_of_a_state_than_there_can_be_is_none(void **state) {
    (void)state;
    struct ticket t;
    size_t len = put(TICKET_STATE_MAX + 1);
    assert_true(ticket_is_whole(wire, len));
    assert_false(ticket_take(&t, wire, len));
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(each_part_is_where_it_belongs),
        cmocka_unit_test(one_of_another_length_than_it_says_is_none),
        cmocka_unit_test(more_of_a_state_than_there_can_be_is_none),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
