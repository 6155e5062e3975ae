/* keys: the private keys of one run, read and found to be those of their certificates.
 * Must not be called by the process that faces the network, if keys are in another. */

#ifndef KEYS_H
#define KEYS_H

#include "creds.h"

/* Warns of key files that others may read. Returns a ring with the keys of all pairs, numbered as they are; or 0,
 * with what to exit with in *code and err set. */
struct keyring *keys_read(struct creds const *creds, unsigned int verbosity, int *code,
                          struct creds_error *err);

#endif
