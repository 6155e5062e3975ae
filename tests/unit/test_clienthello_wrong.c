/* test_clienthello_wrong: what is no hello, is cut within, too long, or has a wrong byte.
 * What clients really send is left to test_clienthello. */

#include "hello.h"

static void another_protocol_is_known_by_its_first_bytes(void **state) {
    (void)state;
    assert_bad(read_bytes("G", 1), ALERT_UNEXPECTED_MESSAGE);
    assert_bad(read_bytes("GET / HTTP/1.0\r\n\r\n", 18), ALERT_UNEXPECTED_MESSAGE);
    assert_bad(read_bytes("EHLO a\r\n", 8), ALERT_UNEXPECTED_MESSAGE);
    assert_bad(read_bytes("\x80\x2e\1\3\1", 5), ALERT_UNEXPECTED_MESSAGE); /* SSL 2 */
    assert_bad(read_bytes("\x15\3\1\0\2\2\x28", 7), ALERT_UNEXPECTED_MESSAGE);
    assert_bad(read_bytes("\x16\2\0\0\1\1", 6), ALERT_UNEXPECTED_MESSAGE);
    assert_bad(read_bytes("\x16\3\1\0\4\2\0\0\0", 9), ALERT_UNEXPECTED_MESSAGE); /* a ServerHello */
}

static void records_that_are_empty_or_over_long_are_fatal(void **state) {
    (void)state;
    assert_bad(read_bytes("\x16\3\1\0\0", 5), ALERT_UNEXPECTED_MESSAGE);
    assert_bad(read_bytes("\x16\3\1\x40\1", 5), ALERT_UNEXPECTED_MESSAGE);
    assert_int_equal(read_bytes("\x16\3\1\x40\0", 5), CLIENTHELLO_MORE);
}

static void nothing_may_come_between_the_records_of_a_hello(void **state) {
    (void)state;
    assert_bad(read_bytes("\x16\3\1\0\4\1\0\0\x50\x15\3\1\0\2\1\0", 16), ALERT_UNEXPECTED_MESSAGE);
}

static void a_hello_has_a_greatest_length(void **state) {
    (void)state;
    stralloc extensions = STRALLOC_ZERO, message = STRALLOC_ZERO;
    static char const padding[CLIENTHELLO_MAX];
    add_hello(&message, &extensions);
    size_t room = CLIENTHELLO_MAX - (message.len - 4) - 4;
    add_extension(&extensions, 21, padding, room);
    assert_int_equal(read_extensions(&extensions), CLIENTHELLO_OK);
    assert_int_equal(hello.len, 4 + CLIENTHELLO_MAX);
    extensions.len = 0;
    add_extension(&extensions, 21, padding, room + 1);
    assert_bad(read_extensions(&extensions), ALERT_ILLEGAL_PARAMETER);
    assert_bad(read_bytes("\x16\3\1\0\4\1\xff\xff\xff", 9),
               ALERT_ILLEGAL_PARAMETER); /* before all has come */
    stralloc_free(&extensions);
    stralloc_free(&message);
}

static void a_body_that_is_cut_is_fatal(void **state) {
    (void)state;
    stralloc message = STRALLOC_ZERO, in = STRALLOC_ZERO;
    make_usual(&message);
    size_t without_extensions = 4 + 2 + 32 + 33 + 6 + 2;
    for (size_t len = 4; len < message.len; len++) {
        size_t body = len - 4;
        message.s[2] = (char)(body >> 8);
        message.s[3] = (char)body;
        in.len = 0;
        add_record(&in, message.s, len);
        if (len == without_extensions)
            assert_int_equal(read_bytes(in.s, in.len), CLIENTHELLO_OK);
        else
            assert_bad(read_bytes(in.s, in.len), ALERT_DECODE_ERROR);
    }
    stralloc_free(&message);
    stralloc_free(&in);
}

static void a_body_that_goes_on_behind_its_extensions_is_fatal(void **state) {
    (void)state;
    stralloc message = STRALLOC_ZERO, in = STRALLOC_ZERO;
    make_usual(&message);
    add(&message, "\0", 1);
    message.s[2] = (char)((message.len - 4) >> 8);
    message.s[3] = (char)(message.len - 4);
    add_record(&in, message.s, message.len);
    assert_bad(read_bytes(in.s, in.len), ALERT_DECODE_ERROR);
    stralloc_free(&message);
    stralloc_free(&in);
}

/* The sanitizer sees what is read beyond the end; what is accepted must hold together. */
static void no_wrong_byte_does_harm(void **state) {
    (void)state;
    stralloc message = STRALLOC_ZERO, in = STRALLOC_ZERO;
    make_usual(&message);
    add_record(&in, message.s, message.len);
    for (size_t i = 0; i < in.len; i++) {
        char was = in.s[i];
        for (int c = 0; c < 256; c++) {
            in.s[i] = (char)c;
            enum clienthello_status status = read_bytes(in.s, in.len);
            if (status == CLIENTHELLO_BAD) assert_true(hello.alert && hello.why);
            if (status == CLIENTHELLO_OK)
                assert_true(hello.used <= in.len && hello.ngroups <= 3 && strlen(hello.name) <= 15);
        }
        in.s[i] = was;
    }
    stralloc_free(&message);
    stralloc_free(&in);
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(another_protocol_is_known_by_its_first_bytes),
        cmocka_unit_test(records_that_are_empty_or_over_long_are_fatal),
        cmocka_unit_test(nothing_may_come_between_the_records_of_a_hello),
        cmocka_unit_test(a_hello_has_a_greatest_length),
        cmocka_unit_test(a_body_that_is_cut_is_fatal),
        cmocka_unit_test(a_body_that_goes_on_behind_its_extensions_is_fatal),
        cmocka_unit_test(no_wrong_byte_does_harm),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
