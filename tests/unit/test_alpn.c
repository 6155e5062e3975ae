/* test_alpn: lists of application protocols, ours and a peer's. */

#include "unit.h"

#include "alpn.h"

#include <string.h>

/* In memory of exactly their size, for the sanitizer. */
static int is_vector(void const *s, size_t len) {
    unsigned char *copy = malloc(len ? len : 1);
    if (len) memcpy(copy, s, len);
    int is = alpn_is_vector(copy, len);
    free(copy);
    return is;
}

static void a_list_has_one_comma_between_each_two_names(void **state) {
    (void)state;
    assert_true(alpn_is_list("h2"));
    assert_true(alpn_is_list("h2,http/1.1"));
    assert_true(alpn_is_list("a,b,c"));
    assert_false(alpn_is_list(""));
    assert_false(alpn_is_list(","));
    assert_false(alpn_is_list("h2,"));
    assert_false(alpn_is_list(",h2"));
    assert_false(alpn_is_list("h2,,http/1.1"));
}

static void a_name_and_a_list_have_a_greatest_length(void **state) {
    char text[ALPN_TEXT_MAX + 2];
    (void)state;
    memset(text, 'x', sizeof text);
    text[ALPN_NAME_MAX] = 0;
    assert_true(alpn_is_list(text));
    text[ALPN_NAME_MAX] = 'x';
    text[ALPN_NAME_MAX + 1] = 0;
    assert_false(alpn_is_list(text));
    for (size_t i = 1; i < sizeof text; i += 2) text[i] = ',';
    text[ALPN_NAME_MAX + 1] = 'x';
    text[ALPN_TEXT_MAX - 1] = 0;
    assert_true(alpn_is_list(text));
    text[ALPN_TEXT_MAX - 1] = text[ALPN_TEXT_MAX] = 'x';
    text[ALPN_TEXT_MAX + 1] = 0;
    assert_false(alpn_is_list(text));
}

static void the_lengths_of_a_peer_must_fit(void **state) {
    (void)state;
    assert_true(is_vector("\2h2", 3));
    assert_true(is_vector("\2h2\1x", 5));
    assert_false(is_vector("", 0));
    assert_false(is_vector("\0", 1));
    assert_false(is_vector("\2h2\0", 4));
    assert_false(is_vector("\2h", 2));
    assert_false(is_vector("\2h2\1", 4));
    assert_false(is_vector("\2h2\xff", 4));
    assert_false(is_vector("\xff", 1));
}

static void our_first_name_that_the_peer_has_is_chosen(void **state) {
    char name[ALPN_NAME_MAX + 1] = "";
    unsigned char const *peer = (unsigned char const *)"\2h2\10http/1.1\1h";
    (void)state;
    assert_true(alpn_choose(name, "http/1.1,h2", peer, 14));
    assert_string_equal(name, "http/1.1");
    assert_true(alpn_choose(name, "h3,h2,http/1.1", peer, 14));
    assert_string_equal(name, "h2");
    assert_true(alpn_choose(name, "x,h", peer, 14));
    assert_string_equal(name, "h");
    assert_false(alpn_choose(name, "h3,http/1.0", peer, 14));
    assert_false(alpn_choose(name, "H2", peer, 14));
}

static void a_name_is_in_a_list_as_a_whole(void **state) {
    (void)state;
    assert_true(alpn_has("h2,http/1.1", "h2", 2));
    assert_true(alpn_has("h2,http/1.1", "http/1.1", 8));
    assert_false(alpn_has("h2,http/1.1", "h", 1));
    assert_false(alpn_has("h2,http/1.1", "http/1.10", 9));
    assert_false(alpn_has("h2,http/1.1", "h2,http/1.1", 11));
    assert_false(alpn_has("h2", "", 0));
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(a_list_has_one_comma_between_each_two_names),
        cmocka_unit_test(a_name_and_a_list_have_a_greatest_length),
        cmocka_unit_test(the_lengths_of_a_peer_must_fit),
        cmocka_unit_test(our_first_name_that_the_peer_has_is_chosen),
        cmocka_unit_test(a_name_is_in_a_list_as_a_whole),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
