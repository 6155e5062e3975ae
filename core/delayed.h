/* delayed: TLS that begins when prog says so: the UCSPI-TLS protocol.
 * prog is the process that was called; a child waits for its word on a control socket, and is then the engine of a
 * connection like any other. Must not read the network before that word: what the peer sent in the clear is prog's to read,
 * and what prog has not read by then is refused by the engine as no TLS record. */

#ifndef DELAYED_H
#define DELAYED_H

#include "chain.h"

/* Becomes plan->prog, with SSLCTLFD, SSLREADFD and SSLWRITEFD in its environment. prog writes one byte to SSLCTLFD: y
 * starts TLS, Y does and asks for the block of peerenv to be sent back on it. Returns what to exit with: when prog could
 * not be executed, or in the child. */
int delayed_run(struct chain_plan *plan);

#endif
