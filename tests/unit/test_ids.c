/* test_ids: numbers and lists of groups as text; taking them on, in a child, with the system itself as judge.
 * It must not change who the test program itself is. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ids.h"

#include <errno.h>
#include <grp.h>
#include <linux/securebits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static char const *const not_a_number[] = {
    "",   "x", "-1", "+1", " 1", "1 ", "1x", "0x1", "1.0", "4294967295", "4294967296", "18446744073709551616",
    "1,2"};

static void a_number_is_decimal_digits_below_the_greatest(void **state) {
    (void)state;
    struct ids ids = {0};
    assert_int_equal(ids_set_uid(&ids, "0"), 0);
    assert_int_equal(ids.uid, 0);
    assert_int_equal(ids_set_uid(&ids, "4294967294"), 0);
    assert_true(ids.uid == 4294967294u);
    assert_int_equal(ids_set_gid(&ids, "1000"), 0);
    assert_int_equal(ids.gid, 1000);
    assert_true(ids.has_uid && ids.has_gid && !ids.has_groups);
}

static void anything_else_is_no_number_and_changes_nothing(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof not_a_number / sizeof *not_a_number; i++) {
        struct ids ids = {.uid = 7, .gid = 8};
        assert_int_equal(ids_set_uid(&ids, not_a_number[i]), -1);
        assert_int_equal(ids_set_gid(&ids, not_a_number[i]), -1);
        assert_true(ids.uid == 7 && ids.gid == 8 && !ids.has_uid && !ids.has_gid);
    }
}

static void a_list_has_commas_between_and_may_be_empty(void **state) {
    (void)state;
    struct ids ids = {0};
    assert_int_equal(ids_set_groups(&ids, "5,0,4294967294"), 0);
    assert_int_equal(ids.ngroups, 3);
    assert_true(ids.groups[0] == 5 && ids.groups[1] == 0 && ids.groups[2] == 4294967294u);
    assert_int_equal(ids_set_groups(&ids, "42"), 0);
    assert_int_equal(ids.ngroups, 1);
    assert_int_equal(ids.groups[0], 42);
    assert_int_equal(ids_set_groups(&ids, ""), 0);
    assert_int_equal(ids.ngroups, 0);
    assert_true(ids.has_groups);
}

static void junk_in_a_list_keeps_the_list_before(void **state) {
    static char const *const junk[] = {",",   "1,",  ",1",   "1,,2",         "1, 2",         " 1",   "1 ",
                                       "1;2", "1,x", "1,-1", "1,4294967295", "4294967296,1", "1,2\n"};
    (void)state;
    struct ids ids = {0};
    assert_int_equal(ids_set_groups(&ids, "9"), 0);
    for (size_t i = 0; i < sizeof junk / sizeof *junk; i++) {
        errno = 0;
        assert_int_equal(ids_set_groups(&ids, junk[i]), -1);
        assert_int_equal(errno, EINVAL);
        assert_true(ids.ngroups == 1 && ids.groups[0] == 9);
    }
    free(ids.groups);
}

static void a_list_of_a_thousand_groups_is_read_whole(void **state) {
    (void)state;
    char text[5000] = "1000";
    for (size_t i = 1; i < 1000; i++) strcat(text, ",1");
    struct ids ids = {0};
    assert_int_equal(ids_set_groups(&ids, text), 0);
    assert_int_equal(ids.ngroups, 1000);
    assert_true(ids.groups[0] == 1000 && ids.groups[999] == 1);
    free(ids.groups);
}

/* Runs in_child there; what it returns is the child's exit code. */
static int in_fork(int (*in_child)(void)) {
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) _exit(in_child());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void need_root(void) {
    if (geteuid() != 0) skip();
}

static int takes_on_all_three(void) {
    static struct ids ids; /* its list is as good as freed when the child ends */
    char const *failed = "";
    uid_t uid[3];
    gid_t gid[3];
    gid_t groups[3];
    if (ids_set_uid(&ids, "1001") < 0 || ids_set_gid(&ids, "1002") < 0) return 1;
    if (ids_set_groups(&ids, "1003,1004") < 0) return 2;
    if (ids_apply(&ids, &failed) < 0 || failed) return 3;
    if (getresuid(uid, uid + 1, uid + 2) < 0 || uid[0] != 1001 || uid[1] != 1001 || uid[2] != 1001) return 4;
    if (getresgid(gid, gid + 1, gid + 2) < 0 || gid[0] != 1002 || gid[1] != 1002 || gid[2] != 1002) return 5;
    if (getgroups(3, groups) != 2 || groups[0] != 1003 || groups[1] != 1004) return 6;
    return 0;
}

