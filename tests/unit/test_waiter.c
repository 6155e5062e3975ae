/* test_waiter: what waits to become prog, told by an engine that somebody has broken into.
 * It must not look inside: the block goes in by the pipe, and what env prints in prog's place is the witness. */

#include "unit.h"

#include "waiting.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>

static void a_block_runs_prog_with_exactly_its_variables(void **state) {
    static struct {
        struct bytes block;
        struct bytes variables;
    } const cases[] = {
        {BYTES("\0"), BYTES("")},
        {BLOCK("SSL_PROTOCOL=TLSv1.3\0"), BYTES("SSL_PROTOCOL=TLSv1.3\0")},
        {BLOCK("SSL_CIPHER\0SSL_GROUP\0"), BYTES("")},
        {BLOCK("SSL_PROTOCOL=TLSv1.2\0SSL_CIPHER\0SSL_GROUP=\0"),
         BYTES("SSL_PROTOCOL=TLSv1.2\0SSL_GROUP=\0")},
        {BLOCK("SSL_PEER_CERT_SUBJECT=CN=UID=0\\0aPATH=/,O=\xc3\xbc\0"),
         BYTES("SSL_PEER_CERT_SUBJECT=CN=UID=0\\0aPATH=/,O=\xc3\xbc\0")},
        {BLOCK("SSL_PROTOCOL=a\0SSL_CIPHER=b\0SSL_TLS_SNI_SERVERNAME=c\0SSL_PEER_CERT_HASH=d\0"
               "SSL_PEER_CERT_SUBJECT=e\0SSL_SESSION_RESUMED=f\0SSL_GROUP=g\0SSL_ALPN_PROTOCOL=h\0"
               "SSL_PEER_CERT_ISSUER=i\0SSL_PEER_CERT_SERIAL=j\0SSL_PEER_CERT_NOTAFTER=k\0SSL_PEER_CERT_SAN="
               "l\0"),
         BYTES("SSL_PROTOCOL=a\0SSL_CIPHER=b\0SSL_TLS_SNI_SERVERNAME=c\0SSL_PEER_CERT_HASH=d\0"
               "SSL_PEER_CERT_SUBJECT=e\0SSL_SESSION_RESUMED=f\0SSL_GROUP=g\0SSL_ALPN_PROTOCOL=h\0"
               "SSL_PEER_CERT_ISSUER=i\0SSL_PEER_CERT_SERIAL=j\0SSL_PEER_CERT_NOTAFTER=k\0SSL_PEER_CERT_SAN="
               "l\0")},
    };
    struct waiting w;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        start(&w, 1);
        assert_int_equal(tell(&w, cases[i].block), cases[i].block.len);
        hang_up(&w);
        became_prog_with(&w, cases[i].variables);
    }
}

static void an_engine_that_ends_without_a_word_gets_no_prog(void **state) {
    struct waiting w;
    (void)state;
    start(&w, 1);
    hang_up(&w);
    await(&w);
    assert_int_equal(WEXITSTATUS(w.status), 0);
    assert_int_equal(w.len, 0);
}

#define GOOD "SSL_PROTOCOL=TLSv1.3\0"

static struct bytes const hostile[] = {
    /* the variables that would undo everything */
    BLOCK("UID=0\0"),
    BLOCK("GID=0\0"),
    BLOCK("GIDLIST=0\0"),
    BLOCK("PATH=/tmp\0"),
    BLOCK("LD_PRELOAD=/tmp/x.so\0"),
    BLOCK("KEYFILE=/x\0"),
    BLOCK("BASH_FUNC_a%%=() { id; }\0"),
    BLOCK(GOOD "UID=0\0"),
    BLOCK("UID=0\0SSL_CIPHER=a\0"),
    BLOCK(GOOD "UID\0"),
    /* names that are nearly ours */
    BLOCK("SSL_CERT_FILE=/x\0"),
    BLOCK("SSL_CIPHERS=a\0"),
    BLOCK("SSL_CIPHE=a\0"),
    BLOCK("ssl_cipher=a\0"),
    BLOCK(" SSL_CIPHER=a\0"),
    BLOCK("SSL_CIPHER =a\0"),
    BLOCK("SSL_CIPHER+=a\0"),
    BLOCK("=SSL_CIPHER=a\0"),
    BLOCK("=\0"),
    /* one name twice, names in another order than they are written in */
    BLOCK("SSL_CIPHER=a\0SSL_CIPHER=b\0"),
    BLOCK("SSL_CIPHER\0SSL_CIPHER=b\0"),
    BLOCK("SSL_CIPHER=a\0SSL_GROUP=b\0SSL_CIPHER=a\0"),
    BLOCK("SSL_CIPHER=a\0SSL_PROTOCOL=b\0"),
    /* control bytes in values and names */
    BLOCK("SSL_CIPHER=a\nUID=0\0"),
    BLOCK("SSL_CIPHER=a\r\0"),
    BLOCK("SSL_CIPHER=\t\0"),
    BLOCK("SSL_CIPHER=\x1b]0;x\0"),
    BLOCK("SSL_CIPHER=\x01\0"),
    BLOCK("SSL_CIPHER=\x7f\0"),
    BLOCK("SSL_CIPHER\n=a\0"),
    /* more than the block, or less */
    BYTES(GOOD),
    BYTES("SSL_CIPHER=a"),
    BYTES("S"),
    BYTES("\0\0"),
    BYTES("\0" GOOD "\0"),
    BYTES("\0UID=0\0\0"),
    BLOCK(GOOD "\0"),
    BLOCK(GOOD "\0UID=0\0"),
    BYTES(GOOD "\0x"),
    BYTES("\xff"),
};

