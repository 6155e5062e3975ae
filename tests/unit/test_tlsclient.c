/* test_tlsclient: the command line that s6-tlsclient becomes, word by word; and how programs are found in PATH.
 * It must not execute it. */

#include "chainwords.h"

#include "config.h"
#include "tlsclient.h"

static struct tlsclient s;
static struct opterror err;
static struct words words;

static void becomes(char const *line, char const *chain) {
    struct command c = {.failed = 0};
    char const *missing = "";
    words_split(&words, line);
    assert_int_equal(tlsclient_parse(&s, words.argc, words.argv, &err), 0);
    assert_int_equal(tlsclient_build(&c, &s, &missing), 0);
    chainwords_are(&c, chain);
}

static void refuses(char const *line, char const *message) {
    char said[128];
    words_split(&words, line);
    assert_int_equal(tlsclient_parse(&s, words.argc, words.argv, &err), -1);
    strcat(strcat(strcpy(said, err.what), err.where), err.why);
    assert_string_equal(said, message);
}

static void the_host_is_the_name_to_verify(void **state) {
    (void)state;
    becomes("a.org 443 prog -x", "s6-tcpclient -- a.org 443 @ s6-tlsc -k a.org -- prog -x");
    becomes("192.0.2.1 443 prog", "s6-tcpclient -- 192.0.2.1 443 @ s6-tlsc -k 192.0.2.1 -- prog");
    becomes("-- ::1 443 prog", "s6-tcpclient -- ::1 443 @ s6-tlsc -k ::1 -- prog");
}

static void another_name_or_none_may_be_asked_for(void **state) {
    (void)state;
    becomes("-k b.org a.org 443 prog", "s6-tcpclient -- a.org 443 @ s6-tlsc -k b.org -- prog");
    becomes("-H 192.0.2.1 443 prog", "s6-tcpclient -H -- 192.0.2.1 443 @ s6-tlsc -- prog");
    becomes("-H -k b.org 192.0.2.1 443 prog", "s6-tcpclient -H -- 192.0.2.1 443 @ s6-tlsc -k b.org -- prog");
    becomes("--no-dns --dns a.org 443 prog", "s6-tcpclient -- a.org 443 @ s6-tlsc -k a.org -- prog");
}

static void what_cannot_be_a_name_is_refused_unless_there_is_another_or_none(void **state) {
    (void)state;
    refuses("a..org 443 prog", "no name of a server to verify: a..org; -k gives one, -H does without");
    becomes("-k b.org a..org 443 prog", "s6-tcpclient -- a..org 443 @ s6-tlsc -k b.org -- prog");
    becomes("-H 192.0.2.1,192.0.2.2 443 prog",
            "s6-tcpclient -H -- 192.0.2.1,192.0.2.2 443 @ s6-tlsc -- prog");
}

static void the_tcp_client_gets_its_own(void **state) {
    (void)state;
    becomes("-4 -D -r -h -n -l me -t 5 -T 1+2 -i :: -p 9 a 443 prog",
            "s6-tcpclient -4 -D -r -h -n -l me -t 5 -T 1+2 -i :: -p 9 -- a 443 @ s6-tlsc -k a -- prog");
    becomes("--ipv6 --nagle --no-ident --hosts --no-qualify --local-name=me --timeout=5 "
            "--connection-timeouts=1+2 "
            "--local-ip=:: --local-port=9 a 443 prog",
            "s6-tcpclient -6 -d -R -h -N -l me -t 5 -T 1+2 -i :: -p 9 -- a 443 @ s6-tlsc -k a -- prog");
    becomes("-dD -nN --hosts --no-hosts a 443 prog", "s6-tcpclient -D -N -- a 443 @ s6-tlsc -k a -- prog");
}

static void both_are_as_quiet_as_each_other(void **state) {
    (void)state;
    becomes("-q a 443 prog", "s6-tcpclient -q -- a 443 @ s6-tlsc -v0 -k a -- prog");
    becomes("-v a 443 prog", "s6-tcpclient -v -- a 443 @ s6-tlsc -v2 -k a -- prog");
    becomes("-vQ a 443 prog", "s6-tcpclient -- a 443 @ s6-tlsc -k a -- prog");
}

static void s6_tlsc_gets_what_is_about_TLS(void **state) {
    (void)state;
    becomes("-S -J -Z -K 5 -I 7 a 443 prog", "s6-tcpclient -- a 443 @ s6-tlsc -S -J -Z -K5 -I7 -k a -- prog");
    becomes("--no-verify-cert a 443 prog", "s6-tcpclient -- a 443 @ s6-tlsc --no-verify-cert -k a -- prog");
#if CONFIG_CLIENT_CERTS
    becomes("-y a 443 prog", "s6-tcpclient -- a 443 @ s6-tlsc -y -k a -- prog");
#endif
}

static void what_the_chain_would_refuse_is_refused(void **state) {
    (void)state;
    refuses("", "no address; --help shows the usage");
    refuses("a", "no port; --help shows the usage");
    refuses("a 443", "no program; --help shows the usage");
    refuses("-k a..b a 443 prog", "invalid server name for option -k");
    refuses("-t x a 443 prog", "invalid number for option -t");
    refuses("-7 9 a 443 prog", "unknown option -7");
    refuses("-u 5 a 443 prog", "unknown option -u");
    refuses("-1 a 443 prog", "unknown option -1");
}

/* sibling_add, with another one in front or not */
static int found(char const *name) {
    struct command c = {.failed = 0};
    errno = 0;
    int there = sibling_add(&c, name, 0) == 0;
    if (!there) assert_int_equal(errno, ENOENT);
    command_free(&c);
    return there;
}

static void a_program_is_found_where_execution_would_find_it(void **state) {
    (void)state;
    assert_true(found("s6-tcpclient"));
    assert_true(found("s6-tlsd"));
    assert_false(found("s6-nonsense"));
    assert_false(found("s6-plain")); /* a file that nobody may execute */
    assert_false(found("s6-none"));  /* a directory */
    setenv("PATH", "/nonexistent", 1);
    assert_false(found("s6-tcpclient"));
    assert_true(found("s6-tlsd"));
    setenv("PATH", "/nonexistent:", 1); /* an empty one is the current directory */
    assert_true(found("s6-tcpclient"));
    setenv("PATH", ":/nonexistent", 1);
    assert_true(found("s6-tcpclient"));
    unsetenv("PATH");
    assert_true(found("sh"));
    assert_false(found("s6-tcpclient"));
    setenv("PATH", sandbox_path, 1);
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(the_host_is_the_name_to_verify),
        cmocka_unit_test(another_name_or_none_may_be_asked_for),
        cmocka_unit_test(what_cannot_be_a_name_is_refused_unless_there_is_another_or_none),
        cmocka_unit_test(the_tcp_client_gets_its_own),
        cmocka_unit_test(both_are_as_quiet_as_each_other),
        cmocka_unit_test(s6_tlsc_gets_what_is_about_TLS),
        cmocka_unit_test(what_the_chain_would_refuse_is_refused),
        cmocka_unit_test(a_program_is_found_where_execution_would_find_it),
    };
    return cmocka_run_group_tests(tests, chainwords_enter, chainwords_leave);
}
