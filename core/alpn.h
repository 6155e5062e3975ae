/* alpn: names of application protocols (RFC 7301), in a text with commas between and in a vector from the network.
 * Knows nothing of TLS beyond that vector. */

#ifndef ALPN_H
#define ALPN_H

#include <stddef.h>

/* A name has 1 to 255 bytes; a text of ours, commas included, at most the second. */
enum { ALPN_NAME_MAX = 255, ALPN_TEXT_MAX = 1024 };

/* Whether text is names with one comma between each two. */
int alpn_is_list(char const *text);

/* Whether the len bytes at s, of a peer, are names with their lengths before them, at least one. */
int alpn_is_vector(unsigned char const *s, size_t len);

/* Whether the name of len bytes is in the list. */
int alpn_has(char const *list, char const *name, size_t len);

/* Copies the first name of the list that is in the vector to name. Returns 1, or 0: none is. */
int alpn_choose(char name[ALPN_NAME_MAX + 1], char const *list, unsigned char const *s, size_t len);

#endif
