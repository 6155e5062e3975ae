"""s6-tlsd-io and s6-tlsc-io: the engine alone, between fds that it is given."""

import fcntl
import os
import pty
import socket
import subprocess
import time

import pytest

from harness import TICK, eventually, read, stat, tcp_pair
from peer import Ended

NAMES = ["SSL_PROTOCOL", "SSL_CIPHER", "SSL_TLS_SNI_SERVERNAME", "SSL_PEER_CERT_HASH", "SSL_PEER_CERT_SUBJECT",
         "SSL_SESSION_RESUMED", "SSL_GROUP", "SSL_ALPN_PROTOCOL", "SSL_PEER_CERT_ISSUER", "SSL_PEER_CERT_SERIAL",
         "SSL_PEER_CERT_NOTAFTER", "SSL_PEER_CERT_SAN"]


class Io:
    """An engine with its network at ours and its cleartext on fds: ours are .read and .write, its two are theirs."""

    def __init__(self, launch, ends, pki, side, kind):
        self.launch, self.ends, self.pki, self.side = launch, ends, pki, side
        if kind == "socket":
            self.ours, other = socket.socketpair()
            self.theirs = [os.dup(other.fileno())] * 2
            other.close()
            self.read = self.write = self.ours.fileno()
        else:
            self.ours = None
            self.read, their_write = os.pipe()
            their_read, self.write = os.pipe()
            self.theirs = [their_read, their_write]

    def start(self, opts="", extra=(), **more):
        if self.side == "s6-tlsd-io":
            argv = [self.side, *opts.split(), *map(str, self.theirs)]
            return self.launch.on_stdio(argv, pass_fds=(*self.theirs, *extra), **more)
        ours, net = tcp_pair()
        argv = [self.side, "-k", "localhost", *opts.split(), str(net.fileno()), str(net.fileno())]
        with net:
            return self.launch.program(argv, sock=ours, pass_fds=(net.fileno(), *extra), stdin=self.theirs[0],
                                       stdout=self.theirs[1], **more)

    def __call__(self, opts="", version="1.3", **more):
        run = self.start(opts, **more)
        self.close_theirs()
        tls = self.ends(run, version, server=self.side == "s6-tlsc-io",
                        **({"cert": self.pki.issue()} if self.side == "s6-tlsc-io" else {}))
        tls.handshake()
        return run, tls

    def close_theirs(self):
        for fd in set(self.theirs):
            os.close(fd)

    def end(self):
        if self.ours:
            self.ours.shutdown(socket.SHUT_WR)
        else:
            os.close(self.write)


@pytest.fixture(params=["s6-tlsd-io", "s6-tlsc-io"])
def io_side(request):
    return request.param


@pytest.fixture(params=["socket", "pipes"])
def kind(request):
    return request.param


@pytest.fixture
def io(launch, ends, pki, io_side, kind):
    return Io(launch, ends, pki, io_side, kind)


@pytest.fixture
def server(launch, ends, pki):
    return Io(launch, ends, pki, "s6-tlsd-io", "pipes")


def test_moves_bytes_both_ways_and_ends_with_0(io, version):
    run, tls = io("", version)
    tls.send(b"to prog")
    assert read(io.read, 100) == b"to prog"
    os.write(io.write, b"from prog")
    assert tls.recv() == b"from prog"
    tls.close_notify()
    tls.fin()
    assert read(io.read, 100) == b""
    os.write(io.write, b"last")
    io.end()
    assert tls.recv_all() == b"last"
    assert run.wait() == 0 and run.left() == [] and run.stderr() == ""


def test_end_of_cleartext_is_our_close_notify_and_the_other_way_stays(io):
    run, tls = io()
    io.end()
    assert tls.recv_all() == b"" and tls.end == "close_notify"
    tls.send(b"still here")
    assert read(io.read, 100) == b"still here"
    tls.close_notify()
    tls.fin()
    assert run.wait() == 0


@pytest.mark.parametrize("opts, end", [("", "fin"), ("-s", "fin"), ("-S", "close_notify")])
def test_our_end_is_what_the_options_say(server, opts, end):
    _, tls = server(opts, "1.2")
    server.end()
    assert tls.recv_all() == b"" and tls.end == end


@pytest.mark.parametrize("opts, code", [("", 0), ("-J", 98)])
def test_end_of_file_without_close_notify_is_what_the_options_say(server, opts, code):
    run, tls = server(opts)
    tls.fin()
    assert read(server.read, 1) == b""
    server.end()
    assert run.wait() == code


def test_a_mebibyte_each_way_arrives(io):
    run, tls = io()
    data = os.urandom(1 << 20)
    echo = subprocess.Popen(["cat"], stdin=io.read, stdout=io.write)
    if not io.ours:
        os.close(io.write)
    assert tls.exchange(data) == data
    tls.close_notify()
    tls.fin()
    assert echo.wait(20) == 0
    if io.ours:
        io.end()
    assert run.wait() == 0


def test_leaves_the_flags_of_foreign_fds_alone(io):
    before = [fcntl.fcntl(fd, fcntl.F_GETFL) for fd in io.theirs]
    mine = [os.dup(fd) for fd in io.theirs]
    run, tls = io()
    tls.send(b"x")
    assert read(io.read, 1) == b"x"
    assert [fcntl.fcntl(fd, fcntl.F_GETFL) for fd in mine] == before
    for fd in mine:
        os.close(fd)


def test_reader_of_cleartext_that_is_gone_does_not_spin(io):
    run, tls = io()
    if io.ours:
        io.ours.close()
    else:
        os.close(io.read)
    tls.send(b"into nothing")
    before = stat(run.pid)["ticks"]  # it may end meanwhile: then it is a zombie of ours, and has its ticks
    time.sleep(1)
    assert stat(run.pid)["ticks"] - before < TICK / 2


