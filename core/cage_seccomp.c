/* cage_seccomp: hands the filter of a process to the kernel.
 * Must not decide what is allowed: that is cage_rules.c. */

#include "cage_parts.h"

#include <errno.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <linux/random.h>
#include <linux/seccomp.h>

#include "cage_arch.h"
#include "cage_filter.h"

/* The library would open a device instead, and that ends a process in the cage (Linux before 3.17). */
static int has_getrandom(void) {
    return syscall(__NR_getrandom, (void *)0, (size_t)0, GRND_NONBLOCK) >= 0 || errno != ENOSYS;
}

int cage_filter_calls(enum cage_process who) {
    struct sock_filter filter[CAGE_PROGRAM_MAX];
    struct sock_fprog program = {.len = (unsigned short)cage_filter(who, filter), .filter = filter};
    if (!has_getrandom()) return -1;
    if (!program.len) return errno = E2BIG, -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}
