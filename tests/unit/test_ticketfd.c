/* test_ticketfd: keys for tickets that are shared, as time goes by and as processes come at once.
 * It must not look at what stands in the memory, but for its length. */

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ticketfd.h"

enum { KEY = TICKETFD_KEYS / 2, HOUR = 3600 };

static time_t now;
static int fd;

/* The C library's, for this program. */
time_t time(time_t *t) {
    if (t) *t = now;
    return now;
}

struct keys {
    ssize_t len;
    unsigned char s[TICKETFD_KEYS];
};

static struct keys keys_after(time_t seconds) {
    struct keys k = {0};
    now += seconds;
    k.len = ticketfd_read(fd, k.s);
    return k;
}

static int make(void **state) {
    (void)state;
    now = 1700000000;
    fd = ticketfd_make();
    return fd < 0 ? -1 : 0;
}

static int drop(void **state) {
    (void)state;
    return close(fd);
}

static void there_is_one_key_to_begin_with(void **state) {
    static unsigned char const none[KEY];
    (void)state;
    struct keys k = keys_after(0);
    assert_int_equal(k.len, KEY);
    assert_memory_not_equal(k.s, none, KEY);
    assert_memory_not_equal(k.s, k.s + 16, 16);
}

static void it_stays_the_same_for_half_a_day(void **state) {
    (void)state;
    struct keys first = keys_after(0), later = keys_after(12 * HOUR - 1);
    assert_int_equal(later.len, KEY);
    assert_memory_equal(first.s, later.s, KEY);
}

static void then_it_is_the_second_and_then_it_is_gone(void **state) {
    (void)state;
    struct keys a = keys_after(0), b = keys_after(12 * HOUR), same = keys_after(12 * HOUR - 1),
                c = keys_after(1);
    assert_int_equal(b.len, 2 * KEY);
    assert_memory_not_equal(b.s, a.s, KEY);
    assert_memory_equal(b.s + KEY, a.s, KEY);
    assert_memory_equal(&same, &b, sizeof b);
    assert_int_equal(c.len, 2 * KEY);
    assert_memory_not_equal(c.s, b.s, KEY);
    assert_memory_equal(c.s + KEY, b.s, KEY);
}

static void after_a_day_without_anybody_both_are_new(void **state) {
    (void)state;
    struct keys a = keys_after(0), kept = keys_after(24 * HOUR - 1), b = keys_after(24 * HOUR);
    assert_memory_equal(kept.s + KEY, a.s, KEY);
    assert_int_equal(b.len, 2 * KEY);
    assert_memory_not_equal(b.s, kept.s, KEY);
    assert_memory_not_equal(b.s + KEY, kept.s, KEY);
    assert_memory_not_equal(b.s + KEY, a.s, KEY);
}

static void a_clock_that_goes_back_does_not_keep_a_key(void **state) {
    (void)state;
    struct keys a = keys_after(0), b = keys_after(-1), c = keys_after(12 * HOUR - 1), d = keys_after(1);
    assert_int_equal(b.len, 2 * KEY);
    assert_memory_equal(b.s + KEY, a.s, KEY);
    assert_memory_equal(&c, &b, sizeof b);
    assert_memory_equal(d.s + KEY, b.s, KEY);
}

/* Many processes read at the moment of the change, and write what they got to a pipe. */
static void all_that_come_at_once_get_the_same(void **state) {
    enum { N = 40 };
    int out[2];
    struct keys k[N];
    (void)state;
    struct keys before = keys_after(0);
    assert_int_equal(pipe(out), 0);
    for (int i = 0; i < N; i++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid) continue;
        struct keys mine = keys_after(12 * HOUR);
        _exit(write(out[1], &mine, sizeof mine) != sizeof mine);
    }
    for (int i = 0; i < N; i++) {
        int status;
        assert_int_equal(read(out[0], &k[i], sizeof k[i]), sizeof k[i]);
        assert_true(wait(&status) > 0 && status == 0);
        assert_int_equal(k[i].len, 2 * KEY);
        assert_memory_equal(k[i].s + KEY, before.s, KEY);
        assert_memory_equal(k[i].s, k[0].s, KEY);
    }
    close(out[0]);
    close(out[1]);
}

/* One that is stopped while it reads. */
static void who_reads_does_not_keep_others_from_it(void **state) {
    struct flock whole = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    int ready[2], status;
    char byte;
    (void)state;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (!pid) {
        _exit(fcntl(fd, F_SETLKW, &whole) < 0 || write(ready[1], "", 1) != 1 || pause());
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    alarm(20);
    assert_int_equal(keys_after(0).len, KEY);
    alarm(0);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(ready[0]);
    close(ready[1]);
}

static void it_is_the_owner_s_alone_and_outlives_an_exec(void **state) {
    struct stat st;
    (void)state;
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_mode, S_IFREG | 0600);
    assert_int_equal(fcntl(fd, F_GETFD), 0);
}

static void it_takes_none_of_the_standard_fds(void **state) {
    int saved = fcntl(0, F_DUPFD_CLOEXEC, 3);
    (void)state;
    close(0);
    int another = ticketfd_make();
    dup2(saved, 0);
    close(saved);
    assert_true(another > 2);
    close(another);
}

static void what_is_not_such_memory_is_refused(void **state) {
    static size_t const lengths[] = {0, 1, KEY, KEY + 7, KEY + 9, TICKETFD_KEYS, TICKETFD_KEYS + 7};
    static char const zeros[256];
    unsigned char s[TICKETFD_KEYS];
    int pair[2];
    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        int other = memfd_create("other", MFD_CLOEXEC);
        assert_int_equal(write(other, zeros, lengths[i]), lengths[i]);
        assert_int_equal(ticketfd_read(other, s), -1);
        assert_int_equal(errno, EINVAL);
        close(other);
    }
    assert_int_equal(pipe(pair), 0);
    assert_int_equal(ticketfd_read(pair[0], s), -1);
    close(pair[0]);
    close(pair[1]);
    assert_int_equal(ticketfd_read(pair[0], s), -1);
    assert_int_equal(errno, EBADF);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, make, drop)

int main(void) {
    struct CMUnitTest const tests[] = {
        TEST(there_is_one_key_to_begin_with),
        TEST(it_stays_the_same_for_half_a_day),
        TEST(then_it_is_the_second_and_then_it_is_gone),
        TEST(after_a_day_without_anybody_both_are_new),
        TEST(a_clock_that_goes_back_does_not_keep_a_key),
        TEST(all_that_come_at_once_get_the_same),
        TEST(who_reads_does_not_keep_others_from_it),
        TEST(it_is_the_owner_s_alone_and_outlives_an_exec),
        TEST(it_takes_none_of_the_standard_fds),
        TEST(what_is_not_such_memory_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
