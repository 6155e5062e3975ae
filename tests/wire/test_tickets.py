"""Session tickets: who resumes what, in which process, and what a ticket is worth when anything has changed."""

import hashlib
import os
import re
import ssl
import subprocess

import pytest

from features import GROUPS, have, library_is, needs, require
from memory import held
from peer import Tls, context
from test_key_process import LOOKED_INTO, Connection
from test_peers import GNUTLS, talk

pytestmark = [needs("S6_TLSD", "TICKETS")]

KEY = 80
SAYS = 'echo "$SSL_SESSION_RESUMED"; cat'
LONGEST_IDENTITY = 320 if have("WOLFSSL_SOURCE") else 1536
PSK_MODES, PRE_SHARED_KEY, SESSION_TICKET, KEY_SHARE = 45, 41, 35, 51


@pytest.fixture
def keys(tmp_path):
    """keys(b"12") writes a file of two keys, which each call makes the same from their letters."""
    def write(letters):
        file = tmp_path / f"tickets.{letters.decode()}"
        file.write_bytes(b"".join(hashlib.sha512(b"name%d" % letter).digest()[:16] + hashlib.sha512(b"key%d" % letter).digest()
                                  for letter in letters))
        file.chmod(0o600)
        return {"TLS_TICKETKEYS": file}
    return write


class Client:
    """Connects again and again, and keeps its session."""

    def __init__(self, launch, version, **more):
        self.launch, self.ctx, self.session = launch, context(version=version, **more), None

    def connect(self, env, opts="", name="localhost", prog=SAYS):
        run = self.launch.tlsd(opts, prog, env)
        tls = Tls(run.sock, self.ctx, name=name)
        if self.session:
            tls.obj.session = self.session
        return run, tls

    def end(self, run, tls):
        self.session = tls.obj.session
        tls.fin()
        assert run.wait() == 0, run.stderr()
        assert run.left() == []

    def __call__(self, env, opts="", name="localhost"):
        """Whether it resumed; both ends are of one mind about that."""
        run, tls = self.connect(env, opts, name)
        tls.handshake()
        said = tls.recv_exactly(2)
        assert said == (b"1\n" if tls.obj.session_reused else b"0\n")
        self.end(run, tls)
        return tls.obj.session_reused

    def comes_again(self, env, opts="", name="localhost"):
        """The same for a client whose ticket was refused: in TLS 1.2 wolfSSL gives it another only when it asks anew."""
        if not has_ticket(self.session):
            assert self.ctx.minimum_version == ssl.TLSVersion.TLSv1_2 and not self(env, opts, name)
        return self(env, opts, name)


@pytest.fixture
def client(launch, version):
    return Client(launch, version)


def has_ticket(session):
    return bool(session and session.has_ticket)


def test_client_resumes_in_a_later_process_and_again(client, keys):
    assert not client(keys(b"A"))
    assert client(keys(b"A"))
    assert client(keys(b"A"))


@pytest.mark.parametrize("kind", ["p256", "rsa", "ed25519"])
def test_client_resumes_whatever_the_key_is(client, keys, pki, kind):
    env = {**keys(b"A"), **pki.issue(key=kind).env()}
    assert not client(env)
    assert client(env)


def test_without_keys_there_are_no_tickets(client, keys):
    assert not client({})
    assert not has_ticket(client.session)
    assert not client({"TLS_TICKETKEYS": ""})
    assert not has_ticket(client.session)


def test_ticket_means_nothing_to_a_server_without_keys(client, keys):
    client(keys(b"A"))
    assert has_ticket(client.session)
    assert not client({})


def test_second_server_with_the_same_file_takes_it_up(client, keys, launch):
    client(keys(b"A"))
    other = keys(b"A")["TLS_TICKETKEYS"].read_bytes()
    file = launch.dir / "another"
    file.write_bytes(other)
    assert client({"TLS_TICKETKEYS": file})


def test_every_key_of_the_file_opens_and_the_first_one_seals(client, keys):
    client(keys(b"A"))
    assert client(keys(b"BA"))
    if client.ctx.minimum_version == ssl.TLSVersion.TLSv1_3: # there each session brings a new ticket
        assert client(keys(b"B"))


