/* lookup_names: the names of the ends of a connection; lookup.h says it. */

#include "tcp/lookup.h"

#include "tcp/errand.h"

struct ends {
    struct addr const *remote;
    struct addr const *local;
};

static void name_one(char name[NI_MAXHOST], struct addr const *a) {
    if (getnameinfo(&a->any, addr_len(a), name, NI_MAXHOST, NULL, 0, NI_NAMEREQD)) name[0] = 0;
}

static void ask_names(void const *question, void *answer) {
    struct ends const *ends = question;
    struct lookup_names *names = answer;
    name_one(names->remote, ends->remote);
    if (ends->local) name_one(names->local, ends->local);
}

void lookup_names(struct lookup_names *names, struct addr const *remote, struct addr const *local,
                  tain const *deadline) {
    struct ends ends = {.remote = remote, .local = local};
    if (errand_run(ask_names, &ends, names, sizeof *names, deadline) == 0) return;
    names->remote[0] = names->local[0] = 0;
}
