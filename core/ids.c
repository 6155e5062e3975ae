/* ids: which user, group and supplementary groups a process is to take on, read from text and taken on.
 * It must not decide whether to: what was not asked for stays as it is. */

#include <errno.h>
#include <unistd.h>

#include <skalibs/alloc.h>
#include <skalibs/setgroups.h>
#include <skalibs/types.h>

#include "ids.h"

int ids_set_uid(struct ids *ids, char const *text) {
    uid_t uid;
    if (!uid0_scan(text, &uid) || uid == (uid_t)-1) return -1;
    ids->uid = uid;
    ids->has_uid = 1;
    return 0;
}

int ids_set_gid(struct ids *ids, char const *text) {
    gid_t gid;
    if (!gid0_scan(text, &gid) || gid == (gid_t)-1) return -1;
    ids->gid = gid;
    ids->has_gid = 1;
    return 0;
}

static size_t count_groups(char const *text) {
    size_t n = *text ? 1 : 0;
    for (; *text; text++) n += *text == ',';
    return n;
}

/* Whether text is n numbers with commas between, which are then in groups. */
static int scan_groups(gid_t *groups, size_t n, char const *text) {
    for (size_t i = 0; i < n; i++) {
        size_t length = gid_scan(text, groups + i);
        if (!length || groups[i] == (gid_t)-1) return 0;
        text += length;
        if (*text != (i + 1 < n ? ',' : '\0')) return 0;
        text++;
    }
    return 1;
}

int ids_set_groups(struct ids *ids, char const *text) {
    size_t n = count_groups(text);
    gid_t *groups = n ? alloc(n * sizeof *groups) : NULL;
    if (n && !groups) return -1;
    if (n && !scan_groups(groups, n, text)) {
        alloc_free(groups);
        return errno = EINVAL, -1;
    }
    alloc_free(ids->groups);
    ids->groups = groups;
    ids->ngroups = n;
    ids->has_groups = 1;
    return 0;
}

/* All three of the real, effective and saved one: a saved one that stays is a way back. */
static int set_gid(gid_t gid) {
    return setresgid(gid, gid, gid);
}

static int set_uid(uid_t uid) {
    return setresuid(uid, uid, uid);
}

/* A capability that outlived the change of uid, for one, would let a program become root again. */
static int forgo_root(uid_t uid) {
    if (uid == 0 || setuid(0) < 0) return 0;
    return errno = EPERM, -1;
}

int ids_apply(struct ids const *ids, char const **failed) {
    /* uid last: once it is not root's, the others may no longer be changed */
    *failed = "set supplementary groups";
    if (ids->has_groups && skalibs_setgroups(ids->ngroups, ids->groups) < 0) return -1;
    *failed = "set gid";
    if (ids->has_gid && set_gid(ids->gid) < 0) return -1;
    *failed = "set uid";
    if (ids->has_uid && set_uid(ids->uid) < 0) return -1;
    *failed = "give up root for good";
    if (ids->has_uid && forgo_root(ids->uid) < 0) return -1;
    *failed = NULL;
    return 0;
}
