/* test_optable: which table an option goes to, with which argument, and what is refused in which words.
 * It must not know any real option. */

#include "words.h"

#include "optable.h"

enum { LONG_ONE = OPTABLE_LONG, LONG_TWO };
enum { FIRST = 1, SECOND = 2 };

static struct optable_row const letters[] = {
    {FIRST, 'a', 0, "alpha"},    {FIRST | SECOND, 'b', 1, "beta"}, {SECOND, 'c', 0, "gamma"},
    {FIRST, LONG_ONE, 0, "one"}, {FIRST, LONG_TWO, 1, "two"},      {FIRST, 'n', 0, NULL},
};

static struct optable_row const others[] = {
    {1, LONG_ONE, 0, "uno"},
    {1, 'x', 1, "xi"},
    {1, 'Q', 0, "quiet"},
};

/* What was taken: the table's name and the option, as "A:a A:b=5 B:x=6". */
static char taken[256];

struct taker {
    char const *name;
};

static void note(void *data, int code, char const *arg, struct opterror *err) {
    struct taker const *taker = data;
    char option[16] = {(char)code, 0};
    if (code >= OPTABLE_LONG) strcpy(option, code == LONG_ONE ? "ONE" : "TWO");
    strcat(strcat(strcat(strcat(taken, *taken ? " " : ""), taker->name), ":"), option);
    if (arg) strcat(strcat(taken, "="), arg);
    if (arg && !strcmp(arg, "bad")) err->what = "bad argument to ";
}

static struct words words;
static struct opterror err;

/* The rows of a user of the first table, and the second one if both. */
static int parse(unsigned int user, int both, char const *line) {
    static struct taker a = {"A"}, b = {"B"};
    struct optable const tables[] = {{letters, COUNT(letters), user, note, &a},
                                     {others, COUNT(others), 1, note, &b}};
    *taken = 0;
    words_split(&words, line);
    return optable_parse(tables, both ? 2 : 1, words.argc, words.argv, &err);
}

static void takes(unsigned int user, int both, char const *line, char const *what) {
    int first = parse(user, both, line);
    assert_true(first == words.argc || !strcmp(words.argv[first], "prog"));
    assert_string_equal(taken, what);
}

static void refuses(unsigned int user, int both, char const *line, char const *what, char const *where) {
    assert_int_equal(parse(user, both, line), -1);
    assert_string_equal(err.what, what);
    assert_string_equal(err.where, where);
    assert_string_equal(err.why, "");
    assert_int_equal(err.errnum, 0);
}

static void letters_and_long_names_are_the_same(void **state) {
    (void)state;
    takes(FIRST, 0, "-a -b 5", "A:a A:b=5");
    takes(FIRST, 0, "--alpha --beta 5", "A:a A:b=5");
    takes(FIRST, 0, "-b5 --beta=6", "A:b=5 A:b=6");
    takes(FIRST, 0, "-ab5", "A:a A:b=5");
    takes(FIRST, 0, "--one --two=x --two y", "A:ONE A:TWO=x A:TWO=y");
    takes(FIRST, 0, "-n", "A:n");
}

static void options_end_at_the_first_operand(void **state) {
    (void)state;
    takes(FIRST, 0, "-a prog -a", "A:a");
    assert_int_equal(parse(FIRST, 0, "-a prog -a"), 2);
    assert_int_equal(parse(FIRST, 0, "-a -- prog -a"), 3);
    assert_int_equal(parse(FIRST, 0, "-a -- -a"), 3);
    assert_int_equal(parse(FIRST, 0, ""), 1);
    assert_int_equal(parse(FIRST, 0, "-"), 1);
}

static void an_option_is_only_its_users(void **state) {
    (void)state;
    takes(SECOND, 0, "-c -b 1", "A:c A:b=1");
    refuses(FIRST, 0, "-c", "unknown option ", "-c");
    refuses(FIRST, 0, "--gamma", "unknown option ", "--gamma");
    refuses(SECOND, 0, "-a", "unknown option ", "-a");
    refuses(SECOND, 0, "--one", "unknown option ", "--one");
}

static void each_table_gets_its_own(void **state) {
    (void)state;
    takes(FIRST, 1, "-a -x 6 -b 5 -Q --xi=7 --quiet", "A:a B:x=6 A:b=5 B:Q B:x=7 B:Q");
    takes(FIRST, 1, "--uno --one --two=2", "B:ONE A:ONE A:TWO=2");
    takes(SECOND, 1, "--uno -cQx y", "B:ONE A:c B:Q B:x=y");
    refuses(SECOND, 1, "--two=2", "unknown option ", "--two=2");
    refuses(FIRST, 0, "-x", "unknown option ", "-x");
}

static void what_is_refused_is_named_as_it_was_given(void **state) {
    (void)state;
    refuses(FIRST, 0, "-a -z prog", "unknown option ", "-z");
    refuses(FIRST, 0, "-az", "unknown option ", "-z");
    refuses(FIRST, 0, "-a --zeta=1", "unknown option ", "--zeta=1");
    refuses(FIRST, 0, "-ab", "no argument to option ", "-b");
    refuses(FIRST, 0, "-a --beta", "no argument to option ", "--beta");
    refuses(FIRST, 0, "-a --two", "no argument to option ", "--two");
    refuses(FIRST, 0, "-ab bad", "bad argument to ", "-b");
    refuses(FIRST, 1, "-x bad", "bad argument to ", "-x");
    refuses(FIRST, 1, "--xi=bad -z", "bad argument to ", "--xi=bad");
    refuses(FIRST, 0, "-?", "unknown option ", "-?");
    refuses(FIRST, 0, "-:", "unknown option ", "-:");
}

static void what_follows_a_refused_option_is_not_taken(void **state) {
    (void)state;
    parse(FIRST, 0, "-a -b bad -a");
    assert_string_equal(taken, "A:a A:b=bad");
}

static void parsing_begins_anew_each_time(void **state) {
    (void)state;
    parse(FIRST, 0, "-aza");
    takes(FIRST, 0, "-a", "A:a");
    parse(FIRST, 0, "-a prog");
    takes(FIRST, 0, "-b 1", "A:b=1");
}

static void numbers_are_decimal_and_fit(void **state) {
    (void)state;
    static char const *const bad[] = {"", "x", "-1", "+1", "1x", " 1", "4294967296"};
    unsigned int n = 7;
    struct opterror none = {.what = 0};
    optable_number(&n, "4294967295", &none);
    assert_true(n == 4294967295u && !none.what);
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct opterror wrong = {.what = 0};
        optable_number(&n, bad[i], &wrong);
        assert_string_equal(wrong.what, "invalid number for option ");
    }
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(letters_and_long_names_are_the_same),
        cmocka_unit_test(options_end_at_the_first_operand),
        cmocka_unit_test(an_option_is_only_its_users),
        cmocka_unit_test(each_table_gets_its_own),
        cmocka_unit_test(what_is_refused_is_named_as_it_was_given),
        cmocka_unit_test(what_follows_a_refused_option_is_not_taken),
        cmocka_unit_test(parsing_begins_anew_each_time),
        cmocka_unit_test(numbers_are_decimal_and_fit),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
