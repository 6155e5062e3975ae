/* plan: from a command line and an environment to what the chain is to do; the header says it. */

#include "plan.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/env.h>
#include <skalibs/strerr.h>

#include "applet.h"
#include "exitcode.h"

static void die_of_creds(struct chain_plan const *plan, struct creds_error const *err) {
    errno = err->errnum;
    if (!plan->opt.verbosity) _exit(err->errnum ? EXIT_SYSTEM : EXIT_USAGE);
    if (err->errnum) strerr_diefusys(EXIT_SYSTEM, err->what, err->object);
    strerr_dief(EXIT_USAGE, err->what, err->object, " ", err->reason);
}

static void find_pairs(struct chain_plan *plan, int plain, int named) {
    struct creds_error err;
    if (creds_find_pairs(&plan->creds, plan->envp, plain, named, &err) < 0) die_of_creds(plan, &err);
}

static void find_anchors(struct chain_plan *plan) {
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

void plan_parse(struct chain_plan *plan, enum tlsopt_user user, int argc, char const *const *argv,
                char const *const *envp) {
    struct opterror err;
    memset(plan, 0, sizeof *plan);
    int first = tlsopt_parse(&plan->opt, user, argc, argv, &err);
    if (first < 0) applet_refuse(&err);
    plan->server = (user & TLSOPT_SERVERS) != 0;
    plan->prog = argv + first;
    plan->envp = envp;
    if (!plan->prog[0]) strerr_dief(EXIT_USAGE, "no program to execute; --help shows the usage");
}

void plan_find(struct chain_plan *plan) {
    find_ids(plan);
    if (plan->server)
        find_pairs(plan, plan->opt.snilevel<2, plan->opt.snilevel> 0);
    else if (plan->opt.send_cert)
        find_pairs(plan, 1, 0);
    if (plan->opt.verify != ENGINE_VERIFY_NONE) find_anchors(plan);
}
