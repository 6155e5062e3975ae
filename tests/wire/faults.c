/* faults: a library to be preloaded, in which the n-th call of a named function fails; or which only writes down who
 * calls what.
 * It must leave alone every program but ours, and every call but that one; nor make a system call of its own after it has
 * begun, for which a cage would end the process.
 *
 * FAULT=process:function:n:errno, FAULT_LOG=a file of sizeof(struct log) zeros. Processes are numbered as they are forked,
 * 0 the one that was started, and keep their number when they become another program of ours; calls are counted in each.
 * errno 0: the function fails without a reason, as wolfSSL's do. Arguments are passed on as they are, all in registers:
 * on no machine that this runs on do int, pointer and size need more to be known. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

enum { NAME_MAX_LEN = 64, PROCESSES = 16, LOG_SIZE = 1 << 18 };

/* not from headers: the functions below would be declared there, each with its own arguments */
extern char *getenv(char const *);
extern char *program_invocation_short_name;
extern int getpid(void);
extern int snprintf(char *, size_t, char const *, ...);
extern int strcmp(char const *, char const *);
extern int strncmp(char const *, char const *, size_t);
extern char *strchr(char const *, int);
extern char *strncpy(char *, char const *, size_t);
extern char *strstr(char const *, char const *);
extern long strtol(char const *, char **, int);
extern void *memcpy(void *, void const *, size_t);
extern void *__libc_malloc(size_t);
extern void *__libc_realloc(void *, size_t);

typedef long function(long, long, long, long, long, long);

/* Shared by all processes, and read by the test. */
struct log {
    unsigned int processes;
    unsigned int len;
    struct {
        int pid;
        unsigned int calls; /* of the function that fails */
    } process[PROCESSES];
    char text[LOG_SIZE];
};

static struct {
    long process; /* which one fails */
    long n;
    int error;
    char name[NAME_MAX_LEN];
} fault;

int faults_on; /* 0 while what is called is not the program's own affair */
static struct log *shared;
static unsigned int process;

static function *real(char const *name) {
    return (function *)dlsym(RTLD_NEXT, name);
}

static void read_fault(char const *s) {
    char *end;
    fault.process = strtol(s, &end, 10);
    s = end + 1;
    end = strchr(s, ':');
    strncpy(fault.name, s, (size_t)(end - s));
    fault.n = strtol(end + 1, &end, 10);
    fault.error = (int)strtol(end + 1, 0, 10);
}

static void number_process(unsigned int n) {
    process = n;
    shared->process[n].pid = getpid();
}

static struct log *map(char const *path) {
    enum { O_RDWR_CLOEXEC = 02000002, PROT_READ_WRITE = 3, MAP_SHARED_FILE = 1 };
    long fd = (int)real("open")((long)path, O_RDWR_CLOEXEC, 0, 0, 0, 0);
    long at = fd < 0 ? -1 : real("mmap")(0, sizeof(struct log), PROT_READ_WRITE, MAP_SHARED_FILE, fd, 0);
    if (fd >= 0) real("close")(fd, 0, 0, 0, 0, 0);
    return at == -1 ? 0 : (struct log *)at;
}

static void __attribute__((constructor)) begin(void) {
    char const *s = getenv("FAULT"), *path = getenv("FAULT_LOG");
    if (!path || strncmp(program_invocation_short_name, "s6-", 3)) return;
    shared = map(path);
    if (!shared) return;
    unsigned int n = 0;
    while (n < shared->processes && shared->process[n].pid != getpid()) n++;
    if (n == shared->processes) shared->processes++;
    number_process(n);
    if (s) read_fault(s);
    faults_on = 1;
}

static void write_down(char const *name, int fails) {
    char line[NAME_MAX_LEN + 64];
    int len = snprintf(line, sizeof line, "%u %s%s\n", process, name, fails ? " fails" : "");
    unsigned int at = __atomic_fetch_add(&shared->len, len, __ATOMIC_SEQ_CST);
    if (at + (unsigned int)len <= LOG_SIZE) memcpy(shared->text + at, line, (size_t)len);
}

/* Whether this call is the one. */
static int fails(char const *name) {
    if (!faults_on) return 0;
    int saved = errno;
    int now = fault.process == (long)process && !strcmp(name, fault.name) &&
              ++shared->process[process].calls == (unsigned long)fault.n;
    write_down(name, now);
    errno = now && fault.error ? fault.error : saved;
    return now;
}

