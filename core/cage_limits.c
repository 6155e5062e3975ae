/* cage_limits: what a process gives up without a filter: privileges, groups, fds, processes, a look inside.
 * Must not touch RLIMIT_FSIZE: messages may go to a file. */

#include "cage_parts.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <skalibs/setgroups.h>

#include "config.h"

int cage_no_new_privileges(void) {
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static int limit(int resource, rlim_t max) {
    struct rlimit now;
    if (getrlimit(resource, &now) < 0) return -1;
    if (now.rlim_max < max) max = now.rlim_max;
    return setrlimit(resource, &(struct rlimit){.rlim_cur = max, .rlim_max = max});
}

int cage_hide_memory(void) {
    return limit(RLIMIT_CORE, 0) < 0 ? -1 : prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int cage_drop_groups(void) {
    return geteuid() || getgroups(0, 0) < 1 ? 0 : skalibs_setgroups(0, 0);
}

/* What is open stays open above the limit; but to poll more fds than it allows is an error. */
int cage_set_limits(unsigned int polled) {
    if (CONFIG_HEAP_LIMIT && limit(RLIMIT_DATA, (rlim_t)CONFIG_HEAP_LIMIT << 10) < 0) return -1;
    return limit(RLIMIT_NOFILE, polled) < 0 ? -1 : limit(RLIMIT_NPROC, 0);
}
