/* report: the one line about a connection; the header says it. */

#include "report.h"

#include <string.h>

#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "config.h"
#include "escape.h"
#include "remote.h"
#include "x509.h"

static int add_text(stralloc *sa, char const *key, char const *value) {
    if (!value) return 1;
    return stralloc_cats(sa, key) && escape_add(sa, value, strlen(value), " ");
}

static int add_number(stralloc *sa, char const *key, uint64_t n) {
    char fmt[UINT64_FMT];
    return stralloc_cats(sa, key) && stralloc_catb(sa, fmt, uint64_fmt(fmt, n));
}

static int add_remote(stralloc *sa, char const *const *envp) {
    size_t start = sa->len;
    if (!stralloc_append(sa, ' ') || !remote_add(sa, envp)) return 0;
    if (sa->len == start + 1) sa->len = start;
    return 1;
}

static int add_peer(stralloc *sa, struct engine_info const *info) {
    struct x509 x;
    if (!CONFIG_PEER_CERTS || !info->peer || !x509_read(&x, info->peer, info->peerlen)) return 1;
    size_t start = sa->len;
    if (!stralloc_cats(sa, " peer=\"") || !x509_name_text(sa, &x.subject))
        sa->len = start;
    else if (!stralloc_append(sa, '"'))
        return 0;
    return 1;
}

static int add_seconds(stralloc *sa, tain const *start) {
    tain t;
    char ms[3];
    tain_sub(&t, &STAMP, start);
    uint320_fmt(ms, tain_nano(&t) / 1000000, 3);
    return add_number(sa, " seconds=", tai_sec(tain_secp(&t))) && stralloc_append(sa, '.') &&
           stralloc_catb(sa, ms, 3);
}

void report_connection(struct engine_info const *info, struct relay const *relay, tain const *start,
                       char const *const *envp) {
    stralloc sa = STRALLOC_ZERO;
    if (add_text(&sa, "protocol=", info->protocol) && add_text(&sa, " cipher=", info->cipher) &&
        add_text(&sa, " sni=", info->sni) && add_remote(&sa, envp) && add_peer(&sa, info) &&
        add_number(&sa, " resumed=", (uint64_t)info->resumed) &&
        add_number(&sa, " received=", relay->received) && add_number(&sa, " sent=", relay->sent) &&
        add_seconds(&sa, start) && stralloc_0(&sa))
        strerr_warni(sa.s);
    stralloc_free(&sa);
}
