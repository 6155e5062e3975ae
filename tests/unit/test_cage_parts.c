/* test_cage_parts: what each part of a cage does by itself, and what becomes of it on a kernel that lacks a part,
 * in children, with the kernel as judge. */

#include "cage_child.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* ---- the parts by themselves ---- */

static int has_no_new_privileges(void const *data) {
    (void)data;
    CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
    return 0;
}

static int is_out_of_sight(void const *data) {
    struct rlimit core;
    (void)data;
    CHECK(prctl(PR_GET_DUMPABLE) == 0 && !getrlimit(RLIMIT_CORE, &core) && !core.rlim_cur && !core.rlim_max);
    return 0;
}

static void privileges_and_memory_are_given_up(void **state) {
    (void)state;
    child_succeeds(CAGE_ENGINE, CAGE_PRIVILEGES, has_no_new_privileges);
    child_succeeds(CAGE_ENGINE, CAGE_MEMORY, is_out_of_sight);
}

static int drops_groups(void const *data) {
    (void)data;
    gid_t const some[] = {7, 8, 9};
    CHECK(!setgroups(3, some) && !cage_enter_parts(CAGE_ENGINE, POLLED, CAGE_GROUPS) && !getgroups(0, 0));
    return 0;
}

static void root_keeps_no_supplementary_group(void **state) {
    (void)state;
    if (geteuid()) skip();
    child_succeeds(CAGE_ENGINE, 0, drops_groups);
}

static int is_limited(void const *data) {
    struct pollfd p[POLLED + 1];
    struct rlimit size, heap, size_before = *(struct rlimit const *)data;
    for (int i = 0; i <= POLLED; i++) p[i] = (struct pollfd){.fd = -1};
    CHECK(!poll(p, POLLED, 0));
    CHECK(poll(p, POLLED + 1, 0) < 0 && errno == EINVAL);
    CHECK(dup2(0, POLLED) < 0 && errno == EBADF);
    for (int fd = 3; fd < POLLED; fd++) dup2(0, fd);
    CHECK(open("/dev/null", O_RDONLY) < 0 && errno == EMFILE);
    CHECK(dup(0) < 0 && errno == EMFILE && socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EMFILE);
    CHECK(write(ends[0], "", 1) == 1); /* that fd is above the limit */
    CHECK(!getrlimit(RLIMIT_FSIZE, &size) && !memcmp(&size, &size_before, sizeof size));
    CHECK(!getrlimit(RLIMIT_DATA, &heap) &&
          (!CONFIG_HEAP_LIMIT || heap.rlim_max == (rlim_t)CONFIG_HEAP_LIMIT << 10));
    CHECK(setrlimit(RLIMIT_NOFILE, &(struct rlimit){100, 100}) < 0 || !geteuid());
    return 0;
}

static int cannot_fork(void const *data) {
    (void)data;
    CHECK(!setgid(65533) && !setuid(65533)); /* root may always */
    CHECK(!cage_enter_parts(CAGE_ENGINE, POLLED, CAGE_LIMITS));
    pid_t pid = fork();
    if (!pid) _exit(0);
    CHECK(pid < 0 && errno == EAGAIN);
    return 0;
}

static void limits_leave_no_new_fd_and_no_new_process(void **state) {
    (void)state;
    struct rlimit size;
    getrlimit(RLIMIT_FSIZE, &size);
    while (ends[0] < POLLED) ends[0] = dup(ends[0]);
    int status = child_status(&(struct step){CAGE_ENGINE, CAGE_LIMITS, is_limited, &size});
    assert_int_equal(status, 0);
    if (!geteuid()) child_succeeds(CAGE_ENGINE, 0, cannot_fork);
}

static int abi(void) {
    return (int)syscall(444, (void *)0, (size_t)0, 1);
}

