/* test_keyproc: both ends of the socketpair of the key process, each with another end that means harm.
 * It must not know how keys are kept or how the processes come about; what a request is, is test_keyproc_request. */

#include "keyends.h"

#include "exitcode.h"

#include <sys/wait.h>

/* The replies that wait, each with a signature. */
static unsigned int replies(void) {
    struct keyproc_reply a;
    unsigned int n = 0;
    for (ssize_t len; (len = recv(theirs, &a, sizeof a, MSG_DONTWAIT | MSG_TRUNC)) > 0; n++) {
        assert_int_equal(len, sizeof a);
        assert_in_range(a.len, 64, SIGN_OUTPUT_MAX);
        for (size_t i = a.len; i < sizeof a.out; i++) assert_int_equal(a.out[i], 0);
    }
    return n;
}

static void signs(uint32_t key, uint32_t scheme, uint32_t len) {
    ask(key, scheme, len);
    assert_null(keyproc_serve(ours, ring, KEYPROC_CONTENT));
    assert_int_equal(replies(), 1);
}

static void each_key_signs(void **state) {
    (void)state;
    signs(ED25519, SIGN_ED25519, 146);
    signs(P256, SIGN_ECDSA, 48);
}

static void an_rsa_key_signs_in_both_schemes(void **state) {
    (void)state;
    signs(RSA, SIGN_RSA_PKCS1, 51);
    signs(RSA, SIGN_RSA_PSS_SHA384, 48);
}

static void there_is_no_second_signature(void **state) {
    (void)state;
    for (int i = 0; i < 5; i++) ask(P256, SIGN_ECDSA, 32);
    assert_null(serve());
    assert_int_equal(replies(), 1);
}

static void the_end_of_the_other_process_ends_it(void **state) {
    (void)state;
    assert_null(serve());
    close(theirs);
    assert_null(keyproc_serve(ours, ring, KEYPROC_CONTENT));
}

static void an_asker_that_does_not_wait_for_its_answer_does_no_harm(void **state) {
    (void)state;
    ask(P256, SIGN_ECDSA, 32);
    close(theirs);
    assert_null(keyproc_serve(ours, ring, KEYPROC_CONTENT));
}

/* What was asked for last is the end, without a reply; what follows is not looked at. */
static void assert_is_the_end(void) {
    ask(P256, SIGN_ECDSA, 32);
    assert_non_null(serve());
    assert_int_equal(replies(), 0);
}

#define ENDS(name, call)                                                                                     \
    static void name(void **state) {                                                                         \
        (void)state;                                                                                         \
        call;                                                                                                \
        assert_is_the_end();                                                                                 \
    }

ENDS(a_key_that_does_not_exist_is_the_end, ask(3, SIGN_ECDSA, 32))
ENDS(a_key_far_beyond_is_the_end, ask(UINT32_MAX, SIGN_ECDSA, 32))
ENDS(an_rsa_scheme_for_an_ec_key_is_the_end, ask(P256, SIGN_RSA_PSS_SHA256, 32))
ENDS(an_ec_scheme_for_an_rsa_key_is_the_end, ask(RSA, SIGN_ECDSA, 32))
ENDS(an_ed25519_scheme_for_an_ec_key_is_the_end, ask(P256, SIGN_ED25519, 32))
ENDS(an_ec_scheme_for_an_ed25519_key_is_the_end, ask(ED25519, SIGN_ECDSA, 32))
ENDS(an_unknown_request_is_the_end, send_bytes(request(KEYPROC_SEAL + 1, P256, SIGN_ECDSA, 32), HEADER + 32))
ENDS(one_byte_is_the_end, send_bytes("", 1))
ENDS(a_message_that_is_cut_is_the_end, send_bytes(request(KEYPROC_SIGN, P256, SIGN_ECDSA, 32), HEADER + 31))
ENDS(a_byte_too_many_is_the_end, send_bytes(request(KEYPROC_SIGN, P256, SIGN_ECDSA, 32), HEADER + 33))
ENDS(two_requests_in_one_message_are_the_end,
     send_bytes(request(KEYPROC_SIGN, P256, SIGN_ECDSA, 32), 2 * (HEADER + 32)))
ENDS(too_much_content_of_a_server_is_the_end, ask(ED25519, SIGN_ED25519, KEYPROC_CONTENT + 1))

static void a_message_longer_than_any_is_the_end(void **state) {
    static unsigned char bytes[sizeof(struct keyproc_request) + 1];
    (void)state;
    memcpy(bytes, request(KEYPROC_SIGN, P256, SIGN_ECDSA, 32), HEADER);
    send_bytes(bytes, sizeof bytes);
    assert_is_the_end();
}

static void chance_is_no_request(void **state) {
    uint64_t chance = 4;
    unsigned char bytes[300];
    (void)state;
    for (int i = 0; i < 3000; i++) {
        size_t len = 1 + chance_below(&chance, sizeof bytes);
        for (size_t k = 0; k < len; k++) bytes[k] = (unsigned char)chance_below(&chance, 256);
        /* half of them go as far as the numbers */
        if (i % 2 && len > 4) memcpy(bytes, request(KEYPROC_SIGN, 0, 0, 0), 4);
        send_bytes(bytes, len);
        assert_non_null(keyproc_serve(ours, ring, KEYPROC_CONTENT));
        assert_int_equal(replies(), 0);
    }
}

ENDS(a_ticket_where_there_are_no_keys_for_it_is_the_end, ask_ticket(KEYPROC_OPEN))
ENDS(a_ticket_to_seal_without_keys_is_the_end, ask_ticket(KEYPROC_SEAL))

/* ---- the engine, and a key process that is gone or mad ---- */

