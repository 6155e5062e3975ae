/* key_wolfssl: the keyring on wolfCrypt.
 * Must not know of connections; with key_wolfssl_load.c the only code that holds private keys. */

#include "key_wolfssl.h"

#include <stdio.h>

#include <skalibs/alloc.h>

#include "pem.h"
#include "secret.h"
#include "x509.h"

int keyring_keep_secret(void) {
    return wolfSSL_SetAllocators(secret_alloc, secret_free, secret_realloc) ? -1 : 0;
}

struct keyring *keyring_new(void) {
    struct keyring *ring = secret_alloc(sizeof *ring);
    if (!ring) return 0;
    memset(ring, 0, sizeof *ring);
    if (!wolfCrypt_Init()) {
        if (!wc_InitRng(&ring->rng)) return ring;
        wolfCrypt_Cleanup();
    }
    secret_free(ring);
    return 0;
}

void keyring_free(struct keyring *ring) {
    for (size_t i = 0; i < genalloc_len(struct key *, &ring->keys); i++)
        key_free(genalloc_s(struct key *, &ring->keys)[i]);
    genalloc_free(struct key *, &ring->keys);
    secret_free(ring->tickets);
    wc_FreeRng(&ring->rng);
    wolfCrypt_Cleanup();
    secret_free(ring);
}

int keyring_add(struct keyring *ring, unsigned char const *s, size_t len, char const **why) {
    struct key *k = key_load(&ring->rng, s, len, why);
    if (!k) return -1;
    if (!genalloc_append(struct key *, &ring->keys, &k)) {
        key_free(k);
        *why = "out of memory";
        return -1;
    }
    return (int)genalloc_len(struct key *, &ring->keys) - 1;
}

static struct key *find(struct keyring *ring, unsigned int key) {
    return key < genalloc_len(struct key *, &ring->keys) ? genalloc_s(struct key *, &ring->keys)[key] : 0;
}

/* 112 bits of security are the least (NIST SP 800-131A). */
enum { RSA_BITS_MIN = 2048 };

int keyring_describe(struct keyring *ring, unsigned int key, char text[KEYRING_TEXT_MAX]) {
    struct key *k = find(ring, key);
    int bits = 0;
    char const *kind = "Ed25519";
#if CONFIG_KEY_RSA
    if (k && k->type == KEY_RSA) {
        bits = 8 * wc_RsaEncryptSize(&k->u.rsa);
        kind = "RSA";
    }
#endif
#if CONFIG_KEY_EC
    if (k && k->type == KEY_ECC) {
        bits = wc_ecc_get_curve_id(k->u.ecc.idx) == ECC_SECP521R1 ? 521 : 8 * wc_ecc_size(&k->u.ecc);
        kind = "EC";
    }
#endif
    if (k && k->type == KEY_ED25519) bits = 256;
    (void)snprintf(text, KEYRING_TEXT_MAX, "%s, %d bits", kind, bits);
    return k && k->type == KEY_RSA && bits < RSA_BITS_MIN;
}

#if CONFIG_KEY_RSA
static int rsa_matches(struct key *k, unsigned char const *spki, word32 len) {
    unsigned char n1[1024], n2[1024], e1[8], e2[8];
    word32 n1len = sizeof n1, n2len = sizeof n2, e1len = sizeof e1, e2len = sizeof e2, at = 0;
    RsaKey pub;
    if (wc_InitRsaKey(&pub, 0)) return 0;
    int ok = !wc_RsaPublicKeyDecode(spki, &at, &pub, len) &&
             !wc_RsaFlattenPublicKey(&pub, e1, &e1len, n1, &n1len) &&
             !wc_RsaFlattenPublicKey(&k->u.rsa, e2, &e2len, n2, &n2len) && n1len == n2len && e1len == e2len &&
             !memcmp(n1, n2, n1len) && !memcmp(e1, e2, e1len);
    wc_FreeRsaKey(&pub);
    return ok;
}
#endif

#if CONFIG_KEY_EC
static int ecc_matches(struct key *k, unsigned char const *spki, word32 len) {
    unsigned char p1[256], p2[256];
    word32 p1len = sizeof p1, p2len = sizeof p2, at = 0;
    ecc_key pub;
    if (wc_ecc_init(&pub)) return 0;
    int ok = !wc_EccPublicKeyDecode(spki, &at, &pub, len) &&
             wc_ecc_get_curve_id(pub.idx) == wc_ecc_get_curve_id(k->u.ecc.idx) &&
             !wc_ecc_export_x963(&pub, p1, &p1len) && !wc_ecc_export_x963(&k->u.ecc, p2, &p2len) &&
             p1len == p2len && !memcmp(p1, p2, p1len);
    wc_ecc_free(&pub);
    return ok;
}
#endif

#if CONFIG_KEY_ED25519
static int ed25519_matches(struct key *k, unsigned char const *spki, word32 len) {
    unsigned char p1[ED25519_PUB_KEY_SIZE], p2[ED25519_PUB_KEY_SIZE];
    word32 p1len = sizeof p1, p2len = sizeof p2, at = 0;
    ed25519_key pub;
    if (wc_ed25519_init(&pub)) return 0;
    int ok = !wc_Ed25519PublicKeyDecode(spki, &at, &pub, len) &&
             !wc_ed25519_export_public(&pub, p1, &p1len) &&
             !wc_ed25519_export_public(&k->u.ed25519, p2, &p2len) && !memcmp(p1, p2, sizeof p1);
    wc_ed25519_free(&pub);
    return ok;
}
#endif

