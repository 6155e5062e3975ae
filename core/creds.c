/* creds: which keys, certificates and trust anchors the environment names; the header says it. */

#include "creds.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <skalibs/alloc.h>
#include <skalibs/djbunix.h>
#include <skalibs/env.h>
#include <skalibs/stralloc.h>
#include <skalibs/types.h>

#include "config.h"

static int not_set(struct creds_error *err, char const *variable) {
    *err = (struct creds_error){.what = "", .object = variable, .reason = "not set"};
    return -1;
}

static int add_pair(struct creds *c, char *name, char const *keyfile, char const *certfile) {
    struct creds_pair pair = {name, keyfile, certfile};
    return genalloc_append(struct creds_pair, &c->pairs, &pair) ? 0 : -1;
}

static int no_memory(struct creds_error *err) {
    *err = (struct creds_error){.what = "read the environment", .object = "", .errnum = ENOMEM};
    return -1;
}

/* A name of no file is none. */
static char const *file_of(char const *const *envp, char const *variable) {
    char const *value = env_get2(envp, variable);
    return value && *value ? value : 0;
}

static int find_plain(struct creds *c, char const *const *envp, struct creds_error *err) {
    char const *keyfile = file_of(envp, "KEYFILE"), *certfile = file_of(envp, "CERTFILE");
    if (!keyfile) return not_set(err, "KEYFILE");
    if (!certfile) return not_set(err, "CERTFILE");
    return add_pair(c, 0, keyfile, certfile) < 0 ? no_memory(err) : 0;
}

/* The value of the variable whose name is prefix and then the namelen bytes at name. */
static char const *value_of(char const *const *envp, char const *prefix, char const *name, size_t namelen) {
    size_t n = strlen(prefix);
    for (; *envp; envp++)
        if (!strncmp(*envp, prefix, n) && !strncmp(*envp + n, name, namelen) && (*envp)[n + namelen] == '=')
            return *envp + n + namelen + 1;
    return 0;
}

/* In the environment a name ends with an equals sign. */
static char *name_copy(char const *prefix, char const *name, size_t namelen) {
    stralloc sa = STRALLOC_ZERO;
    return stralloc_cats(&sa, prefix) && stralloc_catb(&sa, name, namelen) && stralloc_0(&sa) ? sa.s : 0;
}

/* Goes through the variables prefix:x, whose other halves are other:x, and adds the pairs if add. */
static int each_named(struct creds *c, char const *const *envp, char const *prefix, char const *other,
                      int add, struct creds_error *err) {
    size_t n = strlen(prefix);
    for (char const *const *v = envp; *v; v++) {
        char const *equals = strchr(*v, '='), *name = *v + n;
        if (!equals || strncmp(*v, prefix, n) || equals == name) continue;
        char const *value = value_of(envp, other, name, (size_t)(equals - name));
        char const *missing = !equals[1] ? prefix : !value || !*value ? other : 0;
        if (!missing && !add) continue;
        char *copy = name_copy(missing ? missing : "", name, (size_t)(equals - name));
        if (!copy || (!missing && add_pair(c, copy, equals + 1, value) < 0)) return no_memory(err);
        if (missing) return not_set(err, copy);
    }
    return 0;
}

static int find_named(struct creds *c, char const *const *envp, struct creds_error *err) {
    static char const key[] = "KEYFILE:", cert[] = "CERTFILE:";
    return each_named(c, envp, cert, key, 0, err) < 0 ? -1 : each_named(c, envp, key, cert, 1, err);
}

int creds_find_pairs(struct creds *c, char const *const *envp, int plain, int named,
                     struct creds_error *err) {
    if (plain && find_plain(c, envp, err) < 0) return -1;
    if (CONFIG_SNI_CERTS && named && find_named(c, envp, err) < 0) return -1;
    return genalloc_len(struct creds_pair, &c->pairs) ? 0 : not_set(err, "any KEYFILE:x");
}

int creds_has_named(struct creds const *c) {
    struct creds_pair const *pair = genalloc_s(struct creds_pair, &c->pairs);
    for (size_t n = genalloc_len(struct creds_pair, &c->pairs); n; n--, pair++)
        if (pair->name) return 1;
    return 0;
}

int creds_find_anchors(struct creds *c, char const *const *envp, struct creds_error *err) {
    c->cadir = file_of(envp, "CADIR");
    c->cafile = file_of(envp, "CAFILE");
    return c->cadir || c->cafile ? 0 : not_set(err, "CADIR or CAFILE");
}

int creds_find_tickets(struct creds *c, char const *const *envp, int wanted, struct creds_error *err) {
    char const *keys = env_get2(envp, "TLS_TICKETKEYS"), *number = env_get2(envp, "TLS_TICKETFD");
    unsigned int fd = 0;
    c->ticketfile = wanted && keys && *keys ? keys : 0;
    c->ticketfd = -1;
    if (!number) return 0;
    if (!uint0_scan(number, &fd) || fd < 3 || fd > INT32_MAX) {
        *err = (struct creds_error){.what = "", .object = "TLS_TICKETFD", .reason = "is no file descriptor"};
        return -1;
    }
    if (wanted && !keys)
        c->ticketfd = (int)fd;
    else
        fd_close((int)fd);
    return 0;
}

void creds_close_tickets(struct creds const *c) {
    if (CONFIG_TICKETS && c->ticketfd >= 0) fd_close(c->ticketfd);
}

static int not_built_in(struct creds_error *err, char const *variable) {
    *err = (struct creds_error){.what = "use ", .object = variable, .reason = "this build does not know it"};
    return -1;
}

int creds_find_crl(struct creds *c, char const *const *envp, struct creds_error *err) {
    c->crlfile = file_of(envp, "CRLFILE");
    return c->crlfile && !CONFIG_CRL ? not_built_in(err, "CRLFILE") : 0;
}

int creds_find_staple(struct creds *c, char const *const *envp, struct creds_error *err) {
    c->ocspfile = file_of(envp, "OCSPFILE");
    return c->ocspfile && !CONFIG_OCSP_STAPLE ? not_built_in(err, "OCSPFILE") : 0;
}

void creds_free(struct creds *c) {
    for (size_t i = 0; i < genalloc_len(struct creds_pair, &c->pairs); i++)
        alloc_free(genalloc_s(struct creds_pair, &c->pairs)[i].name);
    genalloc_free(struct creds_pair, &c->pairs);
}