#define FAILS_WITH(failure, name)                                                                            \
    long name(long a, long b, long c, long d, long e, long f) {                                              \
        return fails(#name) ? (failure) : real(#name)(a, b, c, d, e, f);                                     \
    }

#define SYSTEM_CALL(name) FAILS_WITH(-1, name)

SYSTEM_CALL(accept4)
SYSTEM_CALL(bind)
SYSTEM_CALL(clock_gettime)
SYSTEM_CALL(connect)
SYSTEM_CALL(dup2)
SYSTEM_CALL(execve)
SYSTEM_CALL(fchmod)
SYSTEM_CALL(fcntl)
SYSTEM_CALL(fstat)
SYSTEM_CALL(getentropy)
SYSTEM_CALL(getgroups)
SYSTEM_CALL(getpeername)
SYSTEM_CALL(getrandom)
SYSTEM_CALL(getrlimit)
SYSTEM_CALL(getsockname)
SYSTEM_CALL(getsockopt)
SYSTEM_CALL(ioctl)
SYSTEM_CALL(kill)
SYSTEM_CALL(listen)
SYSTEM_CALL(lstat)
SYSTEM_CALL(madvise)
SYSTEM_CALL(memfd_create)
SYSTEM_CALL(mlock2)
SYSTEM_CALL(mmap)
SYSTEM_CALL(munmap)
SYSTEM_CALL(open)
SYSTEM_CALL(openat)
SYSTEM_CALL(pipe)
SYSTEM_CALL(pipe2)
SYSTEM_CALL(poll)
SYSTEM_CALL(ppoll)
SYSTEM_CALL(prctl)
SYSTEM_CALL(pread)
SYSTEM_CALL(pwrite)
SYSTEM_CALL(read)
SYSTEM_CALL(recv)
SYSTEM_CALL(send)
SYSTEM_CALL(setgroups)
SYSTEM_CALL(setresgid)
SYSTEM_CALL(setresuid)
SYSTEM_CALL(setrlimit)
SYSTEM_CALL(setsockopt)
SYSTEM_CALL(shutdown)
SYSTEM_CALL(sigaction)
SYSTEM_CALL(signalfd)
SYSTEM_CALL(sigprocmask)
SYSTEM_CALL(socket)
SYSTEM_CALL(socketpair)
SYSTEM_CALL(stat)
SYSTEM_CALL(syscall)
SYSTEM_CALL(waitpid)
SYSTEM_CALL(write)
SYSTEM_CALL(writev)
FAILS_WITH(-4, getaddrinfo) /* EAI_FAIL */
FAILS_WITH(0, opendir)
FAILS_WITH(0, wolfSSL_CTX_new)
FAILS_WITH(0, wolfSSL_new)
FAILS_WITH(0, wolfSSLv23_client_method)
FAILS_WITH(0, wolfSSLv23_server_method)
FAILS_WITH(0, wolfSSL_Init)
FAILS_WITH(0, wolfSSL_CTX_SetMinVersion)
FAILS_WITH(0, wolfSSL_CTX_set_cipher_list)
FAILS_WITH(0, wolfSSL_CTX_set_groups)
FAILS_WITH(0, wolfSSL_CTX_load_verify_buffer)
FAILS_WITH(0, wolfSSL_CTX_use_certificate_chain_buffer_format)
FAILS_WITH(0, wolfSSL_use_certificate_chain_buffer_format)
FAILS_WITH(0, wolfSSL_UseSNI)
FAILS_WITH(0, wolfSSL_set1_curves_list)
FAILS_WITH(0, wolfSSL_get_peer_certificate)
FAILS_WITH(-1, wolfSSL_read)
FAILS_WITH(-1, wolfSSL_write)
FAILS_WITH(-1, wolfCrypt_Init)
FAILS_WITH(-1, wc_InitRng)
FAILS_WITH(-1, wc_ecc_init)
FAILS_WITH(-1, wc_ecc_sign_hash)
FAILS_WITH(-1, wc_ecc_verify_hash)

/* A close that fails has closed all the same, as on Linux. */
long close(long fd, long b, long c, long d, long e, long f) {
    int now = fails("close");
    long r = real("close")(fd, b, c, d, e, f);
    if (now) errno = fault.error;
    return now ? -1 : r;
}

/* The child is a process of its own number. */
int fork(void) {
    if (fails("fork")) return -1;
    unsigned int n = shared ? __atomic_fetch_add(&shared->processes, 1, __ATOMIC_SEQ_CST) : 0;
    int pid = (int)real("fork")(0, 0, 0, 0, 0, 0);
    if (!pid && shared) number_process(n);
    return pid;
}

/* Memory that we or skalibs ask for: the other libraries' is their own affair. */
static int is_ours(void *caller) {
    Dl_info info;
    if (!faults_on || !dladdr(caller, &info) || !info.dli_fname) return 0;
    return strstr(info.dli_fname, "libskarnet") || strstr(info.dli_fname, "s6-t");
}

void *malloc(size_t n) {
    return is_ours(__builtin_return_address(0)) && fails("malloc") ? 0 : __libc_malloc(n);
}

void *realloc(void *p, size_t n) {
    return is_ours(__builtin_return_address(0)) && fails("realloc") ? 0 : __libc_realloc(p, n);
}
