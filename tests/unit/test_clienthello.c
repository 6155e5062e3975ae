/* test_clienthello: hellos as clients send them, whole, cut and spread over records, and the names in them.
 * What is no hello at all is left to test_clienthello_wrong. */

#include "hello.h"

static void all_that_a_client_wants_is_read(void **state) {
    (void)state;
    stralloc message = STRALLOC_ZERO, in = STRALLOC_ZERO;
    make_usual(&message);
    add_record(&in, message.s, message.len);
    assert_int_equal(read_bytes(in.s, in.len), CLIENTHELLO_OK);
    assert_usual();
    assert_int_equal(hello.used, in.len);
    assert_int_equal(hello.nrecords, 1);
    assert_int_equal(hello.len, message.len);
    assert_memory_equal(hello.message, message.s, message.len);
    stralloc_free(&message);
    stralloc_free(&in);
}

static void a_client_without_extensions_wants_nothing(void **state) {
    (void)state;
    stralloc none = STRALLOC_ZERO;
    assert_int_equal(read_extensions(0), CLIENTHELLO_OK);
    assert_true(!hello.named && !hello.offers_tls13 && !hello.ngroups);
    assert_int_equal(read_extensions(&none), CLIENTHELLO_OK);
    assert_true(!hello.named && !hello.offers_tls13 && !hello.ngroups);
}

static void what_is_cut_needs_more(void **state) {
    (void)state;
    stralloc message = STRALLOC_ZERO, in = STRALLOC_ZERO;
    make_usual(&message);
    add_record(&in, message.s, message.len);
    for (size_t len = 0; len < in.len; len++) assert_int_equal(read_bytes(in.s, len), CLIENTHELLO_MORE);
    stralloc_free(&message);
    stralloc_free(&in);
}

static void a_hello_may_be_in_two_records_cut_anywhere(void **state) {
    (void)state;
    stralloc message = STRALLOC_ZERO, in = STRALLOC_ZERO;
    make_usual(&message);
    for (size_t cut = 1; cut < message.len; cut++) {
        in.len = 0;
        add_record(&in, message.s, cut);
        add_record(&in, message.s + cut, message.len - cut);
        for (size_t len = 0; len < in.len; len++) assert_int_equal(read_bytes(in.s, len), CLIENTHELLO_MORE);
        assert_int_equal(read_bytes(in.s, in.len), CLIENTHELLO_OK);
        assert_usual();
        assert_int_equal(hello.used, in.len);
        assert_int_equal(hello.nrecords, 2);
    }
    stralloc_free(&message);
    stralloc_free(&in);
}

static void a_hello_may_be_in_records_of_one_byte(void **state) {
    (void)state;
    stralloc message = STRALLOC_ZERO, in = STRALLOC_ZERO;
    make_usual(&message);
    for (size_t i = 0; i < message.len; i++) add_record(&in, message.s + i, 1);
    assert_int_equal(read_bytes(in.s, in.len), CLIENTHELLO_OK);
    assert_usual();
    assert_int_equal(hello.used, in.len);
    assert_int_equal(hello.nrecords, message.len);
    stralloc_free(&message);
    stralloc_free(&in);
}

static void what_comes_behind_the_hello_is_not_used(void **state) {
    (void)state;
    stralloc message = STRALLOC_ZERO, in = STRALLOC_ZERO;
    make_usual(&message);
    add_record(&in, message.s, message.len);
    size_t used = in.len;
    add(&in, "\x14\3\3\0\1\1", 6);
    assert_int_equal(read_bytes(in.s, in.len), CLIENTHELLO_OK);
    assert_usual();
    assert_int_equal(hello.used, used);
    in.len = 0;
    add(&message, "\0", 1);
    add_record(&in, message.s, message.len);
    assert_int_equal(read_bytes(in.s, in.len), CLIENTHELLO_OK);
    assert_usual();
    assert_int_equal(hello.used, 0);
    assert_int_equal(hello.len, message.len - 1);
    stralloc_free(&message);
    stralloc_free(&in);
}

/* ---- server names ---- */

