/* s6-applyuidgid: executes a program as another user.
 * It must not look names up: numbers are all it knows.
 *
 * config S6_APPLYUIDGID
 *     bool "s6-applyuidgid: run a program as another user"
 *     default y
 *     help
 *       Sets the supplementary groups, gid and uid, as numbers from the
 *       command line or from UID, GID and GIDLIST, and executes a program.
 *
 * usage: s6-applyuidgid [ -z ] [ -u uid ] [ -g gid ] [ -G gidlist ] [ -U ] prog...
 *     -u uid      become this user
 *     -g gid      become this group
 *     -G gidlist  have these supplementary groups, with commas between; may be empty
 *     -U          take all three from UID, GID and GIDLIST; an option after it overrides
 *     -z          remove UID, GID and GIDLIST from the environment of prog
 * What is not asked for stays as it is.
 */

#include <string.h>

#include <skalibs/alloc.h>
#include <skalibs/env.h>
#include <skalibs/strerr.h>

#include "applet.h"
#include "exitcode.h"
#include "idopt.h"

static int is_id_variable(char const *entry) {
    return !strncmp(entry, "UID=", 4) || !strncmp(entry, "GID=", 4) || !strncmp(entry, "GIDLIST=", 8);
}

/* Every entry of a name goes, not the first alone: which one a program sees is its own choice. */
static char const *const *without_ids(char const *const *envp) {
    char const **kept = alloc((env_len(envp) + 1) * sizeof *kept);
    if (!kept) strerr_diefusys(EXIT_SYSTEM, "build the environment of prog");
    size_t n = 0;
    for (; *envp; envp++) {
        if (!is_id_variable(*envp)) kept[n++] = *envp;
    }
    kept[n] = NULL;
    return kept;
}

/* -z is all that this program has of its own. */
static void take_clean(void *data, int code, char const *arg, struct opterror *err) {
    int *clean = data;
    (void)code, (void)arg, (void)err;
    *clean = 1;
}

static struct optable_row const clean_row = {1, 'z', 0, NULL};

int s6_applyuidgid_main(int argc, char const *const *argv, char const *const *envp) {
    struct idopt who = {.from_env = 0};
    struct opterror err;
    char const *failed;
    int clean = 0;
    struct optable const tables[] = {idopt_table(&who), {&clean_row, 1, 1, take_clean, &clean}};
    int first = optable_parse(tables, 2, argc, argv, &err);
    if (first < 0 || idopt_read_env(&who, envp, &err) < 0) applet_refuse(&err);
    argv += first;
    if (!*argv) strerr_dief(EXIT_USAGE, "no program to execute; --help shows the usage");
    if (ids_apply(&who.ids, &failed) < 0) strerr_diefusys(EXIT_SYSTEM, failed);
    applet_exec(argv, clean ? without_ids(envp) : envp);
}
