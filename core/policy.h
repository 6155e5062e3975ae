/* policy: which versions, cipher suites, groups and application protocols a connection may use, and in what order: what is
 * built in, and what the environment makes of it.
 * Knows numbers and words, and no TLS library. */

#ifndef POLICY_H
#define POLICY_H

#include <skalibs/stralloc.h>

enum { POLICY_TLS12 = 0x0303, POLICY_TLS13 = 0x0304 };

/* No list is longer: there are no more words. */
enum { POLICY_LIST_MAX = 16 };

struct policy_list {
    unsigned short
        ids[POLICY_LIST_MAX]; /* the numbers that TLS has for them, the preferred first; each once */
    unsigned int n;
};

struct policy {
    unsigned int min; /* POLICY_TLS* */
    unsigned int max;
    struct policy_list suites; /* of these versions only, and some of each */
    struct policy_list groups; /* NamedGroup (RFC 8446 4.2.7) */
    int groups_chosen;         /* by TLS_GROUPS: their order is worth a round trip */
    char const *alpn;          /* names with commas between (alpn.h), or 0 */
};

/* What is built in, for either side. */
void policy_default(struct policy *p, int server);

/* The same, as TLS_MIN_VERSION, TLS_MAX_VERSION, TLS_CIPHERS, TLS_GROUPS and TLS_ALPN change it; an empty variable is none.
 * Points into envp. Returns 0, or -1 with the reason appended to why and closed by a NUL: a line without control bytes; or
 * -1 with why empty: no memory. */
int policy_find(struct policy *p, int server, char const *const *envp, stralloc *why);

/* The words for the numbers; 0: none is built in. */
char const *policy_suite_name(unsigned int id);
char const *policy_group_name(unsigned int id);

#endif
