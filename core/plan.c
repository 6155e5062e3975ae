/* plan: from a command line and an environment to what the chain is to do; the header says it. */

#include "plan.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/env.h>
#include <skalibs/strerr.h>

#include "exitcode.h"

static void die_of_creds(struct chain_plan const *plan, struct creds_error const *err) {
    errno = err->errnum;
    if (!plan->opt.verbosity) _exit(err->errnum ? EXIT_SYSTEM : EXIT_USAGE);
    if (err->errnum) strerr_diefusys(EXIT_SYSTEM, err->what, err->object);
    strerr_dief(EXIT_USAGE, err->what, err->object, " ", err->reason);
}

void plan_find_pairs(struct chain_plan *plan, int plain, int named) {
    struct creds_error err;
    if (creds_find_pairs(&plan->creds, plan->envp, plain, named, &err) < 0) die_of_creds(plan, &err);
}

void plan_find_anchors(struct chain_plan *plan) {
    struct creds_error err;
    if (creds_find_anchors(&plan->creds, plan->envp, &err) < 0) die_of_creds(plan, &err);
}

/* Either variable means that the engine is to be somebody else: no group of root's stays with it. */
static void find_ids(struct chain_plan *plan) {
    char const *uid = env_get2(plan->envp, "TLS_UID"), *gid = env_get2(plan->envp, "TLS_GID");
    if (geteuid()) return;
    if (uid && ids_set_uid(&plan->ids, uid) < 0)
        die_of_creds(plan, &(struct creds_error){"", "TLS_UID", "is no user id", 0});
    if (gid && ids_set_gid(&plan->ids, gid) < 0)
        die_of_creds(plan, &(struct creds_error){"", "TLS_GID", "is no group id", 0});
    if ((uid || gid) && ids_set_groups(&plan->ids, "") < 0)
        die_of_creds(plan, &(struct creds_error){"read ", "TLS_UID", 0, ENOMEM});
}

void plan_parse(struct chain_plan *plan, enum tlsopt_side side, int argc, char const *const *argv,
                char const *const *envp) {
    char const *what, *where;
    memset(plan, 0, sizeof *plan);
    int first = tlsopt_parse(&plan->opt, side, argc, argv, &what, &where);
    if (first < 0) strerr_dief(EXIT_USAGE, what, where);
    plan->server = side == TLSOPT_SERVER;
    plan->prog = argv + first;
    plan->envp = envp;
    if (!plan->prog[0]) strerr_dief(EXIT_USAGE, "no program to execute; --help shows the usage");
    find_ids(plan);
}

int plan_run(struct chain_plan *plan) {
    int code = chain_run(plan);
    creds_free(&plan->creds);
    return code;
}
