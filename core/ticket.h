/* ticket: a session that a server has sealed for its client to keep (RFC 8446 4.6.1, RFC 5077), and what the engine asks
 * of whoever holds the keys for that; they may be in another process. Knows nothing of where they are. */

#ifndef TICKET_H
#define TICKET_H

#include <stddef.h>
#include <stdint.h>

/* Bytes. */
enum {
    TICKET_NAME = 16, /* of the key */
    TICKET_SALT = 16,
    TICKET_MAC = 32,
    TICKET_STATE_MAX = 768,
    TICKET_PURPOSE = 32,
};

/* The shape is the library's: each part has its place in what goes over the wire. */
struct ticket {
    unsigned char name[TICKET_NAME];
    unsigned char salt[TICKET_SALT];
    unsigned char mac[TICKET_MAC];
    uint32_t len; /* of the state, sealed or open */
    unsigned char state[TICKET_STATE_MAX];
};

/* Whether the len bytes at s are as long as it says in them: name, salt, two bytes of length, state and mac. */
int ticket_is_whole(unsigned char const *s, size_t len);

/* Takes them apart. Returns 1, or 0: they are not whole, or there is more of a state than there can be. */
int ticket_take(struct ticket *t, unsigned char const *s, size_t len);

enum ticket_op { TICKET_OPEN, TICKET_SEAL };

/* Seals or opens t in place. The purpose, TICKET_PURPOSE bytes, says what the session may be used for: what was sealed
 * for one does not open for another. Returns 1; or 0: this ticket is not, or no longer, one of ours; or -1: it
 * failed. */
typedef int sealer_func(void *data, enum ticket_op op, unsigned char const *purpose, struct ticket *t);

#endif
