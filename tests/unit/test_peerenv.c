/* test_peerenv: what is said about a connection arrives, and nothing else can be made to arrive.
 * It must not need a connection: what the engine knows is made up here. */

#include "unit.h"

#include "peerenv.h"

#include <string.h>

#define BLOCK(s) ((struct block){s, sizeof(s)}) /* the literal's own NUL is the closing empty string */
#define BYTES(s) ((struct block){s, sizeof(s) - 1})

struct block {
    char const *s;
    size_t len;
};

/* In a piece of memory of exactly its size, for the sanitizer. */
static int valid(struct block b) {
    char *copy = malloc(b.len ? b.len : 1);
    if (b.len) memcpy(copy, b.s, b.len);
    int r = peerenv_valid(copy, b.len);
    free(copy);
    return r;
}

/* NAME=value with a value of n bytes, closed. */
static int valid_with_value_of(size_t n) {
    stralloc sa = STRALLOC_ZERO;
    assert_true(stralloc_cats(&sa, "SSL_GROUP=") && stralloc_readyplus(&sa, n + 2));
    memset(sa.s + sa.len, 'a', n);
    sa.len += n;
    assert_true(stralloc_catb(&sa, "\0", 2));
    int r = valid((struct block){sa.s, sa.len});
    stralloc_free(&sa);
    return r;
}

static void the_names_of_the_contract_are_a_block(void **state) {
    (void)state;
    assert_true(valid(BLOCK("")));
    assert_true(valid(BLOCK("SSL_PROTOCOL=TLSv1.3\0")));
    assert_true(valid(BLOCK("SSL_PROTOCOL=TLSv1.3\0SSL_CIPHER\0SSL_GROUP=\0")));
    assert_true(valid(BLOCK("SSL_PEER_CERT_SUBJECT=CN=a=b\\0a,O=\xc3\xbc\0")));
}

static void other_names_are_refused(void **state) {
    (void)state;
    static struct block const blocks[] = {
        BLOCK("UID=0\0"),
        BLOCK("PATH=/tmp\0"),
        BLOCK("LD_PRELOAD=/tmp/x.so\0"),
        BLOCK("PATH\0"),
        BLOCK("SSL_\0"),
        BLOCK("SSL_X=1\0"),
        BLOCK("SSL_PROTOCOLX=1\0"),
        BLOCK("SSL_PROTOCO=1\0"),
        BLOCK("ssl_protocol=1\0"),
        BLOCK(" SSL_PROTOCOL=1\0"),
        BLOCK("=SSL_PROTOCOL\0"),
        BLOCK("=\0"),
        BLOCK("SSL_CIPHER=a\0UID=0\0"),
    };
    for (size_t i = 0; i < COUNT(blocks); i++) assert_false(valid(blocks[i]));
}

static void a_name_comes_at_most_once(void **state) {
    (void)state;
    assert_false(valid(BLOCK("SSL_CIPHER=a\0SSL_CIPHER=b\0")));
    assert_false(valid(BLOCK("SSL_CIPHER=a\0SSL_GROUP\0SSL_CIPHER\0")));
}

static void control_bytes_are_refused(void **state) {
    (void)state;
    assert_false(valid(BLOCK("SSL_CIPHER=a\nUID=0\0")));
    assert_false(valid(BLOCK("SSL_CIPHER=\x1b[0m\0")));
    assert_false(valid(BLOCK("SSL_CIPHER=\x7f\0")));
    assert_false(valid(BLOCK("SSL_CIPHER=\t\0")));
}

static void a_block_that_is_cut_or_goes_on_is_refused(void **state) {
    (void)state;
    static char const whole[] = "SSL_PROTOCOL=TLSv1.3\0SSL_CIPHER\0";
    for (size_t len = 0; len < sizeof whole; len++) assert_false(valid((struct block){whole, len}));
    assert_true(valid(BLOCK(whole)));
    assert_false(valid(BYTES("SSL_CIPHER=a\0\0\0")));
    assert_false(valid(BYTES("SSL_CIPHER=a\0\0SSL_GROUP=b\0\0")));
    assert_false(valid(BYTES("\0PATH=/tmp\0\0")));
}

