"""The policy by environment: versions, suites, groups and application protocols, on both sides; what is not known."""

import struct
import subprocess

import pytest

import hello
from bridge import port_to
from features import needs, require
from hello import P256, P384, X25519
from peer import Ended, Tls, context

pytestmark = pytest.mark.quick

WORDS = {
    "TLS_CIPHERS": ("TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_CHACHA20_POLY1305_SHA256", "SUITES_CHACHA20"),
    "TLS_GROUPS": ("ffdhe2048", "X25519", "GROUP_X25519"),
    "TLS_MIN_VERSION": ("1.1", "1.3", "ENGINE"),
    "TLS_MAX_VERSION": ("ssl3", "1.3", "ENGINE"),
}
APPLETS = ["s6-tlsd", "s6-tlsc", "s6-tlsd-io", "s6-tlsc-io", "s6-ucspitlsd", "s6-ucspitlsc", "s6-tlsserver", "s6-tlsclient"]
ALERT_HANDSHAKE_FAILURE, ALERT_ILLEGAL_PARAMETER, ALERT_DECODE_ERROR, ALERT_PROTOCOL_VERSION = (2, 40), (2, 47), (2, 50), (2, 70)
ALERT_NO_APPLICATION_PROTOCOL = (2, 120)
TELL = "echo $SSL_PROTOCOL $SSL_CIPHER $SSL_GROUP ${SSL_ALPN_PROTOCOL-none}"


def told(tls):
    """What prog was told: protocol, suite, group, application protocol."""
    return tls.recv_all().decode().split()


def failed(run):
    """Our end is closed first: the server waits for that."""
    run.sock.close()
    return run.wait() == 98


def argv(applet):
    """A command line that reads its environment and gets no further."""
    if applet.endswith("-io"):
        return [applet, "8", "9"]
    if applet in ("s6-tlsserver", "s6-tlsclient"):
        return [applet, "127.0.0.1", "1", "true"]
    return [applet, "true"]


# words that are not known


@pytest.mark.parametrize("applet", APPLETS)
@pytest.mark.parametrize("variable", WORDS)
def test_word_that_is_not_known_is_96_with_those_that_are(launch, applet, variable):
    wrong, right, symbol = WORDS[variable]
    require(symbol)
    run = launch.on_stdio(argv(applet), {variable: f"{wrong}:{right}" if "VERSION" not in variable else wrong})
    assert run.wait() == 96
    said = run.stderr()
    assert said.startswith(f"{applet}: fatal: unable to use {variable}: this build does not know \"{wrong}\", it knows ")
    assert right in said.rpartition("knows")[2]


@needs("ALPN")
@pytest.mark.parametrize("names", ["h2,", ",", "x" * 256, ",".join(["y" * 200] * 6)])
def test_list_of_protocols_that_is_none_is_96(launch, names):
    run = launch.tlsd("", "true", {"TLS_ALPN": names})
    assert run.wait() == 96
    assert run.stderr().startswith("s6-tlsd: fatal: unable to use TLS_ALPN: it should be names of 1 to 255 bytes")


@needs("TLS12")
def test_least_version_above_the_greatest_is_96(launch):
    run = launch.tlsd("", "true", {"TLS_MIN_VERSION": "1.3", "TLS_MAX_VERSION": "1.2"})
    assert run.wait() == 96
    assert "unable to use TLS_MIN_VERSION: it is higher than TLS_MAX_VERSION" in run.stderr()


def test_v0_says_nothing_of_a_wrong_word(launch):
    run = launch.tlsd("-v 0", "true", {"TLS_GROUPS": "none"})
    assert run.wait() == 96
    assert run.stderr() == ""


@needs("S6_TLSSERVER", "S6_TLSD")
def test_rules_may_yet_change_what_s6_tlsserver_finds_wrong(launch, tmp_path):
    """With -i it says nothing: here it goes on to look for s6-tcpserver-access."""
    run = launch.on_stdio(["s6-tlsserver", "-i", str(tmp_path), "127.0.0.1", "0", "true"], {"TLS_GROUPS": "none"})
    assert run.wait() == 127
    assert "TLS_GROUPS" not in run.stderr()


