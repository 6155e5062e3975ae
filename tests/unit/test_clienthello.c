/* test_clienthello: hellos built here, whole, cut, spread over records, odd and wrong.
 * It must not need a TLS library: what is right is what RFC 8446 4.1.2 and RFC 6066 3 say. */

#include "unit.h"

#include "clienthello.h"

#include <skalibs/stralloc.h>

#include <string.h>

/* ---- building ---- */

static void add(stralloc *sa, void const *s, size_t len) {
    if (len) assert_true(stralloc_catb(sa, s, len));
}

static void add_number(stralloc *sa, unsigned int bytes, size_t n) {
    while (bytes--) {
        char c = (char)(n >> 8 * bytes);
        add(sa, &c, 1);
    }
}

/* A vector: its length in so many bytes, and its content. */
static void add_vector(stralloc *sa, unsigned int bytes, void const *s, size_t len) {
    add_number(sa, bytes, len);
    add(sa, s, len);
}

static void add_extension(stralloc *sa, unsigned int type, void const *s, size_t len) {
    add_number(sa, 2, type);
    add_vector(sa, 2, s, len);
}

static void add_name(stralloc *sa, unsigned int type, void const *s, size_t len) {
    add_number(sa, 1, type);
    add_vector(sa, 2, s, len);
}

/* server_name with the names that are in list */
static void add_names(stralloc *sa, stralloc const *list) {
    stralloc ext = STRALLOC_ZERO;
    add_vector(&ext, 2, list->s, list->len);
    add_extension(sa, 0, ext.s, ext.len);
    stralloc_free(&ext);
}

static void add_server_name(stralloc *sa, void const *s, size_t len) {
    stralloc list = STRALLOC_ZERO;
    add_name(&list, 0, s, len);
    add_names(sa, &list);
    stralloc_free(&list);
}

/* The message around these extensions; none: as from a client older than extensions. */
static void add_hello(stralloc *sa, stralloc const *extensions) {
    static char const random[32];
    stralloc body = STRALLOC_ZERO;
    add_number(&body, 2, 0x0303);
    add(&body, random, sizeof random);
    add_vector(&body, 1, random, 32);            /* session id */
    add_vector(&body, 2, "\x13\x01\xc0\x2b", 4); /* suites */
    add_vector(&body, 1, "\0", 1);               /* compression */
    if (extensions) add_vector(&body, 2, extensions->s, extensions->len);
    add_number(sa, 1, 1);
    add_vector(sa, 3, body.s, body.len);
    stralloc_free(&body);
}

static void add_record(stralloc *sa, void const *s, size_t len) {
    add(sa, "\x16\3\1", 3);
    add_vector(sa, 2, s, len);
}

/* ---- reading ---- */

static struct clienthello hello;

/* In a piece of memory of exactly its size, for the sanitizer. */
static enum clienthello_status read_bytes(void const *s, size_t len) {
    unsigned char *copy = malloc(len ? len : 1);
    if (len) memcpy(copy, s, len);
    enum clienthello_status status = clienthello_read(&hello, copy, len);
    free(copy);
    return status;
}

static enum clienthello_status read_extensions(stralloc const *extensions) {
    stralloc message = STRALLOC_ZERO, in = STRALLOC_ZERO;
    add_hello(&message, extensions);
    add_record(&in, message.s, message.len);
    enum clienthello_status status = read_bytes(in.s, in.len);
    if (status == CLIENTHELLO_OK) assert_int_equal(hello.used, in.len);
    stralloc_free(&message);
    stralloc_free(&in);
    return status;
}

static enum clienthello_status read_one_name(void const *s, size_t len) {
    stralloc extensions = STRALLOC_ZERO;
    add_server_name(&extensions, s, len);
    enum clienthello_status status = read_extensions(&extensions);
    stralloc_free(&extensions);
    return status;
}

static enum clienthello_status read_one_extension(unsigned int type, void const *s, size_t len) {
    stralloc extensions = STRALLOC_ZERO;
    add_extension(&extensions, type, s, len);
    enum clienthello_status status = read_extensions(&extensions);
    stralloc_free(&extensions);
    return status;
}

/* BAD, with an alert and a reason. */
static void assert_bad(enum clienthello_status status, int alert) {
    assert_int_equal(status, CLIENTHELLO_BAD);
    assert_int_equal(hello.alert, alert);
    assert_true(hello.why && *hello.why);
}

/* ---- a hello as clients send it ---- */

static void make_usual(stralloc *message) {
    stralloc extensions = STRALLOC_ZERO;
    add_extension(&extensions, 0x0a0a, 0, 0); /* GREASE, RFC 8701 */
    add_server_name(&extensions, "www.example.com", 15);
    add_extension(&extensions, 10, "\0\6\x11\xec\0\x1d\0\x17", 8); /* supported_groups */
    add_extension(&extensions, 43, "\4\3\4\3\3", 5);               /* supported_versions */
    add_extension(&extensions, 16, "\0\3\2h2", 5);                 /* ALPN */
    add_hello(message, &extensions);
    stralloc_free(&extensions);
}

static void assert_usual(void) {
    assert_true(hello.named);
    assert_string_equal(hello.name, "www.example.com");
    assert_true(hello.offers_tls13);
    assert_int_equal(hello.ngroups, 3);
    assert_int_equal(hello.groups[0], 0x11ec);
    assert_int_equal(hello.groups[1], 0x001d);
    assert_int_equal(hello.groups[2], 0x0017);
}

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

/* ---- what is no hello ---- */

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
        cmocka_unit_test(groups_beyond_the_most_are_not_looked_at),
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
