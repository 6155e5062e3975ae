/* lookup: the addresses of a host; the header says it. */

#include "tcp/lookup.h"

#include <errno.h>
#include <net/if.h>
#include <resolv.h>
#include <stdint.h>
#include <string.h>

#include "tcp/errand.h"

/* ---- addresses ---- */

/* But for the port, which all have in common. */
static int is_same(struct addr const *a, struct addr const *b) {
    unsigned char x[ADDR_KEY], y[ADDR_KEY];
    int v6 = a->any.sa_family == AF_INET6;
    if (a->any.sa_family != b->any.sa_family) return 0;
    if (v6 && a->v6.sin6_scope_id != b->v6.sin6_scope_id) return 0;
    addr_key(x, a);
    addr_key(y, b);
    return !memcmp(x, y, sizeof x);
}

static int is_there(struct lookup_result const *result, struct addr const *a) {
    for (unsigned int i = 0; i < result->n; i++)
        if (is_same(&result->addr[i], a)) return 1;
    return 0;
}

/* What does not fit, is not wanted or is there already is left out: hosts files repeat themselves. */
static void add(struct lookup_result *result, struct lookup_query const *query, struct addr const *a) {
    if (result->n == LOOKUP_MAX || is_there(result, a)) return;
    if (query->family != AF_UNSPEC && query->family != a->any.sa_family) return;
    result->addr[result->n++] = *a;
}

static void add_text(struct lookup_result *result, struct lookup_query const *query, char const *text) {
    struct addr a;
    if (addr_scan(&a, text, query->port) == 0) add(result, query, &a);
}

/* Returns 1 when the query is addresses and nothing else. */
static int scan_addresses(struct lookup_result *result, struct lookup_query const *query) {
    char one[ADDR_TEXT + IF_NAMESIZE + 1];
    struct addr a;
    for (char const *text = query->host;; text++) {
        size_t len = strcspn(text, ",");
        if (len >= sizeof one) return 0;
        memcpy(one, text, len);
        one[len] = 0;
        if (addr_scan(&a, one, query->port) < 0) return 0;
        add(result, query, &a);
        text += len;
        if (!*text) return 1;
    }
}

static int is_this_host(char const *host) {
    return !*host || !strcmp(host, "0");
}

void lookup_interleave(struct lookup_result *result) {
    struct lookup_result old = *result;
    unsigned int next[2] = {0, 0};
    for (unsigned int i = 0; i < old.n; i++) {
        unsigned int wants_first = i % 2 == 0;
        /* the turn of a family that has no more goes to the other */
        for (unsigned int tries = 0; tries < 2; tries++, wants_first = !wants_first) {
            unsigned int *j = &next[wants_first];
            while (*j < old.n && (old.addr[*j].any.sa_family == old.addr[0].any.sa_family) != wants_first)
                ++*j;
            if (*j == old.n) continue;
            result->addr[i] = old.addr[(*j)++];
            break;
        }
    }
}

/* ---- names to addresses ---- */

struct answer {
    struct lookup_result result;
    int error;  /* getaddrinfo's */
    int number; /* errno, when that says so */
};

/* In the child, where nobody else sees what it does to the resolver. */
static void do_not_qualify(void) {
    if (res_init() == 0) _res.options &= ~(unsigned long)(RES_DEFNAMES | RES_DNSRCH);
}

static void ask(void const *question, void *answer) {
    struct lookup_query const *query = question;
    struct answer *a = answer;
    struct addrinfo *found, hints = {.ai_family = query->family, .ai_socktype = SOCK_STREAM};
    if (!query->qualified) do_not_qualify();
    a->error = getaddrinfo(query->host, NULL, &hints, &found);
    a->number = errno;
    if (a->error) return;
    for (struct addrinfo const *i = found; i; i = i->ai_next) {
        struct addr one;
        memset(&one, 0, sizeof one);
        if (i->ai_addrlen > sizeof one) continue;
        memcpy(&one, i->ai_addr, i->ai_addrlen);
        if (one.any.sa_family != AF_INET && one.any.sa_family != AF_INET6) continue;
        addr_set_port(&one, query->port);
        add(&a->result, query, &one);
    }
    freeaddrinfo(found);
}

static int is_permanent(int error) {
#ifdef EAI_NODATA
    if (error == EAI_NODATA) return 1;
#endif
    return error == EAI_NONAME || error == EAI_FAIL;
}

static int look_up_name(struct lookup_result *result, struct lookup_query const *query, tain const *deadline,
                        char const **why, int *permanent) {
    struct answer answer;
    if (errand_run(ask, query, &answer, sizeof answer, deadline) < 0) {
        *why = strerror(errno);
        return -1;
    }
    *result = answer.result;
    if (!answer.error) return 0;
    *permanent = is_permanent(answer.error);
    *why = answer.error == EAI_SYSTEM ? strerror(answer.number) : gai_strerror(answer.error);
    return -1;
}

int lookup_run(struct lookup_result *result, struct lookup_query const *query, tain const *deadline,
               char const **why, int *permanent) {
    *permanent = 1;
    *why = "it has no address of the kind that is wanted";
    memset(result, 0, sizeof *result);
    if (is_this_host(query->host)) {
        add_text(result, query, "::1");
        add_text(result, query, "127.0.0.1");
    } else if (!scan_addresses(result, query)) {
        result->n = 0;
        if (query->numeric) {
            *why = "it is not an address";
            return -1;
        }
        *permanent = 0;
        if (look_up_name(result, query, deadline, why, permanent) < 0) return -1;
        *permanent = 1;
    }
    lookup_interleave(result);
    return result->n ? 0 : -1;
}
