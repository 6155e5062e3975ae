/* test_ident: what counts as an answer to an IDENT question, and what is taken from it.
 * No socket is opened here: the wire tests have a server. */

#include "unit.h"

#include "tcp/ident.h"

#include <errno.h>
#include <string.h>

enum { REMOTE = 6193, LOCAL = 23 };

static void says(char const *line, char const *expected) {
    char user[IDENT_LINE] = "nobody";
    if (ident_parse(user, line, REMOTE, LOCAL) < 0) fail_msg("not understood: %s", line);
    assert_string_equal(user, expected);
}

static void refused(char const *line, int error) {
    char user[IDENT_LINE];
    errno = 0;
    if (ident_parse(user, line, REMOTE, LOCAL) == 0) fail_msg("understood: %s", line);
    assert_int_equal(errno, error);
}

static void a_user_is_told(void **state) {
    (void)state;
    says("6193, 23 : USERID : UNIX : stjohns", "stjohns");
    says("6193,23:USERID:UNIX:stjohns", "stjohns");
    says("\t 6193 ,\t23  :USERID  :  UNIX,US-ASCII :\t stjohns", "stjohns");
}

static void a_name_has_any_character_but_the_line_s_end(void **state) {
    (void)state;
    says("6193, 23 : USERID : OTHER : a b: c,d ", "a b: c,d ");
    says("6193, 23 : USERID : OTHER : \001\377", "\001\377");
}

static void an_error_is_no_user(void **state) {
    (void)state;
    refused("6193, 23 : ERROR : NO-USER", ENOENT);
    refused("6193,23:ERROR:HIDDEN-USER", ENOENT);
}

static void an_answer_to_another_question_is_none(void **state) {
    (void)state;
    refused("23, 6193 : USERID : UNIX : stjohns", EPROTO);
    refused("6193, 24 : USERID : UNIX : stjohns", EPROTO);
    refused("61930, 23 : USERID : UNIX : stjohns", EPROTO);
    refused("71729, 23 : USERID : UNIX : stjohns", EPROTO); /* 6193 in 16 bits */
}

static void anything_else_is_no_answer(void **state) {
    static char const *const lines[] = {"",
                                        "6193",
                                        "6193,",
                                        "6193, 23",
                                        "6193, 23 :",
                                        "6193, 23 : USERID",
                                        "6193, 23 : USERID : UNIX",
                                        "6193, 23 : USERID : UNIX :",
                                        "6193, 23 : USERID : UNIX : ",
                                        "6193, 23 : USERIDS : UNIX : stjohns",
                                        "6193, 23 : userid : UNIX : stjohns",
                                        "6193, 23 : ERROR",
                                        "6193; 23 : USERID : UNIX : stjohns",
                                        "x6193, 23 : USERID : UNIX : stjohns",
                                        "-6193, 23 : USERID : UNIX : stjohns"};
    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) refused(lines[i], EPROTO);
}

static void a_name_that_is_too_long_is_no_answer(void **state) {
    char line[IDENT_LINE + 64] = "6193, 23 : USERID : UNIX : ";
    (void)state;
    memset(line + strlen(line), 'x', IDENT_LINE);
    refused(line, EPROTO);
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(a_user_is_told),
        cmocka_unit_test(a_name_has_any_character_but_the_line_s_end),
        cmocka_unit_test(an_error_is_no_user),
        cmocka_unit_test(an_answer_to_another_question_is_none),
        cmocka_unit_test(anything_else_is_no_answer),
        cmocka_unit_test(a_name_that_is_too_long_is_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
