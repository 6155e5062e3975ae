/* test_keyproc_ticket: the key process where it has keys for tickets, and the engine that asks it for them.
 * It must not know what a ticket is worth: that is test_ticket. */

#include "keyends.h"

#include "key_wolfssl.h" /* to take keys away */
#include "secret.h"

#include <sys/wait.h>

#if CONFIG_TICKETS

static int add_ticket_keys(void **state) {
    static unsigned char const key[80] = "a name";
    char const *why;
    return make_pair(state) < 0 || keyring_add_ticket_keys(ring, key, sizeof key, &why) < 0 ? -1 : 0;
}

static int drop_ticket_keys(void **state) {
    ring->ntickets = 0;
    secret_free(ring->tickets);
    ring->tickets = 0;
    return close_pair(state);
}

/* What is asked for, a letter each, and what comes of it: the number of replies, and whether that was its end. */
static void asks(char const *letters, unsigned int answers, int refused) {
    struct keyproc_reply a;
    unsigned int n = 0;
    for (char const *s = letters; *s; s++) {
        if (*s == 'S')
            ask(P256, SIGN_ECDSA, 32);
        else
            ask_ticket(*s == 'O' ? KEYPROC_OPEN : KEYPROC_SEAL);
    }
    if (!!serve() != refused) fail_msg("%s: refused %d", letters, !refused);
    while (recv(theirs, &a, sizeof a, MSG_DONTWAIT) == sizeof a) n++;
    if (n != answers) fail_msg("%s: %u answers, not %u", letters, n, answers);
    close(ours);
    close(theirs);
    assert_int_equal(make_pair(0), 0);
}

static void it_answers_in_the_order_of_a_handshake_and_no_more(void **state) {
    (void)state;
    asks("", 0, 0);
    asks("S", 1, 0);
    asks("SL", 2, 0);
    asks("O", 1, 0);
    asks("OL", 2, 0);
    asks("OOSL", 4, 0);
    asks("SLS", 2, 0); /* the last one is not read */
    asks("SLL", 2, 0);
    asks("LO", 1, 0);
    asks("SS", 1, 1);
    asks("OOO", 2, 1);
    asks("SO", 1, 1);
    asks("OSOL", 2, 1);
    asks("SSL", 1, 1);
}

/* Returns as keyproc_ticket, of an engine that asks a key process of its own. */
static int ticket_of(enum ticket_op op, unsigned char first_of_purpose, struct ticket *t) {
    unsigned char purpose[TICKET_PURPOSE] = {first_of_purpose};
    struct keyproc k = asker(20000);
    pid_t child = fork();
    if (!child) {
        close(ours);
        _Exit(keyproc_serve(theirs, ring, KEYPROC_CONTENT) != 0);
    }
    int r = keyproc_ticket(&k, op, purpose, t), status;
    shutdown(ours, SHUT_RDWR);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(ours);
    close(theirs);
    assert_int_equal(make_pair(0), 0);
    return r;
}

static void a_ticket_is_sealed_and_opened_by_the_other_process(void **state) {
    (void)state;
    struct ticket t = {.len = 10, .state = "it is I"};
    assert_int_equal(ticket_of(TICKET_SEAL, 1, &t), 1);
    assert_string_not_equal((char *)t.state, "it is I");
    struct ticket was = t;
    assert_int_equal(ticket_of(TICKET_OPEN, 2, &t), 0);
    assert_memory_equal(&t, &was, sizeof t);
    assert_int_equal(ticket_of(TICKET_OPEN, 1, &t), 1);
    assert_string_equal((char *)t.state, "it is I");
}

static void more_tickets_than_are_allowed_are_none_of_ours(void **state) {
    struct ticket t = {.len = 10};
    unsigned char purpose[TICKET_PURPOSE] = {0};
    (void)state;
    struct keyproc k = asker(20000);
    k.opened = KEYPROC_OPENS;
    assert_int_equal(keyproc_ticket(&k, TICKET_OPEN, purpose, &t), 0);
    assert_int_equal(recv(theirs, &t, sizeof t, MSG_DONTWAIT), -1);
}

static void after_a_signature_none_is_asked_for(void **state) {
    struct ticket t = {.len = 10};
    unsigned char purpose[TICKET_PURPOSE] = {0}, in[1] = {0}, out[SIGN_OUTPUT_MAX];
    size_t outlen = sizeof out;
    (void)state;
    struct keyproc k = asker(20000);
    struct keyproc_reply const signature = {.len = 1};
    assert_int_equal(send(theirs, &signature, sizeof signature, 0), sizeof signature);
    assert_int_equal(keyproc_sign(&k, 0, SIGN_ED25519, in, sizeof in, out, &outlen), 0);
    assert_true(recv(theirs, out, sizeof out, MSG_DONTWAIT) > 0);
    assert_int_equal(keyproc_ticket(&k, TICKET_OPEN, purpose, &t), 0);
    assert_int_equal(recv(theirs, out, sizeof out, MSG_DONTWAIT), -1);
}

static void nonsense_is_no_ticket(void **state) {
    struct keyproc_reply const wrong[] = {
        {.len = 1},
        {.len = sizeof(struct ticket) + 1},
        {.len = UINT32_MAX},
        {.len = sizeof(struct ticket), .ticket = {.len = 11}},
        {.len = sizeof(struct ticket), .ticket = {.len = UINT32_MAX}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct ticket t = {.len = 10};
        unsigned char purpose[TICKET_PURPOSE] = {0};
        struct keyproc k = asker(20000);
        send_bytes(&wrong[i], sizeof wrong[i]);
        assert_int_equal(keyproc_ticket(&k, TICKET_OPEN, purpose, &t), -1);
        assert_non_null(strstr(k.why, "nonsense"));
        assert_int_equal(t.len, 10);
    }
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, add_ticket_keys, drop_ticket_keys)

int main(void) {
    if (!CONFIG_KEY_EC || !CONFIG_KEY_RSA || !CONFIG_KEY_ED25519)
        return unit_skip_all("KEY_EC, KEY_RSA, KEY_ED25519");
    struct CMUnitTest const tests[] = {
        TEST(it_answers_in_the_order_of_a_handshake_and_no_more),
        TEST(a_ticket_is_sealed_and_opened_by_the_other_process),
        TEST(more_tickets_than_are_allowed_are_none_of_ours),
        TEST(after_a_signature_none_is_asked_for),
        TEST(nonsense_is_no_ticket),
    };
    return cmocka_run_group_tests(tests, make_ring, free_ring);
}

#else

int main(void) {
    return unit_skip_all("TICKETS");
}

#endif
