/* test_cage_calls: what a process cannot do in its cage: each attempt ends it by SIGSYS, in a child, with the
 * kernel as judge. It must not test what still works, nor the parts without a filter: test_cage.c does. */

#include "cage_child.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#ifndef SYS_mmap
#define SYS_mmap SYS_mmap2 /* arm */
#endif

struct attempt {
    char const *name;
    long call;
    long args[6];
};

#define P(x) ((long)(x))
#define TRY(name, ...)                                                                                       \
    {                                                                                                        \
#name, SYS_##name, {                                                                                 \
            __VA_ARGS__                                                                                      \
        }                                                                                                    \
    }

static struct sockaddr_in const somewhere = {.sin_family = AF_INET, .sin_port = 0x901f};
static char const *const words[] = {"true", 0};
static char page[8192];
static char const here[] = "/dev/null";

static struct attempt const refused_to_both[] = {
    /* files */
    TRY(openat, AT_FDCWD, P(here), O_RDONLY),
    TRY(fchmodat, AT_FDCWD, P(here), 0644),
    TRY(unlinkat, AT_FDCWD, P("/nowhere"), 0),
    TRY(mkdirat, AT_FDCWD, P("/nowhere"), 0),
    TRY(mknodat, AT_FDCWD, P("/nowhere"), 0, 0),
    TRY(linkat, AT_FDCWD, P(here), AT_FDCWD, P("/nowhere"), 0),
    TRY(symlinkat, P(here), AT_FDCWD, P("/nowhere")),
    TRY(fchownat, AT_FDCWD, P("/nowhere"), 0, 0, 0),
    TRY(ftruncate, 0, 0),
    TRY(truncate, P("/nowhere"), 0),
    TRY(chdir, P("/")),
    TRY(chroot, P("/")),
    TRY(mount, 0, P("/nowhere"), 0, 0, 0),
    TRY(umount2, P("/nowhere"), 0),
    TRY(statx, AT_FDCWD, P(here), 0, 0, 0),
    TRY(readlinkat, AT_FDCWD, P("/proc/self/exe"), P(page), 10),
    TRY(faccessat, AT_FDCWD, P(here), 0),
    TRY(memfd_create, P("x"), 0),
    TRY(inotify_init1, 0),
    TRY(fanotify_init, 0, 0),
    TRY(name_to_handle_at, 0),
    TRY(getdents64, 0, P(page), 10),
    TRY(sendfile, 1, 0, 0, 10),
    TRY(splice, 0, 0, 1, 0, 10, 0),
    TRY(vmsplice, 1, 0, 0, 0),
    TRY(copy_file_range, 0, 0, 1, 0, 10, 0),
    TRY(pwrite64, 1, P(page), 0, 0),
    TRY(pread64, 0, P(page), 1, 0),
    /* descriptors */
    TRY(dup, 0),
    TRY(dup3, 0, 50, 0),
    TRY(pipe2, P(page), 0),
    TRY(fcntl, 0, F_DUPFD, 0),
    TRY(fcntl, 0, F_SETOWN, 1),
    TRY(eventfd2, 0, 0),
    TRY(epoll_create1, 0),
    TRY(timerfd_create, 0, 0),
    TRY(signalfd4, -1, P(page), 8, 0),
    /* the network */
    TRY(socket, AF_INET, SOCK_STREAM, 0),
    TRY(socketpair, AF_UNIX, SOCK_STREAM, 0, P(page)),
    TRY(connect, 0, P(&somewhere), sizeof somewhere),
    TRY(bind, 0, P(&somewhere), sizeof somewhere),
    TRY(listen, 0, 1),
    TRY(accept4, 0, 0, 0, 0),
    TRY(sendto, 1, P(page), 1, 0, P(&somewhere), sizeof somewhere),
    TRY(recvfrom, 0, P(page), 1, MSG_DONTWAIT, P(page), P(page)),
    TRY(sendmsg, 1, 0, 0),
    TRY(recvmsg, 0, 0, 0),
    TRY(sendmmsg, 1, 0, 0, 0),
    TRY(recvmmsg, 0, 0, 0, 0, 0),
    TRY(setsockopt, 0, SOL_SOCKET, SO_REUSEADDR, P(page), 4),
    TRY(setsockopt, 0, IPPROTO_TCP, TCP_NODELAY, P(page), 4),
    TRY(getsockopt, 0, SOL_SOCKET, SO_ERROR, P(page), 0),
    /* other processes */
    TRY(execve, P("/bin/true"), P(words), 0),
    TRY(execveat, AT_FDCWD, P("/bin/true"), P(words), 0, 0),
    TRY(clone, SIGCHLD, 0, 0, 0, 0),
    TRY(clone3, 0, 0),
    TRY(kill, 0, 0),
    TRY(tgkill, 1, 1, 0),
    TRY(tkill, 1, 0),
    TRY(rt_sigqueueinfo, 1, 0, 0),
    TRY(ptrace, 0, 0, 0, 0),
    TRY(process_vm_readv, 1, 0, 0, 0, 0, 0),
    TRY(process_vm_writev, 1, 0, 0, 0, 0, 0),
    TRY(pidfd_open, 1, 0),
    TRY(pidfd_send_signal, 0, 0, 0, 0),
    TRY(kcmp, 1, 1, 0, 0, 0),
    TRY(setpgid, 0, 0),
    TRY(setsid),
    TRY(setpriority, 0, 0, 19),
    TRY(sched_setaffinity, 0, 0, 0),
    /* what it is itself */
    TRY(prctl, PR_SET_DUMPABLE, 1),
    TRY(prctl, PR_GET_DUMPABLE),
    TRY(prlimit64, 0, 7, 0, 0),
    TRY(setuid, 0),
    TRY(setgid, 0),
    TRY(setresuid, 0, 0, 0),
    TRY(setgroups, 0, 0),
    TRY(capset, 0, 0),
    TRY(unshare, 0),
    TRY(setns, 0, 0),
    TRY(personality, 0),
    TRY(seccomp, 0, 0, 0),
    TRY(umask, 0),
    TRY(rt_sigaction, SIGTERM, 0, 0, 8),
    TRY(rt_sigprocmask, 0, 0, 0, 8),
#ifdef SYS_alarm
    TRY(alarm, 1),
#endif
    /* memory */
    TRY(mprotect, 0, 4096, PROT_READ | PROT_EXEC),
    TRY(mmap, 0, 4096, PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
    TRY(mmap, 0, 4096, PROT_READ, MAP_PRIVATE, 0, 0),
    TRY(pkey_mprotect, 0, 4096, PROT_READ, 0),
    TRY(shmget, 0, 4096, 0),
    TRY(shmat, 0, 0, 0),
    TRY(remap_file_pages, 0, 0, 0, 0, 0),
    TRY(madvise, P(page), 4096, MADV_WILLNEED),
    TRY(process_madvise, 0, 0, 0, 0, 0),
    TRY(userfaultfd, 0),
    TRY(mlockall, 1),
    TRY(membarrier, 0, 0, 0),
    /* the rest of the kernel */
    TRY(io_uring_setup, 1, P(page)),
    TRY(io_uring_enter, 0, 0, 0, 0, 0, 0),
    TRY(io_setup, 1, P(page)),
    TRY(bpf, 0, 0, 0),
    TRY(perf_event_open, 0, 0, 0, 0, 0),
    TRY(add_key, 0, 0, 0, 0, 0),
    TRY(keyctl, 0),
    TRY(request_key, 0, 0, 0, 0),
    TRY(ioctl, 0, TIOCSTI, P(page)),
    TRY(ioctl, 0, TIOCSCTTY, 0),
    TRY(ioctl, 0, FIONBIO, P(page)),
    TRY(futex, P(page), 0, 1, 0),
    TRY(futex, P(page), 12, 1, 1, P(page), 0),
    TRY(init_module, 0, 0, P("")),
    TRY(kexec_load, 0, 0, 0, 0),
    TRY(reboot, 0, 0, 0, 0),
    TRY(sethostname, 0, -1),
    TRY(clock_settime, 0, 0),
    TRY(syslog, 10, 0, 0),
    TRY(uname, P(page)),
    TRY(sysinfo, P(page)),
#ifdef SYS_open
    TRY(open, P(here), O_RDONLY),
    TRY(chmod, P(here), 0644),
    TRY(unlink, P("/nowhere")),
    TRY(rename, P("/nowhere"), P("/nowhere2")),
    TRY(fork),
#ifdef SYS_vfork
    TRY(vfork),
#endif
    TRY(pipe, P(page)),
    TRY(dup2, 0, 50),
    TRY(stat, P(here), P(page)),
    TRY(access, P(here), 0),
#endif
    {"a call that there will never be", 1000000, {0}},
};

/* The engine may wait for prog, and ask two questions; the key process may not. */
static struct attempt const refused_to_key[] = {
    TRY(wait4, -1, 0, 1, 0),
    TRY(shutdown, 0, SHUT_WR),
    TRY(ioctl, 0, FIONREAD, P(page)),
    TRY(ioctl, 0, TIOCOUTQ, P(page)),
    TRY(setsockopt, 0, IPPROTO_TCP, TCP_QUICKACK, P(page), 4),
};

static int make(void const *data) {
    struct attempt const *a = data;
    long r = syscall(a->call, a->args[0], a->args[1], a->args[2], a->args[3], a->args[4], a->args[5]);
    if (!r && (a->call == SYS_clone || a->call == SYS_unshare)) _exit(0);
    return 0;
}

static void end_by_sigsys(enum cage_process who, struct attempt const *a, size_t n) {
    for (; n; n--, a++) {
        int status = child_status(&(struct step){who, CAGE_WHOLE, make, a});
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
            fail_msg("%s: status %x", a->name, (unsigned int)status);
    }
}

static void each_ends_the_engine(void **state) {
    (void)state;
    end_by_sigsys(CAGE_ENGINE, refused_to_both, COUNT(refused_to_both));
}

static void each_ends_the_key_process(void **state) {
    (void)state;
    end_by_sigsys(CAGE_KEY, refused_to_both, COUNT(refused_to_both));
}

static void what_only_the_engine_needs_ends_the_key_process(void **state) {
    (void)state;
    end_by_sigsys(CAGE_KEY, refused_to_key, COUNT(refused_to_key));
}

/* Without a cage these attempts do not end a process: SIGSYS is the cage's. */
static void none_of_them_does_without_a_filter(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(refused_to_key); i++)
        assert_int_equal(child_status(&(struct step){CAGE_KEY, 0, make, refused_to_key + i}), 0);
}

