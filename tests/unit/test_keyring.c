/* test_keyring: keys in each form that openssl writes; what they sign, openssl verifies.
 * It must not know how keys are kept. */

#include "sandbox.h"

#include "key_wolfssl.h" /* to spoil a key */
#include "keyring.h"

static char const make_keys[] =
    "exec >/dev/null 2>&1; set -e\n"
    "genpkey() { openssl genpkey -algorithm \"$@\"; }\n"
    "genpkey RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem\n"
    "genpkey RSA -pkeyopt rsa_keygen_bits:2048 -out rsa2.pem\n"
    "genpkey EC -pkeyopt ec_paramgen_curve:P-256 -out p256.pem\n"
    "genpkey EC -pkeyopt ec_paramgen_curve:P-384 -out p384.pem\n"
    "genpkey EC -pkeyopt ec_paramgen_curve:P-521 -out p521.pem\n"
    "genpkey EC -pkeyopt ec_paramgen_curve:P-256 -out p256b.pem\n"
    "genpkey ED25519 -out ed25519.pem\n"
    "genpkey ED25519 -out ed25519b.pem\n"
    "for k in rsa rsa2 p256 p384 p521 p256b ed25519 ed25519b; do\n"
    "    openssl pkcs8 -topk8 -nocrypt -in $k.pem -outform DER -out $k.der\n"
    "    openssl pkey -in $k.pem -pubout -out $k.pub\n"
    "    openssl req -x509 -new -key $k.pem -subj /CN=a -days 1 -out $k.crt\n"
    "    openssl x509 -in $k.crt -outform DER -out $k.crt.der\n"
    "done\n"
    "for k in rsa p256 p384 p521; do\n"
    "    openssl pkey -in $k.pem -traditional -out $k.old.pem\n"
    "    openssl pkey -in $k.pem -traditional -outform DER -out $k.old.der\n"
    "done\n"
    "openssl ecparam -name prime256v1 -genkey -out parameters.pem\n" /* EC PARAMETERS stand before the key */
    "cat rsa.crt rsa.pem >crt-and-key.pem\n"
    "cat rsa.pem rsa.crt >key-and-crt.pem\n"
    "(openssl x509 -in rsa.crt -noout -text; cat rsa.crt p256.crt) >chain.crt\n"
    "openssl pkcs8 -topk8 -passout pass:x -in rsa.pem -out encrypted.pem\n"
    "openssl rsa -aes128 -traditional -passout pass:x -in rsa.pem -out encrypted.old.pem\n"
    "genpkey EC -pkeyopt ec_paramgen_curve:secp256k1 -out k1.pem\n"
    "genpkey EC -pkeyopt ec_paramgen_curve:brainpoolP256r1 -out brainpool.pem\n"
    "openssl pkey -in k1.pem -traditional -out k1.old.pem\n"
    "genpkey X25519 -out x25519.pem\n"
    "printf nonsense >nonsense.pem\n"
    "head -n 3 rsa.pem >cut.pem\n";

static struct keyring *ring;

static int make_files_and_ring(void **state) {
    if (sandbox_enter(state) < 0) return -1;
    sandbox_run(make_keys);
    ring = keyring_new();
    return ring ? 0 : -1;
}

static int free_files_and_ring(void **state) {
    keyring_free(ring);
    return sandbox_leave(state);
}

static int add(char const *file, char const **why) {
    size_t len;
    unsigned char *s = sandbox_read(file, &len);
    int key = keyring_add(ring, s, len, why);
    free(s);
    return key;
}

static unsigned int added(char const *file) {
    char const *why = 0;
    int key = add(file, &why);
    if (key < 0) fail_msg("%s: %s", file, why);
    return (unsigned int)key;
}

static int matches(unsigned int key, char const *file) {
    size_t len;
    unsigned char *s = sandbox_read(file, &len);
    int r = keyring_matches(ring, key, s, len);
    free(s);
    return r;
}

/* Whether keys of the kind of this file, or of its name, are built in. */
static int is_built_in(char const *file) {
    return file[0] == 'p' ? CONFIG_KEY_EC : file[0] == 'e' ? CONFIG_KEY_ED25519 : CONFIG_KEY_RSA;
}

static void need_every_kind(void) {
    if (!CONFIG_KEY_RSA || !CONFIG_KEY_EC || !CONFIG_KEY_ED25519) skip();
}

