/* recordpos: where in a record of TLS a stream of them stands; the header says it. */

#include "recordpos.h"

enum { CHANGE_CIPHER_SPEC = 20, ALERT = 21 };

/* An encrypted alert is longer than its two bytes. */
static void take_body(struct recordpos *r, unsigned char const *s, size_t n) {
    int alert = r->header[0] == ALERT && !r->header[3] && r->header[4] == sizeof r->alert;
    for (; alert && n; n--) r->alert[sizeof r->alert - r->bodyleft--] = *s++;
    r->bodyleft -= n;
}

void recordpos_advance(struct recordpos *r, unsigned char const *s, size_t n) {
    while (n) {
        if (r->headerlen < 5) {
            r->header[r->headerlen++] = *s++;
            n--;
            if (r->headerlen == 5) r->bodyleft = (size_t)r->header[3] << 8 | r->header[4];
            if (r->headerlen == 5 && r->header[0] == CHANGE_CIPHER_SPEC) r->encrypted = 1;
        } else {
            size_t part = n < r->bodyleft ? n : r->bodyleft;
            take_body(r, s, part);
            s += part;
            n -= part;
        }
        if (r->headerlen == 5 && !r->bodyleft) r->headerlen = 0;
    }
}
