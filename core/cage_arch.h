/* cage_arch: what the cage must know of the machine that it is compiled for: its audit architecture, and
 * which of the system calls that its tables name it has not.
 * Must not include a header of the C library: the tests compile it against the kernel headers of machines
 * that they do not run on. */

#ifndef CAGE_ARCH_H
#define CAGE_ARCH_H

#include <asm/unistd.h>
#include <linux/audit.h>

#include "config.h"

/* x32 has AUDIT_ARCH_X86_64 too, and numbers with bit 30 set, which no table holds: refused with the rest. */
#if defined(__x86_64__) && defined(__LP64__)
#define CAGE_AUDIT_ARCH AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define CAGE_AUDIT_ARCH AUDIT_ARCH_I386
#elif defined(__aarch64__) && defined(__LP64__)
#define CAGE_AUDIT_ARCH AUDIT_ARCH_AARCH64
#elif defined(__arm__) && defined(__ARM_EABI__) && defined(__ARMEB__)
#define CAGE_AUDIT_ARCH AUDIT_ARCH_ARMEB
#elif defined(__arm__) && defined(__ARM_EABI__)
#define CAGE_AUDIT_ARCH AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define CAGE_AUDIT_ARCH AUDIT_ARCH_RISCV64
#elif defined(__mips__) && _MIPS_SIM == _ABIO32 && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define CAGE_AUDIT_ARCH AUDIT_ARCH_MIPS
#elif defined(__mips__) && _MIPS_SIM == _ABIO32
#define CAGE_AUDIT_ARCH AUDIT_ARCH_MIPSEL
#elif CONFIG_CAGE
#error                                                                                                       \
    "the cage knows x86_64, i386, aarch64, arm (EABI), riscv64 and mips (o32): elsewhere, turn CONFIG_CAGE off"
#else
#define CAGE_AUDIT_ARCH 0
#endif

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the kernel's own names, where it has none */

/* Older than some kernel headers, and everywhere the same, but for the base of mips. */
#if defined(__mips__)
#define CAGE_CALL(number) (4000 + (number))
#else
#define CAGE_CALL(number) (number)
#endif
#ifndef __NR_ppoll_time64
#if __SIZEOF_LONG__ == 4
#define __NR_ppoll_time64 CAGE_CALL(414)
#endif
#endif
#ifndef __NR_clock_gettime64
#if __SIZEOF_LONG__ == 4
#define __NR_clock_gettime64 CAGE_CALL(403)
#endif
#endif
#ifndef __NR_landlock_create_ruleset
#define __NR_landlock_create_ruleset CAGE_CALL(444)
#endif
#ifndef __NR_landlock_restrict_self
#define __NR_landlock_restrict_self CAGE_CALL(446)
#endif

/* No machine has all of these. */
enum { CAGE_ABSENT = -1 };
#ifndef __NR_clock_gettime64
#define __NR_clock_gettime64 CAGE_ABSENT
#endif
#ifndef __NR_gettimeofday
#define __NR_gettimeofday CAGE_ABSENT
#endif
#ifdef __NR_mmap2 /* the older call has its arguments in memory (i386), where a filter cannot look */
#undef __NR_mmap
#define __NR_mmap CAGE_ABSENT
#else
#define __NR_mmap2 CAGE_ABSENT
#endif
#ifndef __NR_poll
#define __NR_poll CAGE_ABSENT
#endif
#ifndef __NR_ppoll_time64
#define __NR_ppoll_time64 CAGE_ABSENT
#endif
#ifndef __NR_recv
#define __NR_recv CAGE_ABSENT
#endif
#ifndef __NR_send
#define __NR_send CAGE_ABSENT
#endif
#ifndef __NR_sigreturn
#define __NR_sigreturn CAGE_ABSENT
#endif
#ifndef __NR_socketcall
#define __NR_socketcall CAGE_ABSENT
#endif
#ifndef __NR_time
#define __NR_time CAGE_ABSENT
#endif

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

#endif
