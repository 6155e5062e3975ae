/* ticketfd: keys for tickets that the connections of a super-server share and nobody has to look after: a piece of memory
 * without a name, which each connection inherits. Knows nothing of connections. */

#ifndef TICKETFD_H
#define TICKETFD_H

#include <sys/types.h>

/* Seconds after which the newest key is the older one of two. Whoever reads first makes the new one; after twice as long,
 * both. */
enum { TICKETFD_ROTATION = 12 * 60 * 60 };

/* Bytes: two keys, as keyring_add_ticket_keys takes them. */
enum { TICKETFD_KEYS = 160 };

/* Makes it, with one key. Returns an fd above 2 that an exec leaves open, or -1 with errno: ENOSYS, the kernel is too old;
 * EFBIG, it may not write as much (RLIMIT_FSIZE). */
int ticketfd_make(void);

/* Puts the keys at s, the newest first. Returns their bytes, or -1 with errno: EINVAL, it is none of ticketfd_make's. */
ssize_t ticketfd_read(int fd, unsigned char s[TICKETFD_KEYS]);

#endif
