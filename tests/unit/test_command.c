/* test_command: what was added is there, in order and as a copy.
 * It must not know any program. */

#include "words.h"

#include <limits.h>
#include <stdio.h>

static void an_empty_command_has_no_word(void **state) {
    (void)state;
    struct command c = {.failed = 0};
    char const *const *argv = command_argv(&c);
    assert_non_null(argv);
    assert_null(argv[0]);
    command_free(&c);
}

static void words_stand_in_the_order_they_came(void **state) {
    (void)state;
    static char const *const more[] = {"b", "", "c d", 0};
    struct command c = {.failed = 0};
    command_add(&c, "a");
    command_add_all(&c, more);
    char const *const *argv = command_argv(&c);
    assert_string_equal(argv[0], "a");
    assert_string_equal(argv[1], "b");
    assert_string_equal(argv[2], "");
    assert_string_equal(argv[3], "c d");
    assert_null(argv[4]);
    command_free(&c);
}

static void words_are_copies(void **state) {
    (void)state;
    struct command c = {.failed = 0};
    char word[] = "before";
    command_add(&c, word);
    strcpy(word, "after");
    words_are(&c, "before");
}

static void numbers_follow_their_option(void **state) {
    (void)state;
    struct command c = {.failed = 0};
    char greatest[32];
    sprintf(greatest, "-v0 -K%u", UINT_MAX);
    command_add_number(&c, "-v", 0);
    command_add_number(&c, "-K", UINT_MAX);
    words_are(&c, greatest);
}

static void words_may_be_added_after_a_look(void **state) {
    (void)state;
    struct command c = {.failed = 0};
    command_add(&c, "a");
    assert_null(command_argv(&c)[1]);
    command_add(&c, "b");
    words_are(&c, "a b");
}

static void thousands_of_words_have_room(void **state) {
    (void)state;
    struct command c = {.failed = 0};
    char number[16];
    for (unsigned int i = 0; i < 5000; i++) command_add_number(&c, "", i);
    char const *const *argv = command_argv(&c);
    for (unsigned int i = 0; i < 5000; i++) {
        sprintf(number, "%u", i);
        assert_string_equal(argv[i], number);
    }
    assert_null(argv[5000]);
    command_free(&c);
}

static void a_word_that_was_lost_is_no_command(void **state) {
    (void)state;
    struct command c = {.failed = 1};
    command_add(&c, "a");
    assert_null(command_argv(&c));
    command_free(&c);
    command_add(&c, "b");
    words_are(&c, "b");
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(an_empty_command_has_no_word),
        cmocka_unit_test(words_stand_in_the_order_they_came),
        cmocka_unit_test(words_are_copies),
        cmocka_unit_test(numbers_follow_their_option),
        cmocka_unit_test(words_may_be_added_after_a_look),
        cmocka_unit_test(thousands_of_words_have_room),
        cmocka_unit_test(a_word_that_was_lost_is_no_command),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
