"""What the programs say when something fails: that docs/messages.md has all of it and nothing else, and that who reads of a failed
handshake learns which certificate, name, date or alert it was about."""

import re
import socket
import sys

import pytest

from features import TOP, needs
from harness import eventually
from peer import Ended, Tls, context
from pki import FUTURE, PAST

sys.path.append(str(TOP / "scripts"))
import messages

DOC = (TOP / "docs/messages.md").read_text()
PIECES = {piece.replace('\\"', '"').strip() for piece in messages.pieces()}
PREFIXES = {": fatal:", ": fatal: unable to", ": fatal: unable to execute"}
# Single words that stand in messages: names of variables, a signal, marks.
WORDS = {"unable to", "UID", "GID", "GIDLIST", "TLS_UID", "TLS_GID", "TLS_TICKETFD", "TLS_MIN_VERSION",
         "TLS_CIPHERS", "TLS_ALPN", "SIGTERM", ":", ",", ";", "/", "\"", ")", "; Ed25519"}
ALERTS = set(re.findall(r'^ +\{\d+, "(\w+)",', (TOP / "core/engine_wolfssl_error.c").read_text(), re.M))


# the document


def shown():
    """Everything that is set as code in the document; what a cell says of several kinds of lines counts too."""
    return re.findall(r"`(.*?)`", DOC)


def first_cells():
    rows = [line for line in DOC.splitlines() if line.startswith("| `")]
    return [message for row in rows for message in re.findall(r"`(.*?)`", row.split(" | ")[0])]


def tiles(text):
    """Whether text is made of pieces; an alert's name, which the programs put in, is one."""
    pieces = sorted(PIECES | ALERTS | WORDS, key=len, reverse=True)
    return re.fullmatch(f"(?:{'|'.join(map(re.escape, pieces))}| )*", text)


def test_there_are_pieces_of_each_kind():
    assert {"unable to set up the TLS engine", "not set", "certificate has expired", "fork", "deny", "sni="} <= PIECES
    assert len(ALERTS) > 25


def test_every_message_of_the_code_is_in_the_document():
    everything = "\n".join(shown())
    assert [piece for piece in sorted(PIECES - PREFIXES) if piece not in everything] == []


def test_every_message_of_the_document_is_in_the_code():
    gone = [(part, message) for message in first_cells() for part in re.split("<.*?>", message) if not tiles(part.strip())]
    assert gone == []


def test_every_alert_is_in_the_document():
    assert ALERTS == {name for name in first_cells() if re.fullmatch("[a-z_]+", name)}


# words that can be acted upon


@pytest.fixture
def refused(launch):
    """What s6-tlsc says of a server with this certificate."""
    def ask(cert, opts="-k localhost", env=None, version="1.3"):
        run = launch.tlsc(opts, "true", env)
        tls = Tls(run.sock, context(True, version, cert=cert), server=True)
        with pytest.raises(Ended):
            tls.handshake()
            tls.recv_all()
            raise Ended(tls.end)
        tls.sock.close()
        assert run.wait() == 98
        return run.stderr()
    return ask


def about(subject, issuer, dates):
    first, last = (re.sub(r"(....)(..)(..)(..)(..)(..)Z", r"\1-\2-\3T\4:\5:\6Z", date) for date in dates)
    return f": subject {subject}, issuer {issuer}, valid from {first} until {last}\n"


@pytest.mark.parametrize("dates, words", [(PAST, "has expired"), (FUTURE, "is not yet valid")])
def test_a_wrong_date_is_told_with_the_certificate(refused, pki, dates, words):
    said = refused(pki.issue(dates=dates))
    assert said == f"s6-tlsc: fatal: TLS handshake failed: peer's certificate {words}" + about("CN=localhost", "CN=root", dates)


def test_it_is_told_which_certificate_of_the_chain_is_wrong(refused, pki):
    old = pki.sign("/CN=old", None, None, pki.key(name="old"), pki.root(), ca=True, dates=PAST)
    said = refused(pki.issue(issuer=old))
    assert "peer's certificate has expired (number 1 above the leaf)" + about("CN=old", "CN=root", PAST) in said


def test_an_unknown_authority_is_named(refused, pki):
    assert "not signed by a trust anchor: subject CN=localhost, issuer CN=stranger, " in refused(pki.issue(issuer=pki.root("stranger")))


@pytest.mark.parametrize("san, names", [("DNS:a.example,IP:192.0.2.1", "DNS:a.example,IP:192.0.2.1"), (None, "none")])
def test_a_wrong_name_is_told_with_those_of_the_certificate(refused, pki, san, names):
    said = refused(pki.issue(san=san))
    assert said.endswith(f"peer's certificate is for another name: localhost is wanted, it is for {names}\n")


def test_long_names_of_a_peer_are_cut_between_characters(refused, pki):
    san = ",".join(f"DNS:{'a' * 50}{n}.example" for n in range(20))
    said = refused(pki.issue(san=san))
    assert said.endswith("...\n") and len(said) < 400
    units = "/".join(f"O={'ä' * 20}{n}" for n in range(9))
    said = refused(pki.issue(issuer=pki.root(f"stranger/{units}")))
    assert said.count("...,") == 1 and "\ufffd" not in said and "valid from" in said


def test_control_bytes_in_names_are_escaped(refused, pki):
    said = refused(pki.issue(issuer=pki.root("a\x1b[2J")))
    assert "\x1b" not in said and "a\\1B[2J" in said.replace("\\1b", "\\1B")


