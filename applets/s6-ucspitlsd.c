/* s6-ucspitlsd: the server side of a connection that becomes TLS when the program on it says so.
 * It must not do anything but read options and variables: the connection is run by core's chain.
 *
 * config S6_UCSPITLSD
 *     bool "s6-ucspitlsd: the server side of TLS that starts later"
 *     default y
 *     select SERVER
 *     help
 *       Runs a program that has the connection in the clear on its stdin and
 *       stdout, and starts TLS when that one writes a byte to SSLCTLFD.
 *
 * usage: s6-ucspitlsd [ -S | -s ] [ -J | -j ] [ -Y | -y ] [ -Z | -z ] [ -v verbosity ] [ -K kimeout ] [ -I idle ] [ -k snilevel ] [ -- ] prog...
 *     -S            at prog's EOF send close_notify and break the connection
 *     -s            at prog's EOF half-close TCP, never send close_notify
 *     -J | -j       the peer's EOF without close_notify is an error | is normal (default)
 *     -Y | -y       ask for an optional | a mandatory client certificate
 *     -Z | -z       keep | remove (default) the variables that configure TLS
 *     -v verbosity  0 quiet but for wrong usage, 1 errors (default), 2 also a line a connection and warnings, 3 debug
 *     -K kimeout    milliseconds for the handshake as a whole
 *     -I idle       milliseconds without a byte moved either way, 0 for no limit
 *     -k snilevel   0 only KEYFILE and CERTFILE; 1 also KEYFILE:x and CERTFILE:x for clients that ask for x; 2 only those
 *     --check[=plain]  tell what all this comes to, and what is wrong with it, instead of doing it; plain: as key=value
 * prog starts TLS with a y on file descriptor SSLCTLFD, or with a Y to be sent the SSL_ variables there, and has the cleartext on
 * SSLREADFD and SSLWRITEFD from then on.
 * KEYFILE and CERTFILE name the key and the certificate chain; with -Y or -y, CADIR or CAFILE the trust anchors.
 */

#include "plan.h"

int s6_ucspitlsd_main(int argc, char const *const *argv, char const *const *envp) {
    struct chain_plan plan;
    plan_parse(&plan, TLSOPT_UCSPITLSD, argc, argv, envp);
    plan_find(&plan);
    return plan_run_delayed(&plan);
}
