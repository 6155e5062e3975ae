/* test_tlsopt: every option on both sides, by its letter and by its long name, and what is refused.
 * It must not know what the options do. */

#include "unit.h"

#include "config.h"
#include "tlsopt.h"

#include <string.h>

enum { ARGS_MAX = 16 };

static struct tlsopt o;
static char const *what, *where;

/* Splits the line at its spaces; 'prog' stands where the options should end. */
static int parse(enum tlsopt_side side, char const *line) {
    static char words[256];
    char const *argv[ARGS_MAX + 2] = {"s6-test"};
    int argc = 1;
    strcpy(words, line);
    for (char *word = strtok(words, " "); word; word = strtok(0, " ")) argv[argc++] = word;
    argv[argc] = 0;
    what = where = 0;
    int at = tlsopt_parse(&o, side, argc, argv, &what, &where);
    if (at >= 0) assert_true(at == argc || !strcmp(argv[at], "prog"));
    return at;
}

static void server(char const *line) {
    assert_true(parse(TLSOPT_SERVER, line) > 0);
}

static void client(char const *line) {
    assert_true(parse(TLSOPT_CLIENT, line) > 0);
}

static void refused(enum tlsopt_side side, char const *line, char const *why, char const *at) {
    assert_int_equal(parse(side, line), -1);
    assert_string_equal(what, why);
    assert_string_equal(where, at);
}

static void refused_by_both(char const *line, char const *why, char const *at) {
    refused(TLSOPT_SERVER, line, why, at);
    refused(TLSOPT_CLIENT, line, why, at);
}

static void without_options_each_side_has_its_defaults(void **state) {
    (void)state;
    memset(&o, 0x55, sizeof o);
    server("prog -S");
    assert_true(o.close != RELAY_CLOSE_NOTIFY && o.close != RELAY_CLOSE_FIN && !o.strict && !o.keep);
    assert_true(o.verbosity == 1 && !o.handshake && !o.idle && !o.snilevel && !o.servername && !o.send_cert);
    assert_int_equal(o.verify, ENGINE_VERIFY_NONE);
    assert_true(o.rfd == 0 && o.wfd == 1);
    memset(&o, 0x55, sizeof o);
    client("prog -S");
    assert_true(o.close != RELAY_CLOSE_NOTIFY && o.close != RELAY_CLOSE_FIN && !o.strict && !o.keep);
    assert_true(o.verbosity == 1 && !o.handshake && !o.idle && !o.snilevel && !o.servername && !o.send_cert);
    assert_int_equal(o.verify, ENGINE_VERIFY_MANDATORY);
    assert_true(o.rfd == 6 && o.wfd == 7);
}

static void common_options(void (*side)(char const *)) {
    side("-S"), assert_int_equal(o.close, RELAY_CLOSE_NOTIFY);
    side("-s"), assert_int_equal(o.close, RELAY_CLOSE_FIN);
    side("--close-notify"), assert_int_equal(o.close, RELAY_CLOSE_NOTIFY);
    side("--no-close-notify"), assert_int_equal(o.close, RELAY_CLOSE_FIN);
    side("-J"), assert_true(o.strict);
    side("-J -j"), assert_false(o.strict);
    side("--enforce-close-notify"), assert_true(o.strict);
    side("-J --no-enforce-close-notify"), assert_false(o.strict);
    side("-Z"), assert_true(o.keep);
    side("-Zz"), assert_false(o.keep);
    side("--keep"), assert_true(o.keep);
    side("-Z --no-keep"), assert_false(o.keep);
    side("-v 0"), assert_int_equal(o.verbosity, 0);
    side("-v3"), assert_int_equal(o.verbosity, 3);
    side("--verbosity=2"), assert_int_equal(o.verbosity, 2);
    side("--verbosity 2"), assert_int_equal(o.verbosity, 2);
    side("--handshake-timeout=7 --idle-timeout=8"), assert_true(o.handshake == 7 && o.idle == 8);
}

static void both_sides_take_the_common_options(void **state) {
    (void)state;
    common_options(server);
    common_options(client);
}

static void the_last_of_two_options_wins(void **state) {
    (void)state;
    server("-S -s"), assert_int_equal(o.close, RELAY_CLOSE_FIN);
    server("-sS"), assert_int_equal(o.close, RELAY_CLOSE_NOTIFY);
    server("-v 3 -v 0"), assert_int_equal(o.verbosity, 0);
}

static void the_handshake_limit_is_the_idle_limit_unless_there_is_one(void **state) {
    (void)state;
    server("-K 5000"), assert_true(o.handshake == 5000 && o.idle == 5000);
    server("-K 5000 -I 0"), assert_true(o.handshake == 5000 && o.idle == 0);
    server("-I 0 -K 5000"), assert_true(o.handshake == 5000 && o.idle == 0);
    server("-I 9 -K 5000"), assert_true(o.handshake == 5000 && o.idle == 9);
    server("-I 9"), assert_true(o.handshake == 0 && o.idle == 9);
}

#if CONFIG_CLIENT_CERTS
static void certificates_of_clients(void **state) {
    (void)state;
    server("-Y"), assert_int_equal(o.verify, ENGINE_VERIFY_OPTIONAL);
    server("-y"), assert_int_equal(o.verify, ENGINE_VERIFY_MANDATORY);
    server("--client-cert"), assert_int_equal(o.verify, ENGINE_VERIFY_OPTIONAL);
    server("--mandatory-client-cert"), assert_int_equal(o.verify, ENGINE_VERIFY_MANDATORY);
    client("-y"), assert_true(o.send_cert);
    client("-y -Y"), assert_false(o.send_cert);
    client("--client-cert"), assert_true(o.send_cert);
    client("-y --no-client-cert"), assert_false(o.send_cert);
    assert_int_equal(o.verify, ENGINE_VERIFY_MANDATORY);
}
#endif