static void anything_else_is_111_without_prog(void **state) {
    struct waiting w;
    (void)state;
    for (size_t i = 0; i < COUNT(hostile); i++) {
        start(&w, 0);
        tell(&w, hostile[i]);
        hang_up(&w);
        refused(&w);
    }
}

static void each_cut_of_a_block_is_111_without_prog(void **state) {
    static char const whole[] = GOOD "SSL_CIPHER\0";
    struct waiting w;
    (void)state;
    for (size_t len = 1; len < sizeof whole; len++) {
        start(&w, 0);
        tell(&w, (struct bytes){whole, len});
        hang_up(&w);
        refused(&w);
    }
}

static char const *const long_names[] = {"SSL_PROTOCOL", "SSL_CIPHER", "SSL_TLS_SNI_SERVERNAME",
                                         "SSL_PEER_CERT_HASH", "SSL_PEER_CERT_SUBJECT"};

/* A block of len bytes in all, in values of at most max. */
static struct bytes long_block(char *s, size_t len, size_t max) {
    size_t at = 0;
    for (size_t i = 0; at < len - 1; i++) {
        assert_true(i < COUNT(long_names));
        at += (size_t)sprintf(s + at, "%s=", long_names[i]);
        size_t n = len - 2 - at < max ? len - 2 - at : max;
        memset(s + at, 'a', n);
        s[at + n] = 0;
        at += n + 1;
    }
    s[at] = 0;
    return (struct bytes){s, len};
}

static void the_longest_block_and_value_run_prog(void **state) {
    static char s[PEERENV_MAX + 100];
    struct waiting w;
    (void)state;
    start(&w, 1);
    struct bytes longest = long_block(s, PEERENV_MAX, PEERENV_VALUE_MAX - 1);
    assert_int_equal(tell(&w, longest), PEERENV_MAX);
    hang_up(&w);
    became_prog_with(&w, (struct bytes){s, PEERENV_MAX - 1});
}

static void one_byte_more_is_111_without_prog(void **state) {
    static char s[PEERENV_MAX + 100];
    struct waiting w;
    (void)state;
    start(&w, 0);
    tell(&w, long_block(s, PEERENV_MAX + 1, PEERENV_VALUE_MAX - 1));
    refused(&w); /* before the pipe is closed */
    start(&w, 0);
    tell(&w, long_block(s, sizeof "SSL_PROTOCOL=" + PEERENV_VALUE_MAX + 1, PEERENV_VALUE_MAX));
    hang_up(&w);
    refused(&w);
}

static void bytes_that_trickle_are_read_as_if_at_once(void **state) {
    static char const good[] = GOOD "SSL_CIPHER\0", bad[] = GOOD "UID=0\0";
    struct waiting w;
    (void)state;
    start(&w, 1);
    for (size_t i = 0; i < sizeof good; i++, usleep(500)) tell(&w, (struct bytes){good + i, 1});
    hang_up(&w);
    became_prog_with(&w, BYTES(GOOD));
    start(&w, 0);
    for (size_t i = 0; i < sizeof bad; i++, usleep(500)) tell(&w, (struct bytes){bad + i, 1});
    hang_up(&w);
    refused(&w);
}

