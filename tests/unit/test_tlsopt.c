/* test_tlsopt: every option on both sides, by its letter and by its long name, and what is refused.
 * It must not know what the options do. */

#include "words.h"

#include "config.h"
#include "tlsopt.h"

static struct tlsopt o;
static struct opterror err;

/* 'prog' stands where the options should end. */
static int parse(enum tlsopt_user user, char const *line) {
    static struct words words;
    words_split(&words, line);
    int at = tlsopt_parse(&o, user, words.argc, words.argv, &err);
    if (at >= 0) assert_true(at == words.argc || !strcmp(words.argv[at], "prog"));
    return at;
}

static void server(char const *line) {
    assert_true(parse(TLSOPT_TLSD, line) > 0);
}

static void client(char const *line) {
    assert_true(parse(TLSOPT_TLSC, line) > 0);
}

static void refused(enum tlsopt_user user, char const *line, char const *why, char const *at) {
    assert_int_equal(parse(user, line), -1);
    assert_string_equal(err.what, why);
    assert_string_equal(err.where, at);
}

static void refused_by_both(char const *line, char const *why, char const *at) {
    refused(TLSOPT_TLSD, line, why, at);
    refused(TLSOPT_TLSC, line, why, at);
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
    refused(TLSOPT_TLSD, "--no-verify-cert", "unknown option ", "--no-verify-cert");
}

#if CONFIG_SNI_CERTS
static void the_server_has_levels_of_sni(void **state) {
    (void)state;
    server("-k 0"), assert_int_equal(o.snilevel, 0);
    server("-k1"), assert_int_equal(o.snilevel, 1);
    server("-k 2"), assert_int_equal(o.snilevel, 2);
    server("--sni"), assert_int_equal(o.snilevel, 1);
    server("--mandatory-sni"), assert_int_equal(o.snilevel, 2);
    server("--sni-level=2"), assert_int_equal(o.snilevel, 2);
    refused(TLSOPT_TLSD, "-k a.org", "invalid number for option ", "-k");
    refused(TLSOPT_TLSD, "-k 3", "no such level for option ", "-k");
    refused(TLSOPT_TLSSERVER, "--sni-level=4294967295", "no such level for option ",
            "--sni-level=4294967295");
}
#endif

static void the_client_has_a_name_to_ask_for(void **state) {
    (void)state;
    client("-k a.org"), assert_string_equal(o.servername, "a.org");
    client("--servername=192.0.2.7"), assert_string_equal(o.servername, "192.0.2.7");
    client("-k ::1"), assert_string_equal(o.servername, "::1");
    refused(TLSOPT_TLSC, "-k a..org", "invalid server name for option ", "-k");
    refused(TLSOPT_TLSC, "-k a\n.org", "invalid server name for option ", "-k");
    refused(TLSOPT_TLSC, "--servername=", "invalid server name for option ", "--servername=");
}

static void the_client_has_two_fds(void **state) {
    (void)state;
    client("-6 8 -7 9"), assert_true(o.rfd == 8 && o.wfd == 9);
    client("--read-fd=0 --write-fd=1"), assert_true(o.rfd == 0 && o.wfd == 1);
    refused(TLSOPT_TLSC, "-6 8 -7 8", "one file descriptor for both directions: option ", "-6 and -7");
    refused(TLSOPT_TLSC, "-7 6", "one file descriptor for both directions: option ", "-6 and -7");
    refused(TLSOPT_TLSC, "-6 2", "invalid file descriptor for option ", "-6");
    refused(TLSOPT_TLSC, "-7 2147483648", "invalid file descriptor for option ", "-7");
    refused(TLSOPT_TLSD, "-6 8", "unknown option ", "-6");
}

