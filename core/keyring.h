/* keyring: the private keys of one process, in memory; numbers them from 0 and signs with them. And the keys for
 * tickets, if there are any.
 * Opens no file and knows no network. */

#ifndef KEYRING_H
#define KEYRING_H

#include <stddef.h>

#include "signer.h"
#include "ticket.h"

struct keyring;

/* From now on, all that the library allocates is secret memory: for a process that only holds keys, before it makes
 * a ring. Without it, the keys themselves are, and the library's copies are not. Returns 0 or -1. */
int keyring_keep_secret(void);

/* Returns 0 when there is no memory or no randomness. To be called after the last fork: it seeds a
 * generator. */
struct keyring *keyring_new(void);

/* Zeroes the keys and frees the ring. */
void keyring_free(struct keyring *ring);

/* Adds an RSA, EC or Ed25519 key in PEM or DER: PKCS#1, SEC1 or unencrypted PKCS#8. The caller wipes s.
 * Returns its number, or -1 with *why set to a static text. */
int keyring_add(struct keyring *ring, unsigned char const *s, size_t len, char const **why);

/* What kind of key it is, and of what size: "RSA, 2048 bits". Returns 1 if that is too small by now, else 0. */
enum { KEYRING_TEXT_MAX = 64 };
int keyring_describe(struct keyring *ring, unsigned int key, char text[KEYRING_TEXT_MAX]);

/* Whether the certificate (DER, or the first one in PEM) is for key number key: 1 or 0. */
int keyring_matches(struct keyring *ring, unsigned int key, unsigned char const *s, size_t len);

/* A signer_func; data is the ring. What it gives out, it has verified with the key's public half. */
int keyring_sign(void *data, unsigned int key, enum sign_scheme scheme, unsigned char const *in, size_t inlen,
                 unsigned char *out, size_t *outlen);

/* The keys for tickets, once: any number of 80 bytes each, a name of 16 and 64 that are secret. The first one seals,
 * all open. The caller wipes s. Returns 0, or -1 with *why set to a static text. */
int keyring_add_ticket_keys(struct keyring *ring, unsigned char const *s, size_t len, char const **why);
int keyring_has_ticket_keys(struct keyring const *ring);

/* A sealer_func; data is the ring. A ticket lives for CONFIG_TICKET_LIFETIME seconds. */
int keyring_ticket(void *data, enum ticket_op op, unsigned char const *purpose, struct ticket *t);

#endif