/* It reads no more than a block's length; what else went out is in the pipe. */
static void a_flood_ends_it_soon(void **state) {
    static char const *const fillers[] = {"SSL_CIPHER=aaaaa", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
                                          "aaaaaaaaaaaaaaaa", GOOD "SSL_CIPHER"};
    static char flood[1 << 22];
    struct waiting w;
    (void)state;
    for (size_t i = 0; i < COUNT(fillers); i++) {
        for (size_t at = 0; at < sizeof flood; at += 16) memcpy(flood + at, fillers[i], 16);
        start(&w, 0);
        int capacity = fcntl(w.control, F_GETPIPE_SZ);
        assert_true(tell(&w, (struct bytes){flood, sizeof flood}) <= PEERENV_MAX + 1 + (size_t)capacity);
        refused(&w);
    }
}

static void a_block_without_end_keeps_prog_waiting_and_no_more(void **state) {
    struct waiting w;
    (void)state;
    start(&w, 0);
    tell(&w, BYTES(GOOD "SSL_CIPHER=a"));
    still_waits(&w);
    hang_up(&w);
    refused(&w);
}

/* Only the end of the pipe says that nothing follows the block. */
static void a_pipe_held_open_after_the_block_keeps_prog_waiting(void **state) {
    struct waiting w;
    (void)state;
    start(&w, 1);
    tell(&w, BLOCK(GOOD));
    still_waits(&w);
    hang_up(&w);
    became_prog_with(&w, BYTES(GOOD));
    start(&w, 0);
    tell(&w, BLOCK(GOOD));
    still_waits(&w);
    tell(&w, BLOCK("UID=0\0"));
    hang_up(&w);
    refused(&w);
}

static void what_it_says_of_a_hostile_block_is_none_of_the_block(void **state) {
    struct waiting w;
    (void)state;
    start(&w, 1);
    tell(&w, BLOCK("UID=\x1b[2Jspoof\nwaiter: fatal: forged\0"));
    hang_up(&w);
    await(&w);
    assert_int_equal(WEXITSTATUS(w.status), EXIT_SYSTEM);
    w.said[w.len] = 0;
    assert_string_equal(
        w.said,
        "waiter: fatal: unable to trust the TLS engine: it sends what are no variables of a connection\n");
}

static int is_name_of_ours(char const *s) {
    return !strncmp(s, "SSL_PROTOCOL=", 13) || !strncmp(s, "SSL_CIPHER=", 11) ||
           !strncmp(s, "SSL_GROUP=", 10);
}

static void chance_puts_nothing_else_into_prog(void **state) {
    static char const good[] = "SSL_PROTOCOL=a\0SSL_CIPHER=b\0SSL_GROUP=c\0";
    uint64_t chance = unit_number("WAITER_SEED", 1);
    unsigned long runs = unit_rounds("WAITER_RUNS", 150), ran = 0;
    struct waiting w;
    (void)state;
    for (unsigned long run = 0; run < runs; run++) {
        char s[sizeof good];
        memcpy(s, good, sizeof s);
        s[chance_below(&chance, sizeof s)] = "\0=SLx\n\xc3U"[chance_below(&chance, 8)];
        start(&w, 0);
        tell(&w, (struct bytes){s, sizeof s});
        hang_up(&w);
        await(&w);
        if (!w.len) {
            assert_int_equal(WEXITSTATUS(w.status), EXIT_SYSTEM);
            continue;
        }
        ran++;
        assert_int_equal(WEXITSTATUS(w.status), 0);
        assert_memory_equal(w.said, CALLERS, sizeof CALLERS - 1);
        for (size_t at = sizeof CALLERS - 1; at < w.len; at += strlen(w.said + at) + 1)
            assert_true(is_name_of_ours(w.said + at));
    }
    assert_true(ran && ran < runs); /* both have been seen */
}

static int ignore_sigpipe(void **state) {
    (void)state;
    return signal(SIGPIPE, SIG_IGN) == SIG_ERR;
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(a_block_runs_prog_with_exactly_its_variables),
        cmocka_unit_test(an_engine_that_ends_without_a_word_gets_no_prog),
        cmocka_unit_test(anything_else_is_111_without_prog),
        cmocka_unit_test(each_cut_of_a_block_is_111_without_prog),
        cmocka_unit_test(the_longest_block_and_value_run_prog),
        cmocka_unit_test(one_byte_more_is_111_without_prog),
        cmocka_unit_test(bytes_that_trickle_are_read_as_if_at_once),
        cmocka_unit_test(a_flood_ends_it_soon),
        cmocka_unit_test(a_block_without_end_keeps_prog_waiting_and_no_more),
        cmocka_unit_test(a_pipe_held_open_after_the_block_keeps_prog_waiting),
        cmocka_unit_test(what_it_says_of_a_hostile_block_is_none_of_the_block),
        cmocka_unit_test(chance_puts_nothing_else_into_prog),
    };
    return cmocka_run_group_tests(tests, ignore_sigpipe, 0);
}
