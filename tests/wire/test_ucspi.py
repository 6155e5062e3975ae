"""s6-ucspitlsd and s6-ucspitlsc: TLS that begins when prog says so."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from features import HAS_FDS, require
from harness import eventually
from peer import Tls, context
from tcp import Service

PROG = [sys.executable, str(Path(__file__).with_name("starttls.py"))]


@pytest.fixture(params=["y", "Y"])
def word(request):
    return request.param


@pytest.fixture
def mail(launch):
    """mail(word) -> the port of a mail server behind s6-ucspitlsd, and its Run."""
    def start(word, opts=""):
        argv = ["tcpserver", "-1", "-HRl0", "127.0.0.1", "0", "s6-ucspitlsd", *opts.split(), *PROG, "server", word]
        run = launch.program(argv, stdout=subprocess.PIPE)
        with run.process.stdout as out:
            return int(out.readline()), run
    return start


def told(word):
    return "TLSv1.3" if word == "Y" else "TLS"


def test_openssl_starts_tls_in_smtp(mail, pki, word):
    port, server = mail(word)
    argv = ["openssl", "s_client", "-starttls", "smtp", "-connect", f"127.0.0.1:{port}", "-CAfile", pki.root().cert, "-quiet",
            "-verify_return_error", "-verify_hostname", "localhost", "-ign_eof"]
    done = subprocess.run([str(part) for part in argv], input=b"EHLO me\r\nQUIT\r\n", capture_output=True, timeout=30)
    assert f"250-test under {told(word)}\r\n".encode() in done.stdout, done.stderr.decode() + server.stderr()
    assert done.stdout.endswith(b"221 bye\r\n")


def test_curl_sends_mail_under_tls_that_it_requires(mail, pki, tmp_path, word):
    port, server = mail(word)
    letter = tmp_path / "letter"
    letter.write_text("From: a\n\nhello\n")
    argv = ["curl", "-sSv", "--noproxy", "*", "--ssl-reqd", "--cacert", pki.root().cert, "--max-time", "20",
            f"smtp://localhost:{port}", "--mail-from", "a@localhost", "--mail-rcpt", "b@localhost", "-T", letter]
    done = subprocess.run([str(part) for part in argv], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr + server.stderr()
    assert f"250 taken under {told(word)}" in done.stderr


def test_our_client_and_our_server_start_tls(launch, mail, word):
    port, server = mail(word)
    argv = ["tcpclient", "-HR", "127.0.0.1", port, "s6-ucspitlsc", "-k", "localhost", *PROG, "client", word]
    client = launch.program(argv, stdout=subprocess.PIPE)
    said = client.process.communicate(timeout=30)[0].decode().splitlines()
    assert said == ["220 go ahead", f"250-test under {told(word)}", "TLSv1.3" if word == "Y" else "untold", "221 bye"]
    assert client.process.returncode == 0, client.stderr()


def delayed(launch, prog, opts="", **more):
    """s6-ucspitlsd with a Python program behind it that has the three fds as ctl, rfd and wfd."""
    names = "import os; ctl, rfd, wfd = (int(os.environ[x]) for x in ('SSLCTLFD', 'SSLREADFD', 'SSLWRITEFD'))\n"
    return launch.on_stdio(["s6-ucspitlsd", *opts.split(), sys.executable, "-c", names + prog], **more)


def test_prog_is_the_process_that_was_called_and_has_the_connection_at_once(launch):
    run = delayed(launch, "os.write(1, str(os.getpid()).encode())")
    assert run.sock.recv(100) == str(run.pid).encode()
    assert run.wait() == 0 and run.left() == [] and run.stderr() == ""


def test_what_was_sent_in_the_clear_behind_the_command_is_refused(launch, mail, word):
    """STARTTLS injection, CVE-2011-0411: RSET was sent in the clear, before TLS."""
    port, server = mail(word)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
        assert sock.recv(100).startswith(b"220 ")
        sock.sendall(b"STARTTLS\r\nRSET\r\n")
        got = b"".join(iter(lambda: sock.recv(4096), b""))
    assert got.startswith(b"220 go ahead\r\n")
    assert b"250" not in got
    assert eventually(lambda: "s6-ucspitlsd: fatal: " in server.stderr())


def test_what_a_server_sent_in_the_clear_behind_its_answer_is_refused(launch, word):
    def inject(sock, _peer):
        sock.sendall(b"220 test\r\n")
        assert sock.recv(100) == b"STARTTLS\r\n"
        sock.sendall(b"220 go ahead\r\n250-injected\r\n")
        while sock.recv(4096):
            pass
    with Service(inject) as server:
        argv = ["s6-tcpclient", "-H", "127.0.0.1", server.port, "s6-ucspitlsc", "-k", "localhost", *PROG, "client", word]
        client = launch.program(argv, stdout=subprocess.PIPE)
        assert client.process.communicate(timeout=30)[0] == b"220 go ahead\n"
    assert client.process.returncode
    assert eventually(lambda: "s6-ucspitlsc: fatal: " in client.stderr())


def test_bytes_that_prog_has_taken_before_the_word_are_not_the_engines(launch, ends):
    run = delayed(launch, "os.read(0, 5); os.write(ctl, b'y'); os.write(wfd, os.read(rfd, 100))")
    run.sock.sendall(b"clear")
    tls = ends(run)
    tls.handshake()
    tls.send(b"hello")
    assert tls.recv() == b"hello"


def test_another_word_is_an_error(launch):
    run = delayed(launch, "import time; os.write(ctl, b'n'); os.read(rfd, 1); time.sleep(0.5)")
    assert run.wait() == 0
    assert run.left() == []
    assert "s6-ucspitlsd: fatal: prog's word on SSLCTLFD is neither y nor Y" in run.stderr()


def test_the_end_without_a_word_is_that_of_what_waits(launch):
    run = delayed(launch, "os.close(ctl); os.write(1, b'up'); os.read(0, 1); os._exit(42)")
    assert run.sock.recv(2) == b"up"
    assert eventually(lambda: run.processes() == {run.pid})
    run.sock.shutdown(socket.SHUT_WR)
    assert run.wait() == 42
    assert run.stderr() == ""


def test_options_are_those_of_the_tls_that_begins_later(launch, pki):
    require("CLIENT_CERTS", "SNI_CERTS")
    env = {"KEYFILE": None, "CERTFILE": None, **pki.issue("/CN=a").env("a.example.com")}
    run = delayed(launch, "os.write(ctl, b'Y'); os.write(wfd, os.read(ctl, 4096))", "-S -y -k 2", env=env)
    tls = Tls(run.sock, context(version="1.2", cert=pki.client(), trust=pki.root().cert), name="a.example.com")
    tls.handshake()
    assert dict(part[0] for part in tls.obj.getpeercert()["subject"])["commonName"] == "a"
    told = tls.recv_all()
    assert b"\0SSL_PEER_CERT_SUBJECT=CN=alice,O=Wire,C=DE\0" in told and told.endswith(b"\0\0")
    assert tls.end == "close_notify"


@pytest.mark.parametrize("opts, shaken, words", [("-K 500", False, "TLS handshake not done in time"),
                                                 ("-v 2 -I 1500", True, "nothing moved for too long: connection closed")])
def test_limits_hold_from_the_word_on(launch, ends, opts, shaken, words):
    run = delayed(launch, "os.write(ctl, b'y'); os._exit(len(os.read(rfd, 1)) + 42)", opts)
    if shaken:
        ends(run).handshake()
    assert run.wait() == 42
    assert eventually(lambda: words in run.stderr()), run.stderr()


def test_prog_that_cannot_be_executed_leaves_nothing(launch):
    run = launch.on_stdio(["s6-ucspitlsd", "/nowhere/prog"])
    assert run.wait() == 127
    assert run.left() == []
    assert "/nowhere/prog" in run.stderr()


@HAS_FDS
def test_prog_has_no_fd_but_its_own(launch):
    run = delayed(launch, "os.write(1, repr(sorted(set(map(int, os.listdir('/proc/self/fd'))))).encode())"
                          "; os.write(1, repr([0, 1, 2, ctl, rfd, wfd]).encode())")
    said = b"".join(iter(lambda: run.sock.recv(4096), b"")).decode()
    held, own = said.replace("][", "]|[").split("|")
    # listdir has one more while it reads
    assert set(eval(own)) <= set(eval(held)) and len(eval(held)) == 7


def test_prog_does_not_see_what_configures_tls(launch):
    show = "os.write(1, ' '.join(sorted(os.environ)).encode())"
    run = delayed(launch, show, env={"SSL_PROTOCOL": "forged", "SSLCTLFD": "77"})
    names = run.sock.recv(65536).decode().split()
    assert {"SSLCTLFD", "SSLREADFD", "SSLWRITEFD"} <= set(names)
    assert not {"KEYFILE", "CERTFILE", "CAFILE", "SSL_PROTOCOL"} & set(names)
    kept = delayed(launch, show, "-Z")
    assert {"KEYFILE", "CERTFILE", "CAFILE"} <= set(kept.sock.recv(65536).decode().split())


@HAS_FDS
def test_waiting_child_has_nothing_of_progs(launch, tmp_path):
    """While TLS has not begun: the network, its ends and stderr."""
    spare = os.open(tmp_path, os.O_RDONLY)
    run = delayed(launch, "os.write(1, b'up'); os.read(0, 1)", pass_fds=(spare,))
    os.close(spare)
    assert run.sock.recv(2) == b"up"
    child = next(pid for pid in run.processes() if pid != run.pid)
    assert eventually(lambda: len(os.listdir(f"/proc/{child}/fd")) == 6)


def test_missing_key_file_is_told_when_tls_begins(launch):
    run = delayed(launch, "os.write(ctl, b'y'); os.write(1, repr(os.read(rfd, 1)).encode())", env={"KEYFILE": "/nowhere/key"})
    assert run.sock.recv(100) == b"b''"
    assert run.wait() == 0
    assert "/nowhere/key" in run.stderr()


def test_handshake_limit_does_not_limit_idling(launch, ends):
    run = delayed(launch, "os.write(ctl, b'y'); os.write(wfd, os.read(rfd, 100))", "-K 1500")
    tls = ends(run)
    tls.handshake()
    assert eventually(lambda: not run.alive(), 3) is False
    tls.send(b"late")
    assert tls.recv() == b"late"


def test_network_that_is_not_open_is_an_error(launch):
    run = launch.program(["s6-ucspitlsc", "true"])
    assert run.wait() == 111
    assert "the file descriptors of -6 and -7" in run.stderr()
