/* engine_wolfssl_random: where the library's random numbers come from: the kernel, without a device.
 * Must not open a file: the library asks in the cage too. */

#include "engine_wolfssl.h"

#include <errno.h>
#include <sys/random.h>

#include <wolfssl/wolfcrypt/random.h>

static int fill(unsigned char *s, size_t len) {
    while (len) {
        ssize_t n = getrandom(s, len, 0);
        if (n < 0 && errno != EINTR) return RNG_FAILURE_E;
        if (n < 0) continue;
        s += n;
        len -= (size_t)n;
    }
    return 0;
}

#ifdef CUSTOM_RAND_GENERATE_BLOCK

/* A library from source takes each of them from here, and has no generator of its own to set up and to test in each
 * process: that took 60 us. */
int engine_wolfssl_random(unsigned char *s, unsigned int len) {
    return fill(s, len);
}

int engine_wolfssl_has_random(void) {
    byte some[4];
    return !fill(some, sizeof some);
}

#else

int engine_wolfssl_has_random(void) {
    OS_Seed os = {0};
    byte some[4];
    return !wc_GenerateSeed(&os, some, sizeof some);
}

/* Instead of the shared library's own, which opens /dev/urandom for each seed: for a new object, a certificate
 * of the peer (Debian), after a million random blocks. A static library's own is taken before this one. */
__attribute__((weak)) int wc_GenerateSeed(OS_Seed *os, byte *s, word32 len) {
    (void)os;
    return fill(s, len);
}

#endif
