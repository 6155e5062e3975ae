/* key_wolfssl_load: reads private keys in each of their forms.
 * Leaves no copy of a key behind but the one it returns. */

#include "key_wolfssl.h"

#include "der.h"
#include "pem.h"
#include "secret.h"

/* Each of the three tries one kind of key on the DER at s: PKCS#8, and the older form of its kind. Returns
 * 1, 0: it is no such key, or -1: it is, and is of no use. */

#if CONFIG_KEY_RSA
/* The library loads more, and then fails in every handshake. */
enum { RSA_BYTES_MAX = 4096 / 8 };

static int load_rsa(struct key *k, WC_RNG *rng, unsigned char const *s, word32 len) {
    word32 at = 0;
    k->type = KEY_RSA;
    if (wc_InitRsaKey(&k->u.rsa, 0)) return -1;
    int is_rsa = !wc_RsaPrivateKeyDecode(s, &at, &k->u.rsa, len);
    int ok = is_rsa && wc_RsaEncryptSize(&k->u.rsa) <= RSA_BYTES_MAX;
#ifdef WC_RSA_BLINDING
    ok = ok && !wc_RsaSetRNG(&k->u.rsa, rng);
#endif
    (void)rng;
    if (!ok) wc_FreeRsaKey(&k->u.rsa);
    return ok ? 1 : -is_rsa;
}
#endif

#if CONFIG_KEY_EC
static int is_tls_curve(struct der const *oid) {
    static char const p256[] = "\x2a\x86\x48\xce\x3d\x03\x01\x07", p384[] = "\x2b\x81\x04\x00\x22",
                      p521[] = "\x2b\x81\x04\x00\x23";
    return der_is(oid, p256, sizeof p256 - 1) || der_is(oid, p384, sizeof p384 - 1) ||
           der_is(oid, p521, sizeof p521 - 1);
}

/* PKCS#8 (RFC 5208 5) names the curve beside the key, where the library does not look: it goes by the length. */
static int has_tls_curve(ecc_key *key, unsigned char const *s, size_t len) {
    struct der in = {s, len}, info, version, algorithm, oid;
    int curve = wc_ecc_get_curve_id(key->idx);
    if (der_expect(&in, DER_SEQUENCE, &info) && der_expect(&info, DER_INTEGER, &version) &&
        der_expect(&info, DER_SEQUENCE, &algorithm))
        /* NOLINTNEXTLINE(misc-redundant-expression): each takes the next one */
        return der_expect(&algorithm, DER_OID, &oid) && der_expect(&algorithm, DER_OID, &oid) &&
               is_tls_curve(&oid);
    return curve == ECC_SECP256R1 || curve == ECC_SECP384R1 || curve == ECC_SECP521R1;
}

static int load_ecc(struct key *k, WC_RNG *rng, unsigned char const *s, word32 len) {
    word32 at = 0;
    k->type = KEY_ECC;
    if (wc_ecc_init(&k->u.ecc)) return -1;
    int is_ecc = !wc_EccPrivateKeyDecode(s, &at, &k->u.ecc, len);
    int ok = is_ecc && has_tls_curve(&k->u.ecc, s, len);
#ifdef ECC_TIMING_RESISTANT
    if (ok) wc_ecc_set_rng(&k->u.ecc, rng);
#endif
    ok = ok && (k->u.ecc.type != ECC_PRIVATEKEY_ONLY || !wc_ecc_make_pub_ex(&k->u.ecc, 0, rng));
    if (!ok) wc_ecc_free(&k->u.ecc);
    return ok ? 1 : -is_ecc;
}
#endif

#if CONFIG_KEY_ED25519
static int load_ed25519(struct key *k, WC_RNG *rng, unsigned char const *s, word32 len) {
    word32 at = 0;
    (void)rng;
    k->type = KEY_ED25519;
    if (wc_ed25519_init(&k->u.ed25519)) return -1;
    if (!wc_Ed25519PrivateKeyDecode(s, &at, &k->u.ed25519, len)) {
        unsigned char pub[ED25519_PUB_KEY_SIZE];
        if (k->u.ed25519.pubKeySet) return 1;
        /* the file has the private half only (RFC 8410 7) */
        if (!wc_ed25519_make_public(&k->u.ed25519, pub, sizeof pub) &&
            !wc_ed25519_import_public(pub, sizeof pub, &k->u.ed25519))
            return 1;
    }
    wc_ed25519_free(&k->u.ed25519);
    return 0;
}
#endif

static int load_der(struct key *k, WC_RNG *rng, unsigned char const *s, size_t len) {
    int r = 0;
#if CONFIG_KEY_RSA
    r = load_rsa(k, rng, s, (word32)len);
#endif
#if CONFIG_KEY_EC
    if (!r) r = load_ecc(k, rng, s, (word32)len);
#endif
#if CONFIG_KEY_ED25519
    if (!r) r = load_ed25519(k, rng, s, (word32)len);
#endif
    return r > 0;
}

static int load_pem(struct key *k, WC_RNG *rng, unsigned char const *s, size_t len, char const **why) {
    unsigned char *der = secret_alloc(len);
    int ok = 0;
    if (!der) {
        *why = "out of memory";
        return 0;
    }
    if (memmem(s, len, "ENCRYPTED", 9)) {
        *why = "the key is encrypted: store it decrypted";
    } else {
        int n = wc_KeyPemToDer(s, (int)len, der, (int)len, 0);
        if (n > 0) ok = load_der(k, rng, der, (size_t)n);
    }
    secret_free(der);
    return ok;
}

#if CONFIG_KEY_RSA
#define RSA_KIND "; RSA of at most 4096 bits"
#else
#define RSA_KIND ""
#endif
#if CONFIG_KEY_EC
#define EC_KIND "; EC on P-256, P-384 or P-521"
#else
#define EC_KIND ""
#endif
#if CONFIG_KEY_ED25519
#define ED25519_KIND "; Ed25519"
#else
#define ED25519_KIND ""
#endif

struct key *key_load(WC_RNG *rng, unsigned char const *s, size_t len, char const **why) {
    struct key *k = secret_alloc(sizeof *k);
    *why = "not a private key that can be used: PEM or DER" RSA_KIND EC_KIND ED25519_KIND;
    if (!k) {
        *why = "out of memory";
        return 0;
    }
    memset(k, 0, sizeof *k);
    if (pem_is(s, len) ? load_pem(k, rng, s, len, why) : load_der(k, rng, s, len)) return k;
    secret_free(k);
    return 0;
}

void key_free(struct key *k) {
    switch (k->type) {
#if CONFIG_KEY_RSA
    case KEY_RSA: wc_FreeRsaKey(&k->u.rsa); break;
#endif
#if CONFIG_KEY_EC
    case KEY_ECC: wc_ecc_free(&k->u.ecc); break;
#endif
#if CONFIG_KEY_ED25519
    case KEY_ED25519: wc_ed25519_free(&k->u.ed25519); break;
#endif
    default: break;
    }
    secret_free(k);
}
