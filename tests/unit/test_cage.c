/* test_cage: what still works in a cage, and what each of its parts does by itself, in children, with the kernel
 * as judge. It must not try what the filter refuses: test_cage_calls.c does. */

#include "cage_child.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

/* ---- what still works ---- */

/* Opened before the cage, as its processes do. */
static int pipes[2], ends[2];
static pid_t sleeper;

static int open_things(void **state) {
    (void)state;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof a;
    tzset(); /* as the engine does */
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (pipe(pipes) < 0 || listener < 0 || bind(listener, (void *)&a, len) < 0 || listen(listener, 1) < 0)
        return -1;
    if (getsockname(listener, (void *)&a, &len) < 0 || (ends[0] = socket(AF_INET, SOCK_STREAM, 0)) < 0)
        return -1;
    if (connect(ends[0], (void *)&a, len) < 0 || (ends[1] = accept(listener, 0, 0)) < 0) return -1;
    return close(listener);
}

static int memory_works(void const *data) {
    (void)data;
    for (size_t n = 1; n < 1 << 26; n *= 2) {
        char *s = malloc(n);
        CHECK(s);
        memset(s, 1, n);
        CHECK((s = realloc(s, n * 3)));
        memset(s, 1, n * 3);
        free(s);
    }
#ifdef __GLIBC__
    malloc_trim(0);
#endif
    return 0;
}

static int clocks_and_chance_work(void const *data) {
    struct timespec t;
    char s[64];
    (void)data;
    CHECK(!clock_gettime(CLOCK_MONOTONIC, &t) && !syscall(SYS_clock_gettime, CLOCK_REALTIME, &t) &&
          time(0) > 0);
    CHECK(getrandom(s, sizeof s, 0) == sizeof s && getpid() > 1);
    time_t now = time(0);
    struct tm tm;
    CHECK(gmtime_r(&now, &tm) && strerror(EPIPE)[0]);
    return 0;
}

static int the_network_works(void const *data) {
    char s[10];
    int left = -1, on = 1;
    struct pollfd p[2] = {{.fd = ends[1], .events = POLLIN}, {.fd = pipes[0], .events = POLLIN}};
    (void)data;
    CHECK(send(ends[0], "hello", 5, MSG_DONTWAIT | MSG_NOSIGNAL) == 5);
    CHECK(poll(p, 2, 5000) == 1 && ppoll(p, 2, &(struct timespec){5, 0}, 0) == 1);
    CHECK(recv(ends[1], s, sizeof s, MSG_DONTWAIT) == 5 && !memcmp(s, "hello", 5));
    CHECK(!setsockopt(ends[1], IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on));
    CHECK(!ioctl(ends[0], TIOCOUTQ, &left) && left >= 0);
    CHECK(!shutdown(ends[0], SHUT_WR) && poll(p, 2, 5000) == 1 && !recv(ends[1], s, sizeof s, 0));
    return close(ends[0]) || close(ends[1]);
}

static int the_pipes_work(void const *data) {
    char s[10];
    int left = -1;
    (void)data;
    CHECK(write(pipes[1], "hello", 5) == 5 && !ioctl(pipes[0], FIONREAD, &left) && left == 5);
    CHECK(read(pipes[0], s, sizeof s) == 5 && !memcmp(s, "hello", 5));
    return close(pipes[0]) || close(pipes[1]);
}

static void an_engine_in_its_cage_does_what_it_must(void **state) {
    (void)state;
    int (*const steps[])(void const *) = {memory_works, clocks_and_chance_work, the_network_works,
                                          the_pipes_work};
    for (size_t i = 0; i < COUNT(steps); i++) child_succeeds(CAGE_ENGINE, CAGE_WHOLE, steps[i]);
}

static int a_key_process_works(void const *data) {
    char s[10];
    (void)data;
    void *p = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED && !madvise(p, 65536, MADV_DONTDUMP) && !munmap(p, 65536));
    CHECK(send(ends[0], "hello", 5, MSG_NOSIGNAL) == 5 && recv(ends[1], s, sizeof s, MSG_TRUNC) == 5);
    return memory_works(0) || clocks_and_chance_work(0);
}

static void a_key_process_in_its_cage_does_what_it_must(void **state) {
    (void)state;
    child_succeeds(CAGE_KEY, CAGE_WHOLE, a_key_process_works);
}

