/* escape: text that a peer chose, made safe; the header says it. */

#include "escape.h"

#include <string.h>

#include <skalibs/fmtscan.h>

static int hex(stralloc *sa, unsigned char c) {
    char h[3] = "\\";
    h[1] = (char)fmtscan_asc(c >> 4);
    h[2] = (char)fmtscan_asc(c & 15);
    return stralloc_catb(sa, h, 3);
}

/* Length of the well-formed UTF-8 sequence of two bytes or more at s (RFC 3629), C1 controls excluded; 0:
 * none. */
static size_t utf8(unsigned char const *s, size_t len) {
    size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || len < n) return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    if (s[0] == 0xc2 && s[1] < 0xa0) return 0;                                    /* C1 controls */
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f)) return 0; /* over-long, surrogates */
    return (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f)
               ? 0
               : n; /* over-long, beyond U+10FFFF */
}

int escape_add(stralloc *sa, void const *text, size_t len, char const *also) {
    unsigned char const *s = text;
    while (len) {
        size_t n = 1;
        int ok;
        if (s[0] >= 0x80) {
            n = utf8(s, len);
            ok = n ? stralloc_catb(sa, (char const *)s, n) : hex(sa, s[0]);
            if (!n) n = 1;
        } else if (s[0] < 32 || s[0] == 127) {
            ok = hex(sa, s[0]);
        } else {
            int special = s[0] == '\\' || strchr(also, s[0]);
            ok = (!special || stralloc_append(sa, '\\')) && stralloc_append(sa, (char)s[0]);
        }
        if (!ok) return 0;
        s += n;
        len -= n;
    }
    return 1;
}
