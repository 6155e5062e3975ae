/* test_engine_memory: what an engine leaves in memory when it is gone: no secret of its session. */

#include "engines.h"

#include "engine_wolfssl_secrets.h"

/* A key, complemented: so it is not found where it is looked for. */
static unsigned char absent[16];

static int is_at(unsigned char const *p) {
    for (size_t i = 0; i < sizeof absent; i++)
        if (p[i] != (unsigned char)~absent[i]) return 0;
    return 1;
}

/* How often the key is in memory that can be written to, but for the stack: there are pieces of what has returned. */
static unsigned int times_in_memory(void) {
    FILE *f = fopen("/proc/self/maps", "r");
    char line[512], mode[5];
    unsigned long from, to;
    unsigned int n = 0;
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) != 3 || strncmp(mode, "rw", 2) ||
            strstr(line, "[stack]"))
            continue;
        for (unsigned char const *p = (void *)from; p + sizeof absent <= (unsigned char *)to; p++)
            n += (unsigned)is_at(p);
    }
    fclose(f);
    return n;
}

static void look_for(unsigned char const *secret) {
    for (size_t i = 0; i < sizeof absent; i++) absent[i] = (unsigned char)~secret[i];
}

static void connect_in(int version, void **state) {
    if (unit_is_watched()) skip();
    if (make_engines(state) < 0) fail();
    if (version == WOLFSSL_TLSV1_2) wolfSSL_set_options(client->ssl, WOLFSSL_OP_NO_TLSv1_3);
    wolfSSL_KeepArrays(client->ssl);
    shake_hands(SIZE_MAX);
    assert_int_equal(engine_is_tls13(server), version == WOLFSSL_TLSV1_3);
    assert_int_equal(engine_write(client, "hello", 5), ENGINE_OK);
    carry_all(client, server);
    assert_reads(server, "hello");
}

static void session_keys_are_gone_with_the_engine(void **state) {
    static int const versions[] = {WOLFSSL_TLSV1_2, WOLFSSL_TLSV1_3};
    for (size_t i = CONFIG_TLS12 ? 0 : 1; i < COUNT(versions); i++) {
        connect_in(versions[i], state);
        look_for(engine_wolfssl_write_key(server->ssl));
        assert_true(times_in_memory() > 1);
        free_engines(state);
        assert_int_equal(times_in_memory(), 0);
    }
}

/* TLS 1.2: both have it, and the library tells that of the client. */
static void the_master_secret_is_gone_with_the_engine(void **state) {
    if (!CONFIG_TLS12) skip();
    connect_in(WOLFSSL_TLSV1_2, state);
    look_for(engine_wolfssl_master_secret(client->ssl));
    assert_true(times_in_memory() > 1);
    free_engines(state);
    assert_int_equal(times_in_memory(), 0);
}

int main(void) {
    if (!CONFIG_SERVER || !CONFIG_CLIENT || !CONFIG_KEY_EC) return unit_skip_all("SERVER, CLIENT, KEY_EC");
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(session_keys_are_gone_with_the_engine),
        cmocka_unit_test(the_master_secret_is_gone_with_the_engine),
    };
    return cmocka_run_group_tests(tests, make_key, free_key);
}