static void clients_may_leave_the_server_unverified(void **state) {
    (void)state;
    client("--no-verify-cert"), assert_int_equal(o.verify, ENGINE_VERIFY_NONE);
    client("--no-verify-cert --verify-cert"), assert_int_equal(o.verify, ENGINE_VERIFY_MANDATORY);
    refused(TLSOPT_SERVER, "--no-verify-cert", "unknown option ", "--no-verify-cert");
}

#if CONFIG_SNI_CERTS
static void the_server_has_levels_of_sni(void **state) {
    (void)state;
    server("-k 0"), assert_int_equal(o.snilevel, 0);
    server("-k1"), assert_int_equal(o.snilevel, 1);
    server("-k 2"), assert_int_equal(o.snilevel, 2);
    server("-k 9"), assert_int_equal(o.snilevel, 2);
    server("--sni"), assert_int_equal(o.snilevel, 1);
    server("--mandatory-sni"), assert_int_equal(o.snilevel, 2);
    server("--sni-level=2"), assert_int_equal(o.snilevel, 2);
    refused(TLSOPT_SERVER, "-k a.org", "invalid number for option ", "-k");
}
#endif

static void the_client_has_a_name_to_ask_for(void **state) {
    (void)state;
    client("-k a.org"), assert_string_equal(o.servername, "a.org");
    client("--servername=192.0.2.7"), assert_string_equal(o.servername, "192.0.2.7");
    client("-k ::1"), assert_string_equal(o.servername, "::1");
    refused(TLSOPT_CLIENT, "-k a..org", "invalid server name for option ", "-k");
    refused(TLSOPT_CLIENT, "-k a\n.org", "invalid server name for option ", "-k");
    refused(TLSOPT_CLIENT, "--servername=", "invalid server name for option ", "--servername=");
}

static void the_client_has_two_fds(void **state) {
    (void)state;
    client("-6 8 -7 9"), assert_true(o.rfd == 8 && o.wfd == 9);
    client("--read-fd=0 --write-fd=1"), assert_true(o.rfd == 0 && o.wfd == 1);
    refused(TLSOPT_CLIENT, "-6 8 -7 8", "one file descriptor for both directions: option ", "-6 and -7");
    refused(TLSOPT_CLIENT, "-7 6", "one file descriptor for both directions: option ", "-6 and -7");
    refused(TLSOPT_CLIENT, "-6 2", "invalid file descriptor for option ", "-6");
    refused(TLSOPT_CLIENT, "-7 2147483648", "invalid file descriptor for option ", "-7");
    refused(TLSOPT_SERVER, "-6 8", "unknown option ", "-6");
}

static void options_end_at_the_first_word_that_is_none(void **state) {
    (void)state;
    assert_int_equal(parse(TLSOPT_SERVER, "-S prog -s -x"), 2);
    assert_int_equal(o.close, RELAY_CLOSE_NOTIFY);
    assert_int_equal(parse(TLSOPT_SERVER, "-v 2 -- prog -v 3"), 4);
    assert_int_equal(o.verbosity, 2);
    assert_int_equal(parse(TLSOPT_SERVER, ""), 1);
    assert_int_equal(parse(TLSOPT_SERVER, "--"), 2);
}

static void numbers_are_decimal_digits_and_fit(void **state) {
    (void)state;
    static char const *const bad[] = {"x",   "-1",  "+1",         "1x",
                                      "0x1", "1.5", "4294967296", "99999999999999999999"};
    static char const letters[] = "vKI";
    for (size_t i = 0; i < COUNT(bad); i++) {
        for (char const *letter = letters; *letter; letter++) {
            char option[] = {'-', *letter, 0}, line[64];
            strcat(strcat(strcpy(line, option), " "), bad[i]);
            refused_by_both(line, "invalid number for option ", option);
        }
    }
    refused_by_both("--verbosity=", "invalid number for option ", "--verbosity=");
}

static void what_is_unknown_or_lacks_its_argument_is_named(void **state) {
    (void)state;
    refused_by_both("-S -x prog", "unknown option ", "-x");
    refused_by_both("-S --nonsense prog", "unknown option ", "--nonsense");
    refused_by_both("-S -v", "no argument to option ", "-v");
    refused_by_both("-S --verbosity", "no argument to option ", "--verbosity");
    refused_by_both("-S -K", "no argument to option ", "-K");
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(without_options_each_side_has_its_defaults),
        cmocka_unit_test(both_sides_take_the_common_options),
        cmocka_unit_test(the_last_of_two_options_wins),
        cmocka_unit_test(the_handshake_limit_is_the_idle_limit_unless_there_is_one),
#if CONFIG_CLIENT_CERTS
        cmocka_unit_test(certificates_of_clients),
#endif
        cmocka_unit_test(clients_may_leave_the_server_unverified),
#if CONFIG_SNI_CERTS
        cmocka_unit_test(the_server_has_levels_of_sni),
#endif
        cmocka_unit_test(the_client_has_a_name_to_ask_for),
        cmocka_unit_test(the_client_has_two_fds),
        cmocka_unit_test(options_end_at_the_first_word_that_is_none),
        cmocka_unit_test(numbers_are_decimal_digits_and_fit),
        cmocka_unit_test(what_is_unknown_or_lacks_its_argument_is_named),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