static void a_trailing_dot_is_dropped(void **state) {
    (void)state;
    assert_int_equal(read_one_name("a.org.", 6), CLIENTHELLO_OK);
    assert_string_equal(hello.name, "a.org");
    assert_int_equal(read_one_name("a", 1), CLIENTHELLO_OK);
    assert_string_equal(hello.name, "a");
}

static void a_name_has_at_most_255_bytes(void **state) {
    (void)state;
    char name[65535];
    memset(name, 'a', sizeof name);
    assert_int_equal(read_one_name(name, 255), CLIENTHELLO_OK);
    assert_int_equal(strlen(hello.name), 255);
    assert_bad(read_one_name(name, 256), ALERT_ILLEGAL_PARAMETER);
    assert_bad(read_one_name(name, 15000), ALERT_ILLEGAL_PARAMETER);
}

static void an_empty_name_or_one_with_a_nul_is_fatal(void **state) {
    (void)state;
    assert_bad(read_one_name("", 0), ALERT_DECODE_ERROR);
    assert_bad(read_one_name(".", 1), ALERT_ILLEGAL_PARAMETER);
    assert_bad(read_one_name("\0", 1), ALERT_ILLEGAL_PARAMETER);
    assert_bad(read_one_name("a.org\0.b.org", 12), ALERT_ILLEGAL_PARAMETER);
    assert_bad(read_one_name("a.org\0", 6), ALERT_ILLEGAL_PARAMETER);
}

static void two_names_are_fatal(void **state) {
    (void)state;
    stralloc list = STRALLOC_ZERO, extensions = STRALLOC_ZERO;
    add_name(&list, 0, "a.org", 5);
    add_name(&list, 0, "a.org", 5);
    add_names(&extensions, &list);
    assert_bad(read_extensions(&extensions), ALERT_ILLEGAL_PARAMETER);
    extensions.len = 0;
    add_server_name(&extensions, "a.org", 5);
    add_server_name(&extensions, "b.org", 5);
    assert_bad(read_extensions(&extensions), ALERT_ILLEGAL_PARAMETER);
    stralloc_free(&list);
    stralloc_free(&extensions);
}

static void a_name_of_unknown_type_is_fatal(void **state) {
    (void)state;
    stralloc list = STRALLOC_ZERO, extensions = STRALLOC_ZERO;
    add_name(&list, 1, "a.org", 5);
    add_names(&extensions, &list);
    assert_bad(read_extensions(&extensions), ALERT_ILLEGAL_PARAMETER);
    stralloc_free(&list);
    stralloc_free(&extensions);
}

static void wrong_lengths_in_server_name_are_fatal(void **state) {
    (void)state;
    static struct {
        char const *s;
        size_t len;
    } const extensions[] = {
        {"", 0},
        {"\0", 1},
        {"\0\0", 2},
        {"\0\4\0\0\1a\0", 7},
        {"\0\5\0\0\1a", 6},
        {"\0\3\0\0\1a", 6},
        {"\0\4\0\0\2a", 6},
        {"\0\4\0\0\0a", 6},
        {"\0\1\0", 3},
        {"\0\2\0\0", 4},
    };
    for (size_t i = 0; i < COUNT(extensions); i++)
        assert_bad(read_one_extension(0, extensions[i].s, extensions[i].len), ALERT_DECODE_ERROR);
    assert_int_equal(read_one_extension(0, "\0\4\0\0\1a", 6), CLIENTHELLO_OK);
}

/* ---- versions and groups ---- */

static void wrong_lengths_in_versions_and_groups_are_fatal(void **state) {
    (void)state;
    assert_bad(read_one_extension(43, "", 0), ALERT_DECODE_ERROR);
    assert_bad(read_one_extension(43, "\1\3", 2), ALERT_DECODE_ERROR);
    assert_bad(read_one_extension(43, "\4\3\4", 3), ALERT_DECODE_ERROR);
    assert_bad(read_one_extension(43, "\2\3\4\3", 4), ALERT_DECODE_ERROR);
    assert_bad(read_one_extension(10, "\0", 1), ALERT_DECODE_ERROR);
    assert_bad(read_one_extension(10, "\0\1\0", 3), ALERT_DECODE_ERROR);
    assert_bad(read_one_extension(10, "\0\2\0\x1d\0", 5), ALERT_DECODE_ERROR);
}

