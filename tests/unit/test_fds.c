/* test_fds: which fds are open afterwards, in a child, with the kernel as judge.
 * It must not close the test program's own. */

#include "unit.h"

#include "fds.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HIGH = 500 };

static int old_kernel, no_proc;

/* libc's, with the kernel that a case wants: before 5.9 there is no close_range. */
long syscall(long number, ...) {
    static long (*real)(long, ...);
    va_list args;
    va_start(args, number);
    long a = va_arg(args, long), b = va_arg(args, long), c = va_arg(args, long);
    va_end(args);
    if (old_kernel || CONFIG_LINK_STATIC) { /* there is no dlsym then */
        errno = ENOSYS;
        return -1;
    }
    if (!real) real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    return real(number, a, b, c);
}

/* As libc's, with or without a /proc. */
DIR *opendir(char const *path) {
    if (no_proc) {
        errno = ENOENT;
        return NULL;
    }
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? NULL : fdopendir(fd);
}

static int is_open(int fd) {
    return fcntl(fd, F_GETFD) >= 0;
}

static int is_null(int fd) {
    struct stat st;
    return !fstat(fd, &st) && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

/* Runs one case in a child; it returns 0, or which step went wrong. */
static void in_child(int (*run)(void)) {
    int status;
    pid_t pid = fork();
    if (!pid) _exit(run());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* Opens 3 to 20 and HIGH, keeps those n, and asks which are open up to a number above all. */
static int keeps_exactly(int const *keep, unsigned int n) {
    for (int fd = 3; fd <= 20; fd++)
        if (dup2(0, fd) < 0) return 1;
    if (dup2(0, HIGH) < 0 || fds_close_others(keep, n) < 0) return 2;
    for (int fd = 0; fd <= HIGH + 10; fd++) {
        int kept = 0;
        for (unsigned int i = 0; i < n; i++) kept |= keep[i] == fd;
        if (is_open(fd) != kept) return 3;
    }
    return 0;
}

static int run_none(void) {
    return keeps_exactly(0, 0);
}
static int run_one(void) {
    return keeps_exactly((int[]){7}, 1);
}
static int run_unsorted_with_gaps(void) {
    return keeps_exactly((int[]){HIGH, 9, 0, 2, 10, 4}, 6);
}
static int run_twice_and_none(void) {
    return keeps_exactly((int[]){-1, 5, 5, -1, 1, 5}, 6);
}
static int run_closed_one(void) {
    int keep[] = {3, 5};
    if (fds_close_others(keep, 2) < 0) return 1; /* neither needs to be open */
    return is_open(0) || is_open(1) || is_open(2);
}

static void no_list_leaves_nothing(void **state) {
    (void)state;
    in_child(run_none);
}
static void one_fd_is_kept(void **state) {
    (void)state;
    in_child(run_one);
}
static void the_order_of_the_list_does_not_matter(void **state) {
    (void)state;
    in_child(run_unsorted_with_gaps);
}
static void doubles_and_none_in_the_list_do_not_matter(void **state) {
    (void)state;
    in_child(run_twice_and_none);
}
static void a_kept_fd_may_be_closed_already(void **state) {
    (void)state;
    in_child(run_closed_one);
}

/* It was opened under a higher limit than there is now. */
static int run_above_the_limit(void) {
    struct rlimit limit;
    if (dup2(0, HIGH) < 0 || getrlimit(RLIMIT_NOFILE, &limit) < 0) return 1;
    limit.rlim_cur = 64;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0 || !is_open(HIGH)) return 2;
    if (fds_close_others((int[]){0}, 1) < 0) return 3;
    return is_open(HIGH) ? 4 : !is_open(0);
}

static void an_fd_above_the_limit_is_closed_too(void **state) {
    (void)state;
    in_child(run_above_the_limit);
}

static void it_is_the_same_without_close_range(void **state) {
    (void)state;
    old_kernel = 1;
    in_child(run_none);
    in_child(run_one);
    in_child(run_unsorted_with_gaps);
    in_child(run_twice_and_none);
    in_child(run_closed_one);
    in_child(run_above_the_limit);
    old_kernel = 0;
}

/* 1, every third one of 3 to 20, and HIGH are close-on-exec. */
static int run_on_exec(void) {
    if (fds_close_others((int[]){0, 1, 2}, 3) < 0) return 1;
    for (int fd = 3; fd <= 20; fd++)
        if (dup2(0, fd) < 0 || fcntl(fd, F_SETFD, fd % 3 ? 0 : FD_CLOEXEC) < 0) return 2;
    if (dup3(0, HIGH, O_CLOEXEC) < 0 || fcntl(1, F_SETFD, FD_CLOEXEC) < 0) return 3;
    if (fds_close_on_exec() < 0) return 4;
    for (int fd = 0; fd <= HIGH + 10; fd++)
        if (is_open(fd) != (fd <= 20 && fd != 1 && (fd < 3 || fd % 3))) return 5;
    return 0;
}

static void what_an_exec_would_close_is_closed_and_no_more(void **state) {
    (void)state;
    in_child(run_on_exec);
}

/* But for one above the limit. */
static void it_is_the_same_without_proc(void **state) {
    (void)state;
    old_kernel = no_proc = 1;
    in_child(run_none);
    in_child(run_one);
    in_child(run_unsorted_with_gaps);
    in_child(run_twice_and_none);
    in_child(run_closed_one);
    in_child(run_on_exec);
    old_kernel = no_proc = 0;
}

/* ---- the standard three ---- */

/* Each of the eight ways in which they can be open or closed. */
static int run_fill(void) {
    for (unsigned int open_ones = 0; open_ones < 8; open_ones++) {
        int fds[2];
        if (fds_close_others(0, 0) < 0) return 1;
        if (pipe(fds) < 0) return 2; /* 0 and 1 */
        dup2(0, 2);
        for (int fd = 0; fd < 3; fd++)
            if (!(open_ones >> fd & 1)) close(fd);
        if (fds_fill_standard() < 0) return 3;
        for (int fd = 0; fd < 3; fd++) {
            int was_open = open_ones >> fd & 1;
            if (is_null(fd) == was_open) return 4;
            if (!!(fcntl(fd, F_GETFD) & FD_CLOEXEC) == was_open) return 5;
        }
        if (is_open(3)) return 6;
    }
    return 0;
}

static void those_that_are_closed_become_dev_null_and_end_at_exec(void **state) {
    (void)state;
    in_child(run_fill);
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(no_list_leaves_nothing),
        cmocka_unit_test(one_fd_is_kept),
        cmocka_unit_test(the_order_of_the_list_does_not_matter),
        cmocka_unit_test(doubles_and_none_in_the_list_do_not_matter),
        cmocka_unit_test(a_kept_fd_may_be_closed_already),
        cmocka_unit_test(an_fd_above_the_limit_is_closed_too),
        cmocka_unit_test(it_is_the_same_without_close_range),
        cmocka_unit_test(what_an_exec_would_close_is_closed_and_no_more),
        cmocka_unit_test(it_is_the_same_without_proc),
        cmocka_unit_test(those_that_are_closed_become_dev_null_and_end_at_exec),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