def test_ticket_under_a_key_that_was_dropped_is_refused(client, keys):
    client(keys(b"A"))
    assert not client(keys(b"B"))
    assert client.comes_again(keys(b"B"))


def test_key_of_the_same_name_is_not_the_same_key(client, keys, launch):
    client(keys(b"A"))
    file = launch.dir / "forged"
    file.write_bytes(keys(b"A")["TLS_TICKETKEYS"].read_bytes()[:KEY - 1] + b"x")
    assert not client({"TLS_TICKETKEYS": file})


def test_ticket_is_worth_nothing_under_another_name(client, keys):
    client(keys(b"A"), name="localhost")
    assert not client(keys(b"A"), name="localhost.example")
    assert not client(keys(b"A"), name=None)
    assert not client(keys(b"A"), name="localhost")
    # 5.9 compares names itself, as they are written
    assert client.comes_again(keys(b"A"), name="localhost" if library_is(5, 9) else "LOCALHOST")


def test_ticket_is_worth_nothing_under_another_certificate(client, keys, pki):
    client(keys(b"A"))
    assert not client({**keys(b"A"), **pki.issue(subject="/CN=another").env()})


@needs("SNI_CERTS")
@pytest.mark.parametrize("policy", [{"TLS_MAX_VERSION": "VERSION", "TLS_MIN_VERSION": "VERSION"}, {"TLS_GROUPS": "GROUP"},
                                    {"TLS_ALPN": "h2"}])
def test_ticket_is_worth_nothing_under_another_policy(client, keys, version, policy):
    require(*["ALPN"] if "TLS_ALPN" in policy else ["TLS12"])
    group = next(name for name, symbol in GROUPS.items() if have(symbol) and name not in ("P-521", "X25519MLKEM768"))
    env = {name: {"VERSION": version, "GROUP": group}.get(value, value) for name, value in policy.items()}
    client(keys(b"A"))
    assert client.comes_again(keys(b"A"))
    assert not client({**keys(b"A"), **env})
    assert client.comes_again({**keys(b"A"), **env})


def test_ticket_of_one_name_s_pair_is_not_for_another_s(client, keys, pki):
    env = {**keys(b"A"), **pki.issue(san="DNS:a.example.com").env("a.example.com"),
           **pki.issue(san="DNS:b.example.com").env("b.example.com")}
    client(env, "-k2", "a.example.com")
    assert not client(env, "-k2", "b.example.com")
    assert client.comes_again(env, "-k2", "b.example.com")


@pytest.mark.parametrize("opts", ["-Y", "-y"])
def test_where_certificates_are_asked_for_there_are_no_tickets(launch, version, keys, pki, opts):
    client = Client(launch, version, cert=pki.client())
    assert not client(keys(b"A"), opts)
    assert not has_ticket(client.session)
    client(keys(b"A"))
    assert has_ticket(client.session)
    assert not client(keys(b"A"), opts)


def test_prog_does_not_see_the_file(client, keys):
    run, tls = client.connect(keys(b"A"), prog='echo "${TLS_TICKETKEYS-none}"')
    tls.handshake()
    assert tls.recv_all() == b"none\n"


# what clients send that they should not


def split(hello, number):
    """Where the content of an extension is in a record with a ClientHello: first and last byte."""
    at = 5 + 4 + 34
    at += 1 + hello[at]
    at += 2 + int.from_bytes(hello[at:at + 2], "big")
    at += 1 + hello[at]
    at += 2
    while at < len(hello):
        kind, size = int.from_bytes(hello[at:at + 2], "big"), int.from_bytes(hello[at + 2:at + 4], "big")
        at += 4
        if kind == number:
            return at, at + size
        at += size
    raise AssertionError(f"no extension {number}")


def longer(hello, n):
    """Says so in the lengths of the record, the message and the list of extensions."""
    at = 5 + 4 + 34
    at += 1 + hello[at]
    at += 2 + int.from_bytes(hello[at:at + 2], "big")
    at += 1 + hello[at]
    for start, end in ((3, 5), (6, 9), (at, at + 2)):
        hello[start:end] = (int.from_bytes(hello[start:end], "big") + n).to_bytes(end - start, "big")


