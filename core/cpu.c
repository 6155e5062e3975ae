/* cpu: what the processor is good at; the header says it. */

#include "cpu.h"

#if defined(__aarch64__) || defined(__arm__)
#include <sys/auxv.h>
#elif defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

int cpu_has_aes(void) {
#if defined(__x86_64__) || defined(__i386__)
    /* not __builtin_cpu_supports, which asks for everything when a program starts: each answer takes a virtual machine 1 us */
    unsigned int eax, ebx, ecx, edx;
    return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bit_AES);
#elif defined(__aarch64__)
    return !!(getauxval(AT_HWCAP) & (1UL << 3)); /* HWCAP_AES */
#elif defined(__arm__)
    return !!(getauxval(AT_HWCAP2) & 1UL); /* HWCAP2_AES */
#else
    return 0;
#endif
}
