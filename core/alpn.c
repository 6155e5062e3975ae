/* alpn: names of application protocols; the header says it. */

#include "alpn.h"

#include <string.h>

int alpn_is_list(char const *text) {
    for (char const *s = text;; s++) {
        size_t len = strcspn(s, ",");
        if (!len || len > ALPN_NAME_MAX) return 0;
        s += len;
        if (!*s) return (size_t)(s - text) <= ALPN_TEXT_MAX;
    }
}

int alpn_is_vector(unsigned char const *s, size_t len) {
    if (!len) return 0;
    while (len) {
        size_t n = *s;
        if (!n || n > len - 1) return 0;
        s += 1 + n;
        len -= 1 + n;
    }
    return 1;
}

int alpn_has(char const *list, char const *name, size_t len) {
    for (char const *s = list;; s++) {
        size_t n = strcspn(s, ",");
        if (n == len && !memcmp(s, name, n)) return 1;
        s += n;
        if (!*s) return 0;
    }
}

static int vector_has(unsigned char const *s, size_t len, char const *name, size_t namelen) {
    for (size_t at = 0; at < len; at += 1 + (size_t)s[at])
        if (s[at] == namelen && !memcmp(s + at + 1, name, namelen)) return 1;
    return 0;
}

int alpn_choose(char name[ALPN_NAME_MAX + 1], char const *list, unsigned char const *s, size_t len) {
    for (;; list++) {
        size_t n = strcspn(list, ",");
        if (vector_has(s, len, list, n)) {
            memcpy(name, list, n);
            name[n] = 0;
            return 1;
        }
        list += n;
        if (!*list) return 0;
    }
}