static void over_long_values_and_blocks_are_refused(void **state) {
    (void)state;
    static char zeros[PEERENV_MAX + 1];
    assert_true(valid_with_value_of(PEERENV_VALUE_MAX - 1));
    assert_false(valid_with_value_of(PEERENV_VALUE_MAX));
    assert_false(valid_with_value_of(PEERENV_MAX));
    assert_false(valid((struct block){zeros, sizeof zeros}));
}

/* ---- making, and the way to prog ---- */

static char const *value(genalloc const *list, char const *name) {
    size_t n = strlen(name);
    for (char const *const *e = genalloc_s(char const *, list); *e; e++)
        if (!strncmp(*e, name, n) && (*e)[n] == '=') return *e + n + 1;
    return 0;
}

static size_t entries(genalloc const *list) {
    return genalloc_len(char const *, list) - 1; /* the closing null pointer */
}

static struct engine_info const info = {.protocol = "TLSv1.3",
                                        .cipher = "TLS_AES_128_GCM_SHA256",
                                        .group = "X25519",
                                        .sni = "a\n\\b",
                                        .resumed = 1};

static void what_is_made_is_valid_and_arrives(void **state) {
    (void)state;
    static char const *const envp[] = {"HOME=/", 0};
    stralloc sa = STRALLOC_ZERO, left_out = STRALLOC_ZERO;
    genalloc list = GENALLOC_ZERO;
    assert_true(peerenv_make(&sa, PEERENV_MAX, &info, &left_out));
    assert_true(valid((struct block){sa.s, sa.len}));
    assert_int_equal(left_out.len, 0);
    assert_true(peerenv_merge(&list, envp, 0, sa.s, sa.len));
    assert_string_equal(value(&list, "HOME"), "/");
    assert_string_equal(value(&list, "SSL_PROTOCOL"), "TLSv1.3");
    assert_string_equal(value(&list, "SSL_CIPHER"), "TLS_AES_128_GCM_SHA256");
    assert_string_equal(value(&list, "SSL_GROUP"), "X25519");
    assert_string_equal(value(&list, "SSL_TLS_SNI_SERVERNAME"), "a\\0a\\\\b");
    assert_string_equal(value(&list, "SSL_SESSION_RESUMED"), "1");
    assert_int_equal(entries(&list), 6); /* what has no value is not there at all */
    genalloc_free(char const *, &list);
    stralloc_free(&sa);
}

static void what_is_too_long_is_left_out_and_named(void **state) {
    (void)state;
    static char alpn[PEERENV_VALUE_MAX + 1];
    struct engine_info i = info;
    stralloc sa = STRALLOC_ZERO, left_out = STRALLOC_ZERO;
    memset(alpn, 'a', sizeof alpn - 1);
    i.alpn = alpn;
    assert_true(peerenv_make(&sa, PEERENV_MAX, &i, &left_out) && stralloc_0(&left_out));
    assert_true(valid((struct block){sa.s, sa.len}));
    assert_string_equal(left_out.s, " SSL_ALPN_PROTOCOL");
    alpn[PEERENV_VALUE_MAX - 1] = 0;
    sa.len = left_out.len = 0;
    assert_true(peerenv_make(&sa, PEERENV_MAX, &i, &left_out));
    assert_true(valid((struct block){sa.s, sa.len}));
    assert_int_equal(left_out.len, 0);
    stralloc_free(&sa);
    stralloc_free(&left_out);
}

static void names_of_ours_that_are_inherited_are_removed(void **state) {
    (void)state;
    static char const *const envp[] = {
        "SSL_CIPHER=old",   "A=1", "SSL_CIPHER=older", "SSL_GROUP=old", "SSL_PEER_CERT_SAN=forged",
        "SSL_CERT_FILE=/x", 0};
    static char const block[] = "SSL_CIPHER=new\0SSL_GROUP\0";
    for (int keep = 0; keep < 2; keep++) {
        genalloc list = GENALLOC_ZERO;
        assert_true(peerenv_merge(&list, envp, keep, block, sizeof block));
        assert_int_equal(entries(&list), 3);
        assert_string_equal(value(&list, "A"), "1");
        assert_string_equal(value(&list, "SSL_CERT_FILE"), "/x");
        assert_string_equal(value(&list, "SSL_CIPHER"), "new");
        genalloc_free(char const *, &list);
    }
}

