/* peerenv: what prog is told about the connection; the header says it. */

#include "peerenv.h"

#include <errno.h>
#include <string.h>

#include <skalibs/fmtscan.h>
#include <skalibs/sha256.h>

#include "config.h"
#include "escape.h"
#include "x509.h"

/* What configures TLS is none of prog's business. A name with a colon at its end stands for all that begin
 * with it. */
static char const *const tls_names[] = {
    "CADIR",    "CAFILE",  "KEYFILE",         "CERTFILE",        "KEYFILE:",    "CERTFILE:",
    "TLS_UID",  "TLS_GID", "TLS_MIN_VERSION", "TLS_MAX_VERSION", "TLS_CIPHERS", "TLS_GROUPS",
    "TLS_ALPN", "CRLFILE", "OCSPFILE",        "TLS_TICKETKEYS",
};

enum { TLS_NAMES_N = sizeof tls_names / sizeof *tls_names };

static int is_named(char const *entry, char const *name) {
    size_t n = 0;
    while (name[n] && entry[n] == name[n]) n++;
    return !name[n] && (name[n - 1] == ':' || entry[n] == '=');
}

static int configures_tls(char const *entry) {
    for (size_t i = 0; i < TLS_NAMES_N; i++)
        if (is_named(entry, tls_names[i])) return 1;
    return 0;
}

/* ---- making ---- */

/* One kind of value: appends it to sa. Returns 1, or 0 with errno: ENOMEM, EPROTO malformed, ENOENT there
 * is none. */
typedef int value_func(stralloc *sa, struct engine_info const *info, struct x509 const *x);

static int none(void) {
    errno = ENOENT;
    return 0;
}

static int has_certificate(struct x509 const *x) {
    return CONFIG_PEER_CERTS && x;
}

/* Of a peer that showed no certificate, or one that x509 cannot read. */
static int no_certificate(struct engine_info const *info) {
    errno = info->peer ? EPROTO : ENOENT;
    return 0;
}

static int add_escaped(stralloc *sa, char const *s) {
    return s ? escape_add(sa, s, strlen(s), "") : none();
}

static int add_protocol(stralloc *sa, struct engine_info const *info, struct x509 const *x) {
    (void)x;
    return add_escaped(sa, info->protocol);
}

static int add_cipher(stralloc *sa, struct engine_info const *info, struct x509 const *x) {
    (void)x;
    return add_escaped(sa, info->cipher);
}

static int add_sni(stralloc *sa, struct engine_info const *info, struct x509 const *x) {
    (void)x;
    return add_escaped(sa, info->sni);
}

static int add_hash(stralloc *sa, struct engine_info const *info, struct x509 const *x) {
    SHA256Schedule ctx;
    char digest[32], hex[64];
    (void)x;
    if (!CONFIG_PEER_CERTS || !info->peer) return none();
    sha256_init(&ctx);
    sha256_update(&ctx, (char const *)info->peer, info->peerlen);
    sha256_final(&ctx, digest);
    ucharn_fmt(hex, digest, sizeof digest);
    return stralloc_cats(sa, "SHA256:") && stralloc_catb(sa, hex, sizeof hex);
}

static int add_subject(stralloc *sa, struct engine_info const *info, struct x509 const *x) {
    return has_certificate(x) ? x509_name_text(sa, &x->subject) : no_certificate(info);
}

static int add_resumed(stralloc *sa, struct engine_info const *info, struct x509 const *x) {
    (void)x;
    return stralloc_append(sa, info->resumed ? '1' : '0');
}

static int add_group(stralloc *sa, struct engine_info const *info, struct x509 const *x) {
    (void)x;
    return add_escaped(sa, info->group);
}

static int add_alpn(stralloc *sa, struct engine_info const *info, struct x509 const *x) {
    (void)x;
    return add_escaped(sa, info->alpn);
}

static int add_issuer(stralloc *sa, struct engine_info const *info, struct x509 const *x) {
    return has_certificate(x) ? x509_name_text(sa, &x->issuer) : no_certificate(info);
}

static int add_serial(stralloc *sa, struct engine_info const *info, struct x509 const *x) {
    return has_certificate(x) ? x509_serial_text(sa, x) : no_certificate(info);
}

static int add_notafter(stralloc *sa, struct engine_info const *info, struct x509 const *x) {
    return has_certificate(x) ? x509_time_text(sa, &x->notafter) : no_certificate(info);
}

static int add_san(stralloc *sa, struct engine_info const *info, struct x509 const *x) {
    size_t before = sa->len;
    if (!has_certificate(x)) return no_certificate(info);
    if (!x509_san_text(sa, x)) return 0;
    return sa->len > before ? 1 : none();
}

