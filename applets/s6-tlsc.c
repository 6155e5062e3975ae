/* s6-tlsc: the client side of a TLS connection over an open connection, and a program behind it that knows nothing of TLS.
 * It must not do anything but read options and variables: the connection is run by core's chain.
 *
 * config S6_TLSC
 *     bool "s6-tlsc: the client side of a TLS connection"
 *     default y
 *     select CLIENT
 *     help
 *       Speaks TLS as a client with the connection on file descriptors 6 and 7
 *       and runs a program that has the cleartext on the same two.
 *
 * usage: s6-tlsc [ -S | -s ] [ -J | -j ] [ -Y | -y ] [ -Z | -z ] [ -v verbosity ] [ -K kimeout ] [ -I idle ] [ -k servername ] [ -6 rfd ] [ -7 wfd ] [ -- ] prog...
 *     -S             at prog's EOF send close_notify and break the connection
 *     -s             at prog's EOF half-close TCP, never send close_notify
 *     -J | -j        the peer's EOF without close_notify is an error | is normal (default)
 *     -Y | -y        send no client certificate (default) | send the one of KEYFILE and CERTFILE
 *     -Z | -z        keep | remove (default) the variables that configure TLS
 *     -v verbosity   0 quiet but for wrong usage, 1 errors (default), 2 also a line a connection and warnings, 3 debug
 *     -K kimeout     milliseconds for the handshake as a whole; also the idle limit, unless -I is given
 *     -I idle        milliseconds without a byte moved either way, 0 for no limit
 *     -k servername  ask for this name, and verify that the server's certificate is for it
 *     -6 rfd         read the network from this file descriptor, 6 by default
 *     -7 wfd         write the network to this file descriptor, 7 by default
 *     --no-verify-cert  do not verify the server's certificate
 *     --check[=plain]  tell what all this comes to, and what is wrong with it, instead of doing it; plain: as key=value
 * CADIR or CAFILE names the trust anchors.
 */

#include <skalibs/strerr.h>

#include "plan.h"

int s6_tlsc_main(int argc, char const *const *argv, char const *const *envp) {
    struct chain_plan plan;
    plan_parse(&plan, TLSOPT_TLSC, argc, argv, envp);
    plan_find(&plan);
    if (plan.opt.verbosity > 1 && !plan.opt.servername && !plan.opt.check)
        strerr_warnw("no server name to verify: any certificate of a trust anchor will do");
    return plan_run(&plan);
}
