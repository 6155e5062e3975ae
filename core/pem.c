/* pem: walks over the blocks of a PEM file; the header says it. */

#include "pem.h"

#include <string.h>

static char const begin[] = "-----BEGIN ", end[] = "-----END ", dashes[] = "-----";

/* what begins with a dash, of which there is none in base64 */
static unsigned char const *find(unsigned char const *s, size_t len, char const *what) {
    size_t n = strlen(what);
    for (unsigned char const *limit = s + len; (s = memchr(s, *what, (size_t)(limit - s))); s++) {
        if ((size_t)(limit - s) < n) return 0;
        if (!memcmp(s, what, n)) return s;
    }
    return 0;
}

int pem_is(unsigned char const *s, size_t len) {
    return find(s, len, begin) != 0;
}

/* CERTIFICATE, X509 CERTIFICATE, TRUSTED CERTIFICATE; not CERTIFICATE REQUEST */
static int ends_with(unsigned char const *label, size_t len, char const *word) {
    size_t n = strlen(word);
    return len >= n && !memcmp(label + len - n, word, n);
}

/* Whether the END line at to is for this label. */
static int is_end_of(unsigned char const *to, unsigned char const *limit, unsigned char const *label,
                     size_t len) {
    to += sizeof end - 1;
    return (size_t)(limit - to) >= len + sizeof dashes - 1 && !memcmp(to, label, len + sizeof dashes - 1);
}

enum pem_status pem_next(unsigned char const **s, size_t *len, struct pem *block) {
    unsigned char const *from = find(*s, *len, begin), *limit = *s + *len;
    if (!from) return PEM_NONE;
    unsigned char const *label = from + sizeof begin - 1;
    unsigned char const *label_end = find(label, (size_t)(limit - label), dashes);
    if (!label_end) return PEM_BROKEN;
    unsigned char const *to = find(label_end, (size_t)(limit - label_end), end);
    unsigned char const *next = find(label_end, (size_t)(limit - label_end), begin);
    if (!to || (next && next < to) || !is_end_of(to, limit, label, (size_t)(label_end - label)))
        return PEM_BROKEN;
    unsigned char const *newline = memchr(to, '\n', (size_t)(limit - to));
    unsigned char const *after = newline ? newline + 1 : limit;
    unsigned char const *body = label_end + sizeof dashes - 1;
    if (to < body) return PEM_BROKEN;
    *block = (struct pem){
        .body = body,
        .bodylen = (size_t)(to - body),
        .is_certificate = ends_with(label, (size_t)(label_end - label), "CERTIFICATE"),
        .is_crl = ends_with(label, (size_t)(label_end - label), "CRL"),
    };
    *len = (size_t)(limit - after);
    *s = after;
    return PEM_BLOCK;
}

static int is_space(unsigned char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

enum { NO_DIGIT = 64 };

/* Of each character the digit that it is. */
static void fill(unsigned char digits[256]) {
    static char const alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    memset(digits, NO_DIGIT, 256);
    for (unsigned int i = 0; i < NO_DIGIT; i++) digits[(unsigned char)alphabet[i]] = (unsigned char)i;
}

/* The 24 bits of four digits, or -1: one of them is none. */
static int group(unsigned char const digits[256], unsigned char const *s) {
    int a = digits[s[0]], b = digits[s[1]], c = digits[s[2]], d = digits[s[3]];
    return (a | b | c | d) >= NO_DIGIT ? -1 : a << 18 | b << 12 | c << 6 | d;
}

/* Groups in one go: a bundle of anchors takes half of the time so. */
ssize_t pem_decode(struct pem const *block, unsigned char *to) {
    unsigned char const *s = block->body, *limit = s + block->bodylen;
    unsigned char *start = to;
    unsigned int n = 0, padding = 0, bits = 0;
    unsigned char digits[256];
    fill(digits);
    for (; s < limit; s++) {
        for (int g; !(n % 4) && !padding && limit - s > 4 && (g = group(digits, s)) >= 0; s += 4) {
            *to++ = (unsigned char)(g >> 16);
            *to++ = (unsigned char)(g >> 8);
            *to++ = (unsigned char)g;
        }
        if (digits[*s] != NO_DIGIT && !padding) {
            unsigned int nth = n++ % 4;
            bits = bits << 6 | digits[*s];
            if (nth) *to++ = (unsigned char)(bits >> (6 - 2 * nth));
        } else if (*s == '=') {
            padding++;
        } else if (!is_space(*s)) {
            return -1;
        }
    }
    return (n + padding) % 4 || padding > 2 ? -1 : to - start;
}