static int der_matches(struct key *k, unsigned char const *der, size_t len) {
    struct x509 x;
    if (!x509_read(&x, der, len)) return 0;
    switch (k->type) {
#if CONFIG_KEY_RSA
    case KEY_RSA: return rsa_matches(k, x.spki.s, (word32)x.spki.len);
#endif
#if CONFIG_KEY_EC
    case KEY_ECC: return ecc_matches(k, x.spki.s, (word32)x.spki.len);
#endif
#if CONFIG_KEY_ED25519
    case KEY_ED25519: return ed25519_matches(k, x.spki.s, (word32)x.spki.len);
#endif
    default: return 0;
    }
}

int keyring_matches(struct keyring *ring, unsigned int key, unsigned char const *s, size_t len) {
    struct key *k = find(ring, key);
    struct pem block;
    if (!k) return 0;
    if (!pem_is(s, len)) return der_matches(k, s, len);
    do
        if (pem_next(&s, &len, &block) != PEM_BLOCK) return 0;
    while (!block.is_certificate);
    unsigned char *der = alloc(block.bodylen);
    ssize_t n = der ? pem_decode(&block, der) : -1;
    int ok = n > 0 && der_matches(k, der, (size_t)n);
    alloc_free(der);
    return ok;
}

#if CONFIG_KEY_RSA
/* A faulty signature can give the key away (RSA with the Chinese remainder theorem at once): each is checked with the
 * public half before it leaves. */
static int sign_rsa(struct keyring *ring, struct key *k, unsigned char const *in, word32 inlen,
                    unsigned char *out, word32 *outlen) {
    unsigned char back[SIGN_DIGEST_MAX];
    int r = wc_RsaSSL_Sign(in, inlen, out, *outlen, &k->u.rsa, &ring->rng);
    if (r < 0) return -1;
    *outlen = (word32)r;
    r = wc_RsaSSL_Verify(out, *outlen, back, sizeof back, &k->u.rsa);
    return r == (int)inlen && !memcmp(in, back, inlen) ? 0 : -1;
}

static int sign_pss(struct keyring *ring, struct key *k, enum wc_HashType hash, int mgf,
                    unsigned char const *in, word32 inlen, unsigned char *out, word32 *outlen) {
    unsigned char back[SIGN_OUTPUT_MAX];
    int r = wc_RsaPSS_Sign(in, inlen, out, *outlen, hash, mgf, &k->u.rsa, &ring->rng);
    if (r < 0) return -1;
    *outlen = (word32)r;
    return wc_RsaPSS_VerifyCheck(out, *outlen, back, sizeof back, in, inlen, hash, mgf, &k->u.rsa) < 0 ? -1
                                                                                                       : 0;
}
#endif

#if CONFIG_KEY_EC
static int sign_ecdsa(struct keyring *ring, struct key *k, unsigned char const *in, word32 inlen,
                      unsigned char *out, word32 *outlen) {
    int good = 0;
    if (wc_ecc_sign_hash(in, inlen, out, outlen, &ring->rng, &k->u.ecc)) return -1;
#ifdef FP_ECC
    wc_ecc_fp_free(); /* it would make tables for a third use, which does not come: 5 ms */
#endif
    return !wc_ecc_verify_hash(out, *outlen, in, inlen, &good, &k->u.ecc) && good ? 0 : -1;
}
#endif

#if CONFIG_KEY_ED25519
static int sign_ed25519(struct key *k, unsigned char const *in, word32 inlen, unsigned char *out,
                        word32 *outlen) {
    int good = 0;
    if (wc_ed25519_sign_msg(in, inlen, out, outlen, &k->u.ed25519)) return -1;
    return !wc_ed25519_verify_msg(out, *outlen, in, inlen, &good, &k->u.ed25519) && good ? 0 : -1;
}
#endif

static int sign(struct keyring *ring, struct key *k, enum sign_scheme scheme, unsigned char const *in,
                word32 inlen, unsigned char *out, word32 *outlen) {
    enum key_type needed = scheme == SIGN_ECDSA ? KEY_ECC : scheme == SIGN_ED25519 ? KEY_ED25519 : KEY_RSA;
    (void)ring; /* Ed25519 alone needs no chance */
    if (k->type != needed) return -1;
    switch (scheme) {
#if CONFIG_KEY_EC
    case SIGN_ECDSA: return sign_ecdsa(ring, k, in, inlen, out, outlen);
#endif
#if CONFIG_KEY_ED25519
    case SIGN_ED25519: return sign_ed25519(k, in, inlen, out, outlen);
#endif
#if CONFIG_KEY_RSA
    case SIGN_RSA_PKCS1: return sign_rsa(ring, k, in, inlen, out, outlen);
    case SIGN_RSA_PSS_SHA256:
        return sign_pss(ring, k, WC_HASH_TYPE_SHA256, WC_MGF1SHA256, in, inlen, out, outlen);
    case SIGN_RSA_PSS_SHA384:
        return sign_pss(ring, k, WC_HASH_TYPE_SHA384, WC_MGF1SHA384, in, inlen, out, outlen);
    case SIGN_RSA_PSS_SHA512:
        return sign_pss(ring, k, WC_HASH_TYPE_SHA512, WC_MGF1SHA512, in, inlen, out, outlen);
#endif
    default: return -1;
    }
}

int keyring_sign(void *data, unsigned int key, enum sign_scheme scheme, unsigned char const *in, size_t inlen,
                 unsigned char *out, size_t *outlen) {
    struct keyring *ring = data;
    struct key *k = find(ring, key);
    word32 len = (word32)*outlen;
    size_t max = scheme == SIGN_ED25519 ? SIGN_CONTENT_MAX : SIGN_DIGEST_MAX;
    if (!k || inlen > max || sign(ring, k, scheme, in, (word32)inlen, out, &len) < 0) return -1;
    *outlen = len;
    return 0;
}