def test_empty_variables_change_nothing(launch, ends):
    names = ("TLS_MIN_VERSION", "TLS_MAX_VERSION", "TLS_CIPHERS", "TLS_GROUPS", "TLS_ALPN", "CRLFILE", "OCSPFILE")
    run = launch.tlsd("", TELL, {name: "" for name in names})
    assert told(ends(run).handshake())[0] == "TLSv1.3"
    run.sock.close()
    assert run.wait() == 0


# versions


@needs("TLS12")
def test_server_of_one_version_refuses_the_other(launch, ends):
    for mine, other in (("1.2", "1.3"), ("1.3", "1.2")):
        env = {"TLS_MIN_VERSION": mine, "TLS_MAX_VERSION": mine}
        assert told(ends(launch.tlsd("", TELL, env)).handshake())[0] == f"TLSv{mine}"
        run = launch.tlsd("", "echo started >&2", env)
        with pytest.raises(Ended):
            ends(run, other).handshake()
        assert failed(run)
        assert "started" not in run.stderr()


@needs("TLS12")
def test_client_of_one_version_refuses_the_other(launch, ends, pki):
    for mine, other in (("1.2", "1.3"), ("1.3", "1.2")):
        env = {"TLS_MIN_VERSION": mine, "TLS_MAX_VERSION": mine}
        run = launch.tlsc_on_stdio("-k localhost", TELL, env)
        assert told(ends(run, server=True, cert=pki.issue()).handshake())[0] == f"TLSv{mine}"
        run = launch.tlsc_on_stdio("-k localhost", "echo started >&2", env)
        with pytest.raises(Ended):
            ends(run, other, server=True, cert=pki.issue()).handshake()
        assert failed(run)
        assert "started" not in run.stderr()


@needs("TLS12")
def test_version_without_a_suite_is_not_agreed_on(launch, ends):
    """A server that did would fail with clients that have both."""
    aead = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256:TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
    require("SUITES_AES_GCM")
    assert told(ends(launch.tlsd("", TELL, {"TLS_CIPHERS": aead})).handshake())[0] == "TLSv1.2"
    reply = hello.ask(launch.tlsd("", "true", {"TLS_CIPHERS": "TLS_AES_128_GCM_SHA256"}).sock, version="1.2")
    assert reply.alert == ALERT_PROTOCOL_VERSION


# suites


@needs("SUITES_AES_GCM", "SUITES_CHACHA20")
@pytest.mark.parametrize("order", [(0x1303, 0x1301), (0x1301, 0x1303), (0x1302, 0x1303, 0x1301), (0x1302,)])
def test_order_of_suites_is_the_servers_in_tls13(launch, order):
    names = {0x1301: "TLS_AES_128_GCM_SHA256", 0x1302: "TLS_AES_256_GCM_SHA384", 0x1303: "TLS_CHACHA20_POLY1305_SHA256"}
    env = {"TLS_CIPHERS": ":".join(names[suite] for suite in order)}
    for offered in ([0x1301, 0x1302, 0x1303], [0x1303, 0x1302, 0x1301]):
        assert hello.ask(launch.tlsd("", "true", env).sock, version="1.3", suites=offered).suite == order[0]


@needs("TLS12", "SUITES_AES_GCM", "SUITES_CHACHA20", "SUITES_AES_CBC", "KEY_EC")
@pytest.mark.parametrize("order", [(0xCCA9, 0xC02B), (0xC02B, 0xCCA9), (0xC023, 0xC02C), (0xC024,), (0xC02C, 0xC02B)])
def test_order_of_suites_is_the_servers_in_tls12(launch, order):
    names = {0xC02B: "AES_128_GCM_SHA256", 0xC02C: "AES_256_GCM_SHA384", 0xCCA9: "CHACHA20_POLY1305_SHA256",
             0xC023: "AES_128_CBC_SHA256", 0xC024: "AES_256_CBC_SHA384"}
    env = {"TLS_CIPHERS": ":".join(f"TLS_ECDHE_ECDSA_WITH_{names[suite]}" for suite in order)}
    for offered in (sorted(names), sorted(names, reverse=True)):
        assert hello.ask(launch.tlsd("", "true", env).sock, version="1.2", suites=offered).suite == order[0]


