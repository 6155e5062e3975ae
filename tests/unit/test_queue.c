/* test_queue: what goes in comes out, in order, whatever the pieces.
 * It must not know what the bytes are. */

#include "unit.h"

#include "queue.h"

#include <sys/mman.h>
#include <unistd.h>

static void assert_content(struct queue const *q, char const *expected) {
    assert_int_equal(queue_len(q), strlen(expected));
    assert_memory_equal(queue_s(q), expected, strlen(expected));
}

static void bytes_come_out_in_order(void **state) {
    (void)state;
    struct queue q = {0};
    assert_int_equal(queue_len(&q), 0);
    assert_true(queue_put(&q, "abc", 3) && queue_put(&q, "", 0) && queue_put(&q, "de", 2));
    assert_content(&q, "abcde");
    queue_drop(&q, 2);
    assert_content(&q, "cde");
    queue_drop(&q, 0);
    assert_content(&q, "cde");
    queue_free(&q);
}

static void an_empty_queue_starts_at_its_beginning(void **state) {
    (void)state;
    struct queue q = {0};
    assert_true(queue_put(&q, "abc", 3));
    queue_drop(&q, 2);
    assert_int_equal(q.head, 2);
    queue_drop(&q, 1);
    assert_int_equal(q.head, 0);
    assert_int_equal(q.sa.len, 0);
    queue_free(&q);
}

static void room_may_be_used_in_part(void **state) {
    (void)state;
    struct queue q = {0};
    assert_true(queue_put(&q, "abc", 3));
    char *room = queue_room(&q, 100);
    assert_non_null(room);
    memset(room, 'x', 100);
    queue_added(&q, 2);
    assert_content(&q, "abcxx");
    queue_free(&q);
}

/* However it is filled, its memory stays where it is; at rest and empty it takes none. */
static void a_reserved_queue_stays_in_its_pages(void **state) {
    (void)state;
    size_t const page = (size_t)sysconf(_SC_PAGESIZE), room = 3 * page;
    struct queue q = {0};
    unsigned char in[3];
    assert_true(queue_reserve(&q, room - 1));
    char *s = queue_s(&q);
    memset(queue_room(&q, room), 'x', room);
    queue_added(&q, room);
    assert_null(queue_room(&q, 1));
    queue_drop(&q, 1000);
    assert_ptr_equal(queue_room(&q, 1000), s + room - 1000);
    assert_null(queue_room(&q, 1001));
    queue_added(&q, 1000);
    queue_rest(&q);
    assert_int_equal(queue_s(&q)[0], 'x');
    queue_drop(&q, room);
    queue_rest(&q);
    assert_int_equal(mincore(s, room, in), 0);
    if (!unit_is_watched()) assert_int_equal((in[0] | in[1] | in[2]) & 1, 0);
    assert_ptr_equal(queue_room(&q, room), s);
    queue_free(&q);
    assert_null(q.sa.s);
    assert_int_equal(q.reserved, 0);
}

/* Two numbers count the bytes in and out; each byte is its own number. Memory stays near what is held. */
static void chance_finds_every_byte_in_its_place(void **state) {
    (void)state;
    enum { MOST = 5000 };
    struct queue q = {0};
    uint64_t chance = unit_number("SEED", 1);
    size_t in = 0, out = 0;
    for (int run = 0; run < 20000; run++) {
        char piece[300];
        size_t n = chance_below(&chance, sizeof piece + 1);
        if (in - out + n <= MOST && chance_percent(&chance, 60)) {
            for (size_t i = 0; i < n; i++) piece[i] = (char)(in++ % 251);
            assert_true(queue_put(&q, piece, n));
        } else {
            n = n < queue_len(&q) ? n : queue_len(&q);
            for (size_t i = 0; i < n; i++) assert_int_equal((unsigned char)queue_s(&q)[i], out++ % 251);
            queue_drop(&q, n);
        }
        assert_int_equal(queue_len(&q), in - out);
    }
    assert_true(in > 100 * MOST && q.sa.a < 4 * MOST);
    queue_free(&q);
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(bytes_come_out_in_order),
        cmocka_unit_test(an_empty_queue_starts_at_its_beginning),
        cmocka_unit_test(room_may_be_used_in_part),
        cmocka_unit_test(a_reserved_queue_stays_in_its_pages),
        cmocka_unit_test(chance_finds_every_byte_in_its_place),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
