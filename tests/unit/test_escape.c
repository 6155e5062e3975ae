/* test_escape: text that a peer chose becomes text that is safe in a variable and in a log line.
 * It must not know where the text comes from. */

#include "unit.h"

#include "escape.h"

#include <string.h>

static void expect(char const *text, size_t len, char const *also, char const *expected) {
    stralloc sa = STRALLOC_ZERO;
    assert_true(escape_add(&sa, text, len, also) && stralloc_0(&sa));
    assert_string_equal(sa.s, expected);
    stralloc_free(&sa);
}

static void expect_text(char const *text, char const *expected) {
    expect(text, strlen(text), "", expected);
}

static void printable_text_stays_as_it_is(void **state) {
    (void)state;
    expect_text(" !\"#$%&'()*+,-./0189:;<=>?@AZ[]^_`az{|}~", " !\"#$%&'()*+,-./0189:;<=>?@AZ[]^_`az{|}~");
    expect_text("", "");
}

static void it_is_appended(void **state) {
    (void)state;
    stralloc sa = STRALLOC_ZERO;
    assert_true(stralloc_cats(&sa, "x=") && escape_add(&sa, "a", 1, "") && stralloc_0(&sa));
    assert_string_equal(sa.s, "x=a");
    stralloc_free(&sa);
}

static void control_bytes_become_hexadecimal(void **state) {
    (void)state;
    expect("a\0b", 3, "", "a\\00b");
    expect_text("\n\r\t\x1b[0m\x7f", "\\0a\\0d\\09\\1b[0m\\7f");
}

static void a_backslash_and_what_is_asked_for_get_a_backslash(void **state) {
    (void)state;
    expect_text("a\\b,c", "a\\\\b,c");
    expect("a,b+c", 5, ",+", "a\\,b\\+c");
}

static void well_formed_utf8_stays_as_it_is(void **state) {
    (void)state;
    expect_text("B\xc3\xbc"
                "cher",
                "B\xc3\xbc"
                "cher");
    expect_text("\xe2\x82\xac \xf0\x9f\x98\x80", "\xe2\x82\xac \xf0\x9f\x98\x80");
    expect_text("\xc2\xa0\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
                "\xc2\xa0\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
}

static void what_is_no_utf8_becomes_hexadecimal(void **state) {
    (void)state;
    expect_text("\x80"
                "a",
                "\\80a");
    expect_text("\xff\xfe", "\\ff\\fe");
    expect_text("\xc3(", "\\c3(");
    expect_text("\xc0\xaf", "\\c0\\af");                 /* over-long */
    expect_text("\xe0\x9f\xbf", "\\e0\\9f\\bf");         /* over-long */
    expect_text("\xf0\x8f\xbf\xbf", "\\f0\\8f\\bf\\bf"); /* over-long */
    expect_text("\xed\xa0\x80", "\\ed\\a0\\80");         /* a surrogate */
    expect_text("\xf4\x90\x80\x80", "\\f4\\90\\80\\80"); /* beyond U+10FFFF */
    expect_text("\xf5\x80\x80\x80", "\\f5\\80\\80\\80");
}

static void c1_controls_become_hexadecimal(void **state) {
    (void)state;
    expect_text("\xc2\x80\xc2\x9b\xc2\x9f", "\\c2\\80\\c2\\9b\\c2\\9f");
}

static void a_sequence_that_is_cut_is_not_read_beyond_its_end(void **state) {
    (void)state;
    expect("\xc3\xbc", 1, "", "\\c3");
    expect("\xe2\x82\xac", 2, "", "\\e2\\82");
    expect("\xf0\x9f\x98\x80", 3, "", "\\f0\\9f\\98");
}

/* Whatever comes in: no byte of the result is a control byte. */
static void chance_finds_no_control_byte(void **state) {
    (void)state;
    uint64_t chance = 1;
    for (int run = 0; run < 2000; run++) {
        char text[32];
        stralloc sa = STRALLOC_ZERO;
        size_t len = chance_below(&chance, sizeof text);
        for (size_t i = 0; i < len; i++) text[i] = (char)chance_next(&chance);
        assert_true(escape_add(&sa, text, len, ",") && sa.len >= len);
        for (size_t i = 0; i < sa.len; i++) assert_true((unsigned char)sa.s[i] >= 32 && sa.s[i] != 127);
        stralloc_free(&sa);
    }
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(printable_text_stays_as_it_is),
        cmocka_unit_test(it_is_appended),
        cmocka_unit_test(control_bytes_become_hexadecimal),
        cmocka_unit_test(a_backslash_and_what_is_asked_for_get_a_backslash),
        cmocka_unit_test(well_formed_utf8_stays_as_it_is),
        cmocka_unit_test(what_is_no_utf8_becomes_hexadecimal),
        cmocka_unit_test(c1_controls_become_hexadecimal),
        cmocka_unit_test(a_sequence_that_is_cut_is_not_read_beyond_its_end),
        cmocka_unit_test(chance_finds_no_control_byte),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
