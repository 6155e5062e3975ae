"""s6-tlsclient: the whole chain in action, and what it refuses before it connects. The words of its command line are
looked at in tests/unit/test_tlsclient.c."""

import socket
import subprocess
import threading

import pytest

from chains import TOOLS, needs_tcp_client
from harness import PATIENCE, command, eventually
from peer import Ended, Tls, context

SAY_ALL = "cat <&6"


class Host(threading.Thread):
    """A TLS server for one connection: it says hello and what name it was asked for, and what its handshake came to."""

    def __init__(self, pair, trust=None):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(PATIENCE)
        self.port = self.listener.getsockname()[1]
        self.context = context(server=True, cert=pair, trust=trust)
        self.context.sni_callback = self.asked_for
        self.asked, self.end, self.connected = None, None, False

    def asked_for(self, _object, name, _context):
        self.asked = name

    def run(self):
        sock, _ = self.listener.accept()
        self.connected = True
        with sock:
            sock.settimeout(PATIENCE)
            tls = Tls(sock, self.context, server=True)
            try:
                tls.handshake()
                tls.send(b"hello\n")
                tls.close_notify()
                tls.fin()
                tls.recv_all()
            except Ended as error:
                self.end = str(error)


@pytest.fixture
def host(pki):
    """Makes a server with this certificate, by default a good one for localhost."""
    made = []

    def make(pair=None, **more):
        made.append(Host(pair or pki.issue(), **more))
        made[-1].start()
        return made[-1]

    yield make
    for one in made:
        if not one.connected:
            socket.create_connection(("127.0.0.1", one.port)).close()
        one.join(PATIENCE)
        one.listener.close()


def client(launch, opts, operands, prog=SAY_ALL, env=None, binary=None):
    """(code, stdout, stderr)"""
    argv = command("s6-tlsclient", f"{opts} {operands}", prog)
    run = launch.program([binary, *argv] if binary else argv, env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    out = run.process.communicate(timeout=PATIENCE)[0]
    return run.wait(), out, run.stderr()


@needs_tcp_client
@pytest.mark.parametrize("opts, name, asked", [("", "localhost", "localhost"), ("-H", "127.0.0.1", None),
                                               ("", "127.0.0.1", None), ("-k localhost", "127.0.0.1", "localhost"),
                                               ("-H --servername=localhost", "127.0.0.1", "localhost")])
def test_the_name_that_is_asked_for(launch, host, opts, name, asked):
    server = host()
    assert client(launch, f"-4 {opts}", f"{name} {server.port}") == (0, b"hello\n", "")
    assert server.asked == asked


@needs_tcp_client
def test_it_needs_nothing_but_the_binary(launch, host, lone):
    server = host()
    assert client(launch, "-4", f"localhost {server.port}", env={"PATH": TOOLS}, binary=lone) == (0, b"hello\n", "")


@needs_tcp_client
def test_the_host_is_verified(launch, host, pki):
    server = host(pki.issue(subject="/CN=localhost", san="DNS:other.example"))
    code, out, err = client(launch, "-4", f"localhost {server.port}")
    assert (code, out) == (98, b"") and err.startswith("s6-tlsc: fatal: ")
    server.join(PATIENCE)
    assert server.end


@needs_tcp_client
@pytest.mark.parametrize("opts", ["-H", "-k other.example", "--no-verify-cert"])
def test_another_name_or_none_may_be_verified(launch, host, pki, opts):
    server = host(pki.issue(subject="/CN=localhost", san="DNS:other.example"))
    name = "127.0.0.1" if opts == "-H" else "localhost"
    assert client(launch, f"-4 {opts}", f"{name} {server.port}") == (0, b"hello\n", "")


@needs_tcp_client
def test_no_anchor_is_needed_where_nothing_is_verified(launch, host):
    server = host(None)
    assert client(launch, "-4 --no-verify-cert", f"localhost {server.port}", env={"CAFILE": None}) == (0, b"hello\n", "")


@needs_tcp_client
def test_prog_sees_the_connection_and_its_code_is_the_end(launch, host):
    server = host()
    code, out, _ = client(launch, "-4", f"localhost {server.port}", "env; cat <&6; exit 7")
    seen = dict(line.split("=", 1) for line in out.decode().splitlines() if "=" in line)
    assert code == 7
    assert (seen["PROTO"], seen["TCPREMOTEIP"], seen["TCPREMOTEPORT"]) == ("TCP", "127.0.0.1", str(server.port))
    assert seen["SSL_PROTOCOL"] == "TLSv1.3" and "CAFILE" not in seen


@needs_tcp_client
def test_y_sends_the_certificate(launch, host, pki):
    server = host(trust=pki.root().cert)
    assert client(launch, "-4 -y", f"localhost {server.port}", env=pki.client().env()) == (0, b"hello\n", "")


@needs_tcp_client
def test_a_port_where_nobody_listens_is_111(launch):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        code, out, err = client(launch, "-4", f"localhost {s.getsockname()[1]}")
    assert (code, out) == (111, b"") and err.startswith("s6-tcpclient: fatal: ")


# refused before it connects


@pytest.mark.parametrize("opts, operands, changes, words", [
    ("", "localhost", {"CAFILE": None}, "CADIR or CAFILE not set"),
    ("-q", "localhost", {"CAFILE": None}, "CADIR or CAFILE not set"),
    ("-y", "localhost", {"KEYFILE": None}, "KEYFILE not set"), ("-K x", "localhost", {}, "-K"),
    ("", "a..b", {}, "a..b"), ("-k a..b", "localhost", {}, "-k"), ("-7 9", "localhost", {}, "-7"),
    ("--nonsense", "localhost", {}, "--nonsense"), ("-t x", "localhost", {}, "-t")])
def test_what_the_chain_would_refuse_is_refused(launch, host, opts, operands, changes, words):
    server = host()
    code, out, err = client(launch, opts, f"{operands} {server.port}", env=changes)
    assert (code, out) == (100, b"") and err.startswith("s6-tlsclient: fatal: ") and words in err
    assert not server.connected


@needs_tcp_client
def test_files_are_read_when_it_has_connected(launch, host):
    server = host()
    code, out, err = client(launch, "-4", f"localhost {server.port}", env={"CAFILE": "/nowhere"})
    assert (code, out) == (96, b"") and "unable to read /nowhere: No such file or directory\n" in err
    assert eventually(lambda: server.connected)


@pytest.mark.parametrize("operands", ["", "localhost", "localhost 443"])
def test_too_few_operands(launch, operands):
    run = launch.program(["s6-tlsclient", *operands.split()])
    assert run.wait() == 100
    assert run.stderr().startswith("s6-tlsclient: fatal: no ")
