/* say: what the processes of a connection print of themselves; the header says it. */

#include "say.h"

#include <skalibs/types.h>

void say_debug(unsigned int verbosity, char const *what, uint64_t n) {
    char fmt[UINT64_FMT];
    if (verbosity < 3) return;
    fmt[uint64_fmt(fmt, n)] = 0;
    strerr_warnt(what, fmt);
}