def put(hello, number, content):
    """Another content of an extension."""
    start, end = split(hello, number)
    hello[start - 2:end] = len(content).to_bytes(2, "big") + content
    longer(hello, len(content) - (end - start))


def offer(hello, tickets):
    """Other sessions to be resumed, none of which has an age, or a binder that is right."""
    identities = b"".join(len(ticket).to_bytes(2, "big") + ticket + bytes(4) for ticket in tickets)
    binders = len(tickets) * (b"\x20" + bytes(32))
    put(hello, PRE_SHARED_KEY, b"".join(len(part).to_bytes(2, "big") + part for part in (identities, binders)))


def hello_of(client, env):
    """A server, and the ClientHello that would resume, not sent."""
    run, tls = client.connect(env)
    with pytest.raises(ssl.SSLWantReadError):
        tls.obj.do_handshake()
    return run, bytearray(tls.out.read())


def first_answer(run, hello):
    run.sock.sendall(hello)
    answer = run.sock.recv(65536)
    assert answer[0] == 22, f"no ServerHello but {answer[:7].hex()}"
    return answer


def resumes(answer):
    """Whether a ServerHello of TLS 1.3 takes the session up."""
    body = answer[5:5 + int.from_bytes(answer[3:5], "big")]
    at = 4 + 34
    at += 1 + body[at] + 2 + 1 + 2
    while at < len(body):
        if int.from_bytes(body[at:at + 2], "big") == PRE_SHARED_KEY:
            return True
        at += 4 + int.from_bytes(body[at + 2:at + 4], "big")
    return False


@pytest.fixture
def client13(launch):
    return Client(launch, "1.3")


def test_session_is_not_resumed_without_a_key_exchange(client13, keys):
    """No forward secrecy: psk_ke alone (RFC 8446 4.2.9). The ticket is not looked at, else its binder would fail."""
    client13(keys(b"A"))
    run, hello = hello_of(client13, keys(b"A"))
    start, end = split(hello, PSK_MODES)
    assert resumes(first_answer(run, hello))
    run, hello = hello_of(client13, keys(b"A"))
    assert hello[start:end] == b"\x01\x01"
    hello[start:end] = b"\x01\x00"
    assert not resumes(first_answer(run, hello))


def test_session_is_not_resumed_without_a_key_share(client13, keys):
    """Who has promised a key exchange and brings nothing for it (RFC 8446 9.2) does not get one without."""
    client13(keys(b"A"))
    run, hello = hello_of(client13, keys(b"A"))
    start, _ = split(hello, KEY_SHARE)
    hello[start - 4:start - 2] = b"\xfa\xfa"
    put(hello, PSK_MODES, b"\x02\x00\x01")
    run.sock.sendall(hello)
    assert run.sock.recv(65536)[-2:] == b"\x02\x6d" # missing_extension; the binder, which would fail, is not looked at


@pytest.mark.parametrize("lie", [0, 1, 32, 600, 65000])
def test_many_tickets_that_are_none_are_a_full_handshake(client13, keys, lie):
    """More than the key process opens, each with a length inside that may be more than there is: for 1 to 32 bytes more
    wolfSSL 5.5.4 would have us look beyond its end."""
    client13(keys(b"A"))
    run, hello = hello_of(client13, keys(b"A"))
    start, _ = split(hello, PRE_SHARED_KEY)
    size = int.from_bytes(hello[start + 2:start + 4], "big")
    ticket = bytearray(hello[start + 4:start + 4 + size])
    ticket[32:34] = min(int.from_bytes(ticket[32:34], "big") + lie, 65535).to_bytes(2, "big")
    offer(hello, [ticket[:40] + bytes([n]) * 8 + ticket[48:] for n in range(5)])
    answer = first_answer(run, hello)
    assert not resumes(answer)
    while len(answer) < 700: # with its certificate and a signature
        more = run.sock.recv(65536)
        assert more, run.stderr()
        answer += more


