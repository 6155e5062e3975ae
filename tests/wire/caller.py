"""caller: python3 caller.py STATE... -- ARGV... takes on each state, such as "umask" or "closed=2", and
executes ARGV. Exits 77 where it may not take one on. A program of its own, for what cannot be undone; it
knows nothing of ARGV."""

import ctypes
import os
import resource
import signal
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
SYS = {"rt_sigaction": 13, "rt_sigprocmask": 14, "ioprio_set": 251, "keyctl": 250} \
    if os.uname().machine == "x86_64" else \
    {"rt_sigaction": 134, "rt_sigprocmask": 135, "ioprio_set": 30, "keyctl": 219}
PR_SET_SECUREBITS, PR_SET_NO_NEW_PRIVS, PR_SET_TIMERSLACK, PR_SET_THP_DISABLE = 28, 38, 29, 41
PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG = 24, 36, 1
SECBIT_NO_CAP_AMBIENT_RAISE, CAP_SYS_TIME, ADDR_NO_RANDOMIZE = 1 << 6, 25, 0x0040000


def checked(value):
    if value < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return value


def syscall(name, *args):
    return checked(LIBC.syscall(ctypes.c_long(SYS[name]), *args))


def prctl(option, value):
    checked(LIBC.prctl(option, *map(ctypes.c_ulong, (value, 0, 0, 0))))


def ignore(number):
    """By system call, as the library refuses 32 and 33."""
    action = (ctypes.c_ulong * 4)(1)
    syscall("rt_sigaction", number, ctypes.byref(action), None, ctypes.c_long(8))


def block(numbers):
    mask = ctypes.c_uint64(sum(1 << number - 1 for number in numbers))
    syscall("rt_sigprocmask", signal.SIG_SETMASK, ctypes.byref(mask), None, ctypes.c_long(8))


def some_signals():
    for number in (signal.SIGCHLD, signal.SIGPIPE, signal.SIGHUP, signal.SIGUSR1, signal.SIGXFSZ, 40):
        ignore(number)
    block([signal.SIGTERM, signal.SIGUSR2, signal.SIGALRM, 50])


def sigchld_blocked():
    block([signal.SIGCHLD])


def all_signals():
    for number in set(range(1, 65)) - {signal.SIGKILL, signal.SIGSTOP}:
        ignore(number)
    block(range(1, 65))


def limits():
    for name, value in {"NOFILE": 64, "CORE": 0, "FSIZE": 10 ** 8, "STACK": 4 << 20, "MEMLOCK": 65536,
                        "CPU": 600, "NPROC": 4000, "SIGPENDING": 100, "MSGQUEUE": 1000}.items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}", 11), (value, value + 1))


def umask():
    os.umask(0o077)


def directory():
    os.chdir("/usr")


def priorities():
    os.nice(5)
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    syscall("ioprio_set", 1, 0, 2 << 13 | 6)
    prctl(PR_SET_TIMERSLACK, 70000)


def memory():
    for name, value in {"oom_score_adj": "300", "coredump_filter": "0x1"}.items():
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(value)
    prctl(PR_SET_THP_DISABLE, 1)
    checked(LIBC.personality(ADDR_NO_RANDOMIZE))


def privileges():
    prctl(PR_CAPBSET_DROP, CAP_SYS_TIME)
    prctl(PR_SET_SECUREBITS, SECBIT_NO_CAP_AMBIENT_RAISE)
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def user(numbers):
    """user=UID,GID,GROUP,..."""
    uid, gid, *groups = map(int, numbers.split(","))
    os.setgroups(groups)
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def groups():
    os.setgroups([4, 24, 27])


def keyring():
    syscall("keyctl", 1, b"wire")


def terminal(path):
    """The caller leads its session: the terminal that it opens becomes the controlling one."""
    os.close(os.open(path, os.O_RDWR))


def network(fds):
    """network=6,7: what was on 0 and 1 goes there, and these are on /dev/null."""
    for old, new in enumerate(map(int, fds.split(","))):
        os.dup2(old, new)
        os.dup2(os.open(os.devnull, os.O_RDWR), old)


def fds():
    """A file opened for appending on 5, a pipe that does not block on 9."""
    os.dup2(os.open(os.devnull, os.O_WRONLY | os.O_APPEND), 5)
    os.dup2(os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)[0], 9)


def closed(numbers):
    for number in numbers.split(","):
        os.close(int(number))


def relations():
    """What fork(2) does not hand down."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    prctl(PR_SET_PDEATHSIG, signal.SIGUSR1)
    signal.setitimer(signal.ITIMER_REAL, 600)


def execute(argv, environment):
    """By system call: a dictionary has no place for some environments."""
    def array(words):
        return (ctypes.c_char_p * (len(words) + 1))(*words, None)
    for directory in os.environb[b"PATH"].split(b":"):
        LIBC.execve(directory + b"/" + argv[0], array(argv), array(environment))
    sys.exit(f"{argv[0]} is not found")


def take_on(state, args):
    try:
        state(*args)
    except PermissionError as error:
        print(f"{state.__name__}: {error}", file=sys.stderr)
        sys.exit(77)


def main(words):
    states, argv = words[:words.index("--")], words[words.index("--") + 1:]
    environment = [name + b"=" + value for name, value in os.environb.items()]
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # as Python found them, most likely
        signal.signal(number, signal.SIG_DFL)
    for state in states:
        name, equals, value = state.partition("=")
        if name == "environment":
            environment += [b"A=1", b"A=2", b"no equals sign", b"=", b"EMPTY=", b"SSL_CIPHER=old",
                            b"SSL_CIPHER=older", b"SSL_CERT_FILE=/x", b"KEYFILE:a=/x", b"KEYFILES=/x",
                            b"LONG=" + b"x" * 100000]
        else:
            take_on(globals()[name], [value] if equals else [])
    execute([os.fsencode(word) for word in argv], environment)


if __name__ == "__main__":
    main(sys.argv[1:])
