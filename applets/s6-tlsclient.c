/* s6-tlsclient: a client for TLS: becomes s6-tcpclient, with s6-tlsc before prog.
 * It must not connect, and not connect to find out that the chain cannot work.
 *
 * config S6_TLSCLIENT
 *     bool "s6-tlsclient: a client for TLS"
 *     default y
 *     help
 *       Makes one command line of s6-tcpclient and s6-tlsc: those that are
 *       built in, others from PATH.
 *
 * usage: s6-tlsclient [ options ] [ -- ] host port prog...
 *     -q | -Q | -v   say only what is fatal | warnings too (default) | what happens too
 *     -4, -6         only IPv4, only IPv6
 *     -d | -D, -r | -R, -h, -H, -n | -N, -l name, -t timeout, -T timeouts, -i localip, -p localport   as for s6-tcpclient
 *     -S | -s, -J | -j, -Y | -y, -Z | -z, -K kimeout, -I idle, --no-verify-cert   as for s6-tlsc
 *     -k servername  ask for this name, and verify that the server's certificate is for it; host by default, but under -H
 *     --check[=plain]  tell what all this comes to, and what is wrong with it, instead of doing it; plain: as key=value
 * CADIR or CAFILE names the trust anchors.
 */

#include "applet.h"
#include "check_chain.h"
#include "config.h"
#include "plan.h"
#include "tlsclient.h"

/* What s6-tlsc would fail for is found here. */
static void check_variables(struct tlsclient const *s, char const *const *envp) {
    struct chain_plan plan = {.opt = s->tls, .envp = envp};
    plan.opt.verbosity = 1; /* -q is for what happens to the connection */
    plan_find(&plan);
    creds_free(&plan.creds);
}

/* What is around s6-tlsc, which tells the rest. */
static void check(struct tlsclient const *s) {
    struct tlsclient whole = *s;
    struct command command = {.failed = 0};
    char const *missing;
    whole.tls.check = TLSOPT_CHECK_NOT;
    int built = tlsclient_build(&command, &whole, &missing);
    check_chain(s->tls.check, &command, built, missing, s->operands[2]);
}

int s6_tlsclient_main(int argc, char const *const *argv, char const *const *envp) {
    struct tlsclient s;
    struct opterror err;
    struct command command = {.failed = 0};
    char const *missing;
    if (tlsclient_parse(&s, argc, argv, &err) < 0) applet_refuse(&err);
    check_variables(&s, envp);
    if (CONFIG_CHECK && s.tls.check) check(&s);
    int built = tlsclient_build(&command, &s, &missing);
    applet_exec_command(&command, built, missing, envp, "", 0);
}
