/* hostname: comparing DNS names with what certificates and KEYFILE:x variables are for.
 * Knows nothing of certificates. */

#ifndef HOSTNAME_H
#define HOSTNAME_H

#include <stddef.h>

/* Whether name (without trailing dot) is what pattern is for: equal without regard to ASCII case, or
 * pattern is "*." and at least two labels that name has behind exactly one label of its own. */
int hostname_matches(char const *pattern, size_t patternlen, char const *name, size_t namelen);

/* An IP address in text to its bytes. Returns 4, 16, or 0: it is none. */
size_t hostname_ip(char const *name, char ip[16]);

/* Length of name without one trailing dot. */
size_t hostname_len(char const *name);

/* Whether a client may ask for name (RFC 1035 lengths; letters, digits, hyphens, underscores). */
int hostname_valid(char const *name);

#endif
