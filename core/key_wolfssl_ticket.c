/* key_wolfssl_ticket: the keyring's part for tickets on wolfCrypt.
 * Must not know of connections, nor look into the state that it seals. */

#include "key_wolfssl.h"

#if CONFIG_TICKETS

#include <time.h>

#include <wolfssl/wolfcrypt/chacha20_poly1305.h>
#include <wolfssl/wolfcrypt/hmac.h>

#include "secret.h"

/* What a file has of each key, and as others use it: a name, and 64 bytes that nobody knows. */
enum { KEY_LEN = 80, SECRET_LEN = KEY_LEN - TICKET_NAME };

/* How far the clocks of two servers with the same keys may be apart, seconds. */
enum { SKEW = 60 };

/* Where the mac of a ticket has what. The rest of it is zeros. */
enum { TAG_AT = 0, BORN_AT = CHACHA20_POLY1305_AEAD_AUTHTAG_SIZE, BORN_LEN = 8 };

/* The library takes a name of zeros for none. */
static char const *refuses(unsigned char const *s, size_t len) {
    static unsigned char const none[TICKET_NAME];
    if (!len) return "it is empty";
    if (len % KEY_LEN) return "its length is not a multiple of 80 bytes";
    for (; len; s += KEY_LEN, len -= KEY_LEN)
        if (!memcmp(s, none, sizeof none)) return "a name in it is all zeros";
    return 0;
}

int keyring_add_ticket_keys(struct keyring *ring, unsigned char const *s, size_t len, char const **why) {
    *why = refuses(s, len);
    if (*why) return -1;
    ring->tickets = secret_alloc(len);
    if (!ring->tickets) return *why = "out of memory", -1;
    memcpy(ring->tickets, s, len);
    ring->ntickets = len / KEY_LEN;
    return 0;
}

int keyring_has_ticket_keys(struct keyring const *ring) {
    return ring->ntickets != 0;
}

static unsigned char const *find(struct keyring const *ring, unsigned char const *name) {
    for (size_t i = 0; i < ring->ntickets; i++)
        if (!memcmp(ring->tickets + i * KEY_LEN, name, TICKET_NAME)) return ring->tickets + i * KEY_LEN;
    return 0;
}

static void put_born(struct ticket *t) {
    uint64_t now = (uint64_t)time(0);
    for (int i = BORN_LEN; i--; now >>= 8) t->mac[BORN_AT + i] = (unsigned char)now;
}

static int is_fresh(struct ticket const *t) {
    uint64_t born = 0, now = (uint64_t)time(0);
    for (int i = 0; i < BORN_LEN; i++) born = born << 8 | t->mac[BORN_AT + i];
    return born <= now + SKEW && now <= born + CONFIG_TICKET_LIFETIME;
}

/* A key for this ticket alone: a file's key serves too many for the nonces of a cipher. Of another purpose, or another
 * time of birth, it is another key. */
static int derive(unsigned char const *key, struct ticket const *t, unsigned char const *purpose,
                  unsigned char out[CHACHA20_POLY1305_AEAD_KEYSIZE]) {
    static unsigned char const label[] = "s6-tls session ticket 1";
    Hmac h;
    if (wc_HmacInit(&h, 0, INVALID_DEVID)) return -1;
    int failed = wc_HmacSetKey(&h, WC_SHA256, key + TICKET_NAME, SECRET_LEN) ||
                 wc_HmacUpdate(&h, label, sizeof label) || wc_HmacUpdate(&h, t->salt, sizeof t->salt) ||
                 wc_HmacUpdate(&h, t->mac + BORN_AT, TICKET_MAC - BORN_AT) ||
                 wc_HmacUpdate(&h, purpose, TICKET_PURPOSE) || wc_HmacFinal(&h, out);
    wc_HmacFree(&h);
    explicit_bzero(&h, sizeof h); /* 5.5.4 leaves the key in it, under two known masks */
    return failed ? -1 : 0;
}

static int seal(unsigned char const *key, struct ticket *t) {
    static unsigned char const nonce[CHACHA20_POLY1305_AEAD_IV_SIZE]; /* one message a key */
    return wc_ChaCha20Poly1305_Encrypt(key, nonce, t->name, sizeof t->name, t->state, t->len, t->state,
                                       t->mac + TAG_AT)
               ? -1
               : 1;
}

static int open(unsigned char const *key, struct ticket *t) {
    static unsigned char const nonce[CHACHA20_POLY1305_AEAD_IV_SIZE];
    return !wc_ChaCha20Poly1305_Decrypt(key, nonce, t->name, sizeof t->name, t->state, t->len,
                                        t->mac + TAG_AT, t->state);
}

static int prepare(struct keyring *ring, struct ticket *t) {
    memset(t->mac, 0, sizeof t->mac);
    memcpy(t->name, ring->tickets, sizeof t->name);
    put_born(t);
    return wc_RNG_GenerateBlock(&ring->rng, t->salt, sizeof t->salt) ? -1 : 0;
}

int keyring_ticket(void *data, enum ticket_op op, unsigned char const *purpose, struct ticket *t) {
    struct keyring *ring = data;
    unsigned char key[CHACHA20_POLY1305_AEAD_KEYSIZE];
    if (!ring->ntickets || t->len > sizeof t->state) return -1;
    if (op == TICKET_SEAL && prepare(ring, t) < 0) return -1;
    unsigned char const *of = find(ring, t->name);
    if (!of || (op == TICKET_OPEN && !is_fresh(t))) return 0;
    int r = derive(of, t, purpose, key) < 0 ? -1 : op == TICKET_SEAL ? seal(key, t) : open(key, t);
    explicit_bzero(key, sizeof key);
    return r;
}

#endif