@needs("SUITES_AES_GCM")
def test_suite_that_is_not_in_the_list_is_refused(launch):
    run = launch.tlsd("", "true", {"TLS_CIPHERS": "TLS_AES_256_GCM_SHA384"})
    assert hello.ask(run.sock, version="1.3", suites=[0x1301, 0x1303]).alert == ALERT_HANDSHAKE_FAILURE
    assert failed(run)


@needs("SUITES_AES_GCM", "SUITES_CHACHA20")
def test_client_offers_only_the_suites_of_the_list(launch, ends, pki):
    env = {"TLS_CIPHERS": "TLS_CHACHA20_POLY1305_SHA256"}
    run = launch.tlsc_on_stdio("-k localhost", TELL, env)
    tls = ends(run, server=True, cert=pki.issue())
    assert told(tls.handshake())[:2] == ["TLSv1.3", "TLS_CHACHA20_POLY1305_SHA256"]
    run = launch.tlsc_on_stdio("-k localhost", "true", env)
    assert suites_of(run.sock) == [0x1303]


def suites_of(sock):
    """The suites in a client's first flight, but for that of renegotiation."""
    _, _, length = struct.unpack(">BHH", hello.receive(sock, 5))
    body = hello.receive(sock, length)
    at = 39 + body[38]
    size, = struct.unpack_from(">H", body, at)
    return [suite for suite, in struct.iter_unpack(">H", body[at + 2:at + 2 + size]) if suite != 0x00FF]


# groups


GROUPS = {"X25519": X25519, "P-256": P256, "P-384": P384}


@needs("GROUP_X25519", "GROUP_P256", "GROUP_P384")
@pytest.mark.parametrize("order", [("P-384", "X25519"), ("P-256", "P-384", "X25519"), ("X25519",), ("P-384",)])
def test_order_of_groups_is_the_servers_even_at_the_price_of_a_round_trip(launch, ends, version, order):
    """The client sends a share of its first group, which is another one."""
    theirs = sorted(GROUPS, key=lambda name: name == order[0])
    run = launch.tlsd("", TELL, {"TLS_GROUPS": ":".join(order)})
    tls = ends(run, version).groups(":".join(theirs))
    assert told(tls.handshake())[2] == order[0]


@needs("GROUP_X25519", "GROUP_P384")
def test_group_that_is_not_in_the_list_is_refused(launch, ends, version):
    run = launch.tlsd("", "true", {"TLS_GROUPS": "P-384"})
    with pytest.raises(Ended, match="HANDSHAKE_FAILURE"):
        ends(run, version).groups("X25519").handshake()
    assert failed(run)
    assert "no key exchange group in common" in run.stderr()


@needs("GROUP_P384")
def test_client_offers_only_the_groups_of_the_list(launch, ends, pki):
    run = launch.tlsc_on_stdio("-k localhost", TELL, {"TLS_GROUPS": "secp384r1"})
    assert told(ends(run, "1.3", server=True, cert=pki.issue()).handshake())[2] == "P-384"


@needs("GROUP_X25519", "GROUP_P384")
def test_client_prefers_the_first_group_of_the_list(launch, pki, tmp_path):
    """It sends a share of that one, so a server that takes either takes it."""
    for order in ("P-384:X25519", "X25519:P-384"):
        run = launch.tlsc_on_stdio("-k localhost", TELL, {"TLS_GROUPS": order})
        tls = Tls(run.sock, context(True, "1.3", cert=pki.issue()), server=True)
        assert told(tls.handshake())[2] == order.split(":")[0]


# application protocols


