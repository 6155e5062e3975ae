/* x509_text: the parts of a certificate as text.
 * Verifies nothing. */

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include <skalibs/fmtscan.h>
#include <skalibs/types.h>

#include "escape.h"
#include "x509.h"

static int malformed(void) {
    errno = EPROTO;
    return 0;
}

static int add_hex(stralloc *sa, unsigned char const *s, size_t len) {
    if (!stralloc_readyplus(sa, 2 * len)) return 0;
    for (size_t i = 0; i < len; i++) {
        sa->s[sa->len++] = (char)fmtscan_asc(s[i] >> 4);
        sa->s[sa->len++] = (char)fmtscan_asc(s[i] & 15);
    }
    return 1;
}

/* The first two arcs share a number (X.690 8.19.4). */
static int add_arc(stralloc *sa, uint64_t n, int first) {
    char fmt[UINT64_FMT + 2];
    size_t len = 0;
    if (first) {
        uint64_t top = n < 80 ? n / 40 : 2;
        fmt[len++] = (char)('0' + top);
        n -= 40 * top;
    }
    fmt[len++] = '.';
    len += uint64_fmt(fmt + len, n);
    return stralloc_catb(sa, fmt, len);
}

static int add_oid(stralloc *sa, struct der const *oid) {
    uint64_t n = 0;
    int first = 1;
    for (size_t i = 0; i < oid->len; i++) {
        if (n >> 56) return malformed();
        n = n << 7 | (oid->s[i] & 0x7f);
        if (oid->s[i] & 0x80) continue;
        if (!add_arc(sa, n, first)) return 0;
        first = 0;
        n = 0;
    }
    return !n && !first ? 1 : malformed();
}

/* The short names of RFC 4514 3, and those that certificates use beside them. */
static char const *attribute_name(struct der const *oid) {
    static struct {
        unsigned char len;
        char oid[10];
        char const *name;
    } const known[] = {
        {3, "\x55\x04\x03", "CN"},
        {3, "\x55\x04\x07", "L"},
        {3, "\x55\x04\x08", "ST"},
        {3, "\x55\x04\x0a", "O"},
        {3, "\x55\x04\x0b", "OU"},
        {3, "\x55\x04\x06", "C"},
        {3, "\x55\x04\x09", "STREET"},
        {10, "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19", "DC"},
        {10, "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01", "UID"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (der_is(oid, known[i].oid, known[i].len)) return known[i].name;
    return 0;
}

/* A value of a type with a short name is text (RFC 4514 2.4); every other becomes # and its encoding in
 * hexadecimal. */
static int is_text(unsigned char tag) {
    return tag == DER_UTF8_STRING || tag == DER_PRINTABLE_STRING || tag == DER_IA5_STRING ||
           tag == DER_TELETEX_STRING;
}

static int add_value_text(stralloc *sa, struct der const *value) {
    struct der v = *value;
    int last_space = v.len > 1 && v.s[v.len - 1] == ' ';
    if (v.len && (v.s[0] == ' ' || v.s[0] == '#')) {
        if (!stralloc_append(sa, '\\') || !stralloc_append(sa, (char)v.s[0])) return 0;
        v.s++;
        v.len--;
    }
    if (last_space && v.len)
        v.len--;
    else
        last_space = 0;
    return escape_add(sa, v.s, v.len, "\",+;<>=") && (!last_space || stralloc_catb(sa, "\\ ", 2));
}

static int add_attribute(stralloc *sa, struct der *rdn) {
    struct der one, oid, value, whole;
    unsigned char tag;
    if (!der_expect(rdn, DER_SEQUENCE, &one) || !der_expect(&one, DER_OID, &oid) ||
        !der_next(&one, &tag, &value, &whole))
        return malformed();
    char const *name = attribute_name(&oid);
    if (!(name ? stralloc_cats(sa, name) : add_oid(sa, &oid)) || !stralloc_append(sa, '=')) return 0;
    if (name && is_text(tag)) return add_value_text(sa, &value);
    return stralloc_append(sa, '#') && add_hex(sa, whole.s, whole.len);
}

/* RFC 4514 2.1: starting with the last RDN; recursion would let the peer choose our stack, so the RDNs are
 * counted first. */
int x509_name_text(stralloc *sa, struct der const *name) {
    struct der all = *name, rdn;
    size_t n = 0;
    for (; all.len; n++)
        if (!der_expect(&all, DER_SET, &rdn) || !rdn.len) return malformed();
    if (n > 64) return malformed();
    for (size_t last = n; n; n--) {
        if (n != last && !stralloc_append(sa, ',')) return 0;
        all = *name;
        for (size_t i = 0; i < n; i++) der_expect(&all, DER_SET, &rdn);
        for (int first = 1; rdn.len; first = 0)
            if ((!first && !stralloc_append(sa, '+')) || !add_attribute(sa, &rdn)) return 0;
    }
    return 1;
}

int x509_serial_text(stralloc *sa, struct x509 const *x) {
    struct der n = x->serial;
    while (n.len > 1 && !n.s[0]) n.s++, n.len--;
    return n.len ? add_hex(sa, n.s, n.len) : malformed();
}

/* UTCTime YYMMDDHHMMSSZ, GeneralizedTime YYYYMMDDHHMMSSZ (RFC 5280 4.1.2.5) to YYYY-MM-DDTHH:MM:SSZ */
int x509_time_text(stralloc *sa, struct der const *time) {
    struct der in = *time, t;
    unsigned char tag;
    if (!der_next(&in, &tag, &t, 0)) return malformed();
    size_t year = tag == DER_UTC_TIME ? 2 : 4;
    if ((tag != DER_UTC_TIME && tag != DER_GENERALIZED_TIME) || t.len != year + 11 || t.s[t.len - 1] != 'Z')
        return malformed();
    for (size_t i = 0; i < t.len - 1; i++)
        if (t.s[i] < '0' || t.s[i] > '9') return malformed();
    if (year == 2 && !stralloc_cats(sa, t.s[0] < '5' ? "20" : "19")) return 0;
    if (!stralloc_catb(sa, (char const *)t.s, year)) return 0;
    for (size_t i = 0; i < 5; i++)
        if (!stralloc_append(sa, "--T::"[i]) || !stralloc_catb(sa, (char const *)t.s + year + 2 * i, 2))
            return 0;
    return stralloc_append(sa, 'Z');
}

static int add_ip(stralloc *sa, struct der const *value) {
    char fmt[INET6_ADDRSTRLEN];
    if (value->len != 4 && value->len != 16) return malformed();
    inet_ntop(value->len == 4 ? AF_INET : AF_INET6, value->s, fmt, sizeof fmt);
    return stralloc_cats(sa, fmt);
}

static char const *san_kind(unsigned char tag) {
    switch (tag) {
    case X509_SAN_EMAIL: return "email:";
    case X509_SAN_DNS: return "DNS:";
    case X509_SAN_URI: return "URI:";
    case X509_SAN_IP: return "IP:";
    default: return 0;
    }
}

int x509_san_text(stralloc *sa, struct x509 const *x) {
    struct der san = x->san, value;
    unsigned char tag;
    int first = 1;
    while (san.len) {
        if (!der_next(&san, &tag, &value, 0)) return malformed();
        char const *kind = san_kind(tag);
        if (!kind) continue;
        if ((!first && !stralloc_append(sa, ',')) || !stralloc_cats(sa, kind)) return 0;
        if (!(tag == X509_SAN_IP ? add_ip(sa, &value) : escape_add(sa, value.s, value.len, ","))) return 0;
        first = 0;
    }
    return 1;
}
