/* test_keyring_memory: what becomes of a key when there is no memory for it.
 * It must not need a key that is good for anything. */

#include "unit.h"

#include "key_wolfssl.h" /* the size of a key */
#include "keyring.h"
#include "secret.h"

#include <string.h>
#include <sys/resource.h>

static struct keyring *ring;

static int make_ring(void **state) {
    (void)state;
    ring = keyring_new();
    return ring ? 0 : -1;
}

static int free_ring(void **state) {
    (void)state;
    keyring_free(ring);
    secret_end();
    return 0;
}

/* No block is left, and the system gives no more. */
static void use_memory_up(void) {
    for (size_t n = 1 << 20; n; n /= 2)
        while (secret_alloc(n))
            ;
}

/* Tries to add that much of a PEM file where there is room for the key, or not, and for nothing else. */
static void is_refused(size_t len, int room_for_key) {
    static char text[1 << 16] = "-----BEGIN PRIVATE KEY-----\n";
    struct rlimit before;
    char const *why = "";
    void *one = room_for_key ? secret_alloc(sizeof(struct key)) : 0;
    getrlimit(RLIMIT_AS, &before);
    setrlimit(RLIMIT_AS, &(struct rlimit){0, before.rlim_max});
    use_memory_up();
    secret_free(one);
    int key = keyring_add(ring, (unsigned char const *)text, len, &why);
    setrlimit(RLIMIT_AS, &before);
    assert_int_equal(key, -1);
    assert_string_equal(why, "out of memory");
}

static void without_memory_for_it_a_key_is_refused(void **state) {
    (void)state;
    is_refused(100, 0);
}

static void without_memory_to_decode_it_a_key_is_refused(void **state) {
    (void)state;
    is_refused(1 << 16, 1);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, make_ring, free_ring)

int main(void) {
    if (unit_is_foreign()) return unit_skip_all("a limit of memory");
    struct CMUnitTest const tests[] = {
        TEST(without_memory_for_it_a_key_is_refused),
        TEST(without_memory_to_decode_it_a_key_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