static void keys_are_numbered_from_0(void **state) {
    (void)state;
    need_every_kind();
    struct keyring *all = ring;
    ring = keyring_new();
    assert_int_equal(added("rsa.pem"), 0);
    assert_int_equal(added("p256.pem"), 1);
    assert_int_equal(added("rsa.pem"), 2);
    keyring_free(ring);
    ring = all;
}

static void every_form_is_taken_and_is_the_same_key(void **state) {
    (void)state;
    static struct {
        char const *key, *certificate;
    } const pairs[] = {
        {"rsa.pem", "rsa.crt"},
        {"rsa.der", "rsa.crt"},
        {"rsa.old.pem", "rsa.crt"},
        {"rsa.old.der", "rsa.crt"},
        {"p256.pem", "p256.crt"},
        {"p256.der", "p256.crt"},
        {"p256.old.pem", "p256.crt"},
        {"p256.old.der", "p256.crt"},
        {"p384.pem", "p384.crt"},
        {"p384.old.der", "p384.crt"},
        {"p521.pem", "p521.crt"},
        {"p521.old.der", "p521.crt"},
        {"ed25519.pem", "ed25519.crt"},
        {"ed25519.der", "ed25519.crt"},
        {"crt-and-key.pem", "rsa.crt"},
        {"key-and-crt.pem", "rsa.crt"},
        {"rsa.pem", "rsa.crt.der"},
        {"p256.pem", "p256.crt.der"},
        {"ed25519.pem", "ed25519.crt.der"},
        {"rsa.pem", "chain.crt"},
    };
    for (size_t i = 0; i < COUNT(pairs); i++) {
        char const *why = 0;
        if (!is_built_in(pairs[i].certificate))
            assert_int_equal(add(pairs[i].key, &why), -1);
        else if (!matches(added(pairs[i].key), pairs[i].certificate))
            fail_msg("%s is not for %s", pairs[i].key, pairs[i].certificate);
    }
    if (CONFIG_KEY_EC) added("parameters.pem");
}

static void another_certificate_does_not_match(void **state) {
    (void)state;
    static struct {
        char const *key, *certificate;
    } const pairs[] = {
        {"rsa.pem", "rsa2.crt"},   {"rsa.pem", "p256.crt"},         {"rsa.pem", "ed25519.crt"},
        {"p256.pem", "p256b.crt"}, {"p256.pem", "p384.crt"},        {"p256.pem", "rsa.crt.der"},
        {"p256.pem", "chain.crt"}, {"ed25519.pem", "ed25519b.crt"}, {"ed25519.pem", "p256.crt"},
        {"rsa.pem", "rsa.pub"},    {"rsa.pem", "nonsense.pem"},
    };
    for (size_t i = 0; i < COUNT(pairs); i++)
        if (is_built_in(pairs[i].key) && matches(added(pairs[i].key), pairs[i].certificate))
            fail_msg("%s is for %s", pairs[i].key, pairs[i].certificate);
    assert_false(matches(1000, "rsa.crt"));
}

static void what_is_no_usable_key_is_refused_with_a_reason(void **state) {
    (void)state;
    static char const *const files[] = {"encrypted.pem", "encrypted.old.pem", "k1.old.pem",
                                        "x25519.pem",    "nonsense.pem",      "cut.pem",
                                        "rsa.pub",       "rsa.crt",           "rsa.crt.der"};
    for (size_t i = 0; i < COUNT(files); i++) {
        char const *why = 0;
        if (add(files[i], &why) >= 0) fail_msg("%s was taken", files[i]);
        assert_true(why && *why);
        assert_int_equal(!!strstr(why, "encrypted"), i < 2);
    }
    char const *why = 0;
    assert_int_equal(keyring_add(ring, (unsigned char const *)"", 0, &why), -1);
    assert_true(why && *why);
}

/* The length of the private half does not tell the curve. */
static void an_ec_key_on_another_curve_of_the_same_length_is_refused(void **state) {
    (void)state;
    static char const *const files[] = {"k1.pem", "brainpool.pem"};
    for (size_t i = 0; i < COUNT(files); i++) {
        char const *why = 0;
        if (add(files[i], &why) >= 0) fail_msg("%s was taken", files[i]);
    }
}

