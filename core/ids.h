/* ids: which user, group and supplementary groups a process is to take on, read from text and taken on.
 * It must not decide whether to: what was not asked for stays as it is. */

#ifndef IDS_H
#define IDS_H

#include <stddef.h>
#include <sys/types.h>

struct ids {
    uid_t uid;
    gid_t gid;
    gid_t *groups; /* allocated, or NULL when there are none */
    size_t ngroups;
    unsigned int has_uid : 1;
    unsigned int has_gid : 1;
    unsigned int has_groups : 1;
};

/* A decimal number and nothing else, at most the type's greatest but one: (uid_t)-1 means "no change" to the
 * kernel. Returns 0, or -1 when the text is not that, and then changes nothing. */
int ids_set_uid(struct ids *ids, char const *text);
int ids_set_gid(struct ids *ids, char const *text);

/* Numbers with one comma between each two; the empty text is no group at all. Returns 0, or -1 with errno set
 * (EINVAL: not such a list) and then changes nothing. The list set before is freed. */
int ids_set_groups(struct ids *ids, char const *text);

/* Takes on what is set: groups, gid, uid. Having taken on a user other than root, it makes sure that root
 * cannot be had back. Returns 0, or -1 with errno set and *failed what could not be done ("set uid"); the
 * process is then neither what it was nor what it should be, and must end. */
int ids_apply(struct ids const *ids, char const **failed);

#endif
