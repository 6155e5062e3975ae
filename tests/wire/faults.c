/* faults: a library to be preloaded, in which the n-th call of a named function fails; or which only writes down who
 * calls what.
 * It must leave alone every program but ours, and every call but that one.
 *
 * FAULT=process:function:n:errno, FAULT_LOG=file. Processes are numbered as they are forked, 0 the one that was
 * started; calls are counted in each from its fork on. errno 0: the function fails without a reason, as wolfSSL's do.
 * Arguments are passed on as they are, all in registers: on no machine that this runs on do int, pointer and size need
 * more to be known. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

enum { FUNCTIONS_MAX = 128, NAME_MAX_LEN = 64 };

/* not from headers: the functions below would be declared there, each with its own arguments */
extern char *getenv(char const *);
extern char *program_invocation_short_name;
extern int strcmp(char const *, char const *);
extern int strncmp(char const *, char const *, size_t);
extern size_t strlen(char const *);
extern char *strchr(char const *, int);
extern char *strncpy(char *, char const *, size_t);
extern long strtol(char const *, char **, int);
extern int snprintf(char *, size_t, char const *, ...);
extern char *strstr(char const *, char const *);
extern void *__libc_malloc(size_t);
extern void *__libc_realloc(void *, size_t);

typedef long function(long, long, long, long, long, long);

static struct {
    int on;
    long process; /* which one fails */
    long n;
    int error;
    char name[NAME_MAX_LEN];
    char log[4096];
} fault;

static long process, forks;
static unsigned int calls;

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

static void __attribute__((constructor)) begin(void) {
    char const *s = getenv("FAULT"), *log = getenv("FAULT_LOG");
    if (strncmp(program_invocation_short_name, "s6-tls", 6)) return;
    if (s) read_fault(s);
    if (log) strncpy(fault.log, log, sizeof fault.log - 1);
    fault.on = 1;
}

void faults_end(void) {
    fault.on = 0;
}

static void write_down(char const *name, int fails) {
    enum { O_WRONLY_APPEND = 02001 };
    char line[NAME_MAX_LEN + 64];
    int saved = errno, len = snprintf(line, sizeof line, "%ld %s%s\n", process, name, fails ? " fails" : "");
    long fd = real("open")((long)fault.log, O_WRONLY_APPEND, 0, 0, 0, 0);
    if ((int)fd >= 0) {
        real("write")(fd, (long)line, len, 0, 0, 0);
        real("close")(fd, 0, 0, 0, 0, 0);
    }
    errno = saved;
}

/* Whether this call is the one. */
static int fails(char const *name) {
    if (!fault.on) return 0;
    int now = fault.process == process && !strcmp(name, fault.name) && ++calls == (unsigned long)fault.n;
    if (fault.log[0]) write_down(name, now);
    if (now && fault.error) errno = fault.error;
    return now;
}

#define FAILS_WITH(failure, name)                                                                            \
    long name(long a, long b, long c, long d, long e, long f) {                                              \
        return fails(#name) ? (failure) : real(#name)(a, b, c, d, e, f);                                     \
    }

#define SYSTEM_CALL(name) FAILS_WITH(-1, name)

SYSTEM_CALL(dup2)
SYSTEM_CALL(execve)
SYSTEM_CALL(fcntl)
SYSTEM_CALL(fstat)
SYSTEM_CALL(getsockopt)
SYSTEM_CALL(ioctl)
SYSTEM_CALL(lstat)
SYSTEM_CALL(open)
SYSTEM_CALL(openat)
SYSTEM_CALL(pipe)
SYSTEM_CALL(pipe2)
SYSTEM_CALL(poll)
SYSTEM_CALL(ppoll)
SYSTEM_CALL(read)
SYSTEM_CALL(recv)
SYSTEM_CALL(send)
SYSTEM_CALL(setgroups)
SYSTEM_CALL(setresgid)
SYSTEM_CALL(setresuid)
SYSTEM_CALL(setsockopt)
SYSTEM_CALL(shutdown)
SYSTEM_CALL(sigaction)
SYSTEM_CALL(signalfd)
SYSTEM_CALL(sigprocmask)
SYSTEM_CALL(socketpair)
SYSTEM_CALL(clock_gettime)
SYSTEM_CALL(syscall)
SYSTEM_CALL(waitpid)
SYSTEM_CALL(write)
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
FAILS_WITH(-1, wc_InitRng)
FAILS_WITH(-1, wc_ecc_sign_hash)

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
    forks++;
    int pid = (int)real("fork")(0, 0, 0, 0, 0, 0);
    if (!pid) {
        process = forks;
        calls = 0;
    }
    return pid;
}

/* Memory that we or skalibs ask for: the other libraries' is their own affair. */
static int is_ours(void *caller) {
    Dl_info info;
    if (!fault.on || !dladdr(caller, &info) || !info.dli_fname) return 0;
    return strstr(info.dli_fname, "libskarnet") || strstr(info.dli_fname, "s6-tls");
}

void *malloc(size_t n) {
    return is_ours(__builtin_return_address(0)) && fails("malloc") ? 0 : __libc_malloc(n);
}

void *realloc(void *p, size_t n) {
    return is_ours(__builtin_return_address(0)) && fails("realloc") ? 0 : __libc_realloc(p, n);
}