@pytest.mark.parametrize("at", [0, 15, 16, 31, 32, 33, 34, 60, -1, -16, -17, -24, -32])
def test_ticket_with_a_byte_changed_is_none_13(client13, keys, at):
    client13(keys(b"A"))
    run, hello = hello_of(client13, keys(b"A"))
    start, _ = split(hello, PRE_SHARED_KEY)
    size = int.from_bytes(hello[start + 2:start + 4], "big")
    hello[start + 4 + at % size] ^= 1
    assert not resumes(first_answer(run, hello))


@needs("TLS12")
@pytest.mark.parametrize("at", [0, 15, 16, 31, 32, 33, 34, 60, -1, -16, -17, -24, -32])
def test_ticket_with_a_byte_changed_is_none_12(launch, keys, at):
    client = Client(launch, "1.2")
    client(keys(b"A"))
    run, hello = hello_of(client, keys(b"A"))
    start, end = split(hello, SESSION_TICKET)
    hello[start + at % (end - start)] ^= 1
    assert b"localhost" in first_answer(run, hello) # its certificate: a full handshake


@needs("TLS12")
@pytest.mark.parametrize("size", [1, 100, 300, 2000, 8000])
@pytest.mark.parametrize("newest", ["TLSv1_2", "TLSv1_3"])
@pytest.mark.parametrize("letters, says", [(b"", 0), (b"A", 0), (b"A", -66)])
def test_ticket_that_another_server_gave_is_none(launch, keys, letters, says, newest, size):
    """However long: a client that had a session with what was here before would not get in at all. One that offers TLS 1.3
    too brings it as well; then the certificate is not in the clear. With -66 it has the length that one of ours would have."""
    client = Client(launch, "1.2")
    client(keys(b"A"))
    client.ctx.maximum_version = ssl.TLSVersion[newest]
    run, hello = hello_of(client, keys(letters) if letters else {})
    ticket = bytearray(size * b"x")
    ticket[32:34] = max(0, size + says).to_bytes(2, "big")[:max(0, size - 32)]
    put(hello, SESSION_TICKET, ticket)
    answer = first_answer(run, hello)
    assert b"localhost" in answer or (newest == "TLSv1_3" and not resumes(answer))


@pytest.mark.parametrize("size", [1, 100, 300, LONGEST_IDENTITY])
@pytest.mark.parametrize("letters", [b"", b"A"])
def test_identity_that_another_server_gave_is_none(client13, keys, letters, size):
    """The same in TLS 1.3, up to what wolfSSL takes."""
    client13(keys(b"A"))
    run, hello = hello_of(client13, keys(letters) if letters else {})
    offer(hello, [size * b"x"])
    assert not resumes(first_answer(run, hello))


@needs("TLS12")
def test_client_whose_ticket_of_12_is_of_no_use_gets_one_of_13(launch, keys):
    client = Client(launch, "1.2")
    client(keys(b"B"))
    client.ctx.maximum_version = ssl.TLSVersion.TLSv1_3
    assert not client(keys(b"A"))
    assert client(keys(b"A"))


def test_ticket_survives_a_hello_retry_request(client13, keys):
    client13(keys(b"A"))
    run, tls = client13.connect(keys(b"A"))
    tls.groups("P-521:P-256")
    tls.handshake()
    assert tls.recv_exactly(2) == b"1\n" and tls.obj.session_reused
    assert tls.group() == 23
    client13.end(run, tls)


@pytest.mark.not_watched("it takes too long")
def test_client_that_comes_again_without_end_never_fails(client13, keys):
    """A session has 256 tickets: 255 times it is resumed by one and has the next; then there is a new session."""
    assert [client13(keys(b"A")) for _ in range(260)] == [False, *[True] * 255, False, *[True] * 3]


@needs("GROUP_P256", "GROUP_X25519")
def test_group_is_that_of_this_connection(client13, keys):
    run, tls = client13.connect(keys(b"A"), prog='echo "$SSL_SESSION_RESUMED $SSL_GROUP"; cat')
    tls.handshake()
    assert tls.recv_exactly(9) == b"0 X25519\n"
    client13.end(run, tls)
    run, tls = client13.connect(keys(b"A"), prog='echo "$SSL_SESSION_RESUMED $SSL_GROUP"; cat')
    tls.groups("P-256")
    tls.handshake()
    assert tls.recv_exactly(8) == b"1 P-256\n"
    client13.end(run, tls)


# who holds the keys


