/* watched: in what is built with SANITIZE=1, tells the sanitizers where their reports go: into the directory "reports"
 * beside the binary, whatever the environment is; and looks for leaks at _exit too.
 * It runs before they are set up: it must not call a function that they replace, nor be checked itself. */

#include <linux/limits.h>
#include <stdlib.h>
#include <unistd.h>

#define UNCHECKED __attribute__((no_sanitize("address", "undefined")))
#define LOG_PATH ":log_path="
#define REPORT "/reports/report"

struct options {
    char text[128 + sizeof LOG_PATH + PATH_MAX + sizeof REPORT];
    long len;
};

/* Two libraries, each with options of its own. */
char const *__asan_default_options(void);
char const *__ubsan_default_options(void);
void __lsan_do_leak_check(void);

static UNCHECKED void append(struct options *o, char const *word) {
    while (*word) o->text[o->len++] = *word++;
    o->text[o->len] = 0;
}

/* libc's readlink under the name that neither the sanitizers nor a test has replaced. */
ssize_t __readlink_chk(char const *path, char *to, size_t len, size_t room);

/* The directory of the binary. */
static UNCHECKED void append_directory(struct options *o) {
    long n = __readlink_chk("/proc/self/exe", o->text + o->len, PATH_MAX, PATH_MAX);
    while (n > 0 && o->text[o->len + n - 1] != '/') n--;
    if (n > 0) o->len += n - 1;
}

static UNCHECKED char const *with_log_path(struct options *o, char const *others) {
    o->len = 0;
    append(o, others);
    append(o, LOG_PATH);
    append_directory(o);
    append(o, REPORT);
    return o->text;
}

UNCHECKED char const *__asan_default_options(void) {
    static struct options o;
    return with_log_path(&o,
                         "exitcode=77:detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1");
}

UNCHECKED char const *__ubsan_default_options(void) {
    static struct options o;
    return with_log_path(&o, "exitcode=77:print_stacktrace=1");
}

/* In the place of libc's, for libraries too: the sanitizers look for leaks at exit() only. */
UNCHECKED void _exit(int code) {
    __lsan_do_leak_check();
    _Exit(code);
}
