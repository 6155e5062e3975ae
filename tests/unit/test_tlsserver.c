/* test_tlsserver: the command line that s6-tlsserver becomes, word by word.
 * It must not execute it. */

#include "chainwords.h"

#include "config.h"
#include "tlsserver.h"

static struct tlsserver s;
static struct opterror err;
static struct words words;

static void becomes(char const *line, char const *chain) {
    struct command c = {.failed = 0};
    char const *missing = "";
    words_split(&words, line);
    assert_int_equal(tlsserver_parse(&s, words.argc, words.argv, &err), 0);
    assert_int_equal(tlsserver_build(&c, &s, &missing), 0);
    assert_null(missing);
    chainwords_are(&c, chain);
    free(s.who.ids.groups);
}

static void refuses(char const *line, char const *message) {
    char said[128];
    words_split(&words, line);
    assert_int_equal(tlsserver_parse(&s, words.argc, words.argv, &err), -1);
    strcat(strcat(strcpy(said, err.what), err.where), err.why);
    assert_string_equal(said, message);
}

static void without_options_there_are_two_programs_before_prog(void **state) {
    (void)state;
    becomes("::1 443 prog -x", "s6-tcpserver -- ::1 443 s6-tlsd -- prog -x");
    becomes("-- ::1 443 -prog -- x", "s6-tcpserver -- ::1 443 s6-tlsd -- -prog -- x");
}

static void the_super_server_gets_its_own(void **state) {
    (void)state;
    becomes("-1 -c 5 -C 6 -b 7 :: 0 prog", "s6-tcpserver -1 -c 5 -C 6 -b 7 -- :: 0 s6-tlsd -- prog");
    becomes("--notify --global-max-connections=5 --local-max-connections=6 --backlog=7 :: 0 prog",
            "s6-tcpserver -1 -c 5 -C 6 -b 7 -- :: 0 s6-tlsd -- prog");
    becomes("-c 5 -c 6 :: 0 prog", "s6-tcpserver -c 6 -- :: 0 s6-tlsd -- prog");
}

static void all_are_as_quiet_as_each_other(void **state) {
    (void)state;
    becomes("-q :: 0 prog", "s6-tcpserver -q -- :: 0 s6-tlsd -v0 -- prog");
    becomes("-v :: 0 prog", "s6-tcpserver -v -- :: 0 s6-tlsd -v2 -- prog");
    becomes("-v -Q :: 0 prog", "s6-tcpserver -- :: 0 s6-tlsd -- prog");
    becomes("--verbose --quiet :: 0 prog", "s6-tcpserver -q -- :: 0 s6-tlsd -v0 -- prog");
    becomes("--quiet --normally-verbose :: 0 prog", "s6-tcpserver -- :: 0 s6-tlsd -- prog");
    becomes("-v -e :: 0 prog", "s6-tcpserver -v -- :: 0 s6-tcpserver-access -v2 -- @ s6-tlsd -v2 -- prog");
    becomes("-q -e :: 0 prog", "s6-tcpserver -q -- :: 0 s6-tcpserver-access -v0 -- @ s6-tlsd -v0 -- prog");
}

static void s6_tlsd_gets_what_is_about_TLS(void **state) {
    (void)state;
    becomes("-S -J -Z -K 5 -I 0 :: 0 prog", "s6-tcpserver -- :: 0 s6-tlsd -S -J -Z -K5 -I0 -- prog");
    becomes("-s -j -z -K 5 :: 0 prog", "s6-tcpserver -- :: 0 s6-tlsd -s -K5 -- prog");
#if CONFIG_CLIENT_CERTS
    becomes("-y :: 0 prog", "s6-tcpserver -- :: 0 s6-tlsd -y -- prog");
    becomes("--client-cert :: 0 prog", "s6-tcpserver -- :: 0 s6-tlsd -Y -- prog");
#endif
#if CONFIG_SNI_CERTS
    becomes("-k 1 :: 0 prog", "s6-tcpserver -- :: 0 s6-tlsd -k1 -- prog");
#endif
}

static void the_user_is_prog_s_alone(void **state) {
    (void)state;
    becomes("-u 1 -g 2 -G 3,4 :: 0 prog",
            "s6-tcpserver -- :: 0 s6-tlsd -- s6-applyuidgid -u 1 -g 2 -G 3,4 -- prog");
    becomes("-U :: 0 prog", "s6-tcpserver -- :: 0 s6-tlsd -- s6-applyuidgid -Uz -- prog");
    becomes("--envuidgid --uid=5 :: 0 prog",
            "s6-tcpserver -- :: 0 s6-tlsd -- s6-applyuidgid -Uz -u 5 -- prog");
}

static void what_says_the_default_of_the_access_program_needs_none(void **state) {
    (void)state;
    becomes("-HRPWdD :: 0 prog", "s6-tcpserver -- :: 0 s6-tlsd -- prog");
    becomes("--no-dns --no-ident --no-paranoid --no-strict-resolution --nagle --no-nagle --dns --no-hosts :: "
            "0 prog",
            "s6-tcpserver -- :: 0 s6-tlsd -- prog");
    becomes("-rR -pP -wW -h --no-hosts :: 0 prog", "s6-tcpserver -- :: 0 s6-tlsd -- prog");
}

