"""Faults: each call of a good connection's that can fail, fails once, in each process of ours. What fails ends with the
code that the contract has for it, says why, never hangs, and leaves nothing; what only seems to fail (EINTR) is not seen.

In the build under test, with its cage and its key process: the library that makes the calls fail makes none itself."""

import errno
import os
import signal
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from features import have, needs, require
from harness import command
from peer import Ended
from tcp import Refusal, Server, Service, echoes

HERE = Path(__file__).parent
pytestmark = [pytest.mark.not_watched("the calls that fail are those of the library that watches"),
              needs("LINK_SHARED")] # into a static binary nothing can be put
SECRET = b"to and fro"
LOG_SIZE, HEAD = 1 << 18, 8 + 16 * 8


@pytest.fixture(scope="session")
def library(world_dir):
    made = world_dir / "faults.so"
    subprocess.run(["cc", "-std=gnu11", "-O1", "-fPIC", "-shared", "-fno-builtin", "-w", "-o", made, HERE / "faults.c"],
                   check=True)
    return made


class Tls:
    """s6-tlsd or s6-tlsc, with certificates on both sides; prog's exit code is 42."""

    good = 42

    def __init__(self, launch, ends, pki, side):
        self.launch, self.ends, self.pki, self.side = launch, ends, pki, side

    def start(self, env):
        prog = "cat; exit 42"
        opts = "-v 2 -K 3000 -I 0"
        if os.getuid() == 0:
            env = {**env, "TLS_UID": "60001", "TLS_GID": "60001"}
        if self.side == "s6-tlsd":
            exposed = self.launch.dir / "key.pem" # which is worth a warning
            exposed.write_bytes(self.pki.issue().key.read_bytes())
            exposed.chmod(0o644)
            run = self.launch.tlsd(f"{opts} -Y", prog, {**env, "KEYFILE": exposed})
            return run, self.ends(run, "1.3", cert=self.pki.client())
        run = self.launch.tlsc_on_stdio(f"{opts} -y -k localhost", prog, {**env, **self.pki.client().env()})
        return run, self.ends(run, "1.3", server=True, cert=self.pki.issue())

    def run(self, env):
        """The Run, ended, and whether all came back."""
        run, tls = self.start(env)
        came = b""
        try:
            tls.handshake()
            tls.send(SECRET)
            tls.close_notify()
            came = tls.recv_all()
        except (Ended, OSError):
            pass
        tls.sock.close()
        run.wait()
        return run, came == SECRET


class Delayed(Tls):
    """s6-ucspitlsd: what was called becomes prog, and the engine is its child."""

    side = "s6-ucspitlsd"

    def __init__(self, launch, ends):
        self.launch, self.ends = launch, ends

    def start(self, env):
        prog = 'printf Y >&"$SSLCTLFD"; cat <&"$SSLREADFD" >&"$SSLWRITEFD"; exit 42'
        run = self.launch.on_stdio(command(self.side, "-v 2 -K 3000", prog), env)
        return run, self.ends(run, "1.3")


class Tickets(Tls):
    """s6-tlsd with keys for tickets that are shared, and so old that there must be a new one."""

    def __init__(self, launch, ends):
        self.launch, self.ends, self.side = launch, ends, "s6-tlsd"

    def start(self, env):
        shared = os.memfd_create("keys", 0)
        os.write(shared, bytes(8) + os.urandom(80))
        run = self.launch.tlsd("-v 2 -K 3000 -I 0", "cat; exit 42", {**env, "TLS_TICKETFD": shared}, pass_fds=[shared])
        os.close(shared)
        return run, self.ends(run, "1.3")


class Plain:
    """A program that is started by itself."""

    def __init__(self, launch):
        self.launch = launch


class TcpServer(Plain):
    """s6-tcpserver: a connection may be lost, and then the next one is served."""

    good = 0
    side = "s6-tcpserver"

    def run(self, env):
        served = False
        with Server(self.launch, "-v", env=env) as server:
            while server.port and server.run.alive() and not served and len(server.socks) < 2:
                try:
                    served = echoes(server.connect(), SECRET)
                except OSError:
                    pass
            for sock in server.socks:
                sock.close()
            if server.run.alive():
                server.signal(signal.SIGTERM)
            server.run.wait()
        return server.run, served


