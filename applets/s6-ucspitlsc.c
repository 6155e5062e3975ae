/* s6-ucspitlsc: the client side of a connection that becomes TLS when the program on it says so.
 * It must not do anything but read options and variables: the connection is run by core's chain.
 *
 * config S6_UCSPITLSC
 *     bool "s6-ucspitlsc: the client side of TLS that starts later"
 *     default y
 *     select CLIENT
 *     help
 *       Runs a program that has the connection in the clear on file descriptors
 *       6 and 7, and starts TLS when that one writes a byte to SSLCTLFD.
 *
 * usage: s6-ucspitlsc [ -S | -s ] [ -J | -j ] [ -Y | -y ] [ -Z | -z ] [ -v verbosity ] [ -K kimeout ] [ -I idle ] [ -k servername ] [ -6 rfd ] [ -7 wfd ] [ -- ] prog...
 *     -S             at prog's EOF send close_notify and break the connection
 *     -s             at prog's EOF half-close TCP, never send close_notify
 *     -J | -j        the peer's EOF without close_notify is an error | is normal (default)
 *     -Y | -y        send no client certificate (default) | send the one of KEYFILE and CERTFILE
 *     -Z | -z        keep | remove (default) the variables that configure TLS
 *     -v verbosity   0 quiet but for wrong usage, 1 errors (default), 2 also a line a connection and warnings, 3 debug
 *     -K kimeout     milliseconds for the handshake as a whole
 *     -I idle        milliseconds without a byte moved either way, 0 for no limit
 *     -k servername  ask for this name, and verify that the server's certificate is for it
 *     -6 rfd         read the network from this file descriptor, 6 by default
 *     -7 wfd         write the network to this file descriptor, 7 by default
 *     --no-verify-cert  do not verify the server's certificate
 *     --check[=plain]  tell what all this comes to, and what is wrong with it, instead of doing it; plain: as key=value
 * prog starts TLS with a y on file descriptor SSLCTLFD, or with a Y to be sent the SSL_ variables there, and has the cleartext on
 * SSLREADFD and SSLWRITEFD from then on.
 * CADIR or CAFILE names the trust anchors.
 */

#include "plan.h"

int s6_ucspitlsc_main(int argc, char const *const *argv, char const *const *envp) {
    struct chain_plan plan;
    plan_parse(&plan, TLSOPT_UCSPITLSC, argc, argv, envp);
    plan_find(&plan);
    return plan_run_delayed(&plan);
}
