/* s6-tlsd-io: the server side of a TLS connection between its stdin and stdout and two other fds.
 * It must not do anything but read options and variables: the connection is run by core's chain.
 *
 * config S6_TLSD_IO
 *     bool "s6-tlsd-io: the server side of TLS, between given file descriptors"
 *     default y
 *     select SERVER
 *     help
 *       The engine of s6-tlsd alone, for programs that have started their
 *       application themselves: s6-networking's s6-tlsd and s6-ucspitlsd do.
 *
 * usage: s6-tlsd-io [ -S | -s ] [ -J | -j ] [ -Y | -y ] [ -v verbosity ] [ -K kimeout ] [ -I idle ] [ -k snilevel ] [ -d notif ] [ -- ] fdr fdw
 *     -S            at prog's EOF send close_notify and break the connection
 *     -s            at prog's EOF half-close TCP, never send close_notify
 *     -J | -j       the peer's EOF without close_notify is an error | is normal (default)
 *     -Y | -y       ask for an optional | a mandatory client certificate
 *     -v verbosity  0 quiet but for wrong usage, 1 errors (default), 2 also a line a connection and warnings, 3 debug
 *     -K kimeout    milliseconds for the handshake as a whole
 *     -I idle       milliseconds without a byte moved either way, 0 for no limit
 *     -k snilevel   0 only KEYFILE and CERTFILE; 1 also KEYFILE:x and CERTFILE:x for clients that ask for x; 2 only those
 *     -d notif      after the handshake write the SSL_ variables to this fd, each ended by a null byte and all by one more
 *     fdr, fdw      cleartext is read from the one and written to the other
 *     --check[=plain]  tell what all this comes to, and what is wrong with it, instead of doing it; plain: as key=value
 * KEYFILE and CERTFILE name the key and the certificate chain; with -Y or -y, CADIR or CAFILE the trust anchors.
 */

#include "plan.h"

int s6_tlsd_io_main(int argc, char const *const *argv, char const *const *envp) {
    struct chain_plan plan;
    plan_parse(&plan, TLSOPT_TLSD_IO, argc, argv, envp);
    plan_find(&plan);
    return plan_run(&plan);
}