def with_alpn(server, names, version=None, **options):
    made = context(server, version, **options)
    made.set_alpn_protocols(names)
    return made


@needs("ALPN")
@pytest.mark.parametrize("ours, theirs, chosen", [
    ("h2,http/1.1", ["http/1.1", "h2"], "h2"), ("http/1.1,h2", ["h2", "http/1.1"], "http/1.1"),
    ("a,b,c", ["x", "c"], "c"), ("h2", [], None), (None, ["h2"], None), ("x" * 255, ["x" * 255, "x"], "x" * 255)])
def test_server_chooses_its_first_protocol_that_the_client_offers(launch, version, ours, theirs, chosen):
    run = launch.tlsd("", TELL, {"TLS_ALPN": ours})
    ctx = with_alpn(False, theirs, version) if theirs else context(version=version)
    tls = Tls(run.sock, ctx).handshake()
    assert told(tls)[3] == (chosen or "none")
    assert tls.obj.selected_alpn_protocol() == chosen


@needs("ALPN")
def test_no_protocol_in_common_is_fatal(launch, version):
    run = launch.tlsd("", "echo started >&2", {"TLS_ALPN": "h2"})
    tls = Tls(run.sock, with_alpn(False, ["http/1.1", "h2c"], version))
    with pytest.raises(Ended):
        tls.handshake()
    assert failed(run)
    assert run.stderr() == "s6-tlsd: fatal: no application protocol in common\n"
    run = launch.tlsd("", "true", {"TLS_ALPN": "h2"})
    reply = hello.ask(run.sock, version=version, extra=[alpn(b"\0\x0c\x08http/1.1\2xx")])
    assert reply.alert == ALERT_NO_APPLICATION_PROTOCOL


@needs("ALPN", "GROUP_X25519", "GROUP_P384")
def test_protocol_is_agreed_on_after_a_retry_too(launch):
    run = launch.tlsd("", TELL, {"TLS_ALPN": "http/1.1", "TLS_GROUPS": "P-384"})
    tls = Tls(run.sock, with_alpn(False, ["h2", "http/1.1"], "1.3")).groups("X25519:P-384")
    assert told(tls.handshake())[2:] == ["P-384", "http/1.1"]


@needs("ALPN")
@pytest.mark.parametrize("theirs, chosen", [(["http/1.1", "h2"], "http/1.1"), (["h2"], "h2"), (["x"], "none"), ([], "none")])
def test_client_offers_its_protocols_and_tells_the_servers_choice(launch, pki, version, theirs, chosen):
    """OpenSSL's server chooses by its own order, and goes on without one where none is in common."""
    run = launch.tlsc_on_stdio("-k localhost", TELL, {"TLS_ALPN": "h2,http/1.1"})
    ctx = with_alpn(True, theirs, version, cert=pki.issue()) if theirs else context(True, version, cert=pki.issue())
    assert told(Tls(run.sock, ctx, server=True).handshake())[3] == chosen


@needs("ALPN", "TLS12", "S6_TLSC", "S6_TLSD")
def test_gnutls_agrees_on_a_protocol(launch, pki):
    for version in ("VERS-TLS1.2", "VERS-TLS1.3"):
        run = launch.tlsd("", TELL, {"TLS_ALPN": "http/1.1,h2"})
        got = gnutls(run, pki, f"NORMAL:-VERS-ALL:+{version}", "--alpn=h2", "--alpn=http/1.1")
        assert "http/1.1" in got.split()


