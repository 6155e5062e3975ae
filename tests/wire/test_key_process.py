"""The private key is in one process, which ends with the handshake: who holds it when, and what becomes of the
connection when that process does not do its part. As root, which may look into any process."""

import contextlib
import os
import signal
import ssl
import subprocess
import time

import pytest

from harness import comm, eventually, exe, fds_of, is_over, status
from memory import children, held, needles, where
from peer import Ended, Tls, context

SLACK = 6
KINDS = ["p256", "p384", "rsa", "ed25519"]

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root")


@pytest.fixture(scope="session")
def built_in(bin_dir):
    return "\nKEY_PROCESS=y\n" in subprocess.check_output([bin_dir / "s6-tls", "--version"], text=True)


@pytest.fixture
def need(built_in):
    if not built_in:
        pytest.skip("KEY_PROCESS=n")


class Connection:
    """An applet that has a key of some kind, and its peer; nothing has been sent yet."""

    def __init__(self, launch, pki, side, version, kind="p256", opts="", prog="cat", env=None):
        self.side = side
        if side == "s6-tlsd":
            self.cert = pki.issue(key=kind)
            self.run = launch.tlsd(opts, prog, {**self.cert.env(), **(env or {})})
            self.tls = Tls(self.run.sock, context(version=version))
        else:
            self.cert = pki.client(key=kind)
            self.run = launch.tlsc_on_stdio(f"-y -k localhost {opts}", prog,
                                            {**self.cert.env(), **(env or {})})
            ctx = context(True, version, cert=pki.issue(), trust=pki.root().cert, verify=ssl.CERT_REQUIRED)
            self.tls = Tls(self.run.sock, ctx, server=True)
        self.secrets = needles(self.cert.key)

    def key_process(self, within=10):
        """Its pid, once it has its keys; None if there is none."""
        def found():
            keys = [pid for pid in children(self.run.pid) if comm(pid) == f"{self.side}: key"]
            return next((pid for pid in keys if waits(pid)), None)
        return eventually(found, within)

    def waiter(self):
        return next(pid for pid in children(self.run.pid) if comm(pid) not in (f"{self.side}: key", ""))

    def up_to_the_last_flight(self):
        """Handshake, but for the peer's last flight, which is kept."""
        if self.tls.obj.server_side:
            self.tls.fill()
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.obj.do_handshake()
        self.tls.flush()
        while not self.tls.out.pending:
            assert self.tls.fill()
            with contextlib.suppress(ssl.SSLWantReadError):
                self.tls.obj.do_handshake()

    def echo(self, data=b"x"):
        self.tls.send(data)
        assert self.tls.recv_exactly(len(data)) == data

    def prog_alone(self):
        """Waits until prog is the only child: what else there was ends with the handshake, and is reaped."""
        assert eventually(lambda: children(self.run.pid) == {self.run.prog()})

    def fails(self):
        """The handshake does not come to its end, on either side."""
        with contextlib.suppress(Ended):
            self.tls.handshake()
            self.tls.recv_all()
            assert self.tls.end != "close_notify"
        self.run.sock.close()
        assert self.run.wait() == 98
        assert self.run.left() == []


def waits(pid):
    """Whether a process sleeps in recvfrom (x86_64, or elsewhere just sleeps)."""
    try:
        with open(f"/proc/{pid}/syscall") as file:
            number = file.read().split()[0]
    except OSError:
        return False
    return number == "45" if os.uname().machine == "x86_64" else number != "running"


@pytest.fixture
def meet(launch, pki, side, version):
    return lambda *args, **more: Connection(launch, pki, side, version, *args, **more)


@pytest.fixture
def meet13(launch, pki):
    return lambda *args, **more: Connection(launch, pki, "s6-tlsd", "1.3", *args, **more)


# who holds the key; the memory of what watches is beyond all reading, and keeps what was freed
LOOKED_INTO = pytest.mark.not_watched("memory is read")


@LOOKED_INTO
@pytest.mark.parametrize("kind", KINDS)
def test_only_the_key_process_holds_the_key_until_it_has_signed_and_nobody_after(need, meet, kind):
    c = meet(kind)
    keys = c.key_process()
    assert held(keys, c.secrets), "what is looked for is not what is there"
    assert held(c.run.pid, c.secrets) == held(c.waiter(), c.secrets) == set()
    if c.side == "s6-tlsd" or c.tls.obj.context.minimum_version == ssl.TLSVersion.TLSv1_2:
        c.up_to_the_last_flight()
        assert eventually(lambda: is_over(keys))
        assert held(c.run.pid, c.secrets) == held(c.waiter(), c.secrets) == set()
        c.tls.flush()
    c.tls.handshake()
    c.echo()
    c.prog_alone()
    assert all(held(pid, c.secrets) == set() for pid in c.run.processes())