#if defined(__x86_64__)

/* The other ways into the kernel, whose numbers are others: 5 is open there, and fstat here. */
static int by_int_80(void const *data) {
    long r = 20; /* getpid */
    (void)data;
    __asm__ volatile("int $0x80" : "+a"(r) : : "memory", "r8", "r9", "r10", "r11");
    return 0;
}

static int by_x32(void const *data) {
    (void)data;
    syscall(0x40000000 + SYS_getpid);
    return 0;
}

static void numbers_of_i386_and_x32_end_it_even_for_a_call_that_is_allowed(void **state) {
    (void)state;
    int (*const ways[])(void const *) = {by_int_80, by_x32};
    for (size_t i = 0; i < COUNT(ways); i++) {
        int status = child_status(&(struct step){CAGE_ENGINE, CAGE_WHOLE, ways[i], 0});
        assert_true(WIFSIGNALED(status) && (WTERMSIG(status) == SIGSYS || WTERMSIG(status) == SIGSEGV));
    }
}

#endif

int main(void) {
    struct CMUnitTest const tests[] = {
        cmocka_unit_test(each_ends_the_engine),
        cmocka_unit_test(each_ends_the_key_process),
        cmocka_unit_test(what_only_the_engine_needs_ends_the_key_process),
        cmocka_unit_test(none_of_them_does_without_a_filter),
#if defined(__x86_64__)
        cmocka_unit_test(numbers_of_i386_and_x32_end_it_even_for_a_call_that_is_allowed),
#endif
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
