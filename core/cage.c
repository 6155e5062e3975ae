/* cage: the parts of the cage, one after the other; the header says it. */

#include "cage_parts.h"

#include <errno.h>
#include <string.h>

/* Whether the kernel says that it has no such thing, or that somebody around us denies it. */
static int is_missing(int e) {
    return e == ENOSYS || e == EINVAL || e == EOPNOTSUPP || e == EPERM || e == EACCES;
}

static int enter(enum cage_process who, unsigned int polled, int part) {
    switch (part) {
    case CAGE_PRIVILEGES: return cage_no_new_privileges();
    case CAGE_MEMORY: return cage_hide_memory();
    case CAGE_GROUPS: return cage_drop_groups();
    case CAGE_FILES: return cage_close_files();
    case CAGE_LIMITS: return cage_set_limits(polled);
    default: return cage_filter_calls(who);
    }
}

/* In the order of their bits: Landlock and the filter need the first, Landlock a fd, and after the filter
 * nothing more can be done. */
int cage_enter_parts(enum cage_process who, unsigned int polled, int parts) {
    int missing = 0;
    for (int part = 1; part < CAGE_WHOLE; part <<= 1) {
        if (!(parts & part) || !enter(who, polled, part)) continue;
        if (!is_missing(errno)) return -1;
        missing |= part;
    }
    return missing;
}

int cage_enter(enum cage_process who, unsigned int polled) {
    return cage_enter_parts(who, polled, CAGE_WHOLE);
}

char const *cage_parts_text(char text[CAGE_TEXT_MAX], int parts) {
    static char const *const names[] = {
        "no_new_privs",
        "memory out of sight",
        "no supplementary groups",
        "Landlock",
        "limits",
        "a system call filter (seccomp)",
    };
    char *end = text;
    *end = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!(parts & 1 << i)) continue;
        end = stpcpy(stpcpy(end, end > text ? ", " : ""), names[i]);
    }
    return text;
}