/* The variables of the contract: prog sees these from us or not at all. */
static struct {
    char const *name;
    value_func *add;
} const variables[] = {
    {"SSL_PROTOCOL", add_protocol},
    {"SSL_CIPHER", add_cipher},
    {"SSL_TLS_SNI_SERVERNAME", add_sni},
    {"SSL_PEER_CERT_HASH", add_hash},
    {"SSL_PEER_CERT_SUBJECT", add_subject},
    {"SSL_SESSION_RESUMED", add_resumed},
    {"SSL_GROUP", add_group},
    {"SSL_ALPN_PROTOCOL", add_alpn},
    {"SSL_PEER_CERT_ISSUER", add_issuer},
    {"SSL_PEER_CERT_SERIAL", add_serial},
    {"SSL_PEER_CERT_NOTAFTER", add_notafter},
    {"SSL_PEER_CERT_SAN", add_san},
};

enum { VARIABLES_N = sizeof variables / sizeof *variables };

/* Room for all the bare names. */
enum { NAMES_MAX = 256 };

/* A variable, or its bare name. */
static int add_variable(stralloc *sa, size_t max, size_t i, struct engine_info const *info,
                        struct x509 const *x, stralloc *left_out) {
    size_t start = sa->len, namelen = strlen(variables[i].name);
    if (!stralloc_catb(sa, variables[i].name, namelen) || !stralloc_append(sa, '=')) return 0;
    int ok = variables[i].add(sa, info, x);
    if (!ok && errno == ENOMEM) return 0;
    int too_long = sa->len - start - namelen > PEERENV_VALUE_MAX || sa->len > max - NAMES_MAX;
    if (!ok || too_long) {
        sa->len = start + namelen;
        if ((ok || errno == EPROTO) &&
            (!stralloc_append(left_out, ' ') || !stralloc_cats(left_out, variables[i].name)))
            return 0;
    }
    return stralloc_0(sa);
}

int peerenv_make(stralloc *sa, size_t max, struct engine_info const *info, stralloc *left_out) {
    struct x509 x509;
    struct x509 const *x =
        CONFIG_PEER_CERTS && info->peer && x509_read(&x509, info->peer, info->peerlen) ? &x509 : 0;
    for (size_t i = 0; i < VARIABLES_N; i++)
        if (!add_variable(sa, max, i, info, x, left_out)) return 0;
    return stralloc_0(sa);
}

/* ---- taking ---- */

/* Which of the names the string of len bytes sets or unsets; -1: none. */
static int name_of(char const *s, size_t len) {
    size_t n = strcspn(s, "=");
    for (int i = 0; i < VARIABLES_N; i++)
        if (strlen(variables[i].name) == n && !memcmp(s, variables[i].name, n))
            return len - n > PEERENV_VALUE_MAX ? -1 : i;
    return -1;
}

static int is_clean(char const *s) {
    for (; *s; s++)
        if ((unsigned char)*s < 32 || *s == 127) return 0;
    return 1;
}

int peerenv_valid(char const *s, size_t len) {
    int last = -1;
    if (!len || len > PEERENV_MAX || s[len - 1]) return 0;
    while (*s) {
        size_t n = strlen(s); /* ends within len: its last byte is NUL */
        int i = name_of(s, n);
        if (i <= last || !is_clean(s)) return 0; /* no name of ours, or not in the order of the table */
        last = i;
        if (n + 1 >= len) return 0; /* the closing empty string is missing */
        s += n + 1;
        len -= n + 1;
    }
    return len == 1;
}

static int is_ours(char const *entry) {
    for (size_t i = 0; i < VARIABLES_N; i++)
        if (is_named(entry, variables[i].name)) return 1;
    return 0;
}

/* The fd is closed for prog: a program of ours behind it would take another fd of that number for it. */
static int is_over(char const *entry) {
    return is_named(entry, "TLS_TICKETFD");
}

int peerenv_merge(genalloc *list, char const *const *envp, int keep, char const *block, size_t len) {
    char const *end = 0;
    for (; *envp; envp++) {
        if (is_ours(*envp) || is_over(*envp) || (!keep && configures_tls(*envp))) continue;
        if (!genalloc_append(char const *, list, envp)) return 0;
    }
    for (char const *s = block; s < block + len && *s; s += strlen(s) + 1)
        if (strchr(s, '=') && !genalloc_append(char const *, list, &s)) return 0;
    return genalloc_append(char const *, list, &end);
}
