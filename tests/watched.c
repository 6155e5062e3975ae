/* watched: in what is built with SANITIZE=1, tells the sanitizers where their reports go: into the directory "reports"
 * beside the binary, whatever the environment is.
 * It runs before they are set up: it must not call a function that they replace, nor be checked itself. */

#include <linux/limits.h>
#include <sys/syscall.h>
#include <unistd.h>

#define UNCHECKED __attribute__((no_sanitize("address", "undefined")))
#define ALWAYS "exitcode=77:detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1"
#define BEFORE ALWAYS ":log_path="
#define AFTER "/reports/report"

char const *__asan_default_options(void);
char const *__ubsan_default_options(void);

static char text[sizeof BEFORE + PATH_MAX + sizeof AFTER];

static UNCHECKED void append(char const *word, long *at) {
    while (*word) text[(*at)++] = *word++;
    text[*at] = 0;
}

UNCHECKED char const *__asan_default_options(void) {
    long at = 0;
    append(BEFORE, &at);
    long len = syscall(SYS_readlink, "/proc/self/exe", text + at, PATH_MAX);
    if (len <= 0) return ALWAYS;
    for (at += len; text[at - 1] != '/'; at--)
        ;
    at--;
    append(AFTER, &at);
    return text;
}

UNCHECKED char const *__ubsan_default_options(void) {
    return "print_stacktrace=1";
}