def gnutls(run, pki, priority, *options):
    """What s6-tlsd's prog says to gnutls-cli."""
    with port_to(run.sock) as port:
        done = subprocess.run(["gnutls-cli", "--priority", priority, "--x509cafile", pki.root().cert, *options,
                               "-p", str(port), "localhost"], stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
    return done.stdout.decode(errors="replace")


# hostile lists of protocols


def alpn(data):
    return hello.extension(16, data)


HOSTILE = {
    "empty": b"", "half a length": b"\0", "no list": b"\0\0", "an empty name": b"\0\1\0", "a name and an empty one": b"\0\4\2h2\0",
    "a name longer than the list": b"\0\3\3h2", "a last length without a name": b"\0\4\2h2\xff",
    "a list longer than the extension": b"\0\xff\2h2", "something behind the list": b"\0\3\2h2x",
    "a name that ends beyond": b"\0\6\2h2\7ht",
}


@pytest.mark.parametrize("ours", [None, "h2"])
@pytest.mark.parametrize("kind", HOSTILE)
def test_malformed_protocols_are_refused(launch, version, ours, kind):
    require(*["ALPN"] if ours else [])
    run = launch.tlsd("", "true", {"TLS_ALPN": ours})
    assert hello.ask(run.sock, version=version, extra=[alpn(HOSTILE[kind])]).alert == ALERT_DECODE_ERROR
    assert failed(run)
    assert "malformed list of application protocols" in run.stderr()


def test_protocols_that_come_twice_are_refused(launch, version):
    run = launch.tlsd("", "true")
    reply = hello.ask(run.sock, version=version, extra=[alpn(b"\0\3\2h2"), alpn(b"\0\3\2h2")])
    assert reply.alert == ALERT_ILLEGAL_PARAMETER
    assert failed(run)


def retried(launch, env=None):
    """A server that has answered with a HelloRetryRequest, and the ClientHello that made it do so."""
    require("GROUP_X25519", "GROUP_P256", "ALPN")
    run = launch.tlsd("", "true", {"TLS_ALPN": "h2,x", "TLS_GROUPS": "P-384", **(env or {})})
    reply = hello.ask(run.sock, version="1.3", extra=[hello.sni(b"localhost"), alpn(b"\0\3\2h2")])
    assert reply.group == P384
    return run


SECOND = {
    "malformed protocols": ([hello.sni(b"localhost"), alpn(b"\0\4\2h2\xff")], ALERT_DECODE_ERROR),
    "other protocols": ([hello.sni(b"localhost"), alpn(b"\0\2\1x")], ALERT_ILLEGAL_PARAMETER),
    "no protocols": ([hello.sni(b"localhost")], ALERT_ILLEGAL_PARAMETER),
    "another name": ([hello.sni(b"elsewhere"), alpn(b"\0\3\2h2")], ALERT_ILLEGAL_PARAMETER),
    "no name": ([alpn(b"\0\3\2h2")], ALERT_ILLEGAL_PARAMETER),
}


@needs("GROUP_P384")
@pytest.mark.parametrize("size", [16384, 1])
@pytest.mark.parametrize("before", [b"", b"\x14\3\3\0\1\1"])
@pytest.mark.parametrize("kind", SECOND)
def test_second_hello_is_read_before_the_library_has_it(launch, kind, before, size):
    extra, alert = SECOND[kind]
    run = retried(launch)
    run.sock.sendall(before + hello.records(hello.message(version="1.3", extra=extra), size))
    assert hello.answer(run.sock).alert == alert
    assert failed(run)


@needs("GROUP_P384")
@pytest.mark.parametrize("kind", SECOND)
def test_second_hello_that_does_not_wait_is_read_too(launch, kind):
    extra, alert = SECOND[kind]
    require("GROUP_X25519", "GROUP_P256", "ALPN")
    run = launch.tlsd("", "true", {"TLS_ALPN": "h2,x", "TLS_GROUPS": "P-384"})
    first = hello.message(version="1.3", extra=[hello.sni(b"localhost"), alpn(b"\0\3\2h2")])
    run.sock.sendall(hello.records(first) + hello.records(hello.message(version="1.3", extra=extra)))
    assert hello.answer(run.sock).group == P384
    assert hello.answer(run.sock).alert == alert
    assert failed(run)


def test_hello_with_something_behind_it_in_its_record_is_refused(launch, version):
    run = launch.tlsd("", "true")
    run.sock.sendall(hello.records(hello.message(version=version) + b"\x01\0\0\0"))
    assert hello.answer(run.sock).alert == (2, 10)
    assert failed(run)
