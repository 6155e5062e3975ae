/* test_der: one element after the other, and where its length ends the reading.
 * It must not know what the elements are of. */

#include "unit.h"

#include "der.h"

#include <string.h>

#define DER(literal)                                                                                         \
    { (unsigned char const *)(literal), sizeof(literal) - 1 }

static void elements_come_in_order_and_are_not_copied(void **state) {
    struct der in = DER("\x02\x01\x05\x30\x03\x04\x01x\x05\x00"), start = in, content, whole;
    unsigned char tag;
    (void)state;
    assert_true(der_next(&in, &tag, &content, &whole));
    assert_true(tag == DER_INTEGER && content.s == start.s + 2 && content.len == 1);
    assert_true(whole.s == start.s && whole.len == 3);
    assert_true(der_expect(&in, DER_SEQUENCE, &content));
    assert_true(content.s == start.s + 5 && content.len == 3);
    assert_true(der_next(&in, &tag, &content, 0));
    assert_true(tag == 5 && content.len == 0 && in.len == 0);
    assert_false(der_next(&in, &tag, &content, &whole));
}

static void an_element_of_another_kind_is_not_what_is_expected(void **state) {
    struct der in = DER("\x02\x01\x05"), content;
    (void)state;
    assert_false(der_expect(&in, DER_OCTET_STRING, &content));
}

/* The length in that many bytes: 0 is the short form. */
static int reads(size_t len, unsigned int bytes, size_t present) {
    static unsigned char s[70000];
    size_t at = 1;
    unsigned char tag;
    struct der content;
    s[0] = DER_OCTET_STRING;
    s[at++] = (unsigned char)(bytes ? 0x80 | bytes : len);
    for (unsigned int i = bytes; i; i--) s[at++] = (unsigned char)(i > sizeof len ? 0 : len >> 8 * (i - 1));
    struct der in = {s, at + present};
    if (!der_next(&in, &tag, &content, 0)) return 0;
    assert_true(content.s == s + at && content.len == len && in.len == present - len);
    return 1;
}

static void lengths_have_up_to_four_bytes(void **state) {
    (void)state;
    assert_true(reads(0, 0, 0));
    assert_true(reads(127, 0, 127));
    assert_true(reads(128, 1, 128));
    assert_true(reads(255, 1, 300));
    assert_true(reads(256, 2, 256));
    assert_true(reads(65535, 2, 65536));
    assert_true(reads(65536, 3, 65536));
    assert_true(reads(65536, 4, 65536));
    assert_false(reads(1, 5, 10));
    assert_false(reads(1, 127, 200));
}

static void a_length_beyond_the_end_is_malformed(void **state) {
    (void)state;
    assert_false(reads(1, 0, 0));
    assert_false(reads(128, 1, 127));
    assert_false(reads(65536, 3, 65535));
    assert_false(reads(0xffffffff, 4, 60000));
}

static void indefinite_lengths_and_high_tags_are_malformed(void **state) {
    static struct der const bad[] = {DER("\x30\x80\x00\x00"), DER("\x1f\x01\x01\x00"),
                                     DER("\xbf\x21\x00"),     DER("\x04"),
                                     DER("\x04\x81"),         DER("\x04\x82\x00")};
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct der in = bad[i], content, whole;
        unsigned char tag;
        assert_false(der_next(&in, &tag, &content, &whole));
        assert_true(in.s == bad[i].s && in.len == bad[i].len); /* nothing was taken */
    }
}

static void equal_is_the_same_bytes_and_no_more(void **state) {
    struct der d = DER("abc");
    (void)state;
    assert_true(der_is(&d, "abc", 3));
    assert_false(der_is(&d, "ab", 2));
    assert_false(der_is(&d, "abcd", 4));
    assert_false(der_is(&d, "abd", 3));
}

/* Every text of up to three bytes, each in memory of exactly its size. */
static void nothing_is_read_beyond_the_end(void **state) {
    (void)state;
    for (unsigned int n = 0; n < 1U << 24; n += n < 1U << 16 ? 1 : 251) {
        size_t len = n < 1U << 8 ? 1 : n < 1U << 16 ? 2 : 3;
        unsigned char *s = malloc(len), tag;
        for (size_t i = 0; i < len; i++) s[i] = (unsigned char)(n >> 8 * i);
        struct der in = {s, len}, content, whole;
        while (der_next(&in, &tag, &content, &whole))
            assert_true(content.s + content.len <= s + len && whole.s + whole.len == content.s + content.len);
        free(s);
    }
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(elements_come_in_order_and_are_not_copied),
        cmocka_unit_test(an_element_of_another_kind_is_not_what_is_expected),
        cmocka_unit_test(lengths_have_up_to_four_bytes),
        cmocka_unit_test(a_length_beyond_the_end_is_malformed),
        cmocka_unit_test(indefinite_lengths_and_high_tags_are_malformed),
        cmocka_unit_test(equal_is_the_same_bytes_and_no_more),
        cmocka_unit_test(nothing_is_read_beyond_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
