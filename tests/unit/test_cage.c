/* test_cage: what still works in a cage, in children, with the kernel as judge.
 * It must not try what the filter refuses: test_cage_calls.c does. */

#include "cage_child.h"

#include <malloc.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>

static int memory_works(void const *data) {
    (void)data;
    for (size_t n = 1; n < 1 << 26; n *= 2) {
        char *s = malloc(n);
        CHECK(s);
        memset(s, 1, n);
        char *larger = realloc(s, n * 3);
        CHECK(larger);
        memset(larger, 1, n * 3);
        free(larger);
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

static pid_t sleeper;

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

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test_setup(an_engine_in_its_cage_does_what_it_must, open_things),
        cmocka_unit_test_setup(a_key_process_in_its_cage_does_what_it_must, open_things),
        cmocka_unit_test_setup(the_exit_code_of_an_older_child_is_had, open_things),
        cmocka_unit_test_setup(a_poll_outlives_sigstop_and_sigcont_and_a_handler_returns, open_things),
        cmocka_unit_test_setup(a_child_that_wants_to_die_with_a_caged_parent_does, open_things),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
