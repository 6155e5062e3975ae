/* ticket: what goes over the wire; the header says it. */

#include "ticket.h"

#include <string.h>

enum { LEN_AT = TICKET_NAME + TICKET_SALT, STATE_AT = LEN_AT + 2 };

int ticket_is_whole(unsigned char const *s, size_t len) {
    return len >= STATE_AT + TICKET_MAC &&
           (size_t)(s[LEN_AT] << 8 | s[LEN_AT + 1]) == len - STATE_AT - TICKET_MAC;
}

int ticket_take(struct ticket *t, unsigned char const *s, size_t len) {
    if (!ticket_is_whole(s, len) || len > STATE_AT + sizeof t->state + TICKET_MAC) return 0;
    t->len = (uint32_t)(len - STATE_AT - TICKET_MAC);
    memcpy(t->name, s, sizeof t->name);
    memcpy(t->salt, s + TICKET_NAME, sizeof t->salt);
    memcpy(t->mac, s + STATE_AT + t->len, sizeof t->mac);
    memset(t->state, 0, sizeof t->state);
    memcpy(t->state, s + STATE_AT, t->len);
    return 1;
}