# notification


def block_of(fd):
    """As s6-networking's programs read it: once, and then the end."""
    got = os.read(fd, 4096)
    assert os.read(fd, 1) == b""
    return got


def test_tells_of_the_connection_in_one_block(launch, ends, pki, io):
    rfd, wfd = os.pipe()
    run = io.start(f"-d {wfd}", extra=(wfd,))
    io.close_theirs()
    os.close(wfd)
    client = io.side == "s6-tlsc-io"
    tls = ends(run, "1.3", server=client, **({"cert": pki.issue()} if client else {"name": "localhost"}))
    tls.handshake()
    entries = block_of(rfd).decode().split("\0")
    assert entries[-2:] == ["", ""]
    assert [entry.split("=")[0] for entry in entries[:-2]] == NAMES
    assert "SSL_PROTOCOL=TLSv1.3" in entries and "SSL_SESSION_RESUMED=0" in entries
    assert ("SSL_PEER_CERT_SUBJECT=CN=localhost" in entries) == client
    assert ("SSL_TLS_SNI_SERVERNAME=localhost" in entries)


def test_block_stays_within_4095_bytes(ends, pki, server):
    names = ",".join(f"DNS:{'n' * 60}{i}.example.com" for i in range(60))
    cert = pki.client(subject="/CN=" + "long" * 16, san=names)
    rfd, wfd = os.pipe()
    run = server.start(f"-y -v 2 -d {wfd}", extra=(wfd,), env={"TCPREMOTEIP": "192.0.2.7"})
    server.close_theirs()
    os.close(wfd)
    ends(run, "1.2", cert=cert).handshake()
    block = os.read(rfd, 65536)
    assert len(block) <= 4095 and block.endswith(b"\0\0")
    assert b"\0SSL_PEER_CERT_SAN\0" in block and b"\0SSL_PEER_CERT_SUBJECT=CN=" in block
    assert eventually(lambda: "warning: remote=192.0.2.7: too long or malformed, not told to prog: SSL_PEER_CERT_SAN\n" in run.stderr())


def test_failed_handshake_is_98_and_nothing_is_told(server, ends):
    rfd, wfd = os.pipe()
    run = server.start(f"-d {wfd}", extra=(wfd,))
    server.close_theirs()
    os.close(wfd)
    run.sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
    assert os.read(rfd, 100) == b""
    run.sock.shutdown(socket.SHUT_WR)
    assert run.wait() == 98


def test_server_that_is_not_trusted_is_98(launch, ends, pki):
    client = Io(launch, ends, pki, "s6-tlsc-io", "pipes")
    run = client.start()
    client.close_theirs()
    with pytest.raises(Ended):
        ends(run, "1.3", server=True, cert=pki.self_signed()).handshake().recv_exactly(1)
    assert run.wait() == 98


# limits and failures


def test_handshake_limit_does_not_limit_idling(server):
    run, tls = server("-K 1500")
    assert eventually(lambda: not run.alive(), 3) is False
    tls.send(b"late")
    assert read(server.read, 100) == b"late"


def test_idle_limit_ends_it_with_0(server):
    run, tls = server("-I 1500")
    assert run.wait() == 0


def test_cleartext_that_cannot_be_written_is_111_and_no_clean_end_for_the_peer(server):
    os.close(server.theirs[1])
    server.theirs[1] = os.open("/dev/full", os.O_WRONLY)
    run, tls = server()
    tls.send(b"lost")
    assert run.wait() == 111
    assert tls.recv_all() == b"" and tls.end != "close_notify"
    assert "unable to read or write the cleartext: No space left on device" in run.stderr()


@pytest.mark.parametrize("words, said", [
    ("", "two file descriptors"), ("5", "two file descriptors"), ("5 6 7", "two file descriptors"),
    ("5 x", "invalid file descriptor: x"), ("2 5", "invalid file descriptor: 2"), ("5 4294967296", "invalid file descriptor"),
    ("-d 1 5 6", "-d"), ("-Z 5 6", "-Z"),
])
def test_wrong_usage_is_100(launch, io_side, words, said):
    run = launch.on_stdio([io_side, *words.split()])
    assert run.wait() == 100
    assert said in run.stderr()


def test_cleartext_fds_that_are_not_open_are_111(launch):
    run = launch.on_stdio(["s6-tlsd-io", "97", "98"])
    assert run.wait() == 111
    assert "the two file descriptors of the command line" in run.stderr()


def test_notification_fd_that_is_not_open_is_111(server):
    run = server.start("-d 97")
    assert run.wait() == 111
    assert "use the file descriptor of -d" in run.stderr()


def test_client_on_a_terminal(launch, ends, pki):
    """s6-tlsc-io 6 7, as somebody would use it by hand."""
    ours, theirs = pty.openpty()
    run = launch.on_fds(6, 7, ["s6-tlsc-io", "-k", "localhost", "6", "7"], stdin=theirs, stdout=theirs)
    os.close(theirs)
    tls = ends(run, "1.3", server=True, cert=pki.issue())
    tls.handshake()
    os.write(ours, b"hello\n")
    assert tls.recv() == b"hello\n"
    tls.send(b"answer")
    assert eventually(lambda: b"answer" in read(ours, 100))
    tls.close_notify()
    tls.fin()
    os.write(ours, b"\4")
    assert run.wait() == 0
    os.close(ours)


def test_keys_are_in_a_process_that_is_gone_after_the_handshake(server):
    run, tls = server()
    assert eventually(lambda: run.processes() == {run.pid})
