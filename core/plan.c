/* plan: from a command line and an environment to what the chain is to do; the header says it. */

#include "plan.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/env.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "applet.h"
#include "config.h"
#include "exitcode.h"

static void die_of_creds(struct chain_plan const *plan, struct creds_error const *err) {
    errno = err->errnum;
    int usage = plan->opt.check ? EXIT_CONFIG : EXIT_USAGE;
    if (!plan->opt.verbosity) _exit(err->errnum ? EXIT_SYSTEM : usage);
    if (err->errnum) strerr_diefusys(EXIT_SYSTEM, err->what, err->object);
    strerr_dief(usage, err->what, err->object, " ", err->reason);
}

static void find_pairs(struct chain_plan *plan, int plain, int named) {
    struct creds_error err;
    if (creds_find_pairs(&plan->creds, plan->envp, plain, named, &err) < 0) die_of_creds(plan, &err);
}

/* A shell that drops variables with a colon in their names does it in silence. */
static void warn_of_no_names(struct chain_plan const *plan) {
    struct tlsopt const *opt = &plan->opt;
    if (opt->snilevel == 1 && opt->verbosity > 1 && !opt->check && !creds_has_named(&plan->creds))
        strerr_warnw("no KEYFILE:x is set: under -k 1 every name gets the certificate of CERTFILE");
}

/* A revocation list needs the anchor that signed it, and a server may need them for what it staples. */
static void find_anchors(struct chain_plan *plan) {
    struct creds_error err;
    if (creds_find_anchors(&plan->creds, plan->envp, &err) < 0) die_of_creds(plan, &err);
    plan->creds.trust_later = !plan->server && !plan->creds.crlfile;
}

/* A resumed session has no certificate of the client's. */
static void find_tickets(struct chain_plan *plan) {
    struct creds_error err;
    int wanted = plan->opt.verify == ENGINE_VERIFY_NONE;
    if (creds_find_tickets(&plan->creds, plan->envp, wanted, &err) < 0) die_of_creds(plan, &err);
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

static void find_policy(struct chain_plan *plan) {
    stralloc why = STRALLOC_ZERO;
    if (!policy_find(&plan->policy, plan->server, plan->envp, &why)) return;
    if (!why.len) die_of_creds(plan, &(struct creds_error){"read ", "the policy", 0, ENOMEM});
    if (!plan->opt.verbosity) _exit(EXIT_CONFIG);
    strerr_dief(EXIT_CONFIG, "unable to use ", why.s);
}

/* What is not built in is as a word that is not known. */
static void find_status(struct chain_plan *plan) {
    struct creds_error err = {.what = 0};
    int found = CONFIG_PEER_CERTS && plan->opt.verify != ENGINE_VERIFY_NONE
                    ? creds_find_crl(&plan->creds, plan->envp, &err)
                    : 0;
    if (!found && plan->server) found = creds_find_staple(&plan->creds, plan->envp, &err);
    if (!found) return;
    if (!plan->opt.verbosity) _exit(EXIT_CONFIG);
    strerr_dief(EXIT_CONFIG, "unable to ", err.what, err.object, ": ", err.reason);
}

/* 0 and 1 are the other side, 2 is what is said. */
static unsigned int fd_of(char const *arg) {
    unsigned int fd;
    if (!uint0_scan(arg, &fd) || fd < 3 || fd > INT32_MAX)
        strerr_dief(EXIT_USAGE, "invalid file descriptor: ", arg);
    return fd;
}

/* The cleartext of a server is on the two fds of the command line, that of a client on stdin and stdout. */
static void take_fds(struct chain_plan *plan, int n, char const *const *argv) {
    struct net const standard = {.rfd = 0, .wfd = 1};
    if (!n && plan->opt.check) return;
    if (n != 2)
        strerr_dief(EXIT_USAGE,
                    "two file descriptors are needed, to read and to write; --help shows the usage");
    unsigned int rfd = fd_of(argv[0]), wfd = fd_of(argv[1]);
    if (plan->server) {
        plan->local = (struct net){.rfd = (int)rfd, .wfd = (int)wfd};
        return;
    }
    plan->opt.rfd = rfd;
    plan->opt.wfd = wfd;
    plan->local = standard;
    plan->where = "the two file descriptors of the command line";
}

void plan_parse(struct chain_plan *plan, enum tlsopt_user user, int argc, char const *const *argv,
                char const *const *envp) {
    struct opterror err;
    memset(plan, 0, sizeof *plan);
    int first = tlsopt_parse(&plan->opt, user, argc, argv, &err);
    if (first < 0) applet_refuse(&err);
    plan->server = (user & TLSOPT_SERVERS) != 0;
    plan->where = plan->server ? "stdin and stdout" : "the file descriptors of -6 and -7";
    plan->envp = envp;
    plan->creds.ticketfd = -1;
    if (user & (TLSOPT_TLSD_IO | TLSOPT_TLSC_IO)) {
        take_fds(plan, argc - first, argv + first);
        return;
    }
    plan->prog = argv + first;
    if (!plan->prog[0] && !plan->opt.check)
        strerr_dief(EXIT_USAGE, "no program to execute; --help shows the usage");
}

void plan_find(struct chain_plan *plan) {
    find_ids(plan);
    if (plan->server)
        find_pairs(plan, plan->opt.snilevel != 2, plan->opt.snilevel != 0);
    else if (CONFIG_CLIENT_CERTS && plan->opt.send_cert)
        find_pairs(plan, 1, 0);
    if (CONFIG_SNI_CERTS) warn_of_no_names(plan);
    if (CONFIG_TICKETS && plan->server) find_tickets(plan);
    find_status(plan); /* before the anchors, which may have to verify lists */
    if (CONFIG_PEER_CERTS && plan->opt.verify != ENGINE_VERIFY_NONE) find_anchors(plan);
    find_policy(plan);
}
