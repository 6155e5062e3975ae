/* test_engine_anchors: which anchors an engine keeps, and when it makes use of them. */

#include "engines.h"

static unsigned int count;

/* The key and the certificate are the server's; others are of no use to anybody here. */
static int make_files(void **state) {
    if (make_key(state) < 0) return -1;
    sandbox_run("openssl x509 -in cert -outform DER -out der");
    sandbox_run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null"
                " -out other -subj /CN=other -days 1 2>/dev/null && cat other cert other >bundle");
    sandbox_run("cat other key >key-too && head -c 200 cert >part && cat other part cert >broken");
    sandbox_run("openssl x509 -in other -outform DER -out other.der && cat der other.der >two");
    sandbox_run("openssl x509 -in cert -signkey key -days -1 -out expired 2>/dev/null");
    return 0;
}

static int make_client(void **state) {
    if (make_engines(state) < 0) return -1;
    engine_free(client);
    client = engine_new(&(struct engine_config){.verify = ENGINE_VERIFY_MANDATORY});
    count = 0;
    return client ? 0 : -1;
}

static int add(char const *file) {
    size_t len;
    unsigned char *s = sandbox_read(file, &len);
    int r = engine_add_anchors(client, s, len, &count);
    free(s);
    return r;
}

static int trust(int pass_over) {
    return engine_trust(client, pass_over, &count);
}

static void assert_connects(void) {
    shake_hands(SIZE_MAX);
    assert_int_equal(engine_write(server, "hello", 5), ENGINE_OK);
    carry_all(server, client);
    assert_reads(client, "hello");
}

static void a_file_may_be_pem_or_der(void **state) {
    static char const *const files[] = {"cert", "der", "bundle"};
    for (size_t i = 0; i < COUNT(files); i++) {
        assert_int_equal(add(files[i]), 0);
        assert_int_equal(trust(0), 0);
        assert_int_equal(count, i < 2 ? 1 : 2);
        assert_int_equal(engine_start(client), 0);
        assert_connects();
        free_engines(state);
        make_client(state);
    }
}

static void anchors_may_come_after_the_hello(void **state) {
    (void)state;
    assert_int_equal(add("bundle"), 0);
    assert_int_equal(engine_start(client), 0);
    assert_int_equal(engine_handshake(client), ENGINE_AGAIN);
    assert_int_equal(trust(0), 0);
    assert_connects();
}

static void nobody_is_trusted_before_engine_trust(void **state) {
    (void)state;
    assert_int_equal(add("cert"), 0);
    assert_int_equal(engine_start(client), 0);
    assert_int_equal(engine_handshake(client), ENGINE_AGAIN);
    carry_all(client, server);
    assert_int_equal(engine_handshake(server), ENGINE_AGAIN);
    carry_all(server, client);
    assert_int_equal(engine_handshake(client), ENGINE_FAILED);
    assert_non_null(strstr(engine_error(client), "no trust anchor"));
}

static void one_that_is_there_or_has_expired_is_not_kept(void **state) {
    (void)state;
    assert_int_equal(add("bundle"), 0);
    assert_int_equal(count, 2);
    assert_int_equal(add("der"), 0);
    assert_int_equal(add("expired"), 0);
    assert_int_equal(count, 2);
    assert_int_equal(trust(0), 0);
    assert_int_equal(count, 2);
}

/* The one that is kept. */
static void assert_keeps(char const *file) {
    size_t len;
    unsigned char *der = sandbox_read(file, &len);
    assert_int_equal(count, 1);
    assert_int_equal(client->anchors.len, len);
    assert_memory_equal(client->anchors.s, der, len);
    free(der);
}

static void a_key_beside_is_not_kept(void **state) {
    (void)state;
    assert_int_equal(add("key-too"), 0);
    assert_keeps("other.der");
}

static void of_der_there_is_one(void **state) {
    (void)state;
    assert_int_equal(add("two"), 0);
    assert_keeps("der");
}

static void of_a_broken_file_those_before_are_kept(void **state) {
    (void)state;
    assert_int_equal(add("broken"), -1);
    assert_string_equal(engine_error(client), "PEM without an END line");
    assert_keeps("other.der");
    assert_int_equal(add("der"), 0);
    assert_int_equal(count, 2);
}

/* A certificate, but of a kind of key that there is not. */
static void add_unknown(void) {
    static unsigned char const oid[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1};
    size_t len;
    unsigned char *der = sandbox_read("der", &len), *at = memmem(der, len, oid, sizeof oid);
    assert_non_null(at);
    at[sizeof oid - 1] = 0x7f;
    assert_int_equal(engine_add_anchors(client, der, len, &count), 0);
    free(der);
}

static void one_that_the_library_does_not_take_is_said_or_passed_over(void **state) {
    (void)state;
    add_unknown();
    assert_int_equal(add("cert"), 0);
    assert_int_equal(trust(0), -1);
    assert_non_null(strstr(engine_error(client), "invalid trust anchor: "));
    add_unknown();
    assert_int_equal(add("cert"), 0);
    assert_int_equal(trust(1), 0);
    assert_int_equal(count, 1);
}

static int is_trusted(void) {
    size_t len;
    unsigned char *der = sandbox_read("der", &len);
    int r = wolfSSL_CertManagerVerifyBuffer(wolfSSL_CTX_GetCertManager(client->ctx), der, (long)len,
                                            WOLFSSL_FILETYPE_ASN1);
    free(der);
    return r == WOLFSSL_SUCCESS;
}

static void anchors_do_not_outlive_the_handshake(void **state) {
    (void)state;
    assert_int_equal(add("cert"), 0);
    assert_int_equal(trust(0), 0);
    assert_null(client->anchors.s);
    assert_int_equal(engine_start(client), 0);
    assert_true(is_trusted());
    assert_connects();
    assert_false(is_trusted());
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, make_client, free_engines)

int main(void) {
    if (!CONFIG_SERVER || !CONFIG_CLIENT || !CONFIG_KEY_EC) return unit_skip_all("SERVER, CLIENT, KEY_EC");
    struct CMUnitTest const tests[] = {
        TEST(a_file_may_be_pem_or_der),
        TEST(anchors_may_come_after_the_hello),
        TEST(nobody_is_trusted_before_engine_trust),
        TEST(one_that_is_there_or_has_expired_is_not_kept),
        TEST(a_key_beside_is_not_kept),
        TEST(of_der_there_is_one),
        TEST(of_a_broken_file_those_before_are_kept),
        TEST(one_that_the_library_does_not_take_is_said_or_passed_over),
        TEST(anchors_do_not_outlive_the_handshake),
    };
    return cmocka_run_group_tests(tests, make_files, free_key);
}