static int has_no_files(void const *data) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    char c;
    (void)data;
    CHECK(open("/dev/null", O_RDONLY) < 0 && errno == EACCES);
    CHECK(open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES);
    CHECK(open("/tmp/s6-tls-unit-new", O_WRONLY | O_CREAT, 0600) < 0 && errno == EACCES);
    CHECK(mkdir("/tmp/s6-tls-unit-new", 0700) < 0 && errno == EACCES);
    CHECK(execl("/bin/true", "true", (char *)0) < 0 && errno == EACCES);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(fd >= 0);
    if (abi() >= 4) CHECK(bind(fd, (void *)&a, sizeof a) < 0 && errno == EACCES);
    if (abi() >= 4) CHECK(connect(fd, (void *)&a, sizeof a) < 0 && errno == EACCES);
    CHECK(write(pipes[1], "x", 1) == 1 && read(pipes[0], &c, 1) == 1);
    return 0;
}

static void landlock_leaves_no_file_and_no_new_connection(void **state) {
    (void)state;
    if (abi() < 1) skip();
    child_succeeds(CAGE_ENGINE, CAGE_PRIVILEGES | CAGE_FILES, has_no_files);
}

/* ---- kernels that lack a part ---- */

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define GIVE(e) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (e))

/* As if it had neither Landlock nor, by prctl, filters; no_new_privs it has. */
static int lack(int landlock, int filter) {
    struct sock_filter s[] = {
        LOAD(nr),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 444, 0, 1),
        GIVE((uint32_t)landlock),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 3),
        LOAD(args[0]),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PR_SET_SECCOMP, 0, 1),
        GIVE((uint32_t)filter),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog p = {COUNT(s), s};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p) < 0;
}

static int goes_on_without(void const *data) {
    (void)data;
    CHECK(!lack(ENOSYS, EINVAL));
    CHECK(cage_enter(CAGE_ENGINE, POLLED) == (CAGE_FILES | CAGE_CALLS));
    CHECK(prctl(PR_GET_DUMPABLE) == 0); /* the rest is there */
    return 0;
}

static int goes_on_where_it_is_denied(void const *data) {
    (void)data;
    CHECK(!lack(EPERM, EACCES) && cage_enter(CAGE_ENGINE, POLLED) == (CAGE_FILES | CAGE_CALLS));
    return 0;
}

static int does_not_go_on(void const *data) {
    (void)data;
    CHECK(!lack(EOPNOTSUPP, ENOMEM) && cage_enter(CAGE_ENGINE, POLLED) < 0 && errno == ENOMEM);
    return 0;
}

static void what_the_kernel_lacks_is_left_out_and_told(void **state) {
    (void)state;
    child_succeeds(CAGE_ENGINE, 0, goes_on_without);
    child_succeeds(CAGE_ENGINE, 0, goes_on_where_it_is_denied);
}

static void a_part_that_fails_for_another_reason_is_a_failure(void **state) {
    (void)state;
    child_succeeds(CAGE_ENGINE, 0, does_not_go_on);
}

static void parts_are_named_in_words(void **state) {
    (void)state;
    char text[CAGE_TEXT_MAX];
    assert_string_equal(cage_parts_text(text, 0), "");
    assert_string_equal(cage_parts_text(text, CAGE_FILES), "Landlock");
    assert_string_equal(cage_parts_text(text, CAGE_FILES | CAGE_CALLS),
                        "Landlock, a system call filter (seccomp)");
    assert_true(strlen(cage_parts_text(text, CAGE_WHOLE)) < CAGE_TEXT_MAX);
    assert_true(strstr(text, "no_new_privs") && strstr(text, "limits") && strstr(text, "groups"));
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(privileges_and_memory_are_given_up),
        cmocka_unit_test(root_keeps_no_supplementary_group),
        cmocka_unit_test_setup(limits_leave_no_new_fd_and_no_new_process, open_things),
        cmocka_unit_test_setup(landlock_leaves_no_file_and_no_new_connection, open_things),
        cmocka_unit_test(what_the_kernel_lacks_is_left_out_and_told),
        cmocka_unit_test(a_part_that_fails_for_another_reason_is_a_failure),
        cmocka_unit_test(parts_are_named_in_words),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
