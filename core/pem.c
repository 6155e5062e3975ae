/* pem: walks over the blocks of a PEM file; the header says it. */

#include "pem.h"

#include <string.h>

static char const begin[] = "-----BEGIN ", end[] = "-----END ", dashes[] = "-----";

static unsigned char const *find(unsigned char const *s, size_t len, char const *what) {
    return memmem(s, len, what, strlen(what));
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

/* 0 to 63, or -1 */
static int digit(unsigned char c) {
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

ssize_t pem_decode(struct pem const *block, unsigned char *to) {
    unsigned char const *s = block->body, *limit = s + block->bodylen;
    unsigned char *start = to;
    unsigned int digits = 0, padding = 0, bits = 0;
    for (; s < limit; s++) {
        int v = digit(*s);
        if (v >= 0 && !padding) {
            unsigned int nth = digits++ % 4;
            bits = bits << 6 | (unsigned int)v;
            if (nth) *to++ = (unsigned char)(bits >> (6 - 2 * nth));
        } else if (*s == '=') {
            padding++;
        } else if (!is_space(*s)) {
            return -1;
        }
    }
    return (digits + padding) % 4 || padding > 2 ? -1 : to - start;
}
