/* fds: which file descriptors a process holds; the header says it. */

#include "fds.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <skalibs/djbunix.h>
#include <skalibs/types.h>

int fds_fill_standard(void) {
    for (int fd = 0; fd < 3; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) continue;
        if (errno != EBADF || open("/dev/null", O_RDWR | O_CLOEXEC) != fd)
            return -1; /* the lowest free number */
    }
    return 0;
}

static int close_range_of(unsigned int from, unsigned int to) {
#ifdef SYS_close_range
    return (int)syscall(SYS_close_range, from, to, 0);
#else
    (void)from, (void)to;
    errno = ENOSYS;
    return -1;
#endif
}

/* Whether an fd is to be closed. */
typedef int goes_func(int fd, void const *data);

/* Without /proc, the fds up to the limit: one opened under a higher limit, lowered since, is missed. */
static int close_one_by_one(goes_func *goes, void const *data) {
    DIR *dir = opendir("/proc/self/fd");
    if (!dir) {
        long max = sysconf(_SC_OPEN_MAX);
        for (int fd = 0; fd < max; fd++)
            if (goes(fd, data)) close(fd);
        return 0;
    }
    for (struct dirent *d; (d = readdir(dir));) {
        unsigned int fd;
        if (uint0_scan(d->d_name, &fd) && (int)fd != dirfd(dir) && goes((int)fd, data)) close((int)fd);
    }
    return closedir(dir);
}

struct kept {
    int const *fds;
    unsigned int n;
};

static int is_not_kept(int fd, void const *data) {
    struct kept const *kept = data;
    for (unsigned int i = 0; i < kept->n; i++)
        if (kept->fds[i] == fd) return 0;
    return 1;
}

/* For kernels before 5.9. */
static int close_others_one_by_one(int const *keep, unsigned int n) {
    return close_one_by_one(is_not_kept, &(struct kept){keep, n});
}

static int ends_at_exec(int fd, void const *data) {
    int flags = fcntl(fd, F_GETFD);
    (void)data;
    return flags >= 0 && flags & FD_CLOEXEC;
}

int fds_close_on_exec(void) {
    return close_one_by_one(ends_at_exec, NULL);
}

static int compare(void const *a, void const *b) {
    int x = *(int const *)a, y = *(int const *)b;
    return (x > y) - (x < y);
}

int fds_close_others(int const *keep, unsigned int n) {
    int sorted[n + 1];
    unsigned int from = 0;
    for (unsigned int i = 0; i < n; i++) sorted[i] = keep[i];
    /* cppcheck-suppress uninitvar ; none is read when n is 0, and else all are set */
    qsort(sorted, n, sizeof *sorted, compare);
    for (unsigned int i = 0; i < n; i++) {
        if (sorted[i] < 0) continue;
        unsigned int fd = (unsigned int)sorted[i];
        if (fd > from && close_range_of(from, fd - 1) < 0) return close_others_one_by_one(keep, n);
        if (fd >= from) from = fd + 1;
    }
    return close_range_of(from, ~0U) < 0 ? close_others_one_by_one(keep, n) : 0;
}