static void a_key_that_is_cut_does_no_harm(void **state) {
    (void)state;
    static char const *const files[] = {"rsa.old.der", "p256.der", "p256.old.der", "ed25519.der",
                                        "ed25519.pem"};
    for (size_t i = 0; i < COUNT(files); i++) {
        size_t len;
        unsigned char *s = sandbox_read(files[i], &len);
        for (size_t n = 0; n < len / 2; n++) {
            char const *why = 0;
            unsigned char *cut = malloc(n ? n : 1);
            memcpy(cut, s, n);
            assert_int_equal(keyring_add(ring, cut, n, &why), -1);
            assert_non_null(why);
            free(cut);
        }
        free(s);
    }
}

/* ---- signing ---- */

static unsigned char const digest[65] = "what is signed need not be a digest of anything to be signed 64.";

/* Whether openssl takes the signature of the first len bytes of digest for that of the file's key. */
static void signs(char const *name, enum sign_scheme scheme, size_t len, char const *options) {
    char file[64], command[512];
    if (!is_built_in(name)) return;
    unsigned char out[SIGN_OUTPUT_MAX];
    size_t outlen = sizeof out;
    snprintf(file, sizeof file, "%s.pem", name);
    assert_int_equal(keyring_sign(ring, added(file), scheme, digest, len, out, &outlen), 0);
    assert_true(outlen && outlen <= sizeof out);
    sandbox_write("in", digest, len);
    sandbox_write("sig", out, outlen);
    snprintf(command, sizeof command,
             "openssl pkeyutl -verify -pubin -inkey %s.pub -in in -sigfile sig %s >/dev/null", name, options);
    sandbox_run(command);
    sandbox_write("in", digest + 1, len);
    strcat(command, " 2>&1");
    assert_true(system(command) != 0); /* so verifying can fail */
}

#define PSS "-pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:digest -pkeyopt digest:"

static void openssl_verifies_what_is_signed(void **state) {
    (void)state;
    signs("p256", SIGN_ECDSA, 32, "");
    signs("p384", SIGN_ECDSA, 48, "");
    signs("p521", SIGN_ECDSA, 63, "");
    signs("rsa", SIGN_RSA_PKCS1, 51, "");
    signs("rsa", SIGN_RSA_PSS_SHA256, 32, PSS "sha256");
    signs("rsa", SIGN_RSA_PSS_SHA384, 48, PSS "sha384");
    signs("rsa", SIGN_RSA_PSS_SHA512, 64, PSS "sha512");
    signs("ed25519", SIGN_ED25519, 63, "-rawin");
}

static int sign(unsigned int key, enum sign_scheme scheme, size_t inlen, size_t room) {
    static unsigned char in[SIGN_CONTENT_MAX + 1];
    unsigned char *out = malloc(room);
    size_t outlen = room;
    int r = keyring_sign(ring, key, scheme, in, inlen, out, &outlen);
    assert_true(r || outlen <= room);
    free(out);
    return r;
}

static void a_key_signs_only_in_its_own_schemes(void **state) {
    (void)state;
    need_every_kind();
    unsigned int rsa = added("rsa.pem"), ec = added("p256.pem"), ed = added("ed25519.pem");
    assert_int_equal(sign(rsa, SIGN_ECDSA, 32, SIGN_OUTPUT_MAX), -1);
    assert_int_equal(sign(rsa, SIGN_ED25519, 32, SIGN_OUTPUT_MAX), -1);
    assert_int_equal(sign(ec, SIGN_RSA_PKCS1, 32, SIGN_OUTPUT_MAX), -1);
    assert_int_equal(sign(ec, SIGN_RSA_PSS_SHA256, 32, SIGN_OUTPUT_MAX), -1);
    assert_int_equal(sign(ec, SIGN_ED25519, 32, SIGN_OUTPUT_MAX), -1);
    assert_int_equal(sign(ed, SIGN_ECDSA, 32, SIGN_OUTPUT_MAX), -1);
    assert_int_equal(sign(ed, (enum sign_scheme)99, 32, SIGN_OUTPUT_MAX), -1);
    assert_int_equal(sign(rsa, (enum sign_scheme)99, 32, SIGN_OUTPUT_MAX), -1);
    assert_int_equal(sign(1000, SIGN_ECDSA, 32, SIGN_OUTPUT_MAX), -1);
}

