/* test_policy: what the variables of the policy make of what is built in. */

#include "unit.h"

#include "policy.h"

#include <string.h>

static struct policy policy;
static stralloc why;

static int empty(void **state) {
    (void)state;
    stralloc_free(&why);
    return 0;
}

static int find(int server, char const *first, char const *second) {
    char const *envp[] = {first, first ? second : 0, 0};
    why.len = 0;
    return policy_find(&policy, server, envp, &why);
}

static void reads(char const *variable) {
    if (find(1, variable, 0)) fail_msg("%s: %s", variable, why.s);
    assert_int_equal(why.len, 0);
}

/* The reason says all of text. */
static void refuses(char const *first, char const *second, char const *text) {
    assert_int_equal(find(1, first, second), -1);
    assert_true(why.len && !why.s[why.len - 1]);
    if (!strstr(why.s, text)) fail_msg("%s: %s", first, why.s);
}

static unsigned int count(unsigned int version) {
    unsigned int n = 0;
    for (unsigned int i = 0; i < policy.suites.n; i++)
        n += (policy.suites.ids[i] >> 8 == 0x13) == (version == POLICY_TLS13);
    return n;
}

/* In TLS 1.3 alone, whatever is built in. */
static char const *some_suite(void) {
    return CONFIG_SUITES_AES_GCM ? "TLS_CIPHERS=TLS_AES_256_GCM_SHA384"
                                 : "TLS_CIPHERS=TLS_CHACHA20_POLY1305_SHA256";
}

static void without_a_variable_all_is_used_that_is_built_in(void **state) {
    (void)state;
    assert_int_equal(find(1, 0, 0), 0);
    assert_int_equal(policy.max, POLICY_TLS13);
    assert_int_equal(policy.min, CONFIG_TLS12 ? POLICY_TLS12 : POLICY_TLS13);
    assert_int_equal(count(POLICY_TLS13),
                     2 * CONFIG_SUITES_AES_GCM + CONFIG_SUITES_CHACHA20 + CONFIG_SUITES_AES_CCM);
    assert_int_equal(count(POLICY_TLS12),
                     CONFIG_TLS12 * (4 * CONFIG_SUITES_AES_GCM + 2 * CONFIG_SUITES_CHACHA20 +
                                     CONFIG_SUITES_AES_CCM + 4 * CONFIG_SUITES_AES_CBC));
    assert_null(policy.alpn);
    assert_false(policy.groups_chosen);
}

static void an_empty_variable_is_none(void **state) {
    static char const *const names[] = {
        "TLS_MIN_VERSION=", "TLS_MAX_VERSION=", "TLS_CIPHERS=", "TLS_GROUPS=", "TLS_ALPN="};
    struct policy whole;
    (void)state;
    policy_default(&whole, 1);
    for (size_t i = 0; i < COUNT(names); i++) {
        reads(names[i]);
        assert_memory_equal(&policy, &whole, sizeof whole);
    }
}

static void every_number_has_a_word_that_stands_for_it(void **state) {
    struct policy whole;
    char text[100];
    (void)state;
    policy_default(&whole, 0);
    for (unsigned int i = 0; i < whole.suites.n; i++) {
        snprintf(text, sizeof text, "TLS_CIPHERS=%s", policy_suite_name(whole.suites.ids[i]));
        reads(text);
        assert_int_equal(policy.suites.n, 1);
        assert_int_equal(policy.suites.ids[0], whole.suites.ids[i]);
    }
    for (unsigned int i = 0; i < whole.groups.n; i++) {
        snprintf(text, sizeof text, "TLS_GROUPS=%s", policy_group_name(whole.groups.ids[i]));
        assert_int_equal(find(0, text, 0), 0);
        assert_int_equal(policy.groups.n, 1);
        assert_int_equal(policy.groups.ids[0], whole.groups.ids[i]);
        assert_true(policy.groups_chosen);
    }
    assert_null(policy_suite_name(0));
    assert_null(policy_group_name(0));
}