@LOOKED_INTO
@pytest.mark.parametrize("kind", KINDS)
def test_nobody_holds_the_key_after_the_handshake(meet, kind):
    """With the key process or without."""
    c = meet(kind)
    c.tls.handshake()
    c.echo()
    c.prog_alone()
    assert all(held(pid, c.secrets) == set() for pid in c.run.processes())


@LOOKED_INTO
def test_engine_never_keeps_a_key_that_is_in_the_file_of_the_certificate(need, launch, pki):
    cert = pki.issue()
    both = pki.write(cert.cert.read_bytes() + cert.key.read_bytes())
    c = Connection(launch, pki, "s6-tlsd", "1.3", env={"KEYFILE": both, "CERTFILE": both})
    assert held(c.key_process(), c.secrets)
    assert held(c.run.pid, c.secrets) == set()
    c.tls.handshake()
    c.echo()


@LOOKED_INTO
def test_engine_never_keeps_a_key_that_is_among_the_trust_anchors(need, launch, pki, tmp_path):
    (tmp_path / "anchors").mkdir()
    (tmp_path / "anchors" / "root").write_bytes(pki.root().cert.read_bytes())
    (tmp_path / "anchors" / "key").write_bytes(pki.issue().key.read_bytes())
    c = Connection(launch, pki, "s6-tlsd", "1.3", opts="-Y", env={"CADIR": tmp_path / "anchors"})
    assert held(c.key_process(), c.secrets)
    assert held(c.run.pid, c.secrets) == set()


@LOOKED_INTO
def test_key_process_holds_every_key_of_the_names(need, launch, pki):
    kinds = ["rsa", "p384", "ed25519"]
    env = {}
    for kind in kinds:
        env.update(pki.issue(key=kind).env(f"{kind}.example.com"))
    c = Connection(launch, pki, "s6-tlsd", "1.2", opts="-k 1", env=env)
    keys = c.key_process()
    for kind in kinds:
        secrets = needles(pki.issue(key=kind).key)
        assert held(keys, secrets) and held(c.run.pid, secrets) == set()


@LOOKED_INTO
@pytest.mark.parametrize("kind", KINDS)
def test_key_is_in_pages_that_are_locked_and_not_dumped(need, meet13, kind):
    c = meet13(kind)
    found = where(c.key_process(), c.secrets)
    assert found
    for mapping, names in found:
        assert {"dd", "lo"} <= mapping.flags, (mapping.name, names)


@LOOKED_INTO
def test_cleartext_that_has_gone_by_is_not_kept(meet13):
    c = meet13()
    c.tls.handshake()
    marks = {"in": os.urandom(24)}
    for data in (marks["in"], b"y" * 3000 + marks["in"] + b"z" * 60000, marks["in"]):
        c.echo(data)
    assert held(os.getpid(), marks), "what is looked for is not what is there"
    assert held(c.run.pid, marks) == set()


# what the processes look like


def kinds_of(fds):
    return sorted(target.partition(":")[0] for target in fds.values())


def test_each_process_has_its_own_fds_and_no_more(need, meet):
    c = meet(env={"TLS_UID": 60001, "TLS_GID": 60002})
    keys, err = fds_of(c.key_process()), str(c.run.err)
    assert {fd: keys[fd] for fd in (0, 1, 2)} == {0: "/dev/null", 1: "/dev/null", 2: err}
    assert kinds_of(keys) == sorted(["/dev/null", "/dev/null", err, "socket"])
    assert kinds_of(fds_of(c.waiter())) == sorted(["pipe", "pipe", "pipe", err])
    # to and from prog, to the waiter; the network twice, the key process; skalibs' own pipe, where it is one
    its_own = (sorted(["pipe"] * 3 + ["socket"] * 3 + [err]), sorted(["pipe"] * 5 + ["socket"] * 3 + [err]))
    silent = ("anon_inode", "/dev/urandom")
    # once it waits for the network: before, it has the file of the time zone for a moment
    assert eventually(lambda: [kind for kind in kinds_of(fds_of(c.run.pid)) if kind not in silent] in its_own)
    engine = fds_of(c.run.pid)
    assert engine[0] == engine[1] != next(keys[fd] for fd in keys if fd > 2)
    assert not set(keys.values()) & set(engine.values()) - {err}


def test_key_process_has_a_name_and_dropped_privileges(need, meet13):
    c = meet13(env={"TLS_UID": 60001, "TLS_GID": 60002})
    keys = c.key_process()
    seen = status(keys)
    assert (seen["Uid"].split(), seen["Gid"].split()) == (["60001"] * 4, ["60002"] * 4)
    assert seen["Groups"] == "" and int(seen["CapPrm"], 16) == int(seen["CapEff"], 16) == 0
    assert subprocess.check_output(["ps", "-o", "comm=", "-p", str(keys)], text=True) == "s6-tlsd: key\n"


