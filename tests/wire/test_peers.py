"""Real peers and real super-servers: OpenSSL, GnuTLS and curl against s6-tlsd and s6-tlsc, under tcpserver,
tcpsvd, tcpclient and as systemd's socket activation would start them."""

import os
import re
import socket
import subprocess

import pytest

from features import have, require
from harness import eventually

HTTP = ["busybox", "httpd", "-i", "-h", "."]
OPENSSL = {"1.2": "-tls1_2", "1.3": "-tls1_3"}
GNUTLS = {"1.2": "NORMAL:-VERS-ALL:+VERS-TLS1.2", "1.3": "NORMAL:-VERS-ALL:+VERS-TLS1.3"}
NULL = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
CURL = {"1.2": ["--tlsv1.2", "--tls-max", "1.2"], "1.3": ["--tlsv1.3"]}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def listening(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


@pytest.fixture
def serve(launch):
    """serve(prog, opts) -> the port and the Run of tcpserver with s6-tlsd and prog behind it."""
    def start(prog, opts="", env=None):
        argv = ["tcpserver", "-1", "-HRl0", "127.0.0.1", "0", "s6-tlsd", *opts.split(), *prog]
        run = launch.program(argv, env, stdout=subprocess.PIPE)
        with run.process.stdout as out:
            return int(out.readline()), run
    return start


def talk(argv, data, code=0):
    """Runs a client until it ends by itself; its output."""
    done = subprocess.run([str(word) for word in argv], input=data, capture_output=True, timeout=30)
    assert done.returncode == code, (done.stdout + done.stderr).decode(errors="replace")
    return done.stdout


# clients

SUITES = {"TLS_AES_128_GCM_SHA256": "SUITES_AES_GCM", "TLS_AES_256_GCM_SHA384": "SUITES_AES_GCM",
          "TLS_CHACHA20_POLY1305_SHA256": "SUITES_CHACHA20", "TLS_AES_128_CCM_SHA256": "SUITES_AES_CCM",
          **({"ECDHE-ECDSA-AES128-CCM": "SUITES_AES_CCM"} if have("TLS12") else {})}


def s_client(pki, port, *more, program="openssl"):
    return [program, "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", pki.root().cert,
            "-verify_return_error", "-verify_hostname", "localhost", *more]


def s_server(launch, pki, *more, program="openssl"):
    """The port of an openssl s_server -www."""
    port, cert = free_port(), pki.issue()
    launch.program([program, "s_server", "-accept", f"127.0.0.1:{port}", *more, "-www", "-cert", cert.cert, "-key", cert.key], **NULL)
    assert eventually(lambda: listening(port))
    return port


class Typist:
    """openssl s_client with somebody at its keyboard: its letter commands must come one at a time."""

    def __init__(self, launch, argv, directory):
        self.out = directory / "s_client.out"
        with open(self.out, "wb") as out:
            self.run = launch.program(argv, stdin=subprocess.PIPE, stdout=out)

    def type(self, line, answer):
        """Types a line and waits for its answer, one more than there were, on stdout or stderr."""
        before = self.answers(answer)
        self.run.process.stdin.write(f"{line}\n".encode())
        self.run.process.stdin.flush()
        return eventually(lambda: self.answers(answer) > before, 10)

    def answers(self, answer):
        return self.out.read_text().count(answer) + self.run.stderr().count(answer)


@pytest.mark.parametrize("key", ["p256", "rsa"])
def test_openssl_s_client_gets_its_echo(launch, serve, pki, tmp_path, version, key):
    port, _ = serve(["head", "-c", "6"], "-S", pki.issue(key=key).env())
    typist = Typist(launch, s_client(pki, port, OPENSSL[version], "-brief"), tmp_path)
    assert typist.type("hello", "hello\n")
    assert typist.run.wait() == 0


@pytest.mark.parametrize("suite", [suite for suite, symbol in SUITES.items() if have(symbol)])
def test_openssl_s_client_talks_with_each_suite_alone(launch, serve, pki, tmp_path, suite):
    port, _ = serve(["cat"])
    only = ["-tls1_3", "-ciphersuites"] if suite.startswith("TLS_") else ["-tls1_2", "-cipher"]
    typist = Typist(launch, s_client(pki, port, *only, suite), tmp_path)
    for size in (1, 5000, 20000):
        assert typist.type("x" * size, "x" * size)
    assert f"Cipher is {suite}\n" in typist.out.read_text()


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_openssl_s_client_chooses_the_digest_that_is_signed(launch, serve, pki, tmp_path, digest):
    port, _ = serve(["head", "-c", "6"], "-S", pki.issue(key="rsa").env())
    schemes = f"rsa_pss_rsae_{digest}:ecdsa_secp256r1_sha256"
    typist = Typist(launch, s_client(pki, port, "-tls1_3", "-sigalgs", schemes), tmp_path)
    assert typist.type("hello", "hello\n")
    assert typist.run.wait() == 0
    assert f"Peer signing digest: {digest.upper()}\n" in typist.out.read_text()


def test_openssl_s_client_rekeys(launch, pki, serve, tmp_path):
    """k and K ask for a KeyUpdate, of its side and of both."""
    port, _ = serve(["cat"])
    typist = Typist(launch, s_client(pki, port, "-tls1_3", "-brief"), tmp_path)
    for line, answer in (("one", "one\n"), ("k", "KEYUPDATE"), ("two", "two\n"), ("K", "KEYUPDATE"),
                         ("three", "three\n")):
        assert typist.type(line, answer)


def test_openssl_s_client_renegotiates_in_vain(launch, pki, serve, tmp_path):
    port, server = serve(["cat"])
    typist = Typist(launch, s_client(pki, port, "-tls1_2", "-brief"), tmp_path)
    assert typist.type("one", "one\n")
    typist.type("R", "RENEGOTIATING")
    assert typist.run.wait() != 0
    assert eventually(lambda: "s6-tlsd: fatal: " in server.stderr(), 5)


@pytest.mark.parametrize("old", ["-tls1", "-tls1_1"])
def test_openssl_s_client_with_an_old_version_is_refused(serve, pki, old):
    port, server = serve(["echo", "never"])
    assert b"never" not in talk(s_client(pki, port, old, "-cipher", "ALL:@SECLEVEL=0"), b"", 1)


def gnutls_cli(pki, port, priority):
    # by number: a bare machine may have no /etc/hosts
    names = ["--sni-hostname", "localhost", "--verify-hostname", "localhost"]
    return ["gnutls-cli", "--x509cafile", pki.root().cert, "--priority", priority, *names, "-p", port, "127.0.0.1"]


@pytest.mark.parametrize("key", ["p256", "rsa"])
def test_gnutls_cli_gets_its_echo(serve, pki, version, key):
    port, _ = serve(["head", "-c", "6"], "-S", pki.issue(key=key).env())
    assert b"hello\n" in talk(gnutls_cli(pki, port, GNUTLS[version]), b"hello\n")


@pytest.mark.parametrize("opts", ["", "-s", "-S"])
def test_curl_fetches_a_page_from_busybox_httpd(serve, pki, tmp_path, version, opts):
    (tmp_path / "index.html").write_text("a page\n" * 20000)
    port, _ = serve(HTTP, opts)
    url = f"https://localhost:{port}/index.html"
    got = talk(["curl", "-sS", *CURL[version], "--http1.1", "-4", "--cacert", pki.root().cert, url], b"")
    assert got.decode() == "a page\n" * 20000


def test_curl_shows_its_certificate_and_name(serve, pki, version):
    say = 'echo "HTTP/1.0 200 OK"; echo; echo "$SSL_TLS_SNI_SERVERNAME $SSL_PEER_CERT_SUBJECT $SSL_PROTOCOL"'
    port, _ = serve(["sh", "-c", say], "-y")
    cert = pki.client()
    got = talk(["curl", "-sS", *CURL[version], "-4", "--cacert", pki.root().cert, "--cert", cert.cert,
                "--key", cert.key, f"https://localhost:{port}/"], b"")
    assert got.decode() == f"localhost CN=alice,O=Wire,C=DE TLSv{version}\n"


# X25519MLKEM768, with an OpenSSL that knows it: the system's, or the one that OPENSSL names

POST_QUANTUM = "X25519MLKEM768"


@pytest.fixture
def newer_openssl():
    program = os.environ.get("OPENSSL") or "openssl"
    version = subprocess.check_output([program, "version"], text=True).split()[1]
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < (3, 5):
        pytest.skip(f"needs OpenSSL 3.5 or newer (OPENSSL=program); {program} is {version}")
    return program


@pytest.mark.from_source
def test_newer_openssl_and_server_agree_on_the_post_quantum_group(newer_openssl, launch, serve, pki, tmp_path):
    require("GROUP_X25519MLKEM768")
    port, _ = serve(["sh", "-c", "read line; echo $line $SSL_GROUP"])
    typist = Typist(launch, s_client(pki, port, "-groups", POST_QUANTUM, "-brief", program=newer_openssl), tmp_path)
    assert typist.type("the group is", f"the group is {POST_QUANTUM}\n")
    assert typist.run.wait() == 0


@pytest.mark.from_source
def test_newer_openssl_and_client_agree_on_the_post_quantum_group(newer_openssl, launch, pki):
    require("GROUP_X25519MLKEM768")
    port = s_server(launch, pki, "-groups", POST_QUANTUM, program=newer_openssl)
    script = r"printf 'GET / HTTP/1.0\r\n\r\n' >&7; echo $SSL_GROUP; exec cat <&6"
    run = launch.program(["tcpclient", "-HRl0", "127.0.0.1", port, "s6-tlsc", "-k", "localhost", "sh", "-c", script],
                         stdout=subprocess.PIPE)
    with run.process.stdout as out:
        ours, theirs = out.readline(), out.read()
    assert ours == f"{POST_QUANTUM}\n".encode() and f"Shared groups: {POST_QUANTUM}".encode() in theirs
    assert run.wait() == 0


# servers


@pytest.fixture
def openssl_server(launch, pki, version):
    return s_server(launch, pki, OPENSSL[version])


@pytest.fixture
def gnutls_server(launch, pki, version):
    """The port of a gnutls-serv --http over one version."""
    port = free_port()
    cert = pki.issue()
    launch.program(["gnutls-serv", "--http", "-p", port, "--priority", GNUTLS[version],
                    "--disable-client-cert", "--x509certfile", cert.cert, "--x509keyfile", cert.key], **NULL)
    assert eventually(lambda: listening(port))
    return port


@pytest.fixture
def get(launch):
    """get(port) -> what s6-tlsc gets for an HTTP request, under ucspi-tcp's tcpclient."""
    def ask(port, opts="-k localhost", env=None):
        script = r"printf 'GET / HTTP/1.0\r\nHost: localhost\r\n\r\n' >&7; exec cat <&6"
        argv = ["tcpclient", "-HRl0", "127.0.0.1", port, "s6-tlsc", *opts.split(), "sh", "-c", script]
        run = launch.program(argv, env, stdout=subprocess.PIPE)
        with run.process.stdout as out:
            page = out.read()
        return page, run
    return ask


def test_client_fetches_a_page_from_openssl_s_server(openssl_server, get, version):
    page, run = get(openssl_server)
    assert page.startswith(b"HTTP/1.0 200 ok") and b"</html>" in page.lower()
    assert f"TLSv{version}".encode() in page
    assert run.wait() == 0


def test_client_fetches_a_page_from_gnutls_serv(gnutls_server, get, version):
    page, run = get(gnutls_server)
    assert page.startswith(b"HTTP/1.0 200 OK") and f"TLS{version}".encode() in page
    assert run.wait() == 0


def test_client_refuses_openssl_s_server_under_another_name(openssl_server, get):
    page, run = get(openssl_server, "-k elsewhere.example.com")
    assert page == b"" and run.wait() == 98


def test_client_and_server_of_ours_understand_each_other(serve, get, tmp_path):
    (tmp_path / "index.html").write_text("a page\n")
    port, _ = serve(HTTP)
    page, run = get(port)
    assert page.startswith(b"HTTP/1.1 200 OK") and page.endswith(b"a page\n")
    assert run.wait() == 0


def test_client_sees_a_whole_end_of_our_server_under_J(serve, get, tmp_path):
    """Over TLS 1.3 close_notify comes by default."""
    (tmp_path / "index.html").write_text("a page\n")
    port, _ = serve(HTTP)
    page, run = get(port, "-J -k localhost")
    assert page.endswith(b"a page\n") and run.wait() == 0


# super-servers


def test_tcpserver_passes_its_variables(serve, pki):
    port, _ = serve(["sh", "-c", "echo $PROTO $TCPREMOTEIP"])
    assert talk(s_client(pki, port, "-quiet"), b"").startswith(b"TCP 127.0.0.1\n")


def test_tcpsvd_serves_too(launch, pki):
    port = free_port()
    say = "echo $PROTO $TCPREMOTEIP"
    launch.program(["tcpsvd", "-l", "localhost", "127.0.0.1", port, "s6-tlsd", "sh", "-c", say])
    eventually(lambda: listening(port))
    assert talk(s_client(pki, port, "-quiet"), b"").startswith(b"TCP 127.0.0.1\n")


def test_socket_activation_serves_too(launch, ends):
    """systemd with Accept=yes and StandardInput=socket: the connection on 0 and 1, and its variables."""
    env = {"LISTEN_FDS": 1, "LISTEN_FDNAMES": "connection", "REMOTE_ADDR": "127.0.0.1"}
    run = launch.tlsd("", "cat; echo $REMOTE_ADDR", env)
    tls = ends(run)
    tls.handshake()
    tls.send(b"hello ")
    tls.close_notify()
    tls.fin()
    assert tls.recv_all() == b"hello 127.0.0.1\n"
    assert run.wait() == 0
