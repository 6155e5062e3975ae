/* hostname: comparing DNS names; the header says it. */

#include "hostname.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

int hostname_matches(char const *pattern, size_t patternlen, char const *name, size_t namelen) {
    if (patternlen > 2 && pattern[0] == '*' && pattern[1] == '.') {
        char const *dot = memchr(name, '.', namelen);
        if (!dot || dot == name) return 0;
        pattern++;
        patternlen--;
        if (!memchr(pattern + 1, '.', patternlen - 1)) return 0; /* never a bare top-level domain */
        namelen -= (size_t)(dot - name);
        name = dot;
    }
    return patternlen == namelen && !strncasecmp(pattern, name, namelen);
}

size_t hostname_ip(char const *name, char ip[16]) {
    /* libc's, not skalibs' ip4_scan: that one takes 999.0.0.1 */
    if (inet_pton(AF_INET, name, ip) == 1) return 4;
    return inet_pton(AF_INET6, name, ip) == 1 ? 16 : 0;
}

size_t hostname_len(char const *name) {
    size_t len = strlen(name);
    return len && name[len - 1] == '.' ? len - 1 : len;
}

static int valid_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

int hostname_valid(char const *name) {
    size_t len = hostname_len(name);
    size_t label = 0;
    if (!len || len > 253) return 0;
    for (size_t i = 0; i < len; i++) {
        if (name[i] == '.') {
            if (!label) return 0;
            label = 0;
        } else if (!valid_byte(name[i]) || ++label > 63) {
            return 0;
        }
    }
    return label > 0;
}
