/* peerenv: what prog is told about the connection, as a block of variables that crosses a process boundary.
 * Its reader trusts its writer with nothing but these variables.
 *
 * The block: NUL-terminated strings SSL_X=value, or a bare SSL_X where there is no value, closed by one
 * empty string. */

#ifndef PEERENV_H
#define PEERENV_H

#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>

#include "engine.h"

/* A block is at most this long, a value shorter than the second. */
enum { PEERENV_MAX = 65536, PEERENV_VALUE_MAX = 16384 };

/* What s6-networking's programs read of one at once, less than their buffer. */
enum { PEERENV_NOTIFY_MAX = 4095 };

/* Appends the block, of max bytes at most, to sa, which is empty. What would be too long, or cannot be told from
 * a malformed certificate, is left out; its names are appended to left_out, each with a space before it.
 * Returns 1, or 0: no memory. */
int peerenv_make(stralloc *sa, size_t max, struct engine_info const *info, stralloc *left_out);

/* Whether the len bytes at s are a block and nothing else: the names of the contract, in the order in which
 * they are made and so each at most once, values without control bytes. */
int peerenv_valid(char const *s, size_t len);

/* Puts prog's environment together in list (char const *), closed by a null pointer: envp without the SSL_
 * variables, without TLS_TICKETFD and, unless keep, without those that configure TLS, and the block's. Points into envp
 * and block. Returns 1, or 0: no memory. */
int peerenv_merge(genalloc *list, char const *const *envp, int keep, char const *block, size_t len);

#endif
