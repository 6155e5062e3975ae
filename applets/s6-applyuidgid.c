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

#include <errno.h>
#include <getopt.h>
#include <string.h>

#include <skalibs/alloc.h>
#include <skalibs/env.h>
#include <skalibs/exec.h>
#include <skalibs/strerr.h>

#include "exitcode.h"
#include "ids.h"

typedef int set_func(struct ids *, char const *);

static void set(struct ids *ids, set_func *function, char const *what, char const *text) {
    errno = 0;
    if (function(ids, text) == 0) return;
    if (errno == ENOMEM) strerr_diefusys(EXIT_SYSTEM, "read ", what);
    strerr_dief(EXIT_USAGE, "invalid ", what, ": ", text);
}

static void set_from_variable(struct ids *ids, set_func *function, char const *const *envp,
                              char const *name) {
    char const *text = env_get2(envp, name);
    if (!text) strerr_dienotset(EXIT_USAGE, name);
    set(ids, function, name, text);
}

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

/* optopt is the letter, or 0 when what came is a long name. */
static void gccattr_noreturn die_of_option(char const *what, char const *word) {
    char const letter[3] = {'-', (char)optopt, 0};
    strerr_dief(EXIT_USAGE, what, optopt ? letter : word);
}

static int parse_options(struct ids *ids, int argc, char const *const *argv, char const *const *envp) {
    static struct option const no_long_names[] = {{NULL, 0, NULL, 0}};
    int clean = 0;
    int option;
    opterr = 0;
    optind = 0; /* from the start, whatever has been parsed before */
    while ((option = getopt_long(argc, (char *const *)argv, "+:zu:g:G:U", no_long_names, NULL)) != -1) {
        switch (option) {
        case 'z': clean = 1; break;
        case 'u': set(ids, ids_set_uid, "-u", optarg); break;
        case 'g': set(ids, ids_set_gid, "-g", optarg); break;
        case 'G': set(ids, ids_set_groups, "-G", optarg); break;
        case 'U':
            set_from_variable(ids, ids_set_uid, envp, "UID");
            set_from_variable(ids, ids_set_gid, envp, "GID");
            set_from_variable(ids, ids_set_groups, envp, "GIDLIST");
            break;
        case ':': die_of_option("no argument after ", argv[optind - 1]);
        default: die_of_option("unknown option ", argv[optind - 1]);
        }
    }
    return clean;
}

int s6_applyuidgid_main(int argc, char const *const *argv, char const *const *envp) {
    struct ids ids = {.has_uid = 0};
    char const *failed;
    int clean = parse_options(&ids, argc, argv, envp);
    argv += optind;
    if (!*argv) strerr_dief(EXIT_USAGE, "no program to execute; --help shows the usage");
    if (ids_apply(&ids, &failed) < 0) strerr_diefusys(EXIT_SYSTEM, failed);
    xexec_ae(*argv, argv, clean ? without_ids(envp) : envp);
}