static void options_end_at_the_first_word_that_is_none(void **state) {
    (void)state;
    assert_int_equal(parse(TLSOPT_TLSD, "-S prog -s -x"), 2);
    assert_int_equal(o.close, RELAY_CLOSE_NOTIFY);
    assert_int_equal(parse(TLSOPT_TLSD, "-v 2 -- prog -v 3"), 4);
    assert_int_equal(o.verbosity, 2);
    assert_int_equal(parse(TLSOPT_TLSD, ""), 1);
    assert_int_equal(parse(TLSOPT_TLSD, "--"), 2);
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

static enum tlsopt_user const users[] = {
    TLSOPT_TLSD,      TLSOPT_TLSC,      TLSOPT_TLSD_IO,   TLSOPT_TLSC_IO,
    TLSOPT_UCSPITLSD, TLSOPT_UCSPITLSC, TLSOPT_TLSSERVER, TLSOPT_TLSCLIENT,
};

/* Whether the line is good for those who are in the set, and an unknown option for all others. */
static void only(unsigned int set, char const *line, char const *option) {
    for (size_t i = 0; i < COUNT(users); i++) {
        if (users[i] & set)
            assert_true(parse(users[i], line) > 0);
        else
            refused(users[i], line, "unknown option ", option);
    }
}

enum {
    ALL = TLSOPT_SERVERS | TLSOPT_CLIENTS,
    IO = TLSOPT_TLSD_IO | TLSOPT_TLSC_IO,
    WRAPPERS = TLSOPT_TLSSERVER | TLSOPT_TLSCLIENT
};

static void each_program_has_the_options_that_it_has(void **state) {
    (void)state;
    only(ALL, "-SsJj -K 1 -I 1", "");
    only(ALL & ~IO, "-Z", "-Z");
    only(ALL & ~IO, "-z", "-z");
    only(ALL & ~IO, "--keep", "--keep");
    only(ALL & ~WRAPPERS, "-v 1", "-v");
    only(IO, "-d 3", "-d");
    only(IO, "--notification-fd=3", "--notification-fd=3");
    only(TLSOPT_TLSC | TLSOPT_UCSPITLSC, "-6 8", "-6");
    only(TLSOPT_TLSC | TLSOPT_UCSPITLSC, "--write-fd=8", "--write-fd=8");
    only(TLSOPT_SERVERS, "--sni-level=0", "--sni-level=0");
    only(TLSOPT_CLIENTS, "--servername=a", "--servername=a");
    only(TLSOPT_CLIENTS, "--no-verify-cert", "--no-verify-cert");
}

static void the_notification_goes_to_a_fd_of_its_own(void **state) {
    (void)state;
    parse(TLSOPT_TLSD_IO, "prog"), assert_int_equal(o.notif, -1);
    parse(TLSOPT_TLSC_IO, "-d 3"), assert_int_equal(o.notif, 3);
    refused(TLSOPT_TLSD_IO, "-d 2", "invalid file descriptor for option ", "-d");
    refused(TLSOPT_TLSD_IO, "-d 0", "invalid file descriptor for option ", "-d");
    refused(TLSOPT_TLSD_IO, "-d 2147483648", "invalid file descriptor for option ", "-d");
    refused(TLSOPT_TLSD_IO, "-d x", "invalid number for option ", "-d");
}

static void the_engines_alone_take_the_handshake_limit_for_no_more_than_that(void **state) {
    (void)state;
    unsigned int handshake_only = IO | TLSOPT_UCSPITLSD | TLSOPT_UCSPITLSC;
    for (size_t i = 0; i < COUNT(users); i++) {
        unsigned int idle = (users[i] & handshake_only) ? 0 : 50;
        assert_true(parse(users[i], "-K 50") > 0 && o.handshake == 50 && o.idle == idle);
        assert_true(parse(users[i], "-K 50 -I 9") > 0 && o.handshake == 50 && o.idle == 9);
        assert_true(parse(users[i], "-K 50 -I 0") > 0 && o.handshake == 50 && o.idle == 0);
    }
}

/* What is parsed of line is written so for user, and parsed again to the same. */
static void formats(enum tlsopt_user user, char const *line, char const *written) {
    struct command c = {.failed = 0};
    assert_true(parse(user, line) > 0);
    struct tlsopt first = o;
    char name[64] = ""; /* the words that it points into are gone after the second time */
    if (o.servername) strcpy(name, o.servername);
    tlsopt_format(&c, &o, user);
    words_are(&c, written);
    assert_true(parse(user, written) > 0);
    assert_true(first.close == o.close && first.strict == o.strict && first.keep == o.keep);
    assert_true(first.verify == o.verify && first.send_cert == o.send_cert && first.verbosity == o.verbosity);
    assert_true(first.handshake == o.handshake && first.idle == o.idle && first.snilevel == o.snilevel);
    assert_true(first.rfd == o.rfd && first.wfd == o.wfd && first.notif == o.notif);
    assert_string_equal(name, o.servername ? o.servername : "");
}

static void defaults_are_not_written(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(users); i++) formats(users[i], "", "");
    formats(TLSOPT_TLSD, "-j -z -v 1 -K 0 -I 0 -k 0", "");
    formats(TLSOPT_TLSC, "-jYz -6 6 -7 7 --verify-cert", "");
}

static void what_was_parsed_is_written_for_a_child(void **state) {
    (void)state;
    formats(TLSOPT_TLSD, "-S -J -Z -v 0", "-S -J -Z -v0");
    formats(TLSOPT_TLSC, "-s -v 3 -k a.org", "-s -v3 -k a.org");
    formats(TLSOPT_TLSC, "--no-verify-cert -6 8 -7 9", "--no-verify-cert -68 -79");
    formats(TLSOPT_TLSD, "-K 5", "-K5");
    formats(TLSOPT_TLSD, "-K 5 -I 5", "-K5");
    formats(TLSOPT_TLSD, "-K 5 -I 0", "-K5 -I0");
    formats(TLSOPT_TLSD, "-I 7", "-I7");
    formats(TLSOPT_TLSD_IO, "-K 5 -I 5 -d 4", "-K5 -I5 -d4");
    formats(TLSOPT_TLSD_IO, "-K 5", "-K5");
#if CONFIG_CLIENT_CERTS
    formats(TLSOPT_TLSD, "-y", "-y");
    formats(TLSOPT_TLSD, "-Y", "-Y");
    formats(TLSOPT_TLSC, "-y", "-y");
#endif
#if CONFIG_SNI_CERTS
    formats(TLSOPT_TLSD, "--sni", "-k1");
    formats(TLSOPT_TLSD, "--mandatory-sni", "-k2");
#endif
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
        cmocka_unit_test(each_program_has_the_options_that_it_has),
        cmocka_unit_test(the_notification_goes_to_a_fd_of_its_own),
        cmocka_unit_test(the_engines_alone_take_the_handshake_limit_for_no_more_than_that),
        cmocka_unit_test(defaults_are_not_written),
        cmocka_unit_test(what_was_parsed_is_written_for_a_child),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
