"""What prog finds in its environment: what the handshake gave, none of what configured it, and the rest."""

import datetime
import hashlib
import re
import ssl

import pytest

from features import GROUPS, have, library_is
from peer import Ended, Tls, context

pytestmark = pytest.mark.quick

WRITTEN = ["SSL_PROTOCOL", "SSL_CIPHER", "SSL_TLS_SNI_SERVERNAME", "SSL_PEER_CERT_HASH",
           "SSL_PEER_CERT_SUBJECT", "SSL_SESSION_RESUMED", "SSL_GROUP", "SSL_ALPN_PROTOCOL",
           "SSL_PEER_CERT_ISSUER", "SSL_PEER_CERT_SERIAL", "SSL_PEER_CERT_NOTAFTER", "SSL_PEER_CERT_SAN"]
CONFIGURED = ["CADIR", "CAFILE", "KEYFILE", "CERTFILE", "TLS_UID", "TLS_GID"]
KIND = "AES_128_GCM" if have("SUITES_AES_GCM") else "CHACHA20_POLY1305"
SUITES = [f"TLS_{KIND}_SHA256"] + [f"TLS_ECDHE_{key}_WITH_{KIND}_SHA256" for key in ("ECDSA", "RSA") if have("TLS12")]
POLICY = {"TLS_MIN_VERSION": "1.2" if have("TLS12") else "1.3", "TLS_MAX_VERSION": "1.3", "TLS_CIPHERS": ":".join(SUITES),
          "TLS_GROUPS": ":".join(name for name, symbol in GROUPS.items() if have(symbol) and name != "P-521"),
          **({"TLS_ALPN": "http/1.1"} if have("ALPN") else {})}
ENV = ["env", "-0"]
IANA = {"ECDHE-ECDSA-AES128-GCM-SHA256": "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384": "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305": "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "ECDHE-RSA-AES256-GCM-SHA384": "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "ECDHE-RSA-CHACHA20-POLY1305": "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
        "ECDHE-ECDSA-AES128-SHA256": "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
        "ECDHE-ECDSA-AES256-SHA384": "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
        "ECDHE-RSA-AES128-SHA256": "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
        "ECDHE-RSA-AES256-SHA384": "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"}


def parse(data):
    """The output of env -0 as a dictionary; each name comes once."""
    pairs = [line.partition("=")[::2] for line in data.decode("utf-8", "surrogateescape").split("\0") if line]
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


@pytest.fixture
def seen(link):
    """seen(opts, env) -> the environment of prog and the TLS end."""
    def ask(opts="", env=None, **more):
        run, tls = link(opts, ENV, env=env, **more)
        got = parse(tls.recv_all())
        tls.fin()
        assert run.wait() == 0
        return got, tls
    return ask


@pytest.fixture
def served(launch, pki, version):
    """served(opts, env, name=…, cert=…) -> the environment behind s6-tlsd and the TLS end of the client."""
    def ask(opts="", env=None, name=None, change=lambda tls: None, **options):
        run = launch.tlsd(opts, ENV, env)
        tls = Tls(run.sock, context(version=version, **options), name=name)
        change(tls)
        tls.handshake()
        got = parse(tls.recv_all())
        tls.fin()
        assert run.wait() == 0, run.stderr()
        return got, tls
    return ask


# written


def test_protocol_and_cipher_are_those_of_the_peer(seen, link):
    got, tls = seen()
    assert got["SSL_PROTOCOL"] == f"TLSv{link.version}" == tls.obj.version()
    assert got["SSL_CIPHER"] == IANA.get(tls.obj.cipher()[0], tls.obj.cipher()[0])
    assert got["SSL_SESSION_RESUMED"] == "0"


@pytest.mark.parametrize("cipher", IANA)
def test_cipher_has_its_iana_name(launch, pki, ends, cipher):
    env = pki.issue(key="rsa" if "-RSA-" in cipher else "p256").env()
    run = launch.tlsd("", ENV, env)
    tls = ends(run, "1.2", ciphers=cipher)
    tls.handshake()
    assert parse(tls.recv_all())["SSL_CIPHER"] == IANA[cipher]


@pytest.mark.parametrize("group, names", [("X25519", {"x25519"}),
                                          ("P-256", {"p-256", "secp256r1", "prime256v1"}),
                                          ("P-384", {"p-384", "secp384r1"})])
def test_group_is_named(served, pki, group, names):
    got, _ = served(env=pki.issue(key="rsa").env(), change=lambda tls: tls.groups(group))
    assert got["SSL_GROUP"].lower() in names


