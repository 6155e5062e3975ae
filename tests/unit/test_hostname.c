/* test_hostname: which names a pattern is for, what an address is, what a client may ask for.
 * It must not resolve anything. */

#include "unit.h"

#include "hostname.h"

#include <string.h>

static int matches(char const *pattern, char const *name) {
    return hostname_matches(pattern, strlen(pattern), name, strlen(name));
}

static void a_name_is_for_itself_in_any_case(void **state) {
    (void)state;
    assert_true(matches("example.com", "example.com"));
    assert_true(matches("eXample.COM", "ExamplE.com"));
    assert_false(matches("example.com", "example.org"));
    assert_false(matches("example.com", "example.co"));
    assert_false(matches("example.co", "example.com"));
    assert_false(matches("example.com", "a.example.com"));
    assert_false(matches("", "example.com"));
    assert_false(matches("example.com", ""));
}

static void a_star_is_for_exactly_one_label(void **state) {
    (void)state;
    assert_true(matches("*.example.com", "a.example.com"));
    assert_true(matches("*.Example.com", "A.eXample.COM"));
    assert_false(matches("*.example.com", "example.com"));
    assert_false(matches("*.example.com", ".example.com"));
    assert_false(matches("*.example.com", "a.b.example.com"));
    assert_false(matches("*.example.com", "a.example.com.evil.org"));
    assert_false(matches("*.example.com", "a"));
    assert_false(matches("*.example.com", ""));
}

static void a_star_is_never_for_a_top_level_domain(void **state) {
    (void)state;
    assert_false(matches("*.com", "example.com"));
    assert_false(matches("*.", "a."));
    assert_false(matches("*", "a"));
    assert_false(matches("*", "a.example.com"));
}

static void a_star_elsewhere_is_no_wildcard(void **state) {
    (void)state;
    assert_false(matches("a*.example.com", "ab.example.com"));
    assert_false(matches("*a.example.com", "ba.example.com"));
    assert_false(matches("a.*.example.com", "a.b.example.com"));
    assert_false(matches("*.*.com", "a.example.com"));
    assert_false(matches("a.example.com", "*.example.com"));
}

/* A certificate says "good.org\0.evil.org": the bytes count, not the string. */
static void a_nul_in_a_pattern_does_not_end_it(void **state) {
    (void)state;
    char const pattern[] = "good.org\0.evil.org";
    assert_false(hostname_matches(pattern, sizeof pattern - 1, "good.org", 8));
}

static void an_address_becomes_its_bytes(void **state) {
    (void)state;
    static char const loopback[16] = {[15] = 1};
    char ip[16];
    assert_int_equal(hostname_ip("192.0.2.7", ip), 4);
    assert_memory_equal(ip, "\xc0\0\2\7", 4);
    assert_int_equal(hostname_ip("::1", ip), 16);
    assert_memory_equal(ip, loopback, 16);
    assert_int_equal(hostname_ip("0:0:0:0:0:0:0:1", ip), 16);
    assert_memory_equal(ip, loopback, 16);
}

static void anything_else_is_no_address(void **state) {
    (void)state;
    static char const *const names[] = {"",          "example.com", "999.0.0.1", "1.2.3",
                                        "1.2.3.4.5", "1.2.3.4 ",    "1.2.3.4.",  "[::1]",
                                        "::1%lo",    ":::",         "0x7f.0.0.1"};
    char ip[16];
    for (size_t i = 0; i < COUNT(names); i++) assert_int_equal(hostname_ip(names[i], ip), 0);
}

static void one_trailing_dot_does_not_count(void **state) {
    (void)state;
    assert_int_equal(hostname_len("example.com"), 11);
    assert_int_equal(hostname_len("example.com."), 11);
    assert_int_equal(hostname_len("example.com.."), 12);
    assert_int_equal(hostname_len("."), 0);
    assert_int_equal(hostname_len(""), 0);
}

static void a_client_may_ask_for_names_of_letters_digits_hyphens_and_underscores(void **state) {
    (void)state;
    static char const *const good[] = {"example.com", "EXAMPLE.com.", "localhost", "a_b.x-1.org",
                                       "xn--bcher-kva.ch"};
    static char const *const bad[] = {"",    ".",   "..",  ".a",        "a..b",    "a..",
                                      "a b", "a/b", "*.a", "b\xc3\xbc", "a\n.com", "a:1"};
    for (size_t i = 0; i < COUNT(good); i++) assert_true(hostname_valid(good[i]));
    for (size_t i = 0; i < COUNT(bad); i++) assert_false(hostname_valid(bad[i]));
}

static void a_label_has_at_most_63_bytes_and_a_name_253(void **state) {
    (void)state;
    char name[256];
    memset(name, 'a', sizeof name);
    strcpy(name + 63, ".b");
    assert_true(hostname_valid(name));
    memset(name, 'a', sizeof name);
    strcpy(name + 64, ".b");
    assert_false(hostname_valid(name));
    for (size_t i = 0; i < 254; i++) name[i] = i % 2 ? '.' : 'a';
    name[253] = 0;
    assert_true(hostname_valid(name));
    strcpy(name + 253, ".");
    assert_true(hostname_valid(name));
    strcpy(name + 252, "aa");
    assert_false(hostname_valid(name));
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(a_name_is_for_itself_in_any_case),
        cmocka_unit_test(a_star_is_for_exactly_one_label),
        cmocka_unit_test(a_star_is_never_for_a_top_level_domain),
        cmocka_unit_test(a_star_elsewhere_is_no_wildcard),
        cmocka_unit_test(a_nul_in_a_pattern_does_not_end_it),
        cmocka_unit_test(an_address_becomes_its_bytes),
        cmocka_unit_test(anything_else_is_no_address),
        cmocka_unit_test(one_trailing_dot_does_not_count),
        cmocka_unit_test(a_client_may_ask_for_names_of_letters_digits_hyphens_and_underscores),
        cmocka_unit_test(a_label_has_at_most_63_bytes_and_a_name_253),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
