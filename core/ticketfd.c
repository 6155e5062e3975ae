/* ticketfd: keys for tickets in memory that processes share; the header says it.
 * Must not leave a key on the stack. */

#include "ticketfd.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <skalibs/djbunix.h>

enum { KEY_LEN = TICKETFD_KEYS / 2 };

/* What is in the memory: with one key, the second is not there. */
struct shared {
    int64_t born; /* the first key: seconds since 1970 */
    unsigned char keys[TICKETFD_KEYS];
};

enum { ONE_KEY = offsetof(struct shared, keys) + KEY_LEN, TWO_KEYS = sizeof(struct shared) };

/* While one writes, nobody reads: or the keys of one could be half those of another. */
static int lock(int fd, short type) {
    struct flock whole = {.l_type = type, .l_whence = SEEK_SET};
    int r;
    do r = fcntl(fd, F_SETLKW, &whole);
    while (r < 0 && errno == EINTR);
    return r;
}

/* What is written above this limit is a signal that kills. Enough for one key is not enough: it would be found out when
 * there are two. */
static int has_room(void) {
    struct rlimit max;
    return getrlimit(RLIMIT_FSIZE, &max) < 0 || max.rlim_cur >= TWO_KEYS;
}

static int put(int fd, struct shared const *s, size_t len) {
    if (!has_room()) return errno = EFBIG, -1;
    ssize_t n = pwrite(fd, s, len, 0);
    if (n >= 0 && (size_t)n != len) errno = ENOSPC;
    return n == (ssize_t)len ? 0 : -1;
}

/* A clock that was set back by more than a key is old must not keep it for ever. */
static int is_old(struct shared const *s, int64_t now) {
    return now < s->born || now - s->born >= TICKETFD_ROTATION;
}

/* Where nobody has come for so long, the old one is not kept either: who has a ticket of it comes late. */
static int rotate(int fd, struct shared *s, int64_t now) {
    int idle = now - s->born >= 2 * (int64_t)TICKETFD_ROTATION;
    memcpy(s->keys + KEY_LEN, s->keys, KEY_LEN);
    s->born = now;
    return getentropy(s->keys, idle ? TICKETFD_KEYS : KEY_LEN) < 0 || put(fd, s, TWO_KEYS) < 0 ? -1 : 0;
}

/* Returns the bytes of the keys, 0: they are old and must not be changed, or -1. */
static ssize_t get(int fd, struct shared *s, int may_rotate) {
    int64_t now = time(0);
    ssize_t n = pread(fd, s, sizeof *s, 0);
    if (n < 0) return -1;
    if (n != ONE_KEY && n != TWO_KEYS) return errno = EINVAL, -1;
    if (!is_old(s, now)) return n - (ssize_t)offsetof(struct shared, keys);
    if (!may_rotate) return 0;
    return rotate(fd, s, now) < 0 ? -1 : TICKETFD_KEYS;
}

/* Returns as get. */
static ssize_t get_locked(int fd, struct shared *s, short type) {
    if (lock(fd, type) < 0) return -1;
    ssize_t n = get(fd, s, type == F_WRLCK);
    int e = errno;
    lock(fd, F_UNLCK);
    errno = e;
    return n;
}

/* Whoever reads does not keep others from it: one that is stopped would. */
ssize_t ticketfd_read(int fd, unsigned char keys[TICKETFD_KEYS]) {
    struct shared s;
    ssize_t n = get_locked(fd, &s, F_RDLCK);
    if (!n) n = get_locked(fd, &s, F_WRLCK);
    int e = errno;
    if (n > 0) memcpy(keys, s.keys, (size_t)n);
    explicit_bzero(&s, sizeof s);
    errno = e;
    return n;
}

static int fill(int fd) {
    struct shared s = {.born = time(0)};
    int r = fchmod(fd, 0600) < 0 || getentropy(s.keys, KEY_LEN) < 0 ? -1 : put(fd, &s, ONE_KEY);
    explicit_bzero(&s, sizeof s);
    return r;
}

int ticketfd_make(void) {
    int fd = memfd_create("keys for tickets", MFD_CLOEXEC);
    if (fd < 0) return -1;
    int above = fill(fd) < 0 ? -1 : fcntl(fd, F_DUPFD, 3);
    int e = errno;
    fd_close(fd);
    errno = e;
    return above;
}
