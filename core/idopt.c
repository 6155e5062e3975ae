/* idopt: the options -u -g -G -U; the header says it. */

#include "idopt.h"

#include <errno.h>

#include <skalibs/env.h>

static struct optable_row const rows[] = {
    {1, 'u', 1, "uid"},
    {1, 'g', 1, "gid"},
    {1, 'G', 1, "gidlist"},
    {1, 'U', 0, "envuidgid"},
};

static void judge(int result, char const *why, struct opterror *err) {
    if (!result) return;
    err->errnum = errno == ENOMEM ? ENOMEM : 0;
    err->what = err->errnum ? "read " : "invalid ";
    err->why = why;
}

static void set_uid(struct ids *ids, char const *text, struct opterror *err) {
    errno = 0;
    judge(ids_set_uid(ids, text), ": it is no number of a user", err);
}

static void set_gid(struct ids *ids, char const *text, struct opterror *err) {
    errno = 0;
    judge(ids_set_gid(ids, text), ": it is no number of a group", err);
}

static void set_groups(struct ids *ids, char const *text, struct opterror *err) {
    errno = 0;
    judge(ids_set_groups(ids, text), ": it is no list of numbers with commas between", err);
}

static void take(void *data, int code, char const *arg, struct opterror *err) {
    struct idopt *o = data;
    switch (code) {
    case 'u': set_uid(&o->ids, o->uid = arg, err); break;
    case 'g': set_gid(&o->ids, o->gid = arg, err); break;
    case 'G': set_groups(&o->ids, o->gidlist = arg, err); break;
    default:
        o->from_env = 1;
        o->uid = o->gid = o->gidlist = NULL;
        break;
    }
}

struct optable idopt_table(struct idopt *o) {
    return (struct optable){rows, sizeof rows / sizeof *rows, 1, take, o};
}

int idopt_given(struct idopt const *o) {
    return o->from_env || o->uid || o->gid || o->gidlist;
}

typedef void set_func(struct ids *ids, char const *text, struct opterror *err);

/* The variable must be good even where an option overrides it. */
static int set_both(struct ids *ids, set_func *set, char const *option, char const *const *envp,
                    char const *variable, struct opterror *err) {
    char const *text = env_get2(envp, variable);
    *err = (struct opterror){.where = variable, .why = " not set"};
    if (!text)
        err->what = "";
    else
        set(ids, text, err);
    if (!err->what && option) set(ids, option, err);
    return err->what ? -1 : 0;
}

int idopt_read_env(struct idopt *o, char const *const *envp, struct opterror *err) {
    if (!o->from_env) return 0;
    if (set_both(&o->ids, set_uid, o->uid, envp, "UID", err) < 0) return -1;
    if (set_both(&o->ids, set_gid, o->gid, envp, "GID", err) < 0) return -1;
    return set_both(&o->ids, set_groups, o->gidlist, envp, "GIDLIST", err);
}

static void add(struct command *c, char const *option, char const *text) {
    if (!text) return;
    command_add(c, option);
    command_add(c, text);
}

void idopt_format(struct command *c, struct idopt const *o) {
    if (o->from_env) command_add(c, "-Uz");
    add(c, "-u", o->uid);
    add(c, "-g", o->gid);
    add(c, "-G", o->gidlist);
}
