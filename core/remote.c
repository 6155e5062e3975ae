/* remote: who is at the other end; the header says it. */

#include "remote.h"

#include <string.h>

#include <skalibs/env.h>

#include "escape.h"

/* No address is longer, not even one with the name of an interface. */
enum { SHOWN_MAX = 64 };

static int add_text(stralloc *sa, char const *key, char const *value) {
    return stralloc_cats(sa, key) && escape_add(sa, value, strnlen(value, SHOWN_MAX), " ");
}

int remote_add(stralloc *sa, char const *const *envp) {
    char const *ip = env_get2(envp, "TCPREMOTEIP"), *port = env_get2(envp, "TCPREMOTEPORT");
    if (!ip) return 1;
    return add_text(sa, "remote=", ip) && (!port || add_text(sa, " port=", port));
}

char const *remote_prefix(stralloc *sa, char const *const *envp) {
    return remote_add(sa, envp) && sa->len && stralloc_cats(sa, ": ") && stralloc_0(sa) ? sa->s : "";
}
