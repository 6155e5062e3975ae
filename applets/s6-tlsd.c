/* s6-tlsd: the server side of a TLS connection over an open connection, and a program behind it that knows nothing of TLS.
 * It must not do anything but read options and variables: the connection is run by core's chain.
 *
 * config S6_TLSD
 *     bool "s6-tlsd: the server side of a TLS connection"
 *     default y
 *     select SERVER
 *     help
 *       Speaks TLS as a server with the connection on its stdin and stdout
 *       and runs a program whose stdin and stdout are the cleartext.
 *
 * usage: s6-tlsd [ -S | -s ] [ -J | -j ] [ -Y | -y ] [ -Z | -z ] [ -v verbosity ] [ -K kimeout ] [ -I idle ] [ -k snilevel ] [ -- ] prog...
 *     -S            at prog's EOF send close_notify and break the connection
 *     -s            at prog's EOF half-close TCP, never send close_notify
 *     -J | -j       the peer's EOF without close_notify is an error | is normal (default)
 *     -Y | -y       ask for an optional | a mandatory client certificate
 *     -Z | -z       keep | remove (default) the variables that configure TLS
 *     -v verbosity  0 quiet but for wrong usage, 1 errors (default), 2 also a line a connection and warnings, 3 debug
 *     -K kimeout    milliseconds for the handshake as a whole; also the idle limit, unless -I is given
 *     -I idle       milliseconds without a byte moved either way, 0 for no limit
 *     -k snilevel   0 only KEYFILE and CERTFILE; 1 also KEYFILE:x and CERTFILE:x for clients that ask for x; 2 only those
 *     --check[=plain]  tell what all this comes to, and what is wrong with it, instead of doing it; plain: as key=value
 * KEYFILE and CERTFILE name the key and the certificate chain; with -Y or -y, CADIR or CAFILE the trust anchors.
 */

#include "plan.h"

int s6_tlsd_main(int argc, char const *const *argv, char const *const *envp) {
    struct chain_plan plan;
    plan_parse(&plan, TLSOPT_TLSD, argc, argv, envp);
    plan_find(&plan);
    return plan_run(&plan);
}