static void a_client_without_tls13_in_its_versions_does_not_offer_it(void **state) {
    (void)state;
    assert_int_equal(read_one_extension(43, "\2\3\3", 3), CLIENTHELLO_OK);
    assert_false(hello.offers_tls13);
    assert_int_equal(read_one_extension(43, "\2\4\3", 3), CLIENTHELLO_OK);
    assert_false(hello.offers_tls13);
}

static void groups_beyond_the_most_are_not_looked_at(void **state) {
    (void)state;
    char ext[2 + 2 * 1000] = {2000 >> 8, (char)(2000 & 255)};
    assert_int_equal(read_one_extension(10, ext, sizeof ext), CLIENTHELLO_OK);
    assert_int_equal(hello.ngroups, CLIENTHELLO_GROUPS_MAX);
}

/* ---- resumption ---- */

static void psk_modes_are_looked_through_for_the_one_with_a_key_exchange(void **state) {
    static struct {
        char const *s;
        size_t len;
        int has;
    } const table[] = {{"\1\1", 2, 1},       {"\1\0", 2, 0},     {"\2\0\1", 3, 1}, {"\2\1\0", 3, 1},
                       {"\3\2\3\xff", 4, 0}, {"\3\0\2\1", 4, 1}, {"\0", 1, 0}};
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        assert_int_equal(read_one_extension(45, table[i].s, table[i].len), CLIENTHELLO_OK);
        assert_int_equal(hello.offers_psk_dhe, table[i].has);
    }
}

static void a_key_share_may_be_without_any(void **state) {
    (void)state;
    assert_int_equal(read_one_extension(51, "\0\0", 2), CLIENTHELLO_OK);
    assert_true(hello.has_key_share);
    assert_int_equal(read_one_extension(52, "\0\0", 2), CLIENTHELLO_OK);
    assert_false(hello.has_key_share);
}

static void wrong_lengths_in_psk_modes_are_fatal(void **state) {
    (void)state;
    assert_bad(read_one_extension(45, "", 0), ALERT_DECODE_ERROR);
    assert_bad(read_one_extension(45, "\1", 1), ALERT_DECODE_ERROR);
    assert_bad(read_one_extension(45, "\1\1\1", 3), ALERT_DECODE_ERROR);
    assert_bad(read_one_extension(45, "\2\1", 2), ALERT_DECODE_ERROR);
}

/* ---- application protocols ---- */

static void wrong_lengths_in_protocols_are_fatal(void **state) {
    static struct {
        char const *s;
        size_t len;
    } const extensions[] = {
        {"", 0},           {"\0", 1},        {"\0\0", 2},          {"\0\1\0", 3},
        {"\0\3\2h", 4},    {"\0\2\2h2", 5},  {"\0\3\2h2x", 6},     {"\0\4\2h2\0", 6},
        {"\0\4\2h2\1", 6}, {"\0\2\xffh", 4}, {"\0\5\2h2\xffx", 7}, {"\0\1\1", 3},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(extensions); i++)
        assert_bad(read_one_extension(16, extensions[i].s, extensions[i].len), ALERT_DECODE_ERROR);
    assert_int_equal(read_one_extension(16, "\0\5\2h2\1x", 7), CLIENTHELLO_OK);
    assert_int_equal(hello.alpnlen, 5);
    assert_memory_equal(hello.alpn, "\2h2\1x", 5);
}

static void protocols_that_come_twice_are_fatal(void **state) {
    stralloc extensions = STRALLOC_ZERO;
    (void)state;
    add_extension(&extensions, 16, "\0\3\2h2", 5);
    add_extension(&extensions, 16, "\0\3\2h2", 5);
    assert_bad(read_extensions(&extensions), ALERT_ILLEGAL_PARAMETER);
    stralloc_free(&extensions);
}

