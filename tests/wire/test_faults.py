"""Faults: each call of a good connection's that can fail, fails once. The program ends with the code that the
contract has for it, says why, never hangs, and leaves nothing; what only seems to fail (EINTR) is not seen."""

import errno
import os
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from peer import Ended

HERE = Path(__file__).parent
pytestmark = [pytest.mark.xdist_group("faults"), pytest.mark.not_watched("the calls that fail are those of the library that watches")]
SECRET = b"to and fro"


@pytest.fixture(scope="session")
def library(world_dir):
    made = world_dir / "faults.so"
    subprocess.run(["cc", "-std=gnu11", "-O1", "-fPIC", "-shared", "-fno-builtin", "-w", "-o", made, HERE / "faults.c"],
                   check=True)
    return made


@pytest.fixture(scope="session")
def failing_bin(world_dir):
    """The applets in a build without a cage, which what makes calls fail would not live in, and with the keys in the
    engine, so that all calls are in one process and in prog's."""
    made = world_dir / "failing"
    made.mkdir()
    config = Path(os.environ["S6TLS_BIN"]).with_name(".config").read_text()
    for symbol in ("CAGE", "KEY_PROCESS"):
        config = config.replace(f"CONFIG_{symbol}=y", f"# CONFIG_{symbol} is not set")
    (made / ".config").write_text(config)
    subprocess.run(["make", "-s", "-j2", f"O={made}", "CFLAGS=-O0"], cwd=HERE.parents[1], check=True, stdin=subprocess.DEVNULL)
    for name in ("s6-tlsd", "s6-tlsc"):
        (made / name).symlink_to("s6-tls")
    return made


class Faulty:
    """Runs one good connection after another, each with a call that fails."""

    def __init__(self, launch, ends, pki, library, log, side, applets):
        self.launch, self.ends, self.pki, self.side, self.log = launch, ends, pki, side, log
        self.env = {"LD_PRELOAD": str(library), "FAULT_LOG": str(self.log), "PATH": f"{applets}:{os.environ['PATH']}"}
        if os.getuid() == 0:
            self.env |= {"TLS_UID": "60001", "TLS_GID": "60001"}

    def run(self, fault=None):
        """The Run, ended, and what came back."""
        self.log.write_bytes(b"")
        self.log.chmod(0o666)
        env = {**self.env, **({"FAULT": fault} if fault else {})}
        prog = "cat; exit 42"
        if self.side == "s6-tlsd":
            run = self.launch.tlsd("-v 2 -Y", prog, env)
            tls = self.ends(run, "1.3", cert=self.pki.client())
        else:
            run = self.launch.tlsc_on_stdio("-v 2 -y -k localhost", prog, {**env, **self.pki.client().env()})
            tls = self.ends(run, "1.3", server=True, cert=self.pki.issue())
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
        return run, came

    def calls(self):
        return [tuple(line.split()) for line in self.log.read_text().splitlines()]


@pytest.fixture
def faulty(launch, ends, pki, library, failing_bin, world_dir, tmp_path, side):
    """The log is where every user can write to it."""
    return Faulty(launch, ends, pki, library, world_dir / f"calls.{tmp_path.name}", side, failing_bin)


# The codes with which the program may end when a function fails, by groups of which each is a test. 42 is prog's own.
SYSTEM = {111: "fork fcntl pipe pipe2 dup2 poll ppoll setgroups setresgid setresuid sigaction signalfd socketpair"}
FILES = {96: "fstat lstat openat opendir", 126: "execve"}
UNSEEN = {42: "close getsockopt setsockopt clock_gettime ioctl shutdown waitpid"}
TRANSFERS = {(42, 96, 97, 111): "read write", (42, 98): "recv send"}
FALLBACKS = {(42, 111): "syscall sigprocmask", (42, 97): "open"}
MEMORY = {(42, 96, 97, 98, 111): "malloc realloc"}
ENGINE = {(96, 97): "wolfSSL_CTX_SetMinVersion wolfSSL_CTX_new wolfSSL_new wolfSSL_Init wolfSSLv23_client_method "
                    "wolfSSLv23_server_method wolfSSL_CTX_set_cipher_list wolfSSL_CTX_set_groups wolfSSL_UseSNI "
                    "wolfSSL_CTX_load_verify_buffer wolfSSL_CTX_use_certificate_chain_buffer_format wc_InitRng",
          98: "wolfSSL_write wc_ecc_sign_hash wolfSSL_get_peer_certificate wolfSSL_set1_curves_list "
              "wolfSSL_use_certificate_chain_buffer_format",
          42: "wolfSSL_read"}  # without a reason, it has only to be called again
GROUPS = {"system": SYSTEM, "files": FILES, "unseen": UNSEEN, "transfers": TRANSFERS, "fallbacks": FALLBACKS,
          "memory": MEMORY, "engine": ENGINE}
# which an interrupted system call must not stop, whoever sends the signal
RESTARTED = "recv send write poll ppoll waitpid ioctl close"
# pipes do not fail so, but when they do, prog has ended its side
MAY_LOSE = ("read", "write")


def codes_of(group):
    """What each function of a group may end with."""
    return {name: codes if isinstance(codes, tuple) else (codes,)
            for codes, names in group.items() for name in names.split()}


def counted(faulty):
    """How often each process calls each function in a good connection."""
    run, came = faulty.run()
    assert run.wait() == 42 and came == SECRET, run.stderr()
    return Counter((process, name) for process, name, *_ in faulty.calls())


def each_fails(faulty, names, error):
    """Lets each call of the functions fail in turn; yields name, Run and what came back when it did."""
    for (process, name), times in sorted(counted(faulty).items()):
        for nth in range(1, times + 1 if name in names else 0):
            run, came = faulty.run(f"{process}:{name}:{nth}:{error}")
            if any(call[2:] == ("fails",) for call in faulty.calls()):
                yield f"{name}, call {nth} of process {process}", name, run, came
            run.end()


def check_end(what, run, side, codes):
    assert run.wait() in codes, f"{what}: {run.wait()} {run.stderr()}"
    assert run.wait() == 42 or run.stderr().startswith(f"{side}: fatal: "), f"{what}: {run.stderr()}"
    assert run.left() == [], what


@pytest.mark.parametrize("group", GROUPS)
def test_call_that_fails_gives_its_code_and_leaves_nothing(faulty, group):
    codes = codes_of(GROUPS[group])
    error = errno.ENOMEM if group == "memory" else errno.EIO
    failed = 0
    for what, name, run, came in each_fails(faulty, codes, error):
        check_end(what, run, faulty.side, codes[name])
        assert run.wait() != 42 or came == SECRET or name in MAY_LOSE, what
        failed += 1
    assert failed


def test_interrupted_call_is_made_again(faulty):
    failed = 0
    for what, _, run, came in each_fails(faulty, RESTARTED.split(), errno.EINTR):
        check_end(what, run, faulty.side, (42,))
        assert came == SECRET, what
        failed += 1
    assert failed


def test_every_call_that_can_fail_is_known(faulty):
    known = {name for group in GROUPS.values() for name in codes_of(group)}
    assert {name for _, name in counted(faulty)} <= known
