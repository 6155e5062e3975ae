/* test_keyproc_request: what the key process takes for a request, by its op, scheme and lengths.
 * It must not need a key or a process. */

#include "request.h"

enum { TICKET = sizeof(struct keyproc_ticket) };

static int takes(struct keyproc_request const *q, size_t len, size_t content_max) {
    return !keyproc_refuses(q, len, content_max);
}

static void only_an_enumerated_request_is_taken(void **state) {
    (void)state;
    assert_true(takes(request(KEYPROC_SIGN, 0, SIGN_ECDSA, 32), HEADER + 32, 256));
    for (uint32_t op = 0; op < 70000; op++) {
        if (op != KEYPROC_SIGN) assert_false(takes(request(op, 0, SIGN_ECDSA, 32), HEADER + 32, 256));
        if (op != KEYPROC_OPEN && op != KEYPROC_SEAL)
            assert_false(takes(request(op, 0, 0, TICKET), HEADER + TICKET, 256));
    }
    assert_false(takes(request(UINT32_MAX, 0, SIGN_ECDSA, 32), HEADER + 32, 256));
    for (uint32_t scheme = SIGN_ED25519 + 1; scheme < 70000; scheme++)
        assert_false(takes(request(KEYPROC_SIGN, 0, scheme, 32), HEADER + 32, 256));
    assert_false(takes(request(KEYPROC_SIGN, 0, UINT32_MAX, 32), HEADER + 32, 256));
    assert_false(takes(request(KEYPROC_SIGN, 0, 1U << 31, 32), HEADER + 32, 256));
}

static void each_scheme_has_its_lengths(void **state) {
    static struct {
        enum sign_scheme scheme;
        size_t lengths[3];
    } const table[] = {
        {SIGN_ECDSA, {32, 48, 64}},  {SIGN_RSA_PKCS1, {51, 67, 83}}, {SIGN_RSA_PSS_SHA256, {32}},
        {SIGN_RSA_PSS_SHA384, {48}}, {SIGN_RSA_PSS_SHA512, {64}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++)
        for (uint32_t len = 0; len <= SIGN_CONTENT_MAX; len++) {
            size_t const *l = table[i].lengths;
            int right = len && (len == l[0] || len == l[1] || len == l[2]);
            if (takes(request(KEYPROC_SIGN, 0, table[i].scheme, len), HEADER + len, SIGN_CONTENT_MAX) !=
                right)
                fail_msg("scheme %u, length %u", table[i].scheme, len);
        }
}

static void content_is_bounded_for_servers_more_than_for_clients(void **state) {
    static size_t const bounds[] = {KEYPROC_CONTENT, SIGN_CONTENT_MAX};
    (void)state;
    for (size_t i = 0; i < COUNT(bounds); i++)
        for (uint32_t len = 0; len <= SIGN_CONTENT_MAX; len++)
            assert_int_equal(takes(request(KEYPROC_SIGN, 0, SIGN_ED25519, len), HEADER + len, bounds[i]),
                             len > 0 && len <= bounds[i]);
}

static void a_message_is_as_long_as_it_says(void **state) {
    (void)state;
    for (size_t len = 0; len <= sizeof(struct keyproc_request) + 100; len++)
        assert_int_equal(takes(request(KEYPROC_SIGN, 0, SIGN_ECDSA, 32), len, 256), len == HEADER + 32);
    for (uint32_t len = SIGN_CONTENT_MAX - 20; len < SIGN_CONTENT_MAX + 40; len++)
        assert_int_equal(takes(request(KEYPROC_SIGN, 0, SIGN_ED25519, len), HEADER + len, SIGN_CONTENT_MAX),
                         len <= SIGN_CONTENT_MAX);
    /* a sum that would overflow 32 bits */
    assert_false(takes(request(KEYPROC_SIGN, 0, SIGN_ED25519, UINT32_MAX - HEADER + 1), 0, SIGN_CONTENT_MAX));
    assert_false(takes(request(KEYPROC_SIGN, 0, SIGN_ED25519, UINT32_MAX), HEADER - 1, SIGN_CONTENT_MAX));
}

static int takes_ticket(uint32_t op, uint32_t key, uint32_t scheme, uint32_t len) {
    return takes(request(op, key, scheme, len), HEADER + len, KEYPROC_CONTENT);
}

static void a_ticket_has_one_length_and_no_key(void **state) {
    (void)state;
    for (uint32_t op = KEYPROC_OPEN; op <= KEYPROC_SEAL; op++) {
        if (op == KEYPROC_SIGN) continue;
        for (uint32_t len = 0; len <= SIGN_CONTENT_MAX; len++)
            assert_int_equal(takes_ticket(op, 0, 0, len), CONFIG_TICKETS && len == TICKET);
        assert_false(takes_ticket(op, 1, 0, TICKET));
        assert_false(takes_ticket(op, 0, 1, TICKET));
        assert_false(takes_ticket(op, UINT32_MAX, UINT32_MAX, TICKET));
    }
}

static void the_state_of_a_ticket_is_bounded(void **state) {
    static uint32_t const lengths[] = {0, 1, TICKET_STATE_MAX, TICKET_STATE_MAX + 1, 1U << 31, UINT32_MAX};
    struct keyproc_request *q = (struct keyproc_request *)request(KEYPROC_OPEN, 0, 0, TICKET);
    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        q->sealed.ticket.len = lengths[i];
        assert_int_equal(takes(q, HEADER + TICKET, KEYPROC_CONTENT),
                         CONFIG_TICKETS && lengths[i] <= TICKET_STATE_MAX);
    }
    q->sealed.ticket.len = 0;
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(only_an_enumerated_request_is_taken),
        cmocka_unit_test(each_scheme_has_its_lengths),
        cmocka_unit_test(content_is_bounded_for_servers_more_than_for_clients),
        cmocka_unit_test(a_message_is_as_long_as_it_says),
        cmocka_unit_test(a_ticket_has_one_length_and_no_key),
        cmocka_unit_test(the_state_of_a_ticket_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
