/* exits: linked into coverage builds only, so that a process counts that ends by _exit or becomes another program.
 * It must do nothing else: the program's own code is as it is.
 *
 * These two are taken in place of the C library's, by the shared libraries too. A process that a signal ends does
 * not count. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>

extern void __gcov_dump(void);
extern void __gcov_reset(void);

/* Of tests/wire/faults.c, where that is loaded: what follows is not the program's own. */
extern void faults_end(void) __attribute__((weak));

static void write_counts(void) {
    if (faults_end) faults_end();
    __gcov_dump();
    __gcov_reset();
}

void _exit(int code) {
    write_counts();
    ((__typeof__(_exit) *)dlsym(RTLD_NEXT, "_exit"))(code);
    __builtin_unreachable();
}

int execve(char const *path, char *const argv[], char *const envp[]) {
    write_counts();
    return ((__typeof__(execve) *)dlsym(RTLD_NEXT, "execve"))(path, argv, envp);
}