static int sign(struct keyproc *k) {
    static unsigned char const digest[32] = "signed";
    unsigned char out[SIGN_OUTPUT_MAX];
    size_t len = sizeof out;
    int r = keyproc_sign(k, P256, SIGN_ECDSA, digest, sizeof digest, out, &len);
    assert_true(r < 0 || (len >= 64 && len <= 72));
    return r;
}

static void a_signature_comes_from_the_other_process(void **state) {
    (void)state;
    struct keyproc k = asker(20000);
    pid_t child = fork();
    if (!child) {
        close(ours);
        _Exit(keyproc_serve(theirs, ring, KEYPROC_CONTENT) != 0); /* what it leaves is its parent's */
    }
    close(theirs);
    assert_int_equal(sign(&k), 0);
    assert_null(k.why);
    assert_int_equal(sign(&k), -1);
    assert_string_equal(k.why, "the key process has ended");
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void assert_fails(struct keyproc *k, char const *why) {
    assert_int_equal(sign(k), -1);
    assert_non_null(k->why);
    assert_non_null(strstr(k->why, why));
}

static void a_key_process_that_is_gone_is_noticed_at_once(void **state) {
    (void)state;
    struct keyproc k = asker(1000000);
    close(theirs);
    assert_fails(&k, "has ended");
}

static void a_key_process_that_goes_without_an_answer_is_noticed_at_once(void **state) {
    (void)state;
    struct keyproc k = asker(1000000);
    shutdown(theirs, SHUT_WR);
    assert_fails(&k, "has ended");
}

static void a_key_process_that_is_stopped_is_not_waited_for_for_ever(void **state) {
    (void)state;
    struct keyproc k = asker(100);
    assert_fails(&k, "in time");
}

static void nonsense_is_no_signature(void **state) {
    static struct keyproc_reply const too_long = {.len = SIGN_OUTPUT_MAX + 1}, longest = {.len = UINT32_MAX};
    (void)state;
    struct keyproc k = asker(20000);
    send_bytes(&too_long, sizeof too_long);
    assert_fails(&k, "nonsense");
    send_bytes(&longest, sizeof longest);
    assert_fails(&k, "nonsense");
    send_bytes(&too_long, 20);
    assert_fails(&k, "nonsense");
}

static void a_signature_that_does_not_fit_is_not_taken(void **state) {
    static struct keyproc_reply const reply = {.len = 64};
    unsigned char in[32] = {0}, out[63];
    size_t len = sizeof out;
    (void)state;
    struct keyproc k = asker(20000);
    send_bytes(&reply, sizeof reply);
    assert_int_equal(keyproc_sign(&k, P256, SIGN_ECDSA, in, sizeof in, out, &len), -1);
}

static int report(uint32_t code, char const *text, size_t len) {
    static struct keyproc_report out, in;
    struct keyproc k = asker(20000);
    out.code = code;
    memcpy(out.text, text, len);
    send_bytes(&out, offsetof(struct keyproc_report, text) + len);
    return keyproc_await(&k, &in);
}

static void a_report_is_a_code_that_we_know_and_a_text(void **state) {
    (void)state;
    assert_int_equal(report(0, "", 1), 0);
    assert_int_equal(report(EXIT_CONFIG, "x", 2), EXIT_CONFIG);
    assert_int_equal(report(EXIT_ENGINE, "x", 2), EXIT_ENGINE);
    assert_int_equal(report(EXIT_SYSTEM, "x", 2), EXIT_SYSTEM);
    assert_int_equal(report(1, "x", 2), -1);
    assert_int_equal(report(UINT32_MAX, "x", 2), -1);
    assert_int_equal(report(0, "x", 1), -1);
    assert_int_equal(report(0, "", 0), -1);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, make_pair, close_pair)

int main(void) {
    if (!CONFIG_KEY_EC || !CONFIG_KEY_RSA || !CONFIG_KEY_ED25519)
        return unit_skip_all("KEY_EC, KEY_RSA, KEY_ED25519");
    struct CMUnitTest const tests[] = {
        TEST(each_key_signs),
        TEST(an_rsa_key_signs_in_both_schemes),
        TEST(there_is_no_second_signature),
        TEST(the_end_of_the_other_process_ends_it),
        TEST(an_asker_that_does_not_wait_for_its_answer_does_no_harm),
        TEST(a_key_that_does_not_exist_is_the_end),
        TEST(a_key_far_beyond_is_the_end),
        TEST(an_rsa_scheme_for_an_ec_key_is_the_end),
        TEST(an_ec_scheme_for_an_rsa_key_is_the_end),
        TEST(an_ed25519_scheme_for_an_ec_key_is_the_end),
        TEST(an_ec_scheme_for_an_ed25519_key_is_the_end),
        TEST(an_unknown_request_is_the_end),
        TEST(one_byte_is_the_end),
        TEST(a_message_that_is_cut_is_the_end),
        TEST(a_byte_too_many_is_the_end),
        TEST(two_requests_in_one_message_are_the_end),
        TEST(too_much_content_of_a_server_is_the_end),
        TEST(a_message_longer_than_any_is_the_end),
        TEST(a_ticket_where_there_are_no_keys_for_it_is_the_end),
        TEST(a_ticket_to_seal_without_keys_is_the_end),
        TEST(chance_is_no_request),
        TEST(a_signature_comes_from_the_other_process),
        TEST(a_key_process_that_is_gone_is_noticed_at_once),
        TEST(a_key_process_that_goes_without_an_answer_is_noticed_at_once),
        TEST(a_key_process_that_is_stopped_is_not_waited_for_for_ever),
        TEST(nonsense_is_no_signature),
        TEST(a_signature_that_does_not_fit_is_not_taken),
        TEST(a_report_is_a_code_that_we_know_and_a_text),
    };
    return cmocka_run_group_tests(tests, make_ring, free_ring);
}