class TlsServer(Plain):
    """s6-tlsserver at a port that is taken: what it becomes says so."""

    good = 111
    side = "s6-tlsserver"

    def run(self, env):
        require("S6_TCPSERVER")
        with Refusal() as taken:
            run = self.launch.program(command("s6-tlsserver", "-b 5 -q", ["127.0.0.1", taken.port, "cat"]), env)
            run.wait()
        return run, "unable to bind" in run.stderr()


class TcpClient(Plain):
    """s6-tcpclient, which becomes prog."""

    good = 42
    side = "s6-tcpclient"

    def run(self, env):
        with Service(lambda sock, _: sock.sendall(sock.recv(len(SECRET)))) as service:
            prog = f"printf '{SECRET.decode()}' >&7; cat <&6; exit 42"
            run = self.launch.program(command("s6-tcpclient", "-vr", ["localhost", service.port]) + ["sh", "-c", prog], env,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
            came = run.process.stdout.read()
            run.wait()
        return run, came == SECRET


class Faulty:
    """Runs one good connection after another, each with a call that fails."""

    def __init__(self, program, library, log, bin_dir):
        self.program, self.log = program, log
        self.env = {"LD_PRELOAD": str(library), "FAULT_LOG": str(log), "PATH": f"{bin_dir}:/usr/bin:/bin"}

    def run(self, fault=None):
        self.log.write_bytes(bytes(HEAD + LOG_SIZE))
        run, came = self.program.run({**self.env, **({"FAULT": fault} if fault else {})})
        assert run.left() == [], fault # the engine of s6-ucspitlsd may outlive what was called, and have its say then
        return run, came

    def calls(self):
        """(process, function) of each call, and "fails" for the one that did."""
        return [tuple(line.split()) for line in self.log.read_bytes()[HEAD:].rstrip(b"\0").decode().splitlines()]

    def counted(self):
        """How often each process calls each function in a good connection."""
        run, came = self.run()
        assert run.wait() == self.program.good and came, run.stderr()
        return Counter((process, name) for process, name, *_ in self.calls())

    def each_fails(self, names, error):
        """Lets each call of the functions fail in turn; yields name, Run and whether all came when it did."""
        for (process, name), times in sorted(self.counted().items()):
            for nth in range(1, times + 1 if name in names else 0):
                run, came = self.run(f"{process}:{name}:{nth}:{error}")
                if any(call[2:] == ("fails",) for call in self.calls()):
                    yield f"{name}, call {nth} of {times} of process {process}: {run.wait()} {run.stderr()}", name, run, came
                run.end()


@pytest.fixture
def make(launch, ends, pki, library, bin_dir, tmp_path):
    def of(name):
        plain = {program.side: program for program in (TcpServer, TcpClient, TlsServer)}
        program = (plain[name](launch) if name in plain else Tickets(launch, ends) if name == "tickets"
                   else Delayed(launch, ends) if name == Delayed.side else Tls(launch, ends, pki, name))
        return Faulty(program, library, tmp_path / "calls", bin_dir)
    return of


@pytest.fixture
def faulty(make):
    return make("s6-tlsd")


# The codes with which a TLS connection may end when a function fails, by groups of which each is a test. 42 is prog's own.
SYSTEM = {111: "fork fcntl pipe2 dup2 open poll socketpair setgroups setresgid setresuid setrlimit getrlimit sigaction "
               "signalfd", (98, 111): "ppoll", (42, 111): "prctl syscall sigprocmask waitpid"}
FILES = {96: "fstat lstat openat opendir", 126: "execve"}
UNSEEN = {42: "clock_gettime close getgroups getsockopt ioctl madvise mlock2 munmap setsockopt shutdown writev"}
TRANSFERS = {(42, 96, 111): "read write", (42, 98): "recv send"}
MEMORY = {(42, 96, 97, 98, 111): "malloc realloc", (42, 96, 97, 98): "mmap"}
ENGINE = {(96, 97): "wolfCrypt_Init wolfSSL_CTX_SetMinVersion wolfSSL_CTX_new wolfSSL_new wolfSSL_Init "
                    "wolfSSLv23_client_method wolfSSLv23_server_method wolfSSL_CTX_set_cipher_list wolfSSL_CTX_set_groups "
                    "wolfSSL_UseSNI wolfSSL_CTX_load_verify_buffer wolfSSL_CTX_use_certificate_chain_buffer_format "
                    "wc_InitRng",
          (42, 97): "getrandom", (42, 96, 98): "wc_ecc_init",
          # wolfSSL_write leaves the reason of the call before, which may be to call again
          98: "wc_ecc_sign_hash wc_ecc_verify_hash wolfSSL_get_peer_certificate wolfSSL_set1_curves_list "
              "wolfSSL_use_certificate_chain_buffer_format wolfSSL_write",
          # so does this one, and there it can be true
          42: "wolfSSL_read"}
GROUPS = {"system": SYSTEM, "files": FILES, "unseen": UNSEEN, "transfers": TRANSFERS, "memory": MEMORY, "engine": ENGINE}
# what comes with tickets; fcntl: what is shared is locked
TICKETS = {96: "getentropy pread pwrite", (42, 96, 111): "fcntl"}
# which an interrupted system call must not stop, whoever sends the signal
RESTARTED = "recv send write poll ppoll waitpid ioctl close"
# pipes do not fail so, but when they do, prog has ended its side
MAY_LOSE = ("read", "write")


def codes_of(group):
    """What each function of a group may end with."""
    return {name: codes if isinstance(codes, tuple) else (codes,)
            for codes, names in group.items() for name in names.split()}


# the client is the same program but for these
CASES = [*(("s6-tlsd", group) for group in GROUPS), ("s6-tlsc", "engine"), ("s6-tlsc", "memory")]


@pytest.mark.parametrize("name,group", CASES)
def test_call_that_fails_gives_its_code_and_leaves_nothing(make, name, group):
    if group == "engine" and have("WOLFSSL_SOURCE"):
        pytest.skip("the library is a part of the binary")
    faulty, codes = make(name), codes_of(GROUPS[group])
    failed = 0
    for what, call, run, came in faulty.each_fails(codes, errno.ENOMEM if group == "memory" else errno.EIO):
        assert run.wait() in codes[call], what
        assert run.wait() == 42 or f"{name}: fatal: " in run.stderr(), what
        assert run.wait() != 42 or came or call in MAY_LOSE, what
        failed += 1
    assert failed


def test_ticket_call_that_fails_gives_its_code_and_leaves_nothing(make):
    require("TICKETS")
    codes = codes_of(TICKETS)
    seen = set()
    for what, call, run, _ in make("tickets").each_fails(codes, errno.EIO):
        assert run.wait() in codes[call], what
        assert run.wait() == 42 or "s6-tlsd: fatal: " in run.stderr(), what
        seen.add(call)
    assert seen == set(codes)


def test_interrupted_call_is_made_again(faulty):
    failed = 0
    for what, _, run, came in faulty.each_fails(RESTARTED.split(), errno.EINTR):
        assert run.wait() == 42 and came, what
        failed += 1
    assert failed


def test_every_call_that_can_fail_is_known(faulty):
    known = {name for group in GROUPS.values() for name in codes_of(group)}
    assert {name for _, name in faulty.counted()} <= known


# What each of these ends with: it is told of, or not seen at all.
ENDS = {"s6-ucspitlsd": (42, 111, 126, -signal.SIGPIPE), "s6-tcpserver": (0, 111), "s6-tcpclient": (42, 100, 111, 126),
        "s6-tlsserver": (111, 126)}


@pytest.mark.parametrize("name", ENDS)
def test_call_that_fails_ends_in_a_message_or_not_at_all(make, name):
    faulty = make(name)
    other = ("read write accept4 bind connect fchmod getaddrinfo getentropy getpeername getsockname kill listen memfd_create "
             "pwrite socket").split()
    for error, names in ((errno.ENOMEM, codes_of(MEMORY)), (errno.EBADF, ["accept4"]),
                         (errno.EIO, [*codes_of(SYSTEM), *codes_of(FILES), *other])):
        for what, _, run, came in faulty.each_fails(names, error):
            assert run.wait() in ENDS[name], what
            assert ": fatal: " in run.stderr() or (came and run.wait() == faulty.program.good), what


def test_record_that_cannot_be_made_is_a_failure_though_the_last_read_was_to_be_repeated(launch, ends, library, tmp_path):
    if have("WOLFSSL_SOURCE"):
        pytest.skip("the library is a part of the binary")
    log = tmp_path / "calls"
    log.write_bytes(bytes(HEAD + LOG_SIZE))
    run = launch.tlsd("", "head -c 1", {"LD_PRELOAD": str(library), "FAULT_LOG": str(log), "FAULT": "0:wolfSSL_write:1:0"})
    tls = ends(run, "1.3")
    tls.handshake()
    tls.send(b"x")
    assert tls.recv_all() == b""
    tls.sock.close()
    assert run.wait() == 98
    assert "s6-tlsd: fatal: unable to send: build message failure" in run.stderr()