/* The lengths come from the process that faces the network. */
static void what_is_too_long_or_of_a_wrong_length_is_not_signed(void **state) {
    (void)state;
    need_every_kind();
    unsigned int rsa = added("rsa.pem"), ec = added("p256.pem"), ed = added("ed25519.pem");
    assert_int_equal(sign(ec, SIGN_ECDSA, SIGN_DIGEST_MAX + 1, SIGN_OUTPUT_MAX), -1);
    assert_int_equal(sign(rsa, SIGN_RSA_PKCS1, SIGN_DIGEST_MAX, SIGN_OUTPUT_MAX),
                     -1); /* no room for padding */
    assert_int_equal(sign(rsa, SIGN_RSA_PKCS1, SIGN_DIGEST_MAX + 1, SIGN_OUTPUT_MAX), -1);
    assert_int_equal(sign(rsa, SIGN_RSA_PSS_SHA256, 31, SIGN_OUTPUT_MAX), -1);
    assert_int_equal(sign(rsa, SIGN_RSA_PSS_SHA256, 33, SIGN_OUTPUT_MAX), -1);
    assert_int_equal(sign(ed, SIGN_ED25519, SIGN_CONTENT_MAX, SIGN_OUTPUT_MAX), 0);
    assert_int_equal(sign(ed, SIGN_ED25519, SIGN_CONTENT_MAX + 1, SIGN_OUTPUT_MAX), -1);
}

static void nothing_is_written_beyond_the_room(void **state) {
    (void)state;
    need_every_kind();
    unsigned int rsa = added("rsa.pem"), ec = added("p256.pem"), ed = added("ed25519.pem");
    for (size_t room = 1; room < 64; room++) {
        assert_int_equal(sign(rsa, SIGN_RSA_PKCS1, 51, room), -1);
        assert_int_equal(sign(rsa, SIGN_RSA_PSS_SHA256, 32, room), -1);
        assert_int_equal(sign(ec, SIGN_ECDSA, 32, room), -1);
        assert_int_equal(sign(ed, SIGN_ED25519, 32, room), -1);
    }
}

/* A computation that went wrong: its result could give the key away. */
static void assert_gives_nothing_out(unsigned int key, enum sign_scheme scheme, size_t len) {
    unsigned char out[SIGN_OUTPUT_MAX];
    size_t outlen = sizeof out;
    assert_int_equal(keyring_sign(ring, key, scheme, digest, len, out, &outlen), -1);
}

/* The file with one byte of its private half changed, counted from its beginning or, if negative, from its end. */
static unsigned int added_spoilt(char const *file, int at) {
    size_t len;
    char const *why;
    unsigned char *s = sandbox_read(file, &len);
    s[at < 0 ? len - (size_t)-at : (size_t)at] ^= 1;
    int key = keyring_add(ring, s, len, &why);
    free(s);
    assert_true(key >= 0);
    return (unsigned int)key;
}

static void spoil_ed25519(unsigned int key) {
#if CONFIG_KEY_ED25519
    genalloc_s(struct key *, &ring->keys)[key]->u.ed25519.p[5] ^= 1;
#else
    (void)key;
#endif
}

static void a_signature_that_the_public_half_does_not_verify_is_not_given_out(void **state) {
    (void)state;
    need_every_kind();
    unsigned int rsa = added_spoilt("rsa.old.der", -9), ec = added_spoilt("p256.old.der", 20);
    unsigned int ed = added("ed25519.pem");
    spoil_ed25519(ed);
    assert_gives_nothing_out(rsa, SIGN_RSA_PKCS1, 51);
    assert_gives_nothing_out(rsa, SIGN_RSA_PSS_SHA256, 32);
    assert_gives_nothing_out(ec, SIGN_ECDSA, 32);
    assert_gives_nothing_out(ed, SIGN_ED25519, 50);
}

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(keys_are_numbered_from_0),
        cmocka_unit_test(every_form_is_taken_and_is_the_same_key),
        cmocka_unit_test(another_certificate_does_not_match),
        cmocka_unit_test(what_is_no_usable_key_is_refused_with_a_reason),
        cmocka_unit_test(an_ec_key_on_another_curve_of_the_same_length_is_refused),
        cmocka_unit_test(a_key_that_is_cut_does_no_harm),
        cmocka_unit_test(openssl_verifies_what_is_signed),
        cmocka_unit_test(a_key_signs_only_in_its_own_schemes),
        cmocka_unit_test(what_is_too_long_or_of_a_wrong_length_is_not_signed),
        cmocka_unit_test(nothing_is_written_beyond_the_room),
        cmocka_unit_test(a_signature_that_the_public_half_does_not_verify_is_not_given_out),
    };
    return cmocka_run_group_tests(tests, make_files_and_ring, free_files_and_ring);
}
