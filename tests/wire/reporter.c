/* reporter: run as prog, it prints on the fd of its first argument all that the kernel and its caller have
 * given it, as lines "what value". It must not change any of it before it has told. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

extern char **environ;

static FILE *out;

static char const *const files[] = {
    "status",         "limits",    "oom_score_adj", "coredump_filter", "personality", "timerslack_ns",
    "loginuid",       "sessionid", "cgroup",        "cpuset",          "comm",        "attr/current",
    "timens_offsets", "uid_map",   "gid_map",       "setgroups",       "mountinfo",
};

static char const *const links[] = {
    "cwd",    "root",   "exe",     "ns/cgroup",           "ns/ipc",  "ns/mnt",
    "ns/net", "ns/pid", "ns/time", "ns/pid_for_children", "ns/user", "ns/uts",
};

/* What prctl gives as its result, and what it stores. */
static struct {
    char const *name;
    int option;
    int stores;
} const prctls[] = {
    {"dumpable", PR_GET_DUMPABLE, 0},
    {"keepcaps", PR_GET_KEEPCAPS, 0},
    {"securebits", PR_GET_SECUREBITS, 0},
    {"no_new_privs", PR_GET_NO_NEW_PRIVS, 0},
    {"seccomp", PR_GET_SECCOMP, 0},
    {"thp_disable", PR_GET_THP_DISABLE, 0},
    {"timerslack", PR_GET_TIMERSLACK, 0},
    {"mce_kill", PR_MCE_KILL_GET, 0},
    {"speculation_store", PR_GET_SPECULATION_CTRL, 0},
    {"io_flusher", PR_GET_IO_FLUSHER, 0},
    {"parent_death_signal", PR_GET_PDEATHSIG, 1},
    {"child_subreaper", PR_GET_CHILD_SUBREAPER, 1},
    {"tsc", PR_GET_TSC, 1},
};

static void tell_files(void) {
    char path[64], line[4096];
    for (size_t i = 0; i < COUNT(files); i++) {
        snprintf(path, sizeof path, "/proc/self/%s", files[i]);
        FILE *f = fopen(path, "re");
        if (!f) fprintf(out, "%s unreadable: %s\n", files[i], strerror(errno));
        while (f && fgets(line, sizeof line, f)) fprintf(out, "%s %s", files[i], line);
        if (f && fclose(f) == 0 && line[strlen(line) - 1] != '\n') fputc('\n', out);
    }
}

static void tell_link(char const *name) {
    char path[300], target[4096];
    snprintf(path, sizeof path, "/proc/self/%s", name);
    ssize_t n = readlink(path, target, sizeof target);
    fprintf(out, "%s %.*s\n", name, n < 0 ? 0 : (int)n, target);
}

/* Their numbers, what they are open on, and their flags; but for those that this needs itself. */
static void tell_fds(void) {
    DIR *dir = opendir("/proc/self/fd");
    char name[300];
    for (struct dirent *d; dir && (d = readdir(dir));) {
        int fd = atoi(d->d_name);
        if (d->d_name[0] == '.' || fd == dirfd(dir)) continue;
        snprintf(name, sizeof name, "fd/%d", fd);
        tell_link(name);
        fprintf(out, "fd_flags/%d %x %x\n", fd, fcntl(fd, F_GETFL), fcntl(fd, F_GETFD));
    }
}

/* By system call: the library hides two of the 64. */
static void tell_signals(void) {
    struct {
        unsigned long handler, flags, restorer, mask[2];
    } action;
    unsigned long long set;
    for (int number = 1; number <= 64; number++) {
        memset(&action, 0, sizeof action);
        long r = syscall(SYS_rt_sigaction, number, 0, &action, 8);
        fprintf(out, "signal/%d %ld %lx %lx\n", number, r, action.handler, action.flags);
    }
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, 0, &set, 8);
    fprintf(out, "blocked %llx\n", set);
    syscall(SYS_rt_sigpending, &set, 8);
    fprintf(out, "pending %llx\n", set);
}

static void tell_prctls(void) {
    for (size_t i = 0; i < COUNT(prctls); i++) {
        int stored = 0;
        int r = prctl(prctls[i].option, prctls[i].stores ? (unsigned long)&stored : 0UL, 0UL, 0UL, 0UL);
        fprintf(out, "prctl/%s %d %d\n", prctls[i].name, r, stored);
    }
    for (int cap = 0; cap < 64; cap++)
        fprintf(out, "capability/%d %d %d\n", cap, prctl(PR_CAPBSET_READ, (unsigned long)cap, 0UL, 0UL, 0UL),
                prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, (unsigned long)cap, 0UL, 0UL));
}

