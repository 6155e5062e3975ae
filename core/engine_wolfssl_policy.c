/* engine_wolfssl_policy: versions, suites, groups and application protocols, as the policy says. Must not leave any of them to
 * the library's defaults: Debian's build accepts TLS 1.1 and NULL suites. */

#include "engine_wolfssl.h"

#if CONFIG_ALPN && !defined(HAVE_ALPN)
/* cppcheck-suppress preprocessorErrorDirective ; it does not read the library's headers */
#error "this wolfSSL has no ALPN: set CONFIG_ALPN to n"
#endif

char const *engine_version_built(void) {
    return LIBWOLFSSL_VERSION_STRING;
}

char const *engine_version_running(void) {
    return wolfSSL_lib_version();
}

/* Whether an object can give up TLS 1.3 later: a library that is built to be like OpenSSL sets groups of TLS 1.2 only on one
 * that has it. */
#ifdef OPENSSL_EXTRA
enum { TLS13_CAN_GO = 1 };
#else
enum { TLS13_CAN_GO = 0 };
#endif

/* The library may have been built for one side only. */
#if CONFIG_SERVER && CONFIG_CLIENT
#define METHOD(e, version)                                                                                   \
    (engine_wolfssl_is_server(e) ? version##_server_method() : version##_client_method())
#elif CONFIG_SERVER
#define METHOD(e, version) version##_server_method()
#else
#define METHOD(e, version) version##_client_method()
#endif

/* One version, or the highest that both sides have. */
WOLFSSL_METHOD *engine_wolfssl_method(struct engine const *e) {
    (void)e; /* of one side, with one version */
#if CONFIG_TLS12
    if (e->policy.max == POLICY_TLS12 && !(engine_wolfssl_is_server(e) && TLS13_CAN_GO))
        return METHOD(e, wolfTLSv1_2);
    if (e->policy.min == POLICY_TLS12) return METHOD(e, wolfSSLv23);
#endif
    return METHOD(e, wolfTLSv1_3);
}

#ifdef OPENSSL_EXTRA

/* By their numbers: to a list of names for one version, a library that is built to be like OpenSSL adds all that it has for the
 * other. */
static int set_suites(struct engine *e) {
    unsigned char list[2 * POLICY_LIST_MAX];
    int len = 0;
    for (unsigned int i = 0; i < e->policy.suites.n; i++) {
        list[len++] = (unsigned char)(e->policy.suites.ids[i] >> 8);
        list[len++] = (unsigned char)e->policy.suites.ids[i];
    }
    return wolfSSL_CTX_set_cipher_list_bytes(e->ctx, list, len) == WOLFSSL_SUCCESS ? 0 : -1;
}

#else

/* The library has names of its own for the suites; the list of them is in text, which has room for all. */
static int set_suites(struct engine *e) {
    char text[POLICY_LIST_MAX * 64];
    size_t len = 0;
    for (unsigned int i = 0; i < e->policy.suites.n; i++) {
        unsigned int id = e->policy.suites.ids[i];
        char const *name = wolfSSL_get_cipher_name_from_suite((unsigned char)(id >> 8), (unsigned char)id);
        if (!name || strlen(name) + 1 > sizeof text - len) return -1;
        if (len) text[len - 1] = ':';
        memcpy(text + len, name, strlen(name) + 1);
        len += strlen(name) + 1;
    }
    return wolfSSL_CTX_set_cipher_list(e->ctx, text) == WOLFSSL_SUCCESS ? 0 : -1;
}

#endif

static int is_for_tls12(int id) {
#if CONFIG_GROUP_X25519MLKEM768
    return id != WOLFSSL_X25519MLKEM768;
#else
    (void)id;
    return 1;
#endif
}

static int set_groups(struct engine *e) {
    int ids[POLICY_LIST_MAX], n = 0, tls12 = e->policy.max == POLICY_TLS12;
    for (unsigned int i = 0; i < e->policy.groups.n; i++) {
        int id = e->policy.groups.ids[i];
        if (tls12 && !is_for_tls12(id)) continue;
        ids[n++] = id;
        if (wolfSSL_CTX_UseSupportedCurve(e->ctx, (word16)id) != WOLFSSL_SUCCESS) return -1;
    }
    if (tls12) return 0; /* what follows is for TLS 1.3 */
    return wolfSSL_CTX_set_groups(e->ctx, ids, n) == WOLFSSL_SUCCESS ? 0 : -1;
}

int engine_wolfssl_set_policy(struct engine *e) {
#if CONFIG_TLS12
    if (wolfSSL_CTX_SetMinVersion(e->ctx, e->policy.min == POLICY_TLS12 ? WOLFSSL_TLSV1_2
                                                                        : WOLFSSL_TLSV1_3) != WOLFSSL_SUCCESS)
        return -1;
#endif
    return set_suites(e) < 0 ? -1 : set_groups(e);
}

static int offers(struct clienthello const *h, int id) {
    for (unsigned int i = 0; i < h->ngroups; i++)
        if (h->groups[i] == id) return 1;
    return 0;
}

static int first_common_group(struct engine const *e, struct clienthello const *h, int tls12) {
    for (unsigned int i = 0; i < e->policy.groups.n; i++) {
        int id = e->policy.groups.ids[i];
        if (offers(h, id) && (!tls12 || is_for_tls12(id))) return id;
    }
    return 0;
}

#ifdef OPENSSL_EXTRA
static int leave_one_group(struct engine *e, int id) {
    return wolfSSL_set1_curves_list(e->ssl, policy_group_name((unsigned int)id)) == WOLFSSL_SUCCESS;
}

static void give_up_tls13(struct engine *e) {
    wolfSSL_set_options(e->ssl, WOLFSSL_OP_NO_TLSv1_3);
}
#else
/* What the object has of its own is tried before what the client has (5.5.4), or is all that is tried. */
static int leave_one_group(struct engine *e, int id) {
    return wolfSSL_UseSupportedCurve(e->ssl, (word16)id) == WOLFSSL_SUCCESS;
}

static void give_up_tls13(struct engine *e) {
    (void)e;
}
#endif

/* In TLS 1.2 the library takes the client's first group, and any that it knows; so it is left with no choice. In TLS 1.3 it has
 * ours, but answers a client that has none of them with an empty retry; and it takes the best of the shares that were sent,
 * where another group would cost a round trip. */
int engine_wolfssl_choose_group(struct engine *e, struct clienthello const *h) {
    int tls12 = CONFIG_TLS12 && (!h->offers_tls13 || e->policy.max == POLICY_TLS12);
    int id = h->ngroups ? first_common_group(e, h, tls12) : 0;
    if (h->ngroups && !id) return 0;
    if (id && tls12 && !leave_one_group(e, id)) return 0;
    if (id && !tls12 && e->policy.groups_chosen && wolfSSL_set_groups(e->ssl, &id, 1) != WOLFSSL_SUCCESS)
        return 0;
    if (e->policy.max == POLICY_TLS12) give_up_tls13(e);
    return 1;
}

/* ---- application protocols (RFC 7301) ---- */

#if CONFIG_ALPN

/* The library compares them with what the peer sends, and fails the handshake where none is in common. */
static int use_protocols(struct engine *e, char *names) {
    if (wolfSSL_UseALPN(e->ssl, names, (word32)strlen(names), WOLFSSL_ALPN_FAILED_ON_MISMATCH) ==
        WOLFSSL_SUCCESS)
        return 0;
    return engine_fail(e, "unable to use an application protocol", (char *)0);
}

/* It knows the client's order only: it is left with one. */
int engine_wolfssl_choose_protocol(struct engine *e, struct clienthello const *h) {
    if (!e->policy.alpn || !h->alpn) return 1;
    if (!alpn_choose(e->alpn, e->policy.alpn, h->alpn, h->alpnlen)) return 0;
    return use_protocols(e, e->alpn) < 0 ? -1 : 1;
}

int engine_wolfssl_offer_protocols(struct engine *e) {
    char names[ALPN_TEXT_MAX + 1];
    size_t len = e->policy.alpn ? strlen(e->policy.alpn) : 0;
    if (!len || len > ALPN_TEXT_MAX) return 0;
    memcpy(names, e->policy.alpn, len + 1);
    return use_protocols(e, names);
}

int engine_wolfssl_check_protocol(struct engine *e) {
    char *name;
    word16 len;
    if (engine_wolfssl_is_server(e) || !e->policy.alpn) return 0;
    if (wolfSSL_ALPN_GetProtocol(e->ssl, &name, &len) != WOLFSSL_SUCCESS) return 0;
    if (!alpn_has(e->policy.alpn, name, len))
        return engine_fail(e, "server chose an application protocol that was not offered", (char *)0);
    memcpy(e->alpn, name, len);
    e->alpn[len] = 0;
    return 0;
}

#else

int engine_wolfssl_choose_protocol(struct engine *e, struct clienthello const *h) {
    (void)e, (void)h;
    return 1;
}

int engine_wolfssl_offer_protocols(struct engine *e) {
    (void)e;
    return 0;
}

int engine_wolfssl_check_protocol(struct engine *e) {
    (void)e;
    return 0;
}

#endif