static int waits_for(void const *data) {
    int status;
    (void)data;
    CHECK(waitpid(sleeper, &status, 0) == sleeper && WEXITSTATUS(status) == 7);
    return 0;
}

/* The child of the one in the cage is older than the cage. */
static int older_child(void const *data) {
    (void)data;
    sleeper = fork();
    if (!sleeper) {
        usleep(50000);
        _exit(7);
    }
    return cage_enter(CAGE_ENGINE, POLLED) ? NO_CAGE : waits_for(0);
}

static void the_exit_code_of_an_older_child_is_had(void **state) {
    (void)state;
    int status = child_status(&(struct step){CAGE_ENGINE, 0, older_child, 0});
    assert_int_equal(status, 0);
}

static void no_op(int n) {
    (void)n;
}

static int handler_and_stop(void const *data) {
    (void)data;
    struct sigaction sa = {.sa_handler = no_op};
    CHECK(!sigaction(SIGUSR1, &sa, 0) && cage_enter(CAGE_ENGINE, POLLED) >= 0);
    CHECK(write(pipes[1], "r", 1) == 1);
    CHECK(poll(0, 0, 20000) < 0 && errno == EINTR); /* stopped, continued, then interrupted */
    return 0;
}

static void a_poll_outlives_sigstop_and_sigcont_and_a_handler_returns(void **state) {
    (void)state;
    char c;
    int status;
    if (!CONFIG_CAGE) skip();
    pid_t pid = fork();
    if (!pid) _exit(handler_and_stop(0));
    assert_int_equal(read(pipes[0], &c, 1), 1);
    for (int i = 0; i < 3; i++) {
        usleep(50000);
        kill(pid, SIGSTOP);
        assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
        assert_true(WIFSTOPPED(status));
        kill(pid, SIGCONT);
    }
    usleep(50000);
    kill(pid, SIGUSR1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* In the cage, with a child that wants to end with it and holds an end of the pipe. */
static int dies_before_its_child(void const *data) {
    (void)data;
    pid_t child = fork();
    if (!child) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        CHECK(write(pipes[1], "r", 1) == 1);
        sleep(30);
    }
    char c;
    CHECK(child > 0 && read(pipes[0], &c, 1) == 1 && cage_enter(CAGE_ENGINE, POLLED) >= 0);
    return 0;
}

static void a_child_that_wants_to_die_with_a_caged_parent_does(void **state) {
    (void)state;
    struct pollfd p = {.fd = pipes[0], .events = POLLIN};
    char c;
    child_succeeds(CAGE_ENGINE, 0, dies_before_its_child);
    close(pipes[1]);
    assert_int_equal(poll(&p, 1, 20000), 1); /* its end is closed */
    assert_int_equal(read(pipes[0], &c, 1), 0);
}

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
    struct rlimit size, size_before = *(struct rlimit const *)data;
    for (int i = 0; i <= POLLED; i++) p[i] = (struct pollfd){.fd = -1};
    CHECK(!poll(p, POLLED, 0));
    CHECK(poll(p, POLLED + 1, 0) < 0 && errno == EINVAL);
    CHECK(dup2(0, POLLED) < 0 && errno == EBADF);
    for (int fd = 3; fd < POLLED; fd++) dup2(0, fd);
    CHECK(open("/dev/null", O_RDONLY) < 0 && errno == EMFILE);
    CHECK(dup(0) < 0 && errno == EMFILE && socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EMFILE);
    CHECK(write(ends[0], "", 1) == 1); /* that fd is above the limit */
    CHECK(!getrlimit(RLIMIT_FSIZE, &size) && !memcmp(&size, &size_before, sizeof size));
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
    CHECK(open("/tmp/new", O_WRONLY | O_CREAT, 0600) < 0 && errno == EACCES);
    CHECK(mkdir("/tmp/new", 0700) < 0 && errno == EACCES);
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
        cmocka_unit_test_setup(an_engine_in_its_cage_does_what_it_must, open_things),
        cmocka_unit_test_setup(a_key_process_in_its_cage_does_what_it_must, open_things),
        cmocka_unit_test_setup(the_exit_code_of_an_older_child_is_had, open_things),
        cmocka_unit_test_setup(a_poll_outlives_sigstop_and_sigcont_and_a_handler_returns, open_things),
        cmocka_unit_test_setup(a_child_that_wants_to_die_with_a_caged_parent_does, open_things),
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