static void tell_limits(void) {
    for (int resource = 0; resource < RLIM_NLIMITS; resource++) {
        struct rlimit limit;
        getrlimit(resource, &limit);
        fprintf(out, "limit/%d %llx %llx\n", resource, (unsigned long long)limit.rlim_cur,
                (unsigned long long)limit.rlim_max);
    }
}

static void tell_scheduling(void) {
    struct sched_param param = {0};
    cpu_set_t cpus;
    int policy = sched_getscheduler(0);
    sched_getparam(0, &param);
    fprintf(out, "scheduling %d %d\n", policy, param.sched_priority);
    fprintf(out, "nice %d\n", getpriority(PRIO_PROCESS, 0));
    fprintf(out, "io_priority %ld\n", syscall(SYS_ioprio_get, 1, 0));
    if (sched_getaffinity(0, sizeof cpus, &cpus) == 0) fprintf(out, "cpus %d\n", CPU_COUNT(&cpus));
}

static void tell_timers(void) {
    struct itimerval timer;
    for (int which = 0; which < 3; which++) {
        getitimer(which, &timer);
        fprintf(out, "timer/%d %d\n", which, timer.it_value.tv_sec || timer.it_value.tv_usec);
    }
}

/* Their names and rights, for the number of one that the caller made is another each time. */
static void tell_keyrings(void) {
    static int const rings[] = {KEY_SPEC_THREAD_KEYRING, KEY_SPEC_PROCESS_KEYRING, KEY_SPEC_SESSION_KEYRING,
                                KEY_SPEC_USER_KEYRING, KEY_SPEC_USER_SESSION_KEYRING};
    for (size_t i = 0; i < COUNT(rings); i++) {
        char text[300] = "";
        long r = syscall(SYS_keyctl, KEYCTL_DESCRIBE, rings[i], text, sizeof text - 1, 0);
        fprintf(out, "keyring/%d %ld %s\n", rings[i], r, r < 0 ? strerror(errno) : text);
    }
}

static void tell_relations(void) {
    int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    fprintf(out, "terminal %s %d\n", tty < 0 ? strerror(errno) : "yes", tty < 0 ? 0 : tcgetpgrp(tty));
    if (tty >= 0) close(tty);
    fprintf(out, "group %d\nsession %d\n", getpgrp(), getsid(0));
    int child = waitpid(-1, 0, WNOHANG);
    fprintf(out, "children %d %s\n", child, child < 0 ? strerror(errno) : "");
    fprintf(out, "persona %x\n", personality(0xffffffff));
}

/* What is mapped into it: nothing came along, no shared memory and no library. */
static void tell_mappings(void) {
    char line[4096], *name;
    FILE *f = fopen("/proc/self/maps", "re");
    while (f && fgets(line, sizeof line, f))
        if ((name = strpbrk(line, "/[")) || (name = strstr(line, "SYSV"))) fprintf(out, "mapped %s", name);
    if (f) fclose(f);
}

static void tell_words(char const *what, char **words) {
    for (; *words; words++) {
        fprintf(out, "%s ", what);
        for (char const *s = *words; *s; s++) fprintf(out, *s < ' ' ? "\\%02x" : "%c", *s);
        fputc('\n', out);
    }
}

int main(int argc, char **argv) {
    int to = argc > 1 ? atoi(argv[1]) : 1;
    size_t size;
    char *text;
    out = open_memstream(&text, &size);
    tell_fds();
    tell_signals();
    tell_prctls();
    tell_limits();
    tell_scheduling();
    tell_timers();
    tell_keyrings();
    tell_relations();
    tell_mappings();
    tell_files();
    for (size_t i = 0; i < COUNT(links); i++) tell_link(links[i]);
    tell_words("argument", argv);
    tell_words("variable", environ);
    fputs("end of report\n", out);
    fclose(out);
    for (size_t at = 0; at < size;) {
        ssize_t n = write(to, text + at, size - at);
        if (n < 0) return 1;
        at += (size_t)n;
    }
    return 0;
}
