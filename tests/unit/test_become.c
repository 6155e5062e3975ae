/* test_become: an applet that becomes another one in its process, and what that one finds there; and the title.
 * It must not know why one does: a child becomes it, and its exit code tells. */

#include "unit.h"

#include "become.h"
#include "title.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <skalibs/strerr.h>

#if __has_include(<skalibs/prog.h>)
#include <skalibs/prog.h>
#else
char const *PROG;
#endif

enum { GOOD = 42, GONE = 50, KEPT }; /* an exit code, and two fds */

/* What the kernel shows of it, and what main() has got: words one after the other. */
static char shown[] = "first\0one\0two three";
static char const *const words[] = {shown, shown + 6, shown + 10, NULL};

/* ---- the applet that it becomes: which of what it finds is wrong ---- */

static int finds(int argc, char const *const *argv, char const *const *envp) {
    static char const given[] = "probe\0three";
    char name[17] = "";
    if (argc != 2 || strcmp(argv[0], "probe") || strcmp(argv[1], "three") || argv[2]) return 1;
    if (memcmp(shown, given, sizeof given)) return 2;
    for (size_t i = sizeof given; i < sizeof shown; i++)
        if (shown[i]) return 3;
    if (strcmp(envp[0], "A=new") || envp[1] || (char const *const *)environ != envp) return 4;
    if (prctl(PR_GET_NAME, name) < 0 || strcmp(name, "probe") || strcmp(PROG, "probe")) return 5;
    if (fcntl(GONE, F_GETFD) >= 0 || fcntl(KEPT, F_GETFD) < 0) return 6;
    return GOOD;
}

struct applet const applet_table[] = {{"probe", finds, "usage\n"}, {NULL, NULL, NULL}};

/* ---- becoming ---- */

static void at_exit(void) {
    if (write(KEPT, "x", 1) < 0) _exit(7);
}

/* Its words are in the memory of the title, as those of a command line's end are. */
static void become_probe(void) {
    static char const *const envp[] = {"A=new", NULL};
    char const *const argv[] = {"probe", shown + 14, NULL};
    atexit(at_exit);
    PROG = "first";
    become(&applet_table[0], argv, envp);
    _exit(8);
}

static void it_finds_what_an_exec_would_have_left_and_exits_as_main_does(void **state) {
    int ends[2], status;
    char told;
    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (!pid) {
        if (dup2(ends[1], KEPT) < 0 || dup3(ends[1], GONE, O_CLOEXEC) < 0) _exit(9);
        become_probe();
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), GOOD);
    close(ends[1]);
    assert_int_equal(read(ends[0], &told, 1), 1);
    close(ends[0]);
}

/* ---- the title ---- */

static void a_title_ends_where_the_first_one_did(void **state) {
    static struct {
        char const *argv[4];
        char text[sizeof shown];
    } const cases[] = {
        {{"a"}, "a"},
        {{"a", "", "b"}, "a\0\0b"},
        {{"first", "one", "two three"}, "first\0one\0two three"},
        {{"longer than that", "a"}, "longer than that\0a"},
        {{"longer than that", "ab", "c"}, "longer than that\0ab"},
        {{"longer than that", "abc"}, "longer than that\0ab"},
        {{"longer than that, too", "abc"}, "longer than that, t"},
        {{NULL}, ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        memset(shown, 'x', sizeof shown - 1);
        title_show(cases[i].argv);
        assert_memory_equal(shown, cases[i].text, sizeof shown);
    }
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(it_finds_what_an_exec_would_have_left_and_exits_as_main_does),
        cmocka_unit_test(a_title_ends_where_the_first_one_did),
    };
    title_find(words);
    return cmocka_run_group_tests(tests, 0, 0);
}
