/* der: bounded reading of DER; the header says it. */

#include "der.h"

#include <string.h>

static int length(struct der *in, size_t *len) {
    if (!in->len) return 0;
    size_t n = *in->s++;
    in->len--;
    if (n >= 0x80) {
        size_t bytes = n & 0x7f;
        if (!bytes || bytes > 4 || bytes > in->len) return 0;
        for (n = 0; bytes; bytes--, in->len--) n = n << 8 | *in->s++;
    }
    *len = n;
    return n <= in->len;
}

int der_next(struct der *in, unsigned char *tag, struct der *content, struct der *whole) {
    struct der d = *in;
    if (!d.len || (d.s[0] & 0x1f) == 0x1f) return 0;
    *tag = *d.s++;
    d.len--;
    if (!length(&d, &content->len)) return 0;
    content->s = d.s;
    if (whole) {
        whole->s = in->s;
        whole->len = (size_t)(d.s - in->s) + content->len;
    }
    in->s = d.s + content->len;
    in->len = d.len - content->len;
    return 1;
}

int der_expect(struct der *in, unsigned char tag, struct der *content) {
    unsigned char t;
    return der_next(in, &t, content, 0) && t == tag;
}

int der_is(struct der const *d, void const *s, size_t len) {
    return d->len == len && !memcmp(d->s, s, len);
}
