/* policy: which versions, cipher suites, groups and application protocols; the header says it. */

#include "policy.h"

#include <string.h>

#include <skalibs/env.h>

#include "alpn.h"
#include "config.h"
#include "cpu.h"
#include "escape.h"

enum kind { AES_GCM, CHACHA20, AES_CCM, AES_CBC };

static struct {
    unsigned short id;
    unsigned short kind;
    char const *name;
} const suites[] = {
#if CONFIG_SUITES_AES_GCM
    {0x1301, AES_GCM, "TLS_AES_128_GCM_SHA256"},
    {0x1302, AES_GCM, "TLS_AES_256_GCM_SHA384"},
#endif
#if CONFIG_SUITES_CHACHA20
    {0x1303, CHACHA20, "TLS_CHACHA20_POLY1305_SHA256"},
#endif
#if CONFIG_SUITES_AES_CCM
    {0x1304, AES_CCM, "TLS_AES_128_CCM_SHA256"},
#endif
#if CONFIG_TLS12 && CONFIG_SUITES_AES_GCM
    {0xc02b, AES_GCM, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
    {0xc02f, AES_GCM, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
    {0xc02c, AES_GCM, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
    {0xc030, AES_GCM, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
#endif
#if CONFIG_TLS12 && CONFIG_SUITES_CHACHA20
    {0xcca9, CHACHA20, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
    {0xcca8, CHACHA20, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
#endif
#if CONFIG_TLS12 && CONFIG_SUITES_AES_CCM
    {0xc0ac, AES_CCM, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM"},
#endif
#if CONFIG_SUITES_AES_CBC
    {0xc023, AES_CBC, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"},
    {0xc027, AES_CBC, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"},
    {0xc024, AES_CBC, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"},
    {0xc028, AES_CBC, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"},
#endif
};

/* The other name is that of RFC 8446, where it is not the same. */
static struct {
    unsigned short id;
    unsigned short clients_only;
    char const *name;
    char const *other;
} const groups[] = {
#if CONFIG_GROUP_X25519MLKEM768
    {4588, 0, "X25519MLKEM768", "X25519MLKEM768"}, /* TLS 1.3 alone has it */
#endif
#if CONFIG_GROUP_X25519
    {29, 0, "X25519", "x25519"},
#endif
#if CONFIG_GROUP_P256
    {23, 0, "P-256", "secp256r1"},
#endif
#if CONFIG_GROUP_P384
    {24, 0, "P-384", "secp384r1"},
#endif
#if CONFIG_GROUP_P521
    {25, 1, "P-521", "secp521r1"}, /* to reach the servers whose certificate has it */
#endif
};

enum { SUITES_N = sizeof suites / sizeof *suites, GROUPS_N = sizeof groups / sizeof *groups };

_Static_assert((int)SUITES_N <= (int)POLICY_LIST_MAX && (int)GROUPS_N <= (int)POLICY_LIST_MAX,
               "lists_have_room");

char const *policy_suite_name(unsigned int id) {
    for (size_t i = 0; i < SUITES_N; i++)
        if (suites[i].id == id) return suites[i].name;
    return 0;
}

char const *policy_group_name(unsigned int id) {
    for (size_t i = 0; i < GROUPS_N; i++)
        if (groups[i].id == id) return groups[i].name;
    return 0;
}

static unsigned int version_of(unsigned int suite) {
    return suite >> 8 == 0x13 ? POLICY_TLS13 : POLICY_TLS12;
}

/* ---- what is built in ---- */

static void add(struct policy_list *list, unsigned short id) {
    for (unsigned int i = 0; i < list->n; i++)
        if (list->ids[i] == id) return;
    list->ids[list->n++] = id;
}

static void add_suites(struct policy_list *list, unsigned int version, enum kind kind) {
    for (size_t i = 0; i < SUITES_N; i++)
        if (suites[i].kind == kind && version_of(suites[i].id) == version) add(list, suites[i].id);
}

static void add_version(struct policy_list *list, unsigned int version, int aes) {
    add_suites(list, version, aes ? AES_GCM : CHACHA20);
    add_suites(list, version, aes ? CHACHA20 : AES_GCM);
    add_suites(list, version, AES_CCM);
    add_suites(list, version, AES_CBC);
}

void policy_default(struct policy *p, int server) {
    int aes = !(CONFIG_SUITES_AES_GCM && CONFIG_SUITES_CHACHA20) || cpu_has_aes();
    memset(p, 0, sizeof *p);
    p->min = CONFIG_TLS12 ? POLICY_TLS12 : POLICY_TLS13;
    p->max = POLICY_TLS13;
    add_version(&p->suites, POLICY_TLS13, aes);
    if (CONFIG_TLS12) add_version(&p->suites, POLICY_TLS12, aes);
    for (size_t i = 0; i < GROUPS_N; i++)
        if (!server || !groups[i].clients_only) add(&p->groups, groups[i].id);
}

/* ---- what the environment makes of it ---- */

static int say(stralloc *why, char const *variable, char const *what) {
    if (!stralloc_cats(why, variable) || !stralloc_cats(why, ": ") || !stralloc_cats(why, what) ||
        !stralloc_0(why))
        why->len = 0;
    return -1;
}

/* known: the words for the numbers of everything. */
static int say_unknown(stralloc *why, char const *variable, char const *word, size_t len,
                       struct policy_list const *known, char const *(*name)(unsigned int)) {
    int ok = stralloc_cats(why, variable) && stralloc_cats(why, ": this build does not know \"") &&
             escape_add(why, word, len, "\"") && stralloc_cats(why, "\", it knows ");
    for (unsigned int i = 0; ok && i < known->n; i++)
        ok = (!i || stralloc_append(why, ':')) && stralloc_cats(why, name(known->ids[i]));
    if (!ok || !stralloc_0(why)) why->len = 0;
    return -1;
}

static char const *value_of(char const *const *envp, char const *variable) {
    char const *value = env_get2(envp, variable);
    return value && *value ? value : 0;
}

static int is_word(char const *name, char const *word, size_t len) {
    return strlen(name) == len && !memcmp(name, word, len);
}

/* Each returns the number of a word, or 0. */

static unsigned short find_suite(char const *word, size_t len) {
    for (size_t i = 0; i < SUITES_N; i++)
        if (is_word(suites[i].name, word, len)) return suites[i].id;
    return 0;
}

static unsigned short find_group(char const *word, size_t len) {
    for (size_t i = 0; i < GROUPS_N; i++)
        if (is_word(groups[i].name, word, len) || is_word(groups[i].other, word, len)) return groups[i].id;
    return 0;
}

static int has(struct policy_list const *list, unsigned int id) {
    for (unsigned int i = 0; i < list->n; i++)
        if (list->ids[i] == id) return 1;
    return 0;
}

/* list: all there are, then those that the variable names, in its order. */
static int read_list(struct policy_list *list, char const *const *envp, char const *variable,
                     unsigned short (*find)(char const *, size_t), char const *(*name)(unsigned int),
                     stralloc *why) {
    struct policy_list const known = *list;
    char const *s = value_of(envp, variable);
    if (!s) return 0;
    list->n = 0;
    for (;; s++) {
        size_t len = strcspn(s, ":");
        unsigned short id = find(s, len);
        if (!has(&known, id)) return say_unknown(why, variable, s, len, &known, name);
        add(list, id);
        s += len;
        if (!*s) return 0;
    }
}

static int read_version(unsigned int *version, char const *const *envp, char const *variable, stralloc *why) {
    static char const *const known = CONFIG_TLS12 ? "1.2:1.3" : "1.3";
    char const *s = value_of(envp, variable);
    if (!s) return 0;
    if (!strcmp(s, "1.3"))
        *version = POLICY_TLS13;
    else if (CONFIG_TLS12 && !strcmp(s, "1.2"))
        *version = POLICY_TLS12;
    else if (stralloc_cats(why, variable) && stralloc_cats(why, ": this build does not know \"") &&
             escape_add(why, s, strlen(s), "\"") && stralloc_cats(why, "\", it knows ") &&
             stralloc_cats(why, known) && stralloc_0(why))
        return -1;
    else
        return why->len = 0, -1;
    return 0;
}

static int read_alpn(char const **alpn, char const *const *envp, stralloc *why) {
    *alpn = value_of(envp, "TLS_ALPN");
    if (!*alpn) return 0;
    if (!CONFIG_ALPN) return say(why, "TLS_ALPN", "this build does not know it");
    return alpn_is_list(*alpn)
               ? 0
               : say(why, "TLS_ALPN",
                     "it should be names of 1 to 255 bytes with a comma between each two, 1024 bytes in all");
}

static int count_suites(struct policy const *p, unsigned int version) {
    int n = 0;
    for (unsigned int i = 0; i < p->suites.n; i++) n += version_of(p->suites.ids[i]) == version;
    return n;
}

static void drop_suites(struct policy_list *list, unsigned int version) {
    unsigned int n = 0;
    for (unsigned int i = 0; i < list->n; i++)
        if (version_of(list->ids[i]) != version) list->ids[n++] = list->ids[i];
    list->n = n;
}

/* A version without a suite must not be agreed on: a server would choose it, and then fail. */
static int settle(struct policy *p, stralloc *why) {
    if (p->min > p->max) return say(why, "TLS_MIN_VERSION", "it is higher than TLS_MAX_VERSION");
    if (p->min == POLICY_TLS13) drop_suites(&p->suites, POLICY_TLS12);
    if (p->max == POLICY_TLS12) drop_suites(&p->suites, POLICY_TLS13);
    if (!p->suites.n)
        return say(why, "TLS_CIPHERS",
                   p->max == POLICY_TLS12 ? "none of its suites is for TLS 1.2"
                                          : "none of its suites is for TLS 1.3");
    if (!count_suites(p, POLICY_TLS13)) p->max = POLICY_TLS12;
    if (!count_suites(p, POLICY_TLS12)) p->min = POLICY_TLS13;
    return 0;
}

int policy_find(struct policy *p, int server, char const *const *envp, stralloc *why) {
    policy_default(p, server);
    if (read_version(&p->min, envp, "TLS_MIN_VERSION", why) < 0 ||
        read_version(&p->max, envp, "TLS_MAX_VERSION", why) < 0 ||
        read_list(&p->suites, envp, "TLS_CIPHERS", find_suite, policy_suite_name, why) < 0 ||
        read_list(&p->groups, envp, "TLS_GROUPS", find_group, policy_group_name, why) < 0 ||
        read_alpn(&p->alpn, envp, why) < 0)
        return -1;
    p->groups_chosen = value_of(envp, "TLS_GROUPS") != 0;
    return settle(p, why);
}
