/* x509_time: the times of a certificate as numbers.
 * Verifies nothing. */

#include <time.h>

#include "x509.h"

static int64_t seconds_of(char const *text) {
    struct tm tm = {.tm_isdst = 0};
    if (!strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm)) return -1;
    return (int64_t)timegm(&tm);
}

int64_t x509_time_seconds(struct der const *time) {
    stralloc sa = STRALLOC_ZERO;
    int64_t t = x509_time_text(&sa, time) && stralloc_0(&sa) ? seconds_of(sa.s) : -1;
    stralloc_free(&sa);
    return t;
}
