/* applet_run: the beginning and the ends of every applet; applet.h says it.
 * Apart from the table of applets, so that what only looks a name up prints and exits nothing. */

#include "applet.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <skalibs/alloc.h>
#include <skalibs/buffer.h>
#include <skalibs/bytestr.h>
#include <skalibs/env.h>
#include <skalibs/strerr.h>

#include "exitcode.h"
#include "sibling.h"

int applet_run(struct applet const *applet, int argc, char const *const *argv, char const *const *envp) {
    PROG = applet->name;
    /* the kernel names a process by the file that it executed: for a sibling that is this binary's own name */
    prctl(PR_SET_NAME, applet->name);
    if (argc > 1 && !strcmp(argv[1], "--help")) return applet_print(applet->usage);
    return applet->main(argc, argv, envp);
}

/* What was said counts only when it has left: a full disk must not exit 0. */
int applet_print(char const *text) {
    if (buffer_putsflush(buffer_1, text) < 0) strerr_diefusys(EXIT_SYSTEM, "write to stdout");
    return 0;
}

void applet_refuse(struct opterror const *err) {
    errno = err->errnum;
    if (err->errnum) strerr_diefusys(EXIT_SYSTEM, err->what, err->where);
    strerr_dief(EXIT_USAGE, err->what, err->where, err->why);
}

void applet_exec(char const *const *argv, char const *const *envp) {
    int code = sibling_exec(argv, envp);
    strerr_diefusys(code, "execute ", argv[0]);
}

void applet_exec_with(char const *const *argv, char const *const *envp, char const *vars, size_t len) {
    size_t n = env_len(envp), max = n + byte_count(vars, len, 0) + 1;
    char const **merged = alloc(max * sizeof *merged);
    if (!merged || !env_merge(merged, max, envp, n, vars, len))
        strerr_diefusys(EXIT_SYSTEM, "build the environment of ", argv[0]);
    applet_exec(argv, merged);
}

void applet_exec_command(struct command *c, int built, char const *missing, char const *const *envp,
                         char const *vars, size_t len) {
    if (built < 0 && errno == ENOENT) strerr_dief(EXIT_NOTFOUND, missing, " is neither built in nor in PATH");
    if (built < 0) strerr_diefusys(EXIT_SYSTEM, "find ", missing);
    char const *const *argv = command_argv(c);
    if (!argv) strerr_diefusys(EXIT_SYSTEM, "build a command line");
    applet_exec_with(argv, envp, vars, len);
}
