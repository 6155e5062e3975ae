/* idopt: the options -u -g -G -U: who a program is to be.
 * Takes nobody's identity on. */

#ifndef IDOPT_H
#define IDOPT_H

#include "command.h"
#include "ids.h"
#include "optable.h"

/* All zero before the first option. */
struct idopt {
    struct ids ids;
    int from_env;        /* -U was given; the texts are those of the options after it */
    char const *uid;     /* -u, or NULL */
    char const *gid;     /* -g */
    char const *gidlist; /* -G */
};

/* The rows, and what takes them into o. */
struct optable idopt_table(struct idopt *o);

/* Whether any of the options was given. */
int idopt_given(struct idopt const *o);

/* Completes o->ids from UID, GID and GIDLIST, if -U was given. Returns 0, or -1 with err. */
int idopt_read_env(struct idopt *o, char const *const *envp, struct opterror *err);

/* Adds the options that make s6-applyuidgid do the same, -z beside -U. */
void idopt_format(struct command *c, struct idopt const *o);

#endif