static void the_order_is_that_of_the_variable_and_a_word_counts_once(void **state) {
    (void)state;
#if CONFIG_GROUP_X25519 && CONFIG_GROUP_P256 && CONFIG_GROUP_P384
    reads("TLS_GROUPS=P-384:X25519:secp384r1:secp256r1");
    assert_int_equal(policy.groups.n, 3);
    assert_int_equal(policy.groups.ids[0], 24);
    assert_int_equal(policy.groups.ids[1], 29);
    assert_int_equal(policy.groups.ids[2], 23);
#endif
#if CONFIG_SUITES_AES_GCM
    reads("TLS_CIPHERS=TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384");
    assert_int_equal(policy.suites.n, 2);
    assert_int_equal(policy.suites.ids[0], 0x1302);
    assert_int_equal(policy.suites.ids[1], 0x1301);
#endif
}

static void an_unknown_word_is_named_with_those_that_are_known(void **state) {
    (void)state;
    refuses("TLS_GROUPS=sect571r1", 0, "TLS_GROUPS: this build does not know \"sect571r1\", it knows ");
    if (CONFIG_GROUP_P256) assert_non_null(strstr(why.s, "P-256"));
    assert_null(strstr(why.s, "P-521"));
    refuses("TLS_CIPHERS=TLS_RSA_WITH_NULL_SHA", 0,
            "TLS_CIPHERS: this build does not know \"TLS_RSA_WITH_NULL_SHA\"");
    if (CONFIG_SUITES_AES_GCM)
        assert_non_null(strstr(why.s, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384"));
    refuses("TLS_CIPHERS=:", 0, "does not know \"\"");
    refuses("TLS_GROUPS=\n", 0, "does not know \"\\0a\"");
    refuses("TLS_MIN_VERSION=1.1", 0, "TLS_MIN_VERSION: this build does not know \"1.1\", it knows 1.");
    refuses("TLS_MAX_VERSION=TLSv1.3", 0, "TLS_MAX_VERSION: this build does not know");
    if (!CONFIG_TLS12) refuses("TLS_MAX_VERSION=1.2", 0, "it knows 1.3");
}

static void a_group_for_clients_is_none_for_servers(void **state) {
    (void)state;
    refuses("TLS_GROUPS=P-521", 0, "does not know \"P-521\"");
    assert_int_equal(find(0, "TLS_GROUPS=P-521", 0), CONFIG_GROUP_P521 ? 0 : -1);
}

static void versions_leave_out_suites_and_suites_versions(void **state) {
    (void)state;
    reads("TLS_MIN_VERSION=1.3");
    assert_int_equal(count(POLICY_TLS12), 0);
    assert_int_equal(policy.min, POLICY_TLS13);
    reads(some_suite());
    assert_int_equal(policy.min, POLICY_TLS13);
#if CONFIG_TLS12 && CONFIG_SUITES_AES_GCM
    reads("TLS_MAX_VERSION=1.2");
    assert_int_equal(count(POLICY_TLS13), 0);
    assert_int_equal(policy.max, POLICY_TLS12);
    reads("TLS_CIPHERS=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
    assert_int_equal(policy.max, POLICY_TLS12);
    refuses("TLS_CIPHERS=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_MIN_VERSION=1.3",
            "TLS_CIPHERS: none of its suites");
#endif
#if CONFIG_TLS12
    refuses("TLS_MIN_VERSION=1.3", "TLS_MAX_VERSION=1.2", "TLS_MIN_VERSION: it is higher");
    refuses(some_suite(), "TLS_MAX_VERSION=1.2", "TLS_CIPHERS: none of its suites is for TLS 1.2");
#endif
}

static void protocols_are_a_list(void **state) {
    (void)state;
#if CONFIG_ALPN
    reads("TLS_ALPN=h2,http/1.1");
    assert_string_equal(policy.alpn, "h2,http/1.1");
    refuses("TLS_ALPN=h2,", 0, "TLS_ALPN: it should be names");
#else
    refuses("TLS_ALPN=h2", 0, "TLS_ALPN: this build does not know it");
#endif
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(without_a_variable_all_is_used_that_is_built_in),
        cmocka_unit_test(an_empty_variable_is_none),
        cmocka_unit_test(every_number_has_a_word_that_stands_for_it),
        cmocka_unit_test(the_order_is_that_of_the_variable_and_a_word_counts_once),
        cmocka_unit_test(an_unknown_word_is_named_with_those_that_are_known),
        cmocka_unit_test(a_group_for_clients_is_none_for_servers),
        cmocka_unit_test(versions_leave_out_suites_and_suites_versions),
        cmocka_unit_test(protocols_are_a_list),
    };
    return cmocka_run_group_tests(tests, 0, empty);
}