def test_server_name_is_the_client_s(served):
    assert served(name="localhost")[0]["SSL_TLS_SNI_SERVERNAME"] == "localhost"


@pytest.mark.parametrize("name", WRITTEN)
def test_stale_variable_is_removed(served, name):
    got, _ = served("-Z", {name: "stale"})
    assert got.get(name) != "stale"
    assert (name in got) == (name in ("SSL_PROTOCOL", "SSL_CIPHER", "SSL_SESSION_RESUMED", "SSL_GROUP"))


def test_stale_variables_are_removed_behind_the_client_too(link, seen):
    got, _ = seen(env={name: "stale" for name in WRITTEN})
    assert "stale" not in got.values()


def test_nothing_of_a_peer_certificate_without_one(served):
    got, _ = served("-Y")
    assert not [name for name in got if name.startswith("SSL_PEER")]


def check_peer_variables(got, cert):
    seen = ssl._ssl._test_decode_cert(str(cert.leaf))
    assert got["SSL_PEER_CERT_HASH"] == "SHA256:" + hashlib.sha256(cert.der()).hexdigest()
    assert int(got["SSL_PEER_CERT_SERIAL"].replace(":", ""), 16) == int(seen["serialNumber"], 16)
    until = datetime.datetime.fromtimestamp(ssl.cert_time_to_seconds(seen["notAfter"]), datetime.timezone.utc)
    assert got["SSL_PEER_CERT_NOTAFTER"] == until.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert got["SSL_PEER_CERT_ISSUER"] == "CN=root"


def test_client_certificate_is_told(served, pki):
    cert = pki.client("/C=DE/O=Wire/CN=alice", "email:alice@example.com,DNS:alice.example.com")
    got, _ = served("-y", cert=cert)
    check_peer_variables(got, cert)
    assert got["SSL_PEER_CERT_SUBJECT"] == "CN=alice,O=Wire,C=DE"
    assert "alice@example.com" in got["SSL_PEER_CERT_SAN"] and "alice.example.com" in got["SSL_PEER_CERT_SAN"]


def test_server_certificate_is_told(launch, ends, pki, version):
    cert = pki.issue()
    run = launch.tlsc("-k localhost", "env -0 >&7")
    tls = ends(run, version, server=True, cert=cert)
    tls.handshake()
    got = parse(tls.recv_all())
    check_peer_variables(got, cert)
    assert got["SSL_PEER_CERT_SUBJECT"] == "CN=localhost"
    assert got["SSL_TLS_SNI_SERVERNAME"] == "localhost"
    assert "localhost" in got["SSL_PEER_CERT_SAN"] and "127.0.0.1" in got["SSL_PEER_CERT_SAN"]


def rfc4514(text):
    """A DN's string as its list of (type, value), last RDN first as written."""
    parts = re.findall(r"((?:[^\\,]|\\[0-9a-fA-F]{2}|\\.)+)(?:,|$)", text, re.S)
    unescape = re.compile(rb"\\([0-9a-fA-F]{2}|.)", re.S)

    def value(raw):
        byte = lambda m: bytes.fromhex(m[1].decode()) if len(m[1]) == 2 else m[1]
        return unescape.sub(byte, raw.encode("utf-8", "surrogateescape")).decode()
    return [(kind, value(raw)) for kind, _, raw in (part.partition("=") for part in parts)]


@pytest.mark.parametrize("value", ["Wire, Inc.", 'a "quoted" one', "plus+plus", "back\\slash", "#hash",
                                   " blank ", "a=b;c<d>", "Ünïcödé 日本", "new\nline", "tab\tand\x01\x7f",
                                   "SSL_PROTOCOL=x"])
def test_subject_is_rfc_4514_without_control_bytes(served, pki, value):
    escaped = value.replace("\\", "\\\\").replace("/", "\\/").replace("+", "\\+")
    cert = pki.client(f"/C=DE/O={escaped}/CN=mallory")
    got, _ = served("-y", cert=cert)
    subject = got["SSL_PEER_CERT_SUBJECT"]
    assert not re.search("[\0-\x1f\x7f]", subject)
    assert rfc4514(subject) == [("CN", "mallory"), ("O", value), ("C", "DE")]


# What the library refuses: a null byte in a name, several values in one RDN (with the parser that a build from source has).
REFUSES_NUL, REFUSES_SEVERAL = library_is(5, 9), have("WOLFSSL_SOURCE")


