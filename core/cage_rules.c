/* cage_rules: which system calls a caged process may make, and why. All others end it.
 * Must not include a header of the C library, like cage_arch.h.
 *
 * Both C libraries are meant, and what they do on 32 bits too. A call whose rules all have conditions is looked at each
 * time; what is always allowed the kernel remembers (5.11). */

#include "cage_filter.h"

#include <asm/ioctls.h>
#include <asm/mman.h>
#include <linux/futex.h>
#include <linux/in.h>
#include <linux/net.h>
#include <linux/sockios.h>
#include <linux/tcp.h>

#include "cage_arch.h"

#ifndef MADV_FREE
#define MADV_FREE 8
#endif

#define MAY(name)                                                                                            \
    { .call = __NR_##name }
#define MAY_IF(name, n, test1, value1)                                                                       \
    {                                                                                                        \
        .call = __NR_##name, .when = { {n, CAGE_##test1, value1} }                                           \
    }
#define MAY_IF2(name, n, test1, value1, m, test2, value2)                                                    \
    {                                                                                                        \
        .call = __NR_##name, .when = { {n, CAGE_##test1, value1}, {m, CAGE_##test2, value2} }                \
    }

/* Data pages of its own: nothing to execute, no file. */
#define MAY_MAP(name) MAY_IF2(name, 2, WITHOUT, PROT_EXEC, 3, WITH, MAP_ANONYMOUS)

/* An open connection needs no address: none may be named to send elsewhere. */
#define MAY_WITHOUT_ADDRESS(name) MAY_IF(name, 4, NULL, 0)

/* clang-format off */
static struct cage_rule const every_process[] = {
    MAY_WITHOUT_ADDRESS(recvfrom),             /* from the network, or between the engine and the key process */
    MAY_WITHOUT_ADDRESS(sendto),               /* the same, the other way */
    MAY(recv),                                 /* what glibc makes of it on arm and mips */
    MAY(send),
    MAY(read),                                 /* pipes, and a network that is no socket */
    MAY(write),
    MAY(writev),                               /* messages on stderr */
    MAY(close),
    MAY(clock_gettime),                        /* where the vDSO has no clock */
    MAY(clock_gettime64),
    MAY(gettimeofday),
    MAY(time),
    MAY(getrandom),                            /* the library's generator is seeded anew */
    MAY(getpid),                               /* it looks whether it was forked */
    MAY(rt_sigreturn),                         /* a handler returns */
    MAY(sigreturn),
    MAY(restart_syscall),                      /* SIGSTOP and SIGCONT while it waits */
    MAY(exit),
    MAY(exit_group),
    MAY(brk),                                  /* malloc and free, of both libraries, to the end of the list */
    MAY(munmap),
    MAY(mremap),
    MAY(sched_getaffinity),                    /* glibc, when memory is short: how many arenas would be too many */
    MAY_MAP(mmap),
    MAY_MAP(mmap2),
    MAY_IF(mprotect, 2, WITHOUT, PROT_EXEC),
    MAY_IF(madvise, 2, IS, MADV_DONTNEED),
    MAY_IF(madvise, 2, IS, MADV_FREE),
    MAY_IF(madvise, 2, IS, MADV_HUGEPAGE),     /* glibc.malloc.hugetlb */
    MAY_IF(madvise, 2, IS, MADV_DONTDUMP),     /* memory for secrets, and the next */
    MAY(mlock2),
    MAY_IF(futex, 1, IS, FUTEX_WAKE),          /* pthread_once and unlocking: of nobody, there is one thread */
    MAY_IF(futex, 1, IS, FUTEX_WAKE_PRIVATE),
};

static struct cage_rule const engine[] = {
    MAY(ppoll),                                /* the relay waits */
    MAY(ppoll_time64),
    MAY(poll),                                 /* the same, and whether what is no socket is ready */
    MAY(shutdown),                             /* our end of the connection, while the peer's goes on */
    MAY(wait4),                                /* prog's exit code */
    MAY_IF(ioctl, 1, IS, SIOCOUTQ),            /* what the peer has still to acknowledge, when it lingers */
    MAY_IF(ioctl, 1, IS, FIONREAD),            /* what prog left in its pipe */
    MAY_IF2(setsockopt, 1, IS, IPPROTO_TCP, 2, IS, TCP_QUICKACK),
#ifdef __i386__
    /* Before Linux 4.3 these were one call, and glibc still uses it. Its arguments are in memory, where a
     * filter cannot look; but the engine has no socket that is not connected, and can make none. */
    MAY_IF(socketcall, 0, IS, SYS_SEND),
    MAY_IF(socketcall, 0, IS, SYS_SENDTO),
    MAY_IF(socketcall, 0, IS, SYS_RECV),
    MAY_IF(socketcall, 0, IS, SYS_RECVFROM),
    MAY_IF(socketcall, 0, IS, SYS_SHUTDOWN),
    MAY_IF(socketcall, 0, IS, SYS_SETSOCKOPT),
#endif
};

static struct cage_rule const key[] = {
#ifdef __i386__
    MAY_IF(socketcall, 0, IS, SYS_SEND),       /* as above: requests and replies */
    MAY_IF(socketcall, 0, IS, SYS_SENDTO),
    MAY_IF(socketcall, 0, IS, SYS_RECV),
    MAY_IF(socketcall, 0, IS, SYS_RECVFROM),
#endif
    MAY(ppoll),                                /* should it wait for a request with a limit */
    MAY(ppoll_time64),
    MAY(poll),
};
/* clang-format on */

#define LENGTH(table) (sizeof(table) / sizeof *(table))

struct cage_rule const *cage_rules(enum cage_process who, unsigned int part, size_t *n) {
    if (part > 1) return 0;
    if (part == 1) {
        *n = LENGTH(every_process);
        return every_process;
    }
    *n = who == CAGE_ENGINE ? LENGTH(engine) : LENGTH(key);
    return who == CAGE_ENGINE ? engine : key;
}
