/* engine_wolfssl_sign: the library's requests for signatures, handed to the signer.
 * Never sees a private key. */

#include "engine_wolfssl.h"

#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/hash.h>

#if CONFIG_OWN_CERTS

static int ask(void *data, enum sign_scheme scheme, unsigned char const *in, unsigned int inlen,
               unsigned char *out, word32 *outlen) {
    struct engine *e = data;
    size_t len = *outlen;
    if (!e->sign || !e->chain || e->sign(e->sign_data, e->chain->key, scheme, in, inlen, out, &len) < 0)
        return BAD_STATE_E;
    *outlen = (word32)len;
    return 0;
}

#if CONFIG_KEY_EC
static int sign_ecdsa(WOLFSSL *ssl, unsigned char const *in, unsigned int inlen, unsigned char *out,
                      word32 *outlen, unsigned char const *key, unsigned int keylen, void *data) {
    (void)ssl, (void)key, (void)keylen;
    return ask(data, SIGN_ECDSA, in, inlen, out, outlen);
}
#endif

#if CONFIG_KEY_ED25519
static int sign_ed25519(WOLFSSL *ssl, unsigned char const *in, unsigned int inlen, unsigned char *out,
                        unsigned int *outlen, unsigned char const *key, unsigned int keylen, void *data) {
    (void)ssl, (void)key, (void)keylen;
    return ask(data, SIGN_ED25519, in, inlen, out, outlen);
}
#endif

#if CONFIG_KEY_RSA
static int sign_rsa(WOLFSSL *ssl, unsigned char const *in, unsigned int inlen, unsigned char *out,
                    word32 *outlen, unsigned char const *key, unsigned int keylen, void *data) {
    (void)ssl, (void)key, (void)keylen;
    return ask(data, SIGN_RSA_PKCS1, in, inlen, out, outlen);
}

/* The hash arrives as an OID sum. */
static int sign_rsa_pss(WOLFSSL *ssl, unsigned char const *in, unsigned int inlen, unsigned char *out,
                        unsigned int *outlen, int hash, int mgf, unsigned char const *key,
                        unsigned int keylen, void *data) {
    (void)ssl, (void)key, (void)keylen, (void)mgf;
    switch ((int)wc_OidGetHash(hash)) {
    case WC_HASH_TYPE_SHA256: return ask(data, SIGN_RSA_PSS_SHA256, in, inlen, out, outlen);
    case WC_HASH_TYPE_SHA384: return ask(data, SIGN_RSA_PSS_SHA384, in, inlen, out, outlen);
    case WC_HASH_TYPE_SHA512: return ask(data, SIGN_RSA_PSS_SHA512, in, inlen, out, outlen);
    default: return BAD_FUNC_ARG;
    }
}

/* The signer has checked its signature; the library, which would do it again, has no key to do it with. */
static int checked(WOLFSSL *ssl, unsigned char *sig, unsigned int siglen, unsigned char **out,
                   unsigned char const *key, unsigned int keylen, void *data) {
    (void)ssl, (void)sig, (void)siglen, (void)out, (void)key, (void)keylen, (void)data;
    return 0;
}

static int checked_pss(WOLFSSL *ssl, unsigned char *sig, unsigned int siglen, unsigned char **out, int hash,
                       int mgf, unsigned char const *key, unsigned int keylen, void *data) {
    (void)hash, (void)mgf;
    return checked(ssl, sig, siglen, out, key, keylen, data);
}
#endif

void engine_wolfssl_set_callbacks(struct engine *e) {
#if CONFIG_KEY_EC
    wolfSSL_CTX_SetEccSignCb(e->ctx, sign_ecdsa);
#endif
#if CONFIG_KEY_ED25519
    wolfSSL_CTX_SetEd25519SignCb(e->ctx, sign_ed25519);
#endif
#if CONFIG_KEY_RSA
    wolfSSL_CTX_SetRsaSignCb(e->ctx, sign_rsa);
    wolfSSL_CTX_SetRsaSignCheckCb(e->ctx, checked);
    wolfSSL_CTX_SetRsaPssSignCb(e->ctx, sign_rsa_pss);
    wolfSSL_CTX_SetRsaPssSignCheckCb(e->ctx, checked_pss);
#endif
}

void engine_wolfssl_bind_signer(struct engine *e) {
#if CONFIG_KEY_EC
    wolfSSL_SetEccSignCtx(e->ssl, e);
#endif
#if CONFIG_KEY_ED25519
    wolfSSL_SetEd25519SignCtx(e->ssl, e);
#endif
#if CONFIG_KEY_RSA
    wolfSSL_SetRsaSignCtx(e->ssl, e);
    wolfSSL_SetRsaPssSignCtx(e->ssl, e);
#endif
}

#endif

void engine_set_signer(struct engine *e, signer_func *sign, void *data) {
    e->sign = sign;
    e->sign_data = data;
}
