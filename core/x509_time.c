/* x509_time: the times of a certificate as numbers, without the C library, whose time ends in 2038 on some machines.
 * Verifies nothing. */

#include "x509.h"

/* Of the proleptic Gregorian calendar, in years that begin with March: a leap day is a year's last. Since 1970. */
static int64_t days(int year, int month, int day) {
    int y = month > 2 ? year : year - 1, m = (month + 9) % 12;
    return (int64_t)365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static int number(char const *s, int digits) {
    int n = 0;
    while (digits--) n = n * 10 + *s++ - '0';
    return n;
}

/* YYYY-MM-DDTHH:MM:SSZ */
static int64_t seconds_of(char const *s) {
    int year = number(s, 4), month = number(s + 5, 2), day = number(s + 8, 2);
    int hour = number(s + 11, 2), minute = number(s + 14, 2), second = number(s + 17, 2);
    if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return -1;
    return ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
}

int64_t x509_time_seconds(struct der const *time) {
    stralloc sa = STRALLOC_ZERO;
    int64_t t = x509_time_text(&sa, time) && stralloc_0(&sa) ? seconds_of(sa.s) : -1;
    stralloc_free(&sa);
    return t;
}

int x509_is_early(struct x509 const *x, int64_t now) {
    return x509_time_seconds(&x->notbefore) > now;
}

int x509_has_expired(struct x509 const *x, int64_t now) {
    return x509_time_seconds(&x->notafter) < now;
}
