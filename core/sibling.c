/* sibling: programs that are known by name; the header says it. */

#include "sibling.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/config.h>
#include <skalibs/djbunix.h>
#include <skalibs/exec.h>

#include "applet.h"
#include "become.h"
#include "config.h"
#include "exitcode.h"

#define PROC_SELF_EXE "/proc/self/exe"

/* What the kernel was told to execute. A symlink as good as the file; relative, if the caller's was. */
static char const *started_as(void) {
    char const *path =
        (char const *)getauxval(AT_EXECFN); /* NOLINT(performance-no-int-to-ptr): the kernel's way */
    return path ? path : "";
}

/* A link to a file that was removed or replaced names none. */
static int link_to_self(stralloc *path) {
    size_t start = path->len;
    if (sareadlink(path, PROC_SELF_EXE) == 0 && stralloc_0(path) && !access(path->s + start, X_OK)) return 0;
    path->len = start;
    return -1;
}

int sibling_self(stralloc *path) {
    if (link_to_self(path) == 0) return 0;
    return sarealpath(path, started_as()) < 0 || !stralloc_0(path) ? -1 : 0;
}

/* By its path first, which is what others see of it; then as it is still open, which it is for /proc when the file has been
 * replaced by an upgrade; and by what we were started as where there is no /proc. */
static void exec_self(char const *const *argv, char const *const *envp) {
    stralloc path = STRALLOC_ZERO;
    if (link_to_self(&path) == 0) execve(path.s, (char *const *)argv, (char *const *)envp);
    execve(PROC_SELF_EXE, (char *const *)argv, (char *const *)envp);
    execve(started_as(), (char *const *)argv, (char *const *)envp);
    int failed = errno;
    stralloc_free(&path);
    errno = failed;
}

int sibling_exec(char const *const *argv, char const *const *envp) {
    struct applet const *applet = applet_find(argv[0]);
    if (CONFIG_NO_EXEC && applet)
        become(applet, argv, envp);
    else if (applet)
        exec_self(argv, envp);
    else
        exec_ae(argv[0], argv, envp);
    return errno == ENOENT ? EXIT_NOTFOUND : EXIT_NOTEXECUTABLE;
}

static int is_program(char const *path) {
    struct stat st;
    return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

/* Whether exec_ae would find it: an empty directory of PATH is the current one. */
static int is_in_path(char const *name) {
    char const *dir = getenv("PATH");
    stralloc path = STRALLOC_ZERO;
    int there = 0;
    if (!dir) dir = SKALIBS_DEFAULTPATH;
    while (!there) {
        size_t len = strcspn(dir, ":");
        path.len = 0;
        if (!stralloc_catb(&path, len ? dir : ".", len ? len : 1) || !stralloc_cats(&path, "/") ||
            !stralloc_cats(&path, name) || !stralloc_0(&path))
            break;
        there = is_program(path.s);
        if (!dir[len]) break;
        dir += len + 1;
    }
    stralloc_free(&path);
    return there;
}

int sibling_add(struct command *c, char const *name, char const *before) {
    if (applet_find(name) && before && !applet_find(before)) {
        stralloc path = STRALLOC_ZERO;
        if (sibling_self(&path) < 0) return -1;
        command_add(c, path.s);
        stralloc_free(&path);
    } else if (!applet_find(name) && !is_in_path(name)) {
        return errno = ENOENT, -1;
    }
    command_add(c, name);
    return 0;
}
