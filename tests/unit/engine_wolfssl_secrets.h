/* engine_wolfssl_secrets: where the library keeps what nobody else may know, for tests that look whether it is gone.
 * It must not copy it. A library that was compiled to order has no functions that tell: there its structures do. */

#ifndef ENGINE_WOLFSSL_SECRETS_H
#define ENGINE_WOLFSSL_SECRETS_H

#include "unit.h"

#include "engine_wolfssl.h"

#if CONFIG_WOLFSSL_SOURCE

#include <wolfssl/internal.h>

/* 16 bytes at least. */
static inline unsigned char const *engine_wolfssl_write_key(WOLFSSL *ssl) {
    assert_true(ssl->specs.key_size >= 16);
    return ssl->keys.server_write_key;
}

/* TLS 1.2, of a client; 48 bytes. */
static inline unsigned char const *engine_wolfssl_master_secret(WOLFSSL *ssl) {
    return ssl->arrays->masterSecret;
}

#else

static inline unsigned char const *engine_wolfssl_write_key(WOLFSSL *ssl) {
    assert_true(wolfSSL_GetKeySize(ssl) >= 16);
    return wolfSSL_GetServerWriteKey(ssl);
}

static inline unsigned char const *engine_wolfssl_master_secret(WOLFSSL *ssl) {
    unsigned char *secret, *random1, *random2;
    unsigned int len, len1, len2;
    assert_int_equal(wolfSSL_get_keys(ssl, &secret, &len, &random1, &len1, &random2, &len2), WOLFSSL_SUCCESS);
    assert_int_equal(len, 48);
    return secret;
}

#endif

#endif