static void what_configures_tls_is_removed_unless_kept(void **state) {
    (void)state;
    static char const *const envp[] = {"CADIR=/x",
                                       "CAFILE=/x",
                                       "KEYFILE=/x",
                                       "CERTFILE=/x",
                                       "KEYFILE:a=/x",
                                       "CERTFILE:a=/x",
                                       "KEYFILE:*.b.c=/x",
                                       "TLS_UID=1",
                                       "TLS_GID=1",
                                       "TLS_MIN_VERSION=1.2",
                                       "TLS_MAX_VERSION=1.3",
                                       "TLS_CIPHERS=x",
                                       "TLS_GROUPS=x",
                                       "TLS_ALPN=x",
                                       "CRLFILE=/x",
                                       "OCSPFILE=/x",
                                       "TLS_TICKETKEYS=/x",
                                       "KEYFILE=/again",
                                       0};
    static char const *const others[] = {"KEYFILES=1", "KEYFILE2=1", "TLS_UIDS=1", "MYCADIR=1", "TLS=1", 0};
    genalloc list = GENALLOC_ZERO;
    assert_true(peerenv_merge(&list, envp, 0, "", 1));
    assert_int_equal(entries(&list), 0);
    genalloc_setlen(char const *, &list, 0);
    assert_true(peerenv_merge(&list, envp, 1, "", 1));
    assert_int_equal(entries(&list), COUNT(envp) - 1);
    genalloc_setlen(char const *, &list, 0);
    assert_true(peerenv_merge(&list, others, 0, "", 1));
    assert_int_equal(entries(&list), COUNT(others) - 1);
    genalloc_free(char const *, &list);
}

static void the_number_of_an_fd_that_is_closed_is_never_kept(void **state) {
    (void)state;
    static char const *const envp[] = {"TLS_TICKETFD=7", "TLS_TICKETFDS=1", "TLS_TICKETFD=8", 0};
    for (int keep = 0; keep < 2; keep++) {
        genalloc list = GENALLOC_ZERO;
        assert_true(peerenv_merge(&list, envp, keep, "", 1));
        assert_int_equal(entries(&list), 1);
        assert_string_equal(value(&list, "TLS_TICKETFDS"), "1");
        genalloc_free(char const *, &list);
    }
}

/* What a hostile process may send after its peer has broken into it. */
static void chance_makes_no_block_that_sets_another_name(void **state) {
    (void)state;
    static char const good[] = "SSL_PROTOCOL=TLSv1.3\0SSL_CIPHER\0SSL_GROUP=x\0";
    uint64_t chance = 1;
    for (int run = 0; run < 20000; run++) {
        char s[sizeof good];
        memcpy(s, good, sizeof s);
        for (unsigned int n = 1 + chance_below(&chance, 3); n; n--)
            s[chance_below(&chance, sizeof s)] = "\0=SLX\n\xc3U"[chance_below(&chance, 8)];
        if (!valid((struct block){s, sizeof s})) continue;
        for (char const *v = s; *v; v += strlen(v) + 1) {
            size_t n = strcspn(v, "=");
            assert_true((n == 12 && !memcmp(v, "SSL_PROTOCOL", n)) ||
                        (n == 10 && !memcmp(v, "SSL_CIPHER", n)) || (n == 9 && !memcmp(v, "SSL_GROUP", n)));
        }
    }
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(the_names_of_the_contract_are_a_block),
        cmocka_unit_test(other_names_are_refused),
        cmocka_unit_test(a_name_comes_at_most_once),
        cmocka_unit_test(control_bytes_are_refused),
        cmocka_unit_test(a_block_that_is_cut_or_goes_on_is_refused),
        cmocka_unit_test(over_long_values_and_blocks_are_refused),
        cmocka_unit_test(what_is_made_is_valid_and_arrives),
        cmocka_unit_test(what_is_too_long_is_left_out_and_named),
        cmocka_unit_test(names_of_ours_that_are_inherited_are_removed),
        cmocka_unit_test(what_configures_tls_is_removed_unless_kept),
        cmocka_unit_test(the_number_of_an_fd_that_is_closed_is_never_kept),
        cmocka_unit_test(chance_makes_no_block_that_sets_another_name),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
