/* test_secret: memory for keys: that it is memory, that it is zeroed, and what the kernel is told of it.
 * It must not know how it is laid out. */

#include "unit.h"

#include "secret.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int end_secret(void **state) {
    (void)state;
    secret_end();
    return 0;
}

static void blocks_are_aligned_and_do_not_overlap(void **state) {
    enum { N = 400 };
    static unsigned char *p[N];
    static size_t size[N];
    uint64_t chance = 1;
    (void)state;
    for (unsigned int turn = 0; turn < 20000; turn++) {
        unsigned int i = chance_below(&chance, N);
        for (size_t k = 0; p[i] && k < size[i]; k++)
            if (p[i][k] != (unsigned char)i) fail_msg("block %u changed at %zu", i, k);
        int give_back = chance_percent(&chance, 30);
        size[i] = chance_below(&chance, chance_percent(&chance, 5) ? 100000 : 700);
        if (give_back) {
            secret_free(p[i]);
            p[i] = 0;
            continue;
        }
        p[i] = secret_realloc(p[i], size[i]);
        assert_non_null(p[i]);
        assert_int_equal((uintptr_t)p[i] % 16, 0);
        memset(p[i], (int)i, size[i]);
    }
}

static void a_block_that_grows_keeps_what_is_in_it(void **state) {
    (void)state;
    char *p = secret_alloc(20);
    strcpy(p, "what is in it");
    p = secret_realloc(p, 200000);
    assert_string_equal(p, "what is in it");
}

static void what_is_given_back_is_zeroed(void **state) {
    static unsigned char const nothing[5000];
    (void)state;
    unsigned char *p = secret_alloc(5000), *q;
    memset(p, 'x', 5000);
    secret_free(p);
    assert_memory_equal(p, nothing, 5000);
    p = secret_alloc(5000);
    memset(p, 'x', 5000);
    q = secret_realloc(p, 50000);
    assert_true(p != q);
    assert_memory_equal(p, nothing, 5000);
}

static void what_is_given_back_is_given_out_again(void **state) {
    (void)state;
    for (int i = 0; i < 100000; i++) {
        void *p = secret_alloc(10000), *q = secret_alloc(20);
        assert_true(p && q);
        secret_free(p);
        secret_free(q);
    }
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    assert_true(used.ru_maxrss < 100000); /* kilobytes */
}

static void more_than_there_is_is_refused(void **state) {
    (void)state;
    assert_null(secret_alloc(SIZE_MAX));
    assert_null(secret_alloc(SIZE_MAX / 2));
    char *p = secret_alloc(10);
    strcpy(p, "mine");
    assert_null(secret_realloc(p, SIZE_MAX - 8));
    assert_string_equal(p, "mine");
}

/* Whether the mapping that p is in has that flag in /proc/self/smaps. */
static int has_flag(void const *p, char const *flag) {
    FILE *f = fopen("/proc/self/smaps", "r");
    char line[512];
    unsigned long from, to;
    int here = 0, found = 0;
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2) here = from <= (uintptr_t)p && (uintptr_t)p < to;
        if (here && !strncmp(line, "VmFlags:", 8)) found = strstr(line, flag) != 0;
    }
    fclose(f);
    return found;
}

static void it_is_not_dumped_and_is_locked(void **state) {
    static char other[100000];
    (void)state;
    if (unit_is_watched()) skip(); /* valgrind locks nothing */
    char *p = secret_alloc(100000);
    assert_true(has_flag(p, " dd"));
    assert_true(has_flag(p, " lo"));
    assert_false(has_flag(other + 50000, " dd") || has_flag(other + 50000, " lo"));
}

/* In a child: the limit does not come back. */
static void where_it_may_not_be_locked_it_is_memory_all_the_same(void **state) {
    (void)state;
    pid_t child = fork();
    int status = -1;
    if (!child) {
        setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){0, 0});
        if (!getuid() && setuid(65534)) _exit(2);
        char *p = secret_alloc(100000);
        if (!p) _exit(3);
        memset(p, 1, 100000);
        _exit(has_flag(p, " lo") ? 4 : 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

#define TEST(test) cmocka_unit_test_teardown(test, end_secret)

int main(void) {
    struct CMUnitTest const tests[] = {
        TEST(blocks_are_aligned_and_do_not_overlap),
        TEST(a_block_that_grows_keeps_what_is_in_it),
        TEST(what_is_given_back_is_zeroed),
        TEST(what_is_given_back_is_given_out_again),
        TEST(more_than_there_is_is_refused),
        TEST(it_is_not_dumped_and_is_locked),
        TEST(where_it_may_not_be_locked_it_is_memory_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
