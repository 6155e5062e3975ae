/* multicall: main(), which becomes the applet that it is called by, or called for.
 * It must not open, read or change anything before that applet runs. */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <skalibs/buffer.h>
#include <skalibs/config.h>
#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/unix-transactional.h>

#include "applet.h"
#include "config.h"
#include "exitcode.h"
#include "sibling.h"
#include "title.h"

#if CONFIG_ENGINE
#include "engine.h"
#endif

/* From 2.14.5 on, skalibs has PROG itself, and another atomic_symlink. */
#if __has_include(<skalibs/prog.h>)
#include <skalibs/prog.h>
#define replace_symlink(target, path) atomic_symlink4((target), (path), NULL, 0)
#else
char const *PROG;
#define replace_symlink(target, path) atomic_symlink((target), (path), SELF)
#endif

#define SELF "s6-tls"

#define APPLET(name, function, usage) extern applet_func function;
#include "applets.h"
#undef APPLET

struct applet const applet_table[] = {
#define APPLET(name, function, usage) {name, function, usage},
#include "applets.h"
#undef APPLET
    {NULL, NULL, NULL},
};

static char const usage[] =
    "usage: " SELF " applet [ argument... ]\n"
    "       " SELF " --list         print the names of the applets\n"
    "       " SELF " --install dir  make a symlink to this binary in dir for each of them\n"
    "       " SELF " --help         print this; applet --help prints the applet's usage\n"
    "       " SELF " --version      print the versions and the options that are compiled in\n"
    "Called by the name of an applet, it is that applet.\n";

static int print_list(void) {
    for (struct applet const *applet = applet_table; applet->name; applet++) {
        applet_print(applet->name);
        applet_print("\n");
    }
    return 0;
}

static int print_version(void) {
    applet_print(SELF " " S6TLS_VERSION "\n");
#if CONFIG_ENGINE
    applet_print("wolfSSL ");
    applet_print(engine_version_built());
    applet_print(" at build, ");
    applet_print(engine_version_running());
    applet_print(" at run\n");
#endif
    applet_print("skalibs " SKALIBS_VERSION "\n");
    return applet_print(CONFIG_TEXT);
}

/* An old symlink is replaced in one step; anything else of that name is not ours to remove. */
static void install_one(char const *target, char const *dir, char const *name) {
    char path[strlen(dir) + strlen(name) + 2];
    struct stat st;
    stpcpy(stpcpy(stpcpy(path, dir), "/"), name);
    if (lstat(path, &st) < 0) {
        if (errno != ENOENT) strerr_diefusys(EXIT_SYSTEM, "install ", path);
    } else if (!S_ISLNK(st.st_mode)) {
        errno = EEXIST;
        strerr_diefusys(EXIT_SYSTEM, "install ", path);
    }
    if (!replace_symlink(target, path)) strerr_diefusys(EXIT_SYSTEM, "install ", path);
}

static int install(char const *dir) {
    stralloc self = STRALLOC_ZERO;
    if (sibling_self(&self) < 0) strerr_diefusys(EXIT_SYSTEM, "find the path of this binary");
    for (struct applet const *applet = applet_table; applet->name; applet++)
        install_one(self.s, dir, applet->name);
    stralloc_free(&self);
    return 0;
}

static int run_own(int argc, char const *const *argv) {
    if (argc == 2 && !strcmp(argv[1], "--list")) return print_list();
    if (argc == 2 && !strcmp(argv[1], "--help")) return applet_print(usage);
    if (argc == 2 && !strcmp(argv[1], "--version")) return print_version();
    if (argc == 3 && !strcmp(argv[1], "--install")) return install(argv[2]);
    buffer_putsflush(buffer_2, usage);
    return EXIT_USAGE;
}

static char const *base_name(char const *path) {
    char const *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int run_applet(int argc, char const *const *argv, char const *const *envp) {
    char const *name = base_name(argv[0]);
    struct applet const *applet = applet_find(name);
    if (applet) return applet_run(applet, argc, argv, envp);
    strerr_dief(EXIT_USAGE, "unknown applet ", name, "; " SELF " --list prints those that are built in");
}

int main(int argc, char const *const *argv, char const *const *envp) {
    PROG = SELF;
    if (argc < 1) strerr_dief(EXIT_USAGE, "no name to be called by");
    if (CONFIG_NO_EXEC) title_find(argv);
    if (strcmp(base_name(argv[0]), SELF)) return run_applet(argc, argv, envp);
    if (argc < 2 || argv[1][0] == '-') return run_own(argc, argv);
    /* a name, or the path of a script whose interpreter this is */
    return run_applet(argc - 1, argv + 1, envp);
}