def refused(launch, ends, version, cert):
    """s6-tlsd does not take this certificate of a client."""
    run = launch.tlsd("-y", "true")
    tls = ends(run, version, cert=cert)
    try:
        tls.handshake()
        tls.recv_all()
    except Ended:
        pass
    return run.wait() == 98 and "ASN " in run.stderr()


def test_subject_with_several_values_in_one_rdn(served, launch, ends, pki, version):
    cert = pki.as_requested("/O=Wire/CN=alice+UID=7")
    if REFUSES_SEVERAL:
        assert refused(launch, ends, version, cert)
        return
    got, _ = served("-y", cert=cert)
    first, rest = got["SSL_PEER_CERT_SUBJECT"].split(",")
    assert set(first.split("+")) == {"CN=alice", "UID=7"} and rest == "O=Wire"


def general_names(*names):
    """A subjectAltName's DER for the extension file: raw dNSNames."""
    body = b"".join(bytes([0x82, len(name)]) + name for name in names)
    return "DER:" + (b"\x30" + bytes([len(body)]) + body).hex()


@pytest.mark.parametrize("name", [b"new\nline.example", b"nul\0.example", b"esc\x1b[2J.example"])
def test_san_carries_no_control_bytes(served, launch, ends, pki, version, name):
    cert = pki.client(san=general_names(b"good.example", name))
    if REFUSES_NUL and b"\0" in name:
        assert refused(launch, ends, version, cert)
        return
    got, _ = served("-y", cert=cert)
    assert not re.search("[\0-\x1f\x7f]", got.get("SSL_PEER_CERT_SAN", ""))
    assert set(got) & {"SSL_PEER_CERT_HASH"}


def test_long_san_does_not_stop_prog(served, pki):
    names = ",".join(f"DNS:{'x' * 50}.{'y' * 50}.{i}.example.com" for i in range(80))
    got, _ = served("-y", cert=pki.client(san=names))
    assert got["SSL_PEER_CERT_SUBJECT"] == "CN=alice,O=Wire,C=DE"


# removed and kept


def test_configuration_is_hidden_by_default(seen, pki):
    pair = pki.issue().env("x.example.com")
    got, _ = seen("", {**POLICY, **pair, "CADIR": pki.root().cert.parent, "TLS_UID": 65534, "TLS_GID": 65534})
    assert not [name for name in got if name.split(":")[0] in CONFIGURED or name in POLICY]


def test_z_hides_the_configuration_after_Z(seen):
    got, _ = seen("-Z -z")
    assert not set(got) & set(CONFIGURED)


def test_Z_keeps_the_configuration(seen, pki):
    given = {"TLS_UID": "65534", "TLS_GID": "65534", "CAFILE": str(pki.root().cert), **pki.issue().env(),
             **pki.issue().env("x.example.com"), **pki.issue().env("*.example.org")}
    got, _ = seen("-Z", given)
    assert {name: got.get(name) for name in given} == given


def test_Z_keeps_the_policy(seen):
    given = POLICY
    got, _ = seen("-Z", given)
    assert {name: got.get(name) for name in given} == given


@pytest.mark.parametrize("opts", ["", "-Z"])
def test_all_else_is_untouched(seen, opts):
    given = {"SSL_FOO": "1", "SSL_PROTOCOLS": "2", "SSL_CERT_FILE": "3", "TLS_UIDS": "4", "KEYFILES": "5",
             "XKEYFILE": "6", "EMPTY": "", "UID": "7", "TCPREMOTEIP": "192.0.2.1", "odd name": "8",
             "CERTFILE_x": "9", "LD_NOTHING": "10"}
    got, _ = seen(opts, given)
    assert {name: got.get(name) for name in given} == given


def test_environment_larger_than_a_pipe_arrives_whole(launch, ends, pki, version):
    env = {}
    for i in range(200):
        env.update(pki.issue().env(f"{'x' * 60}.{i}.example.com"))
    env = {name: "/." * 100 + path for name, path in env.items()}
    assert sum(map(len, env.values())) > 2 ** 16
    run = launch.tlsd("-k 1 -Z", ENV, env)
    tls = ends(run, version, name="localhost")
    tls.handshake()
    got = parse(tls.recv_all())
    assert {name: got.get(name) for name in env} == env


def test_thousands_of_other_variables_are_untouched(seen):
    given = {f"V{i}": "x" * 100 for i in range(5000)}
    got, _ = seen("", given)
    assert {name: got.get(name) for name in given} == given
