/* check: what a command line and its variables come to; the header says it. */

#include "check_parts.h"

#include <string.h>

#include <skalibs/allreadwrite.h>
#include <skalibs/strerr.h>

#include "config.h"
#include "conn.h"
#include "exitcode.h"

static char const *version_text(unsigned int version) {
    return version == POLICY_TLS13 ? "1.3" : "1.2";
}

/* For programs in the form of the variable, for people one below the other. */
static void say_list(struct check *c, char const *key, struct policy_list const *list,
                     char const *(*name)(unsigned int)) {
    stralloc sa = STRALLOC_ZERO;
    int ok = 1;
    for (unsigned int i = 0; ok && i < list->n; i++)
        if (c->plain)
            ok = (!i || stralloc_append(&sa, ':')) && stralloc_cats(&sa, name(list->ids[i]));
        else
            check_say(c, i ? "" : key, name(list->ids[i]));
    if (c->plain) check_say(c, key, check_text(&sa));
    stralloc_free(&sa);
}

static void say_policy(struct check *c) {
    struct policy const *p = &c->plan->policy;
    check_say(c, "version.min", version_text(p->min));
    check_say(c, "version.max", version_text(p->max));
    say_list(c, "suites", &p->suites, policy_suite_name);
    say_list(c, "groups", &p->groups, policy_group_name);
    check_say(c, "application_protocols", p->alpn ? p->alpn : "none");
}

/* Holes that are mended in a release. A distribution may have mended them in an older one, which its number does not tell. */
static void say_library(struct check *c) {
    static struct {
        unsigned int number;
        int server; /* servers only */
        char const *release;
        char const *hole;
    } const mended[] = {
        {0x05007000, 1, "5.7.0", "CVE-2024-0901"},
        {0x05009000, 0, "5.9.0", "CVE-2026-3547"},
    };
    check_say(c, "wolfssl", engine_version_running());
    for (size_t i = 0; i < sizeof mended / sizeof *mended; i++)
        if (engine_version_number() < mended[i].number && c->plan->server >= mended[i].server)
            check_warn(c, "wolfSSL ", engine_version_running(), " is older than ", mended[i].release,
                       ", which mended ", mended[i].hole, ", unless its packager did", (char *)0);
}

static char const *ticket_text(struct creds const *creds) {
    if (creds->ticketfile) return creds->ticketfile;
    return creds->ticketfd >= 0 ? "by shared keys" : "none";
}

static void say_peer(struct check *c) {
    struct tlsopt const *opt = &c->plan->opt;
    static char const *const words[] = {"none", "optional", "mandatory"};
    if (c->plan->server) {
        check_say(c, "client_certificates", words[opt->verify]);
        return;
    }
    check_say(c, "server.verified", opt->verify == ENGINE_VERIFY_NONE ? "no" : "yes");
    check_say(c, "server.name", opt->servername ? opt->servername : "any");
    if (opt->verify == ENGINE_VERIFY_NONE)
        check_warn(c, "the server is not verified: it may be anybody", (char *)0);
    else if (!opt->servername)
        check_warn(c, "no server name to verify: any certificate of a trust anchor will do", (char *)0);
}

/* One kind of file after the other, so that what is wrong with one does not hide the others. */
static void load(struct check *c, struct creds const *part) {
    struct creds_error err;
    if (creds_load_certificates(part, c->engine, &err) < 0) check_fail_creds(c, &err);
}

static void say_files(struct check *c) {
    struct creds const *all = &c->plan->creds;
    struct creds anchors = {.cadir = all->cadir, .cafile = all->cafile}, crls = {.crlfile = all->crlfile},
                 staple = {.ocspfile = all->ocspfile};
    if (all->cadir || all->cafile) check_say(c, "anchors", all->cadir ? all->cadir : all->cafile);
    load(c, &anchors);
    if (all->crlfile) check_say(c, "revocation_lists", all->crlfile);
    load(c, &crls);
    if (!all->ocspfile) return;
    int failed = c->failed;
    check_say(c, "ocsp_response", all->ocspfile);
    c->failed = 0;
    load(c, &staple);
    if (!c->failed && !engine_staples(c->engine))
        check_warn(c, all->ocspfile,
                   " is of no use: it has expired, is for another certificate, or cannot be verified",
                   (char *)0);
    c->failed |= failed;
}

int check_run(struct chain_plan const *plan) {
    struct check c = {.plan = plan, .plain = plan->opt.check == TLSOPT_CHECK_PLAIN};
    c.engine = conn_engine(plan->server, &plan->opt, &plan->creds, &plan->policy);
    if (!c.engine) strerr_dief(EXIT_ENGINE, "unable to set up the TLS engine");
    check_say(&c, "applet", PROG);
    say_library(&c);
    say_policy(&c);
    if (CONFIG_OWN_CERTS) check_pairs(&c);
    if (CONFIG_TICKETS && plan->server) check_say(&c, "session_tickets", ticket_text(&plan->creds));
    say_peer(&c);
    say_files(&c);
    check_say_number(&c, "handshake_limit", tlsopt_handshake_limit(&plan->opt));
    check_say_number(&c, "idle_limit", plan->opt.idle);
    check_processes(&c);
    check_say(&c, "result", c.failed ? "would fail" : "ok");
    if (allwrite(1, c.text.s, c.text.len) < c.text.len) strerr_diefusys(EXIT_SYSTEM, "write to stdout");
    stralloc_free(&c.text);
    engine_free(c.engine);
    return c.failed ? EXIT_CONFIG : 0;
}