@LOOKED_INTO
@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
@needs("KEY_PROCESS")
def test_keys_for_tickets_are_with_the_key_process_alone(launch, pki, keys, version):
    env = keys(b"A")
    secrets = {f"ticket key {at}": env["TLS_TICKETKEYS"].read_bytes()[at:at + 16] for at in (16, 40, 64)}
    c = Connection(launch, pki, "s6-tlsd", version, env=env)
    assert held(c.key_process(), secrets) == set(secrets)
    assert held(c.run.pid, secrets) == held(c.waiter(), secrets) == set()
    c.tls.handshake()
    c.echo()
    c.prog_alone()
    assert all(held(pid, secrets) == set() for pid in c.run.processes())


@LOOKED_INTO
@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
def test_nobody_holds_the_keys_for_tickets_after_the_handshake(launch, pki, keys, version):
    env = keys(b"A")
    secrets = {"ticket key": env["TLS_TICKETKEYS"].read_bytes()[16:32]}
    c = Connection(launch, pki, "s6-tlsd", version, env=env)
    c.tls.handshake()
    c.echo()
    c.prog_alone()
    assert all(held(pid, secrets) == set() for pid in c.run.processes())


# what is wrong with the file


@pytest.mark.parametrize("content, why", [
    (b"", "it is empty"), (b"x" * 79, "its length is not a multiple of 80 bytes"),
    (b"x" * 161, "its length is not a multiple of 80 bytes"), (b"x" * 80 + b"\0" * 80, "a name in it is all zeros")])
def test_file_of_no_use_is_96(launch, content, why):
    file = launch.dir / "keys"
    file.write_bytes(content)
    run = launch.tlsd("", "echo started >&2", {"TLS_TICKETKEYS": file})
    assert run.wait() == 96
    assert run.stderr() == f"s6-tlsd: fatal: unable to use key file {file}: {why}\n"


def test_file_that_is_not_there_is_96(launch):
    run = launch.tlsd("", "echo started >&2", {"TLS_TICKETKEYS": "/nowhere"})
    assert run.wait() == 96
    assert run.stderr() == "s6-tlsd: fatal: unable to read /nowhere: No such file or directory\n"


def test_file_that_others_may_read_is_warned_of(client, keys):
    env = keys(b"A")
    env["TLS_TICKETKEYS"].chmod(0o644)
    run, tls = client.connect(env, "-v2", prog="true")
    tls.handshake()
    tls.recv_all()
    client.end(run, tls)
    assert f"s6-tlsd: warning: key file readable by others: {env['TLS_TICKETKEYS']}\n" in run.stderr()


# real clients


@pytest.fixture
def served(launch, keys):
    def start(prog, opts=""):
        argv = ["tcpserver", "-1", "-HRl0", "127.0.0.1", "0", "s6-tlsd", *opts.split(), *prog]
        run = launch.program(argv, keys(b"A"), stdout=subprocess.PIPE)
        with run.process.stdout as out:
            return int(out.readline())
    return start


def test_openssl_s_client_resumes(served, pki, tmp_path, version):
    port = served(["sh", "-c", SAYS], "-S")
    argv = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", pki.root().cert, "-quiet", "-no_ign_eof",
            "-verify_return_error", {"1.2": "-tls1_2", "1.3": "-tls1_3"}[version]]
    session = tmp_path / "session"
    assert converse([*argv, "-sess_out", session], b"0\n") == 0
    assert converse([*argv, "-sess_in", session], b"1\n") == 0


def converse(argv, says):
    """Runs a client until the server has said this; then it sees the end of its input. Its exit code."""
    with subprocess.Popen([str(word) for word in argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as client:
        assert client.stdout.read(len(says)) == says
        client.stdin.close()
        return client.wait(20)


def test_gnutls_cli_resumes(served, pki, version):
    port = served(["sh", "-c", 'echo "resumed=$SSL_SESSION_RESUMED"; sleep 0.2'])
    output = talk(["gnutls-cli", "--resume", f"--x509cafile={pki.root().cert}", f"--priority={GNUTLS[version]}",
                   "--port", port, "localhost"], b"").decode()
    assert re.search(r"This is a resumed session", output), output