static void what_asks_for_more_puts_the_access_program_in_the_chain(void **state) {
    (void)state;
    static char const *const asking[] = {"-h", "-r", "-p", "-w", "-l x", "-B x", "-t 5", "-i x", "-x x"};
    for (size_t i = 0; i < COUNT(asking); i++) {
        char line[64], chain[128];
        strcat(strcpy(line, asking[i]), " :: 0 prog");
        strcpy(chain, "s6-tcpserver -- :: 0 s6-tcpserver-access ");
        becomes(line, strcat(strcat(chain, asking[i]), " -- @ s6-tlsd -- prog"));
    }
}

static void the_access_program_is_told_all_that_is_its(void **state) {
    (void)state;
    becomes("-x f -H -l me -D -1 -R :: 0 prog",
            "s6-tcpserver -1 -- :: 0 s6-tcpserver-access -D -R -H -l me -x f -- @ s6-tlsd -- prog");
    becomes("--rules-directory=d --timeout=9 --banner=b --paranoid --ident --strict-resolution --hosts "
            "--local-name=l :: 0 prog",
            "s6-tcpserver -- :: 0 s6-tcpserver-access -w -r -p -h -l l -B b -t 9 -i d -- @ s6-tlsd -- prog");
    becomes("-H --dns -r :: 0 prog", "s6-tcpserver -- :: 0 s6-tcpserver-access -r -- @ s6-tlsd -- prog");
    becomes("-Rr -i d -u 5 :: 0 prog",
            "s6-tcpserver -- :: 0 s6-tcpserver-access -r -i d -- @ s6-tlsd -- s6-applyuidgid -u 5 -- prog");
}

static void rules_may_set_variables(void **state) {
    (void)state;
    becomes("-h :: 0 prog", "s6-tcpserver -- :: 0 s6-tcpserver-access -h -- @ s6-tlsd -- prog");
    assert_false(tlsserver_has_rules(&s));
    becomes("-i d :: 0 prog", "s6-tcpserver -- :: 0 s6-tcpserver-access -i d -- @ s6-tlsd -- prog");
    assert_true(tlsserver_has_rules(&s));
    becomes("-x f :: 0 prog", "s6-tcpserver -- :: 0 s6-tcpserver-access -x f -- @ s6-tlsd -- prog");
    assert_true(tlsserver_has_rules(&s));
}

static void connections_share_keys_for_tickets_where_no_certificate_is_asked_for(void **state) {
    (void)state;
    words_split(&words, ":: 0 prog");
    assert_int_equal(tlsserver_parse(&s, words.argc, words.argv, &err), 0);
    assert_int_equal(tlsserver_shares_tickets(&s), CONFIG_TICKETS);
#if CONFIG_CLIENT_CERTS
    words_split(&words, "-Y :: 0 prog");
    assert_int_equal(tlsserver_parse(&s, words.argc, words.argv, &err), 0);
    assert_false(tlsserver_shares_tickets(&s));
#endif
}

static void what_the_chain_would_refuse_is_refused(void **state) {
    (void)state;
    refuses("", "no address; --help shows the usage");
    refuses("::1", "no port; --help shows the usage");
    refuses("-v ::1 443", "no program; --help shows the usage");
    refuses("-K x :: 0 prog", "invalid number for option -K");
    refuses("-t x :: 0 prog", "invalid number for option -t");
    refuses("-k x :: 0 prog", "invalid number for option -k");
    refuses("-u x :: 0 prog", "invalid -u: it is no number of a user");
    refuses("-6 8 :: 0 prog", "unknown option -6");
    refuses("-d3 :: 0 prog", "unknown option -3");
    refuses("-c", "no argument to option -c");
}

static void a_program_that_is_nowhere_is_named(void **state) {
    (void)state;
    struct command c = {.failed = 0};
    char const *missing = 0;
    words_split(&words, "-h :: 0 prog");
    assert_int_equal(tlsserver_parse(&s, words.argc, words.argv, &err), 0);
    setenv("PATH", "/nonexistent", 1);
    errno = 0;
    assert_int_equal(tlsserver_build(&c, &s, &missing), -1);
    assert_int_equal(errno, ENOENT);
    assert_string_equal(missing, "s6-tcpserver-access");
    setenv("PATH", sandbox_path, 1);
    command_free(&c);
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(without_options_there_are_two_programs_before_prog),
        cmocka_unit_test(the_super_server_gets_its_own),
        cmocka_unit_test(all_are_as_quiet_as_each_other),
        cmocka_unit_test(s6_tlsd_gets_what_is_about_TLS),
        cmocka_unit_test(the_user_is_prog_s_alone),
        cmocka_unit_test(what_says_the_default_of_the_access_program_needs_none),
        cmocka_unit_test(what_asks_for_more_puts_the_access_program_in_the_chain),
        cmocka_unit_test(the_access_program_is_told_all_that_is_its),
        cmocka_unit_test(rules_may_set_variables),
        cmocka_unit_test(connections_share_keys_for_tickets_where_no_certificate_is_asked_for),
        cmocka_unit_test(what_the_chain_would_refuse_is_refused),
        cmocka_unit_test(a_program_that_is_nowhere_is_named),
    };
    return cmocka_run_group_tests(tests, chainwords_enter, chainwords_leave);
}
