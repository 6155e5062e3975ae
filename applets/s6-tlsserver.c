/* s6-tlsserver: a super-server for TLS: becomes s6-tcpserver, with s6-tlsd before prog for every connection.
 * It must not listen, and not wait for a connection to find out that the chain cannot work.
 *
 * config S6_TLSSERVER
 *     bool "s6-tlsserver: a super-server for TLS"
 *     default y
 *     help
 *       Makes one command line of s6-tcpserver, s6-tlsd and, where a user is
 *       named, s6-applyuidgid: those that are built in, others from PATH.
 *
 * usage: s6-tlsserver [ options ] [ -- ] ip port prog...
 *     -q | -Q | -v   say only what is fatal | warnings too (default) | a line a connection too
 *     -1             print the port and a newline on stdout when it listens
 *     -c maxconn     at most so many connections
 *     -C localmaxconn  at most so many from one address
 *     -b backlog     at most so many that wait to be accepted
 *     -S | -s, -J | -j, -Y | -y, -Z | -z, -K kimeout, -I idle, -k snilevel   as for s6-tlsd
 *     -u uid, -g gid, -G gidlist   prog is run as this user, this group, with these supplementary groups
 *     -U             prog is run as UID, GID and GIDLIST say, and does not see these variables
 *     -h, -r, -p, -w, -l name, -B banner, -t timeout, -i rulesdir, -x rulesfile, -e   s6-tcpserver-access of s6-networking
 *                    is run with these options; it must be in PATH
 *     -H, -R, -P, -W, -d, -D   are for s6-tcpserver-access, if it is run
 *     --check[=plain]  tell what all this comes to, and what is wrong with it, instead of doing it; plain: as key=value
 * KEYFILE and CERTFILE name the key and the certificate chain; with -Y or -y, CADIR or CAFILE the trust anchors.
 * Without TLS_TICKETKEYS, clients resume their sessions by keys that it makes; TLS_TICKETKEYS= forbids it.
 */

#include <string.h>

#include <skalibs/env.h>
#include <skalibs/strerr.h>
#include <skalibs/types.h>

#include "applet.h"
#include "check_chain.h"
#include "config.h"
#include "exitcode.h"
#include "plan.h"
#include "tcp/addr.h"
#include "ticketfd.h"
#include "tlsserver.h"

#define TICKETFD "TLS_TICKETFD="

/* What each connection would fail for is found here; but rules may set these variables for each anew. */
static void check_variables(struct tlsserver *s, char const *const *envp) {
    struct chain_plan plan = {.server = 1, .opt = s->tls, .envp = envp};
    struct opterror err;
    if (tlsserver_has_rules(s)) return;
    if (!plan.opt.verbosity) plan.opt.verbosity = 1; /* -q is for what happens to connections */
    plan_find(&plan);
    creds_free(&plan.creds);
    if (idopt_read_env(&s->who, envp, &err) < 0) applet_refuse(&err);
}

/* A kernel that is old, or a limit: no reason not to serve. */
static size_t without_tickets(struct tlsserver const *s) {
    if (s->tcp.verbosity) strerr_warnwusys("make keys for tickets, there will be none");
    return 0;
}

/* What makes clients resume their sessions, where nothing else says how. Returns the length of the variable at vars; 0:
 * there are no such keys. */
static size_t share_ticket_keys(struct tlsserver const *s, char const *const *envp, char *vars) {
    if (!CONFIG_TICKETS || !tlsserver_shares_tickets(s) || env_get2(envp, "TLS_TICKETKEYS")) return 0;
    int fd = ticketfd_make();
    if (fd < 0) return without_tickets(s);
    size_t len = sizeof TICKETFD - 1;
    memcpy(vars, TICKETFD, len);
    len += uint_fmt(vars + len, (unsigned int)fd);
    vars[len++] = 0;
    return len;
}

/* What is around s6-tlsd, which tells the rest. */
static void check(struct tlsserver const *s) {
    struct tlsserver whole = *s;
    struct command command = {.failed = 0};
    char const *missing;
    struct addr a;
    uint16_t port;
    if (!uint160_scan(s->operands[1], &port)) strerr_dief(EXIT_CONFIG, "invalid port: ", s->operands[1]);
    if (addr_scan(&a, s->operands[0], port) < 0)
        strerr_dief(EXIT_CONFIG, "invalid IP address: ", s->operands[0]);
    whole.tls.check = TLSOPT_CHECK_NOT;
    int built = tlsserver_build(&command, &whole, &missing);
    check_chain(s->tls.check, &command, built, missing, s->operands[2]);
}

int s6_tlsserver_main(int argc, char const *const *argv, char const *const *envp) {
    struct tlsserver s;
    struct opterror err;
    struct command command = {.failed = 0};
    char const *missing;
    char vars[sizeof TICKETFD + INT_FMT];
    if (tlsserver_parse(&s, argc, argv, &err) < 0) applet_refuse(&err);
    check_variables(&s, envp);
    if (CONFIG_CHECK && s.tls.check) check(&s);
    int built = tlsserver_build(&command, &s, &missing);
    size_t len = share_ticket_keys(&s, envp, vars);
    applet_exec_command(&command, built, missing, envp, vars, len);
}