def test_key_process_is_closed_to_others_of_its_user(need, meet13):
    c = meet13(env={"TLS_UID": 60001, "TLS_GID": 60002})
    for name in ("maps", "environ"):
        looked = subprocess.run(["cat", f"/proc/{c.key_process()}/{name}"], user=60001, group=60002,
                                extra_groups=[], capture_output=True)
        assert looked.returncode and b"ermission denied" in looked.stderr


def test_no_key_no_key_process(launch, ends, pki):
    run = launch.tlsc_on_stdio("-k localhost", "cat")
    assert eventually(lambda: children(run.pid), 5)
    tls = ends(run, server=True, cert=pki.issue())
    assert tls.fill()
    assert len(children(run.pid)) == 1


def test_prog_finds_no_fd_of_the_key_process(need, meet13):
    c = meet13(prog=["ls", "/proc/self/fd"])
    c.tls.handshake()
    assert c.tls.recv_all().split() == [b"0", b"1", b"2", b"3"]


# when it does not do its part


def test_key_process_that_is_killed_before_it_signs_is_98(need, meet):
    c = meet(prog="echo started >&2; cat")
    os.kill(c.key_process(), signal.SIGKILL)
    c.fails()
    assert c.run.stderr() == f"{c.side}: fatal: TLS handshake failed: the key process has ended\n"


def test_key_process_that_is_stopped_does_not_outlast_the_limit_of_the_handshake(need, meet):
    c = meet(opts="-K 5000 -I 0", prog="echo started >&2; cat")
    os.kill(c.key_process(), signal.SIGSTOP)
    start = time.monotonic()
    c.fails()
    assert 0.5 < time.monotonic() - start < 5 + SLACK
    assert c.run.stderr() == f"{c.side}: fatal: TLS handshake failed: the key process does not answer in time\n"


def test_key_process_that_is_stopped_after_it_signed_holds_nothing_up(need, meet13):
    c = meet13(prog="cat; exit 3")
    keys = c.key_process()
    c.up_to_the_last_flight()
    with contextlib.suppress(ProcessLookupError): # it may have ended
        os.kill(keys, signal.SIGSTOP)
    c.tls.flush()
    c.tls.handshake()
    c.echo()
    c.tls.fin()
    assert c.run.wait() == 3
    assert c.run.left() == []


def test_key_process_may_be_stopped_for_a_while(need, meet):
    c = meet()
    keys = c.key_process()
    os.kill(keys, signal.SIGSTOP)
    if c.side == "s6-tlsd":
        with contextlib.suppress(ssl.SSLWantReadError):
            c.tls.obj.do_handshake()
        c.tls.flush()
    time.sleep(0.3)
    os.kill(keys, signal.SIGCONT)
    c.tls.handshake()
    c.echo()


def test_engine_that_is_killed_takes_the_key_process_along(need, meet13):
    for number in (None, signal.SIGSTOP):
        c = meet13(prog="echo started >&2; cat")
        if number:
            os.kill(c.key_process(), number)
        assert c.key_process() or number
        c.run.process.kill()
        c.run.wait()
        assert c.run.left() == []


def test_key_process_is_gone_while_a_failed_handshake_lingers(need, meet13):
    c = meet13()
    assert c.key_process()
    c.run.sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
    assert eventually(lambda: not c.run.alive() or children(c.run.pid) == set())
    assert c.run.alive()


def test_key_process_is_reaped_while_prog_runs(need, meet13):
    c = meet13()
    c.tls.handshake()
    c.echo()
    c.prog_alone()


# what is wrong with its files


def test_what_is_wrong_with_a_key_is_said_once(launch, pki):
    junk = pki.write(b"junk")
    for env in ({"KEYFILE": junk}, {"KEYFILE": "/nowhere"}, {"KEYFILE": pki.key("p256", "another")}):
        run = launch.tlsd("", "echo started >&2", env)
        assert run.wait() == 96
        assert run.stderr().count("\n") == 1 and run.stderr().startswith("s6-tlsd: fatal: unable to ")
        assert run.left() == []


def test_key_whose_public_half_is_another_s_signs_nothing(launch, pki, version):
    """The certificate matches; the signature, wrong, must not get out."""
    cert = pki.stolen(pki.issue())
    run = launch.tlsd("", "echo started >&2", cert.env())
    with pytest.raises(Ended, match="fin|reset|HANDSHAKE_FAILURE|alert|ALERT"):
        Tls(run.sock, context(version=version)).handshake()
    run.sock.close()
    assert run.wait() == 98
    assert "started" not in run.stderr()


def test_key_file_that_others_may_read_is_warned_of_once(launch, ends, pki):
    key = pki.write(pki.issue().key.read_bytes())
    key.chmod(0o644)
    run = launch.tlsd("-v 2", "true", {"KEYFILE": key})
    tls = ends(run)
    tls.handshake()
    tls.recv_all()
    tls.fin()
    assert run.wait() == 0
    assert run.stderr().count(f"s6-tlsd: warning: key file readable by others: {key}\n") == 1
    assert exe(run.pid) == ""
