/* test_idopt: who is meant by -u -g -G and -U, and what of it is written for s6-applyuidgid.
 * It must not become anybody. */

#include "words.h"

#include "idopt.h"

static char const *const env[] = {"UID=11", "GID=12", "GIDLIST=13,14", 0};

static struct idopt o;
static struct opterror err;

static int parse(char const *line, char const *const *envp) {
    static struct words words;
    free(o.ids.groups);
    memset(&o, 0, sizeof o);
    struct optable table = idopt_table(&o);
    words_split(&words, line);
    if (optable_parse(&table, 1, words.argc, words.argv, &err) < 0) return -1;
    return idopt_read_env(&o, envp, &err);
}

/* -1: not set. groups: the first of the list, 0 if it is empty. */
static void means(char const *line, long uid, long gid, long groups) {
    assert_int_equal(parse(line, env), 0);
    assert_int_equal(o.ids.has_uid ? (long)o.ids.uid : -1, uid);
    assert_int_equal(o.ids.has_gid ? (long)o.ids.gid : -1, gid);
    assert_int_equal(!o.ids.has_groups ? -1 : o.ids.ngroups ? (long)o.ids.groups[0] : 0, groups);
}

static void writes(char const *line, char const *written) {
    struct command c = {.failed = 0};
    assert_int_equal(parse(line, env), 0);
    idopt_format(&c, &o);
    words_are(&c, written);
}

static void refuses(char const *line, char const *const *envp, char const *message) {
    char said[128];
    assert_int_equal(parse(line, envp), -1);
    assert_int_equal(err.errnum, 0);
    strcat(strcat(strcpy(said, err.what), err.where), err.why);
    assert_string_equal(said, message);
}

static void each_option_is_about_one(void **state) {
    (void)state;
    means("", -1, -1, -1);
    assert_false(idopt_given(&o));
    means("-u 5", 5, -1, -1);
    assert_true(idopt_given(&o));
    means("-g 5", -1, 5, -1);
    assert_true(idopt_given(&o));
    means("-G 5,6", -1, -1, 5);
    assert_true(idopt_given(&o));
    means("--uid=1 --gid=2 --gidlist=3", 1, 2, 3);
    means("--gidlist=", -1, -1, 0);
}

static void U_is_all_three_and_what_follows_it_overrides(void **state) {
    (void)state;
    means("-U", 11, 12, 13);
    assert_true(idopt_given(&o));
    means("--envuidgid", 11, 12, 13);
    means("-u 5 -g 6 -G 7 -U", 11, 12, 13);
    means("-U -u 5", 5, 12, 13);
    means("-U -g 6 -G 7", 11, 6, 7);
    means("-u 4 -U -u 5 -U -g 6", 11, 6, 13);
}

static void what_is_written_means_the_same(void **state) {
    (void)state;
    writes("-u 5 -G 7,8 -g 6", "-u 5 -g 6 -G 7,8");
    writes("-U", "-Uz");
    writes("-u 5 -U", "-Uz");
    writes("-U -u 5", "-Uz -u 5");
    writes("-u 4 -u 5", "-u 5");
}

static void what_is_wrong_is_named(void **state) {
    (void)state;
    static char const *const no_gid[] = {"UID=1", "GIDLIST=", 0};
    static char const *const bad_uid[] = {"UID=x", "GID=1", "GIDLIST=", 0};
    static char const *const bad_list[] = {"UID=1", "GID=1", "GIDLIST=1,,2", 0};
    refuses("-u x", env, "invalid -u: it is no number of a user");
    refuses("-u 4294967295", env, "invalid -u: it is no number of a user");
    refuses("--gid=x", env, "invalid --gid=x: it is no number of a group");
    refuses("-G 1,", env, "invalid -G: it is no list of numbers with commas between");
    refuses("-u x -U", env, "invalid -u: it is no number of a user");
    refuses("-U", no_gid, "GID not set");
    refuses("-U -g 5", no_gid, "GID not set");
    refuses("-U", bad_uid, "invalid UID: it is no number of a user");
    refuses("-U -u 5", bad_uid, "invalid UID: it is no number of a user");
    refuses("-U", bad_list, "invalid GIDLIST: it is no list of numbers with commas between");
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(each_option_is_about_one),
        cmocka_unit_test(U_is_all_three_and_what_follows_it_overrides),
        cmocka_unit_test(what_is_written_means_the_same),
        cmocka_unit_test(what_is_wrong_is_named),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