@needs("S6_TLSD")
@pytest.mark.parametrize("group", ["X25519", "P-256"])
def test_a_client_that_does_not_know_our_authority_is_told_of(launch, pki, group):
    """It says so in the clear where it has not changed to its keys yet."""
    run = launch.tlsd("", "true")
    tls = Tls(run.sock, context(False, "1.3", trust=pki.root("stranger").cert), name="localhost")
    tls.groups(group)
    with pytest.raises(Ended):
        tls.handshake()
    tls.sock.close()
    assert run.wait() == 98
    assert run.stderr() == ("s6-tlsd: fatal: TLS handshake failed: peer sent alert unknown_ca: "
                            "it does not know the issuer of our certificate\n")


@needs("S6_TLSD")
def test_an_alert_in_the_clear_is_no_news_of_a_connection_that_is_up(link13):
    """Anyone in between can send one: it is a bad record, and what it says is not repeated."""
    run, tls = link13()
    tls.sock.sendall(bytes([21, 3, 3, 0, 2, 2, 48]))
    assert run.wait() == 98
    assert "unknown_ca" not in run.stderr() and "TLS connection failed" in run.stderr()


@pytest.mark.parametrize("banner", [b"220 mail.example ESMTP\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0" * 100])
def test_a_server_that_does_not_speak_tls_is_told_of(launch, banner):
    run = launch.tlsc("-k localhost", "true")
    run.sock.sendall(banner)
    run.sock.shutdown(socket.SHUT_WR)
    assert run.wait() == 98
    assert run.stderr() == "s6-tlsc: fatal: TLS handshake failed: what comes is no record: peer does not speak TLS\n"


def test_a_missing_client_certificate_is_told_of_on_both_sides(launch, ends, pki):
    run = launch.tlsd("-y", "true")
    tls = ends(run, "1.3")
    with pytest.raises(Ended):
        tls.handshake()
        tls.recv_all()
        raise Ended(tls.end)
    assert run.wait() == 98 and eventually(lambda: "peer sent no certificate" in run.stderr())
    run = launch.tlsc("-k localhost", "cat <&6")
    tls = Tls(run.sock, context(True, "1.3", cert=pki.issue(), trust=pki.root().cert), server=True)
    with pytest.raises(Ended):
        tls.handshake()
    tls.sock.close()
    assert run.wait() == 98
    assert "peer sent alert certificate_required: it asks for a certificate, and got none" in run.stderr()


# whose connection it was


WHO = {"TCPREMOTEIP": "192.0.2.7", "TCPREMOTEPORT": "4711"}
NO_TLS = "peer does not speak TLS\n"


@pytest.fixture
def nonsense(launch):
    """What an applet says of a peer that does not speak TLS."""
    def ask(applet, opts="", env=None):
        run = getattr(launch, applet[3:])(opts, "true", {**WHO, **(env or {})})
        run.sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        run.sock.shutdown(socket.SHUT_WR)
        assert run.wait() == 98
        return run.stderr()
    return ask


@pytest.mark.parametrize("applet", ["s6-tlsd", "s6-tlsc"])
def test_a_failed_handshake_is_told_with_the_address_of_the_peer(nonsense, applet):
    said = nonsense(applet)
    assert said.startswith(f"{applet}: fatal: remote=192.0.2.7 port=4711: ") and said.endswith(NO_TLS)
    assert said.count("\n") == said.count("remote=") == 1
    assert nonsense(applet, "-v 0") == ""


def test_without_an_address_there_is_nothing_in_its_place(nonsense):
    assert nonsense("s6-tlsd", env={"TCPREMOTEPORT": None}) == f"s6-tlsd: fatal: remote=192.0.2.7: {NO_TLS}"
    assert nonsense("s6-tlsd", env={"TCPREMOTEIP": None}) == f"s6-tlsd: fatal: {NO_TLS}"


def test_an_address_is_escaped_and_cut(nonsense):
    said = nonsense("s6-tlsd", env={"TCPREMOTEIP": "\x1b[2J \n" + "x" * 9000, "TCPREMOTEPORT": "\r1"})
    assert said == f"s6-tlsd: fatal: remote=\\1b[2J\\ \\0a{'x' * 58} port=\\0d1: {NO_TLS}"


@pytest.mark.parametrize("opts, words", [("-J", "peer ended the connection without close_notify"),
                                         ("-K 400", "TLS handshake not done in time"),
                                         ("-v 2 -I 1500", "nothing moved for too long: connection closed")])
def test_a_connection_that_ends_badly_is_told_with_the_address_of_the_peer(launch, ends, opts, words):
    run = launch.tlsd(opts, "cat", WHO)
    if "-K" not in opts:
        tls = ends(run)
        tls.handshake()
        if opts == "-J":
            tls.fin()
        tls.recv_all()
    run.wait()
    assert f": remote=192.0.2.7 port=4711: {words}\n" in run.stderr()


def test_the_line_of_a_connection_has_the_address_too(launch, ends):
    run = launch.tlsd("-v 2", "true", WHO)
    tls = ends(run)
    tls.handshake()
    tls.recv_all()
    tls.fin()
    assert run.wait() == 0
    assert re.search(r"^s6-tlsd: info: protocol=.* remote=192\.0\.2\.7 port=4711 .*resumed=", run.stderr(), re.M)


@pytest.mark.parametrize("opts, env", [("", {"KEYFILE": "/nonexistent"}), ("", {"KEYFILE": None}), ("-k 3", {})])
def test_what_is_wrong_here_is_nobody_else_s(launch, opts, env):
    run = launch.tlsd(opts, "true", {**WHO, **env})
    assert run.wait() in (96, 100)
    assert "192.0.2.7" not in run.stderr()
