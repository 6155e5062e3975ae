/* say: what the processes of a connection print of themselves.
 * Must not decide when: that is the verbosity's to say, and it is always given. */

#ifndef SAY_H
#define SAY_H

#include <stdint.h>

#include <skalibs/strerr.h>

/* Say why the program ends, and give the exit code back. The second adds what errno means. */
#define say_fatal(verbosity, code, ...)                                                                      \
    ((verbosity) ? strerr_warn(PROG, ": fatal: ", __VA_ARGS__) : (void)0, (code))
#define say_fatal_sys(verbosity, code, ...)                                                                  \
    ((verbosity) ? strerr_warnsys(PROG, ": fatal: unable to ", __VA_ARGS__) : (void)0, (code))

/* At -v3: what, and a number. */
void say_debug(unsigned int verbosity, char const *what, uint64_t n);

#endif
