/* test_pages: memory that is given back, and what must stay. */

#include "unit.h"

#include "pages.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t page;

static unsigned char *full_pages(size_t n) {
    unsigned char *s = mmap(0, n * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (s == MAP_FAILED) fail_msg("no memory");
    memset(s, 'x', n * page);
    return s;
}

/* How many of the n pages at s take memory. */
static size_t resident(void *s, size_t n) {
    unsigned char in[64];
    size_t sum = 0;
    assert_true(n <= sizeof in);
    assert_int_equal(mincore(s, n * page, in), 0);
    for (size_t i = 0; i < n; i++) sum += in[i] & 1;
    return sum;
}

static void assert_all(unsigned char const *s, size_t n, int c) {
    for (size_t i = 0; i < n; i++) assert_int_equal(s[i], c);
}

static void whole_pages_are_given_back_and_their_edges_stay(void **state) {
    (void)state;
    unsigned char *s = full_pages(5);
    errno = 77;
    pages_release(s + 1, 4 * page);
    assert_int_equal(errno, 77);
    assert_int_equal(resident(s, 5), 2);
    assert_all(s, page, 'x');
    assert_all(s + 4 * page, page, 'x');
    assert_all(s + page, 3 * page, 0);
    munmap(s, 5 * page);
}

static void a_piece_without_a_whole_page_stays(void **state) {
    (void)state;
    unsigned char *s = full_pages(2);
    pages_release(s + 1, 2 * page - 2);
    pages_release(s, page - 1);
    pages_release(s, 0);
    pages_release(0, 0);
    assert_all(s, 2 * page, 'x');
    munmap(s, 2 * page);
}

enum { DEEP = 16 };

/* Returns where its pages were. */
static __attribute__((noinline)) unsigned char *fill_stack(void) {
    unsigned char deep[(DEEP + 2) << 12];
    memset(deep, 'x', sizeof deep);
    __asm__ volatile("" : : "r"(deep) : "memory");
    return (unsigned char *)((uintptr_t)deep & ~(uintptr_t)(page - 1));
}

static void the_stack_of_calls_that_have_returned_is_given_back(void **state) {
    (void)state;
    char here[64];
    if (page != 4096) skip();
    memset(here, 'y', sizeof here);
    unsigned char *deep = fill_stack();
    assert_int_equal(resident(deep, DEEP), DEEP);
    errno = 77;
    pages_release_stack();
    assert_int_equal(errno, 77);
    assert_in_range(resident(deep, DEEP), 0, DEEP / 2);
    assert_all((unsigned char *)here, sizeof here, 'y');
}

int main(void) {
    page = (size_t)sysconf(_SC_PAGESIZE);
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(whole_pages_are_given_back_and_their_edges_stay),
        cmocka_unit_test(a_piece_without_a_whole_page_stays),
        cmocka_unit_test(the_stack_of_calls_that_have_returned_is_given_back),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
