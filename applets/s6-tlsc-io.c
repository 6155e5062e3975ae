/* s6-tlsc-io: the client side of a TLS connection between two fds and its stdin and stdout.
 * It must not do anything but read options and variables: the connection is run by core's chain.
 *
 * config S6_TLSC_IO
 *     bool "s6-tlsc-io: the client side of TLS, between given file descriptors"
 *     default y
 *     select CLIENT
 *     help
 *       The engine of s6-tlsc alone: the cleartext is on stdin and stdout, the
 *       network on two other file descriptors.
 *
 * usage: s6-tlsc-io [ -S | -s ] [ -J | -j ] [ -Y | -y ] [ -v verbosity ] [ -K kimeout ] [ -I idle ] [ -k servername ] [ -d notif ] [ -- ] fdr fdw
 *     -S             at prog's EOF send close_notify and break the connection
 *     -s             at prog's EOF half-close TCP, never send close_notify
 *     -J | -j        the peer's EOF without close_notify is an error | is normal (default)
 *     -Y | -y        send no client certificate (default) | send the one of KEYFILE and CERTFILE
 *     -v verbosity   0 quiet but for wrong usage, 1 errors (default), 2 also a line a connection and warnings, 3 debug
 *     -K kimeout     milliseconds for the handshake as a whole
 *     -I idle        milliseconds without a byte moved either way, 0 for no limit
 *     -k servername  ask for this name, and verify that the server's certificate is for it
 *     --no-verify-cert  do not verify the server's certificate
 *     -d notif       after the handshake write the SSL_ variables to this fd, each ended by a null byte and all by one more
 *     fdr, fdw       the network is read from the one and written to the other
 *     --check[=plain]  tell what all this comes to, and what is wrong with it, instead of doing it; plain: as key=value
 * CADIR or CAFILE names the trust anchors.
 */

#include "plan.h"

int s6_tlsc_io_main(int argc, char const *const *argv, char const *const *envp) {
    struct chain_plan plan;
    plan_parse(&plan, TLSOPT_TLSC_IO, argc, argv, envp);
    plan_find(&plan);
    return plan_run(&plan);
}
