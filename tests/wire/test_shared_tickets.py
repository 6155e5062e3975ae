"""Keys for tickets that a super-server's connections share: s6-tlsserver makes them, and nobody has to look after them."""

import os
import subprocess

import pytest

from chains import TlsServer, needs_super_server
from features import HAS_FDS, needs, require
from harness import command, eventually, fds_of
from peer import Tls, context
from test_key_process import children
from test_tickets import SAYS, has_ticket

pytestmark = [needs("S6_TLSD", "S6_TLSSERVER", "TICKETS"), needs_super_server]

NAME = "/memfd:keys for tickets (deleted)"


class Visitor:
    """A client that comes again and again with its session."""

    def __init__(self, server, version="1.3", cert=None):
        self.server, self.ctx, self.session = server, context(version=version, cert=cert), None

    def __call__(self):
        """Whether it resumed."""
        with self.server.connect() as sock:
            tls = Tls(sock, self.ctx, name="localhost")
            if self.session:
                tls.obj.session = self.session
            tls.handshake()
            assert tls.recv_exactly(2) == (b"1\n" if tls.obj.session_reused else b"0\n")
            self.session = tls.obj.session
            return tls.obj.session_reused


@pytest.fixture
def serve(launch):
    return lambda *args, **more: TlsServer(launch, *args, **more)


def fds_with_keys(pid):
    """Of a process that is gone, none."""
    try:
        return [fd for fd, target in fds_of(pid).items() if target == NAME]
    except (FileNotFoundError, ProcessLookupError):
        return []


def test_clients_resume_with_nothing_configured(serve, version):
    visit = Visitor(serve("", SAYS), version)
    assert not visit()
    assert visit()
    assert visit()


def test_two_servers_share_nothing(serve):
    visit = Visitor(serve("", SAYS))
    visit()
    assert has_ticket(visit.session)
    visit.server = serve("", SAYS)
    assert not visit()


def test_the_other_variable_comes_first(serve, launch):
    file = launch.dir / "keys"
    file.write_bytes(os.urandom(80))
    env = {"TLS_TICKETKEYS": file}
    one, other = serve("", SAYS, env), serve("", SAYS, env)
    assert fds_with_keys(one.run.pid) == []
    visit = Visitor(one)
    visit()
    visit.server = other
    assert visit()


def test_an_empty_variable_forbids_it(serve):
    server = serve("", SAYS, {"TLS_TICKETKEYS": ""})
    assert fds_with_keys(server.run.pid) == []
    visit = Visitor(server)
    visit()
    assert not has_ticket(visit.session)


@pytest.mark.parametrize("opts", ["-Y", "-y"])
def test_where_certificates_are_asked_for_there_are_none(serve, pki, opts):
    require("CLIENT_CERTS")
    server = serve(opts, SAYS)
    assert fds_with_keys(server.run.pid) == []
    visit = Visitor(server, cert=pki.client())
    visit()
    assert not has_ticket(visit.session)


def test_where_they_cannot_be_made_it_serves_without(serve):
    """What is written above a limit would be a signal that kills."""
    server = serve("", SAYS, before=["prlimit", "--fsize=160:160"])
    visit = Visitor(server)
    visit()
    assert not has_ticket(visit.session)
    assert server.run.stderr() == ("s6-tlsserver: warning: unable to make keys for tickets, there will be none: "
                                   "File too large\n")


@HAS_FDS
@pytest.mark.parametrize("opts", ["", "-Z"])
def test_nobody_but_the_super_server_has_them_open(serve, opts):
    server = serve(opts, "ls -l /proc/self/fd; echo $TLS_TICKETFD.; cat")
    assert len(fds_with_keys(server.run.pid)) == 1
    with server.connect() as sock:
        assert eventually(lambda: grandchildren(server.run.pid))
        assert eventually(lambda: not any(map(fds_with_keys, grandchildren(server.run.pid))))
        tls = Tls(sock, context())
        tls.handshake()
        seen = b""
        while not seen.endswith(b".\n"):
            seen += tls.recv()
        assert b"memfd" not in seen and seen.endswith(b"\n.\n")
        assert not any(map(fds_with_keys, grandchildren(server.run.pid)))


def grandchildren(pid):
    """All that descend from a process, where each has what it will have: those of s6-tlsd are asked for once there are
    two of them."""
    engines = children(pid)
    below = set().union(*map(children, engines)) if engines else set()
    return engines | below if len(below) > 0 else set()


# s6-tlsd that is given them


def test_prog_of_s6_ucspitlsd_has_no_keys(launch):
    require("S6_UCSPITLSD")
    fd = os.memfd_create("keys for tickets", 0)
    argv = command("s6-ucspitlsd", "", "ls -l /proc/self/fd >&2; echo .$TLS_TICKETFD. >&2")
    run = launch.on_stdio(argv, {"TLS_TICKETFD": fd}, pass_fds=[fd])
    os.close(fd)
    run.wait()
    assert "memfd" not in run.stderr() and "\n..\n" in run.stderr()


@pytest.mark.parametrize("opts, env", [("", {"TLS_TICKETKEYS": ""}), ("-Y", {})])
def test_fd_that_is_not_wanted_is_closed(launch, ends, opts, env):
    require(*["CLIENT_CERTS"] if opts else [])
    fd = os.memfd_create("keys for tickets", 0)
    run = launch.tlsd(opts, "ls -l /proc/self/fd", {"TLS_TICKETFD": fd, **env}, pass_fds=[fd])
    os.close(fd)
    tls = ends(run)
    tls.handshake()
    assert fds_with_keys(run.pid) == []
    assert b"memfd" not in tls.recv_all()


@pytest.mark.parametrize("value", ["", "x", "-1", "2", "3x", "99999999999"])
def test_what_is_no_fd_is_100(launch, value):
    run = launch.tlsd("", "echo started >&2", {"TLS_TICKETFD": value})
    assert run.wait() == 100
    assert run.stderr() == "s6-tlsd: fatal: TLS_TICKETFD is no file descriptor\n"


def test_fd_that_is_not_open_is_96(launch):
    run = launch.tlsd("", "echo started >&2", {"TLS_TICKETFD": "77"})
    assert run.wait() == 96
    assert run.stderr() == "s6-tlsd: fatal: unable to read TLS_TICKETFD: Bad file descriptor\n"


def test_fd_of_something_else_is_96(launch, tmp_path):
    with open(tmp_path / "else", "w+b") as file:
        file.write(b"x" * 80)
        file.flush()
        run = launch.tlsd("", "echo started >&2", {"TLS_TICKETFD": file.fileno()}, pass_fds=[file.fileno()])
        assert run.wait() == 96
        assert run.stderr() == "s6-tlsd: fatal: unable to read TLS_TICKETFD: Invalid argument\n"


# a client by the library that we are made with


@pytest.fixture(scope="session")
def wolfssl_client(world_dir):
    made = world_dir / "client_wolfssl"
    flags = subprocess.check_output(["pkg-config", "--cflags", "--libs", "wolfssl"], text=True).split()
    subprocess.run(["cc", "-o", made, os.path.join(os.path.dirname(__file__), "client_wolfssl.c"), *flags], check=True)
    return made


def test_wolfssl_client_resumes(serve, wolfssl_client, pki, version):
    server = serve("", 'echo "$SSL_SESSION_RESUMED"')
    said = subprocess.run([wolfssl_client, str(server.port), pki.root().cert, version], capture_output=True, timeout=30, text=True)
    assert (said.stdout, said.stderr) == ("0 0\n1 1\n", "")
