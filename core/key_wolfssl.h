/* key_wolfssl: what the files of the wolfCrypt keyring share.
 * Not to be included by anything else. */

#ifndef KEY_WOLFSSL_H
#define KEY_WOLFSSL_H

#include "config.h"

/* Which parts the library has: first of its headers. */
#if CONFIG_WOLFSSL_SOURCE
#include "user_settings.h"
#else
#include <wolfssl/options.h>
#endif

#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/ed25519.h>
#include <wolfssl/wolfcrypt/error-crypt.h>
#include <wolfssl/wolfcrypt/memory.h>
#include <wolfssl/wolfcrypt/random.h>
#include <wolfssl/wolfcrypt/rsa.h>
#include <wolfssl/wolfcrypt/wc_port.h>

#include <skalibs/genalloc.h>

#include "keyring.h"

enum key_type { KEY_RSA, KEY_ECC, KEY_ED25519 };

struct key {
    enum key_type type;
    union {
#if CONFIG_KEY_RSA
        RsaKey rsa;
#endif
#if CONFIG_KEY_EC
        ecc_key ecc;
#endif
#if CONFIG_KEY_ED25519
        ed25519_key ed25519;
#endif
    } u;
};

struct keyring {
    WC_RNG rng;
    genalloc keys;          /* struct key * */
    unsigned char *tickets; /* the keys for them, as their file has them; secret memory */
    size_t ntickets;
};

/* Reads a key, PEM or DER. Returns 0 with *why set to a static text. The key blinds itself with rng, which
 * must outlive it. */
struct key *key_load(WC_RNG *rng, unsigned char const *s, size_t len, char const **why);

/* Zeroes and frees. */
void key_free(struct key *k);

#endif
