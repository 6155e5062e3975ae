/* test_lookup: hosts that are addresses, the order of what is found, and errands that must not last.
 * No name is looked up here: what the system would say is its own matter. */

#include "unit.h"

#include "tcp/errand.h"
#include "tcp/lookup.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The addresses found, with a space after each; or "!" and whether it is permanent. */
static char const *found(char const *host, sa_family_t family) {
    static char text[LOOKUP_MAX * (ADDR_TEXT + 1)];
    struct lookup_query query = {.host = host, .port = 80, .family = family, .numeric = 1};
    struct lookup_result result;
    tain deadline = TAIN_EPOCH;
    char const *why;
    int permanent;
    text[0] = 0;
    if (lookup_run(&result, &query, &deadline, &why, &permanent) < 0) return permanent ? "! permanent" : "!";
    for (unsigned int i = 0; i < result.n; i++) {
        char one[ADDR_TEXT];
        addr_text(one, &result.addr[i]);
        assert_int_equal(addr_port(&result.addr[i]), 80);
        strcat(strcat(text, one), " ");
    }
    return text;
}

static void an_address_is_found_as_it_is(void **state) {
    (void)state;
    assert_string_equal(found("192.0.2.1", AF_UNSPEC), "192.0.2.1 ");
    assert_string_equal(found("2001:db8::1", AF_INET6), "2001:db8::1 ");
}

static void several_addresses_have_commas_between(void **state) {
    (void)state;
    assert_string_equal(found("192.0.2.2,192.0.2.1,192.0.2.2", AF_UNSPEC), "192.0.2.2 192.0.2.1 ");
    assert_string_equal(found("192.0.2.1,2001:db8::1", AF_INET6), "2001:db8::1 ");
}

static void no_more_than_can_be_tried_are_taken(void **state) {
    char host[LOOKUP_MAX * 2 * 16] = "10.0.0.0";
    (void)state;
    for (int i = 1; i < LOOKUP_MAX * 2; i++) sprintf(host + strlen(host), ",10.0.0.%d", i);
    char const *text = found(host, AF_UNSPEC);
    char last[32];
    sprintf(last, " 10.0.0.%d ", LOOKUP_MAX - 1);
    assert_string_equal(text + strlen(text) - strlen(last), last);
}

static void nothing_is_this_host(void **state) {
    (void)state;
    assert_string_equal(found("", AF_UNSPEC), "::1 127.0.0.1 ");
    assert_string_equal(found("0", AF_INET), "127.0.0.1 ");
}

static void what_is_no_address_is_refused_for_good(void **state) {
    static char const *const hosts[] = {"localhost",  ",",          "127.0.0.1,",
                                        ",127.0.0.1", "127.0.0.1 ", "127.0.0.1,x"};
    (void)state;
    for (size_t i = 0; i < COUNT(hosts); i++) assert_string_equal(found(hosts[i], AF_UNSPEC), "! permanent");
    assert_string_equal(found("127.0.0.1", AF_INET6), "! permanent");
}

static void the_families_take_turns(void **state) {
    (void)state;
    assert_string_equal(found("::1,::2,::3,10.0.0.1,10.0.0.2", AF_UNSPEC), "::1 10.0.0.1 ::2 10.0.0.2 ::3 ");
    assert_string_equal(found("10.0.0.1,::1,::2,::3", AF_UNSPEC), "10.0.0.1 ::1 ::2 ::3 ");
    assert_string_equal(found("::1,::2,::3,10.0.0.1", AF_UNSPEC), "::1 10.0.0.1 ::2 ::3 ");
    assert_string_equal(found("10.0.0.1,10.0.0.2,::1", AF_UNSPEC), "10.0.0.1 ::1 10.0.0.2 ");
}

/* ---- errands ---- */

static void answer(void const *question, void *to) {
    memcpy(to, question, 4);
}

static void never_answer(void const *question, void *to) {
    (void)question, (void)to;
    for (;;) pause();
}

static void die(void const *question, void *to) {
    (void)question, (void)to;
    raise(SIGKILL);
}

static int run(errand_func *f, char *to, size_t size, int seconds) {
    tain deadline;
    tain_now_set_stopwatch_g();
    tain_addsec_g(&deadline, seconds);
    int r = errand_run(f, "abc", to, size, &deadline);
    int why = errno;
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
    assert_int_equal(errno, ECHILD);
    errno = why;
    return r;
}

static void an_errand_brings_its_answer(void **state) {
    static char to[200000]; /* more than a pipe holds */
    (void)state;
    memset(to, 'x', sizeof to);
    assert_int_equal(run(answer, to, sizeof to, 20), 0);
    assert_string_equal(to, "abc");
    for (size_t i = 4; i < sizeof to; i++) assert_int_equal(to[i], 0);
}

static void an_errand_that_lasts_is_ended(void **state) {
    char to[4];
    (void)state;
    assert_int_equal(run(never_answer, to, sizeof to, 1), -1);
    assert_int_equal(errno, ETIMEDOUT);
}

static void an_errand_that_dies_brings_nothing(void **state) {
    char to[4];
    (void)state;
    assert_int_equal(run(die, to, sizeof to, 20), -1);
    assert_int_equal(errno, EPIPE);
}

static void an_errand_works_where_children_are_ignored(void **state) {
    char to[4];
    (void)state;
    signal(SIGCHLD, SIG_IGN);
    assert_int_equal(run(answer, to, sizeof to, 20), 0);
    assert_string_equal(to, "abc");
    signal(SIGCHLD, SIG_DFL);
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(an_address_is_found_as_it_is),
        cmocka_unit_test(several_addresses_have_commas_between),
        cmocka_unit_test(no_more_than_can_be_tried_are_taken),
        cmocka_unit_test(nothing_is_this_host),
        cmocka_unit_test(what_is_no_address_is_refused_for_good),
        cmocka_unit_test(the_families_take_turns),
        cmocka_unit_test(an_errand_brings_its_answer),
        cmocka_unit_test(an_errand_that_lasts_is_ended),
        cmocka_unit_test(an_errand_that_dies_brings_nothing),
        cmocka_unit_test(an_errand_works_where_children_are_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