static void all_three_are_taken_on_real_effective_and_saved(void **state) {
    (void)state;
    need_root();
    assert_int_equal(in_fork(takes_on_all_three), 0);
}

static int changes_only_the_uid(void) {
    struct ids ids = {0};
    char const *failed;
    gid_t group = 77;
    gid_t found[2];
    if (setgroups(1, &group) < 0 || setgid(78) < 0) return 1;
    if (ids_set_uid(&ids, "1001") < 0 || ids_apply(&ids, &failed) < 0) return 2;
    if (getuid() != 1001 || getgid() != 78) return 3;
    if (getgroups(2, found) != 1 || found[0] != 77) return 4;
    return 0;
}

static void what_was_not_asked_for_stays(void **state) {
    (void)state;
    need_root();
    assert_int_equal(in_fork(changes_only_the_uid), 0);
}

/* Without the fix-up, the capabilities outlive the change of uid. */
static int keeps_capabilities(void) {
    struct ids ids = {0};
    char const *failed = "";
    if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) < 0) return 1;
    if (ids_set_uid(&ids, "1001") < 0) return 2;
    if (ids_apply(&ids, &failed) == 0) return 3;
    return strcmp(failed, "give up root for good") ? 4 : 0;
}

static void root_that_can_be_had_back_is_a_failure(void **state) {
    (void)state;
    need_root();
    assert_int_equal(in_fork(keeps_capabilities), 0);
}

static int keeps_a_saved_root(void) {
    struct ids ids = {0};
    char const *failed;
    uid_t real, effective, saved;
    if (setresuid(1001, 1001, 0) < 0) return 1;
    if (ids_set_uid(&ids, "1001") < 0 || ids_apply(&ids, &failed) < 0) return 2;
    if (getresuid(&real, &effective, &saved) < 0) return 3;
    return saved == 1001 ? 0 : 4;
}

static void a_saved_root_goes_too(void **state) {
    (void)state;
    need_root();
    assert_int_equal(in_fork(keeps_a_saved_root), 0);
}

static int fails_step(char const *uid, char const *gid, char const *groups, char const *step) {
    static struct ids ids; /* its list is as good as freed when the child ends */
    char const *failed = "";
    if (setresuid(1001, 1001, 1001) < 0) return 1;
    if (uid && ids_set_uid(&ids, uid) < 0) return 2;
    if (gid && ids_set_gid(&ids, gid) < 0) return 3;
    if (groups && ids_set_groups(&ids, groups) < 0) return 4;
    errno = 0;
    if (ids_apply(&ids, &failed) == 0 || errno != EPERM) return 5;
    return strcmp(failed, step) ? 6 : 0;
}

static int fails_groups(void) {
    return fails_step("1002", "1002", "5", "set supplementary groups");
}

static int fails_gid(void) {
    return fails_step("1002", "1002", NULL, "set gid");
}

static int fails_uid(void) {
    return fails_step("1002", NULL, NULL, "set uid");
}

static void the_step_that_failed_is_told(void **state) {
    (void)state;
    need_root();
    assert_int_equal(in_fork(fails_groups), 0);
    assert_int_equal(in_fork(fails_gid), 0);
    assert_int_equal(in_fork(fails_uid), 0);
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(a_number_is_decimal_digits_below_the_greatest),
        cmocka_unit_test(anything_else_is_no_number_and_changes_nothing),
        cmocka_unit_test(a_list_has_commas_between_and_may_be_empty),
        cmocka_unit_test(junk_in_a_list_keeps_the_list_before),
        cmocka_unit_test(a_list_of_a_thousand_groups_is_read_whole),
        cmocka_unit_test(all_three_are_taken_on_real_effective_and_saved),
        cmocka_unit_test(what_was_not_asked_for_stays),
        cmocka_unit_test(root_that_can_be_had_back_is_a_failure),
        cmocka_unit_test(a_saved_root_goes_too),
        cmocka_unit_test(the_step_that_failed_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