/* An identity that is a ticket whose sealed part has so many bytes, and says that it has others. */
static int is_odd(size_t len, size_t says) {
    stralloc ticket = STRALLOC_ZERO, list = STRALLOC_ZERO, ext = STRALLOC_ZERO;
    for (int i = 0; i < 32; i++) add(&ticket, "n", 1);
    add_number(&ticket, 2, says);
    for (size_t i = 0; i < len + 32; i++) add(&ticket, "s", 1);
    add_vector(&list, 2, ticket.s, ticket.len);
    add_number(&list, 4, 0);
    add_vector(&ext, 2, list.s, list.len);
    assert_int_equal(read_one_extension(41, ext.s, ext.len), CLIENTHELLO_OK);
    stralloc_free(&ticket);
    stralloc_free(&list);
    stralloc_free(&ext);
    return hello.odd_identity;
}

static void an_identity_that_is_not_as_long_as_it_says_is_odd(void **state) {
    (void)state;
    assert_false(is_odd(100, 100));
    assert_false(is_odd(0, 0));
    assert_true(is_odd(100, 101));
    assert_true(is_odd(100, 99));
    assert_true(is_odd(0, 65535));
    assert_int_equal(read_one_extension(41, "\0\7\0\1x\0\0\0\0", 9), CLIENTHELLO_OK);
    assert_true(hello.odd_identity);
}

static void a_ticket_is_found_and_an_empty_one_is_none(void **state) {
    (void)state;
    assert_int_equal(read_one_extension(35, "ticket", 6), CLIENTHELLO_OK);
    assert_int_equal(hello.ticketlen, 6);
    assert_memory_equal(hello.ticket, "ticket", 6);
    assert_int_equal(read_one_extension(35, "", 0), CLIENTHELLO_OK);
    assert_null(hello.ticket);
    assert_int_equal(read_one_extension(41, "\0\7\0\1x\0\0\0\0", 9), CLIENTHELLO_OK);
    assert_null(hello.ticket);
}

static void wrong_lengths_in_identities_are_fatal(void **state) {
    (void)state;
    assert_bad(read_one_extension(41, "", 0), ALERT_DECODE_ERROR);
    assert_bad(read_one_extension(41, "\0\0", 2), ALERT_DECODE_ERROR);
    assert_bad(read_one_extension(41, "\0\6\0\1x\0\0\0", 8), ALERT_DECODE_ERROR);
    assert_bad(read_one_extension(41, "\0\7\0\2x\0\0\0\0", 9), ALERT_DECODE_ERROR);
    assert_bad(read_one_extension(41, "\0\10\0\1x\0\0\0\0", 9), ALERT_DECODE_ERROR);
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(all_that_a_client_wants_is_read),
        cmocka_unit_test(a_client_without_extensions_wants_nothing),
        cmocka_unit_test(what_is_cut_needs_more),
        cmocka_unit_test(a_hello_may_be_in_two_records_cut_anywhere),
        cmocka_unit_test(a_hello_may_be_in_records_of_one_byte),
        cmocka_unit_test(what_comes_behind_the_hello_is_not_used),
        cmocka_unit_test(a_trailing_dot_is_dropped),
        cmocka_unit_test(a_name_has_at_most_255_bytes),
        cmocka_unit_test(an_empty_name_or_one_with_a_nul_is_fatal),
        cmocka_unit_test(two_names_are_fatal),
        cmocka_unit_test(a_name_of_unknown_type_is_fatal),
        cmocka_unit_test(wrong_lengths_in_server_name_are_fatal),
        cmocka_unit_test(wrong_lengths_in_versions_and_groups_are_fatal),
        cmocka_unit_test(a_client_without_tls13_in_its_versions_does_not_offer_it),
        cmocka_unit_test(psk_modes_are_looked_through_for_the_one_with_a_key_exchange),
        cmocka_unit_test(a_key_share_may_be_without_any),
        cmocka_unit_test(wrong_lengths_in_psk_modes_are_fatal),
        cmocka_unit_test(an_identity_that_is_not_as_long_as_it_says_is_odd),
        cmocka_unit_test(a_ticket_is_found_and_an_empty_one_is_none),
        cmocka_unit_test(wrong_lengths_in_identities_are_fatal),
        cmocka_unit_test(groups_beyond_the_most_are_not_looked_at),
        cmocka_unit_test(wrong_lengths_in_protocols_are_fatal),
        cmocka_unit_test(protocols_that_come_twice_are_fatal),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
