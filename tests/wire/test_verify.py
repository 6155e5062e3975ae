"""What s6-tlsc believes: chains, names and addresses of servers; and which name it tells them."""

import pytest

from features import require
from peer import Ended, Tls, context
from pki import FUTURE, LOCAL, PAST

pytestmark = pytest.mark.quick


@pytest.fixture
def meet(launch, pki, version):
    """meet(opts, cert, env) -> the SNI list seen by a server with that certificate, or None if s6-tlsc
    refused it: then with 98, an alert, a message, and without prog."""
    def ask(opts, cert=None, env=None):
        run = launch.tlsc(opts, "echo started >&7", env)
        ctx, names = context(True, version, cert=cert or pki.issue()), []
        ctx.sni_callback = lambda _obj, name, _ctx: names.append(name)
        tls = Tls(run.sock, ctx, server=True)
        try:
            tls.handshake()
        except Ended:
            pass
        if tls.recv_all() == b"started\n":
            tls.fin()
            assert run.wait() == 0
            return [name for name in names if name]
        tls.sock.close()
        assert run.wait() == 98
        assert tls.end != "close_notify"
        assert run.stderr().startswith("s6-tlsc: fatal: ")
        return None
    return ask


# chains

BAD = {
    "expired": lambda pki: pki.issue(dates=PAST),
    "not yet valid": lambda pki: pki.issue(dates=FUTURE),
    "for clients": lambda pki: pki.issue(usage="clientAuth"),
    "of another authority": lambda pki: pki.issue(issuer=pki.root("stranger")),
    "self-signed": lambda pki: pki.self_signed(),
    "issued by a leaf": lambda pki: pki.issue(issuer=pki.issue("/CN=not an authority")),
    "below too many authorities":
        lambda pki: pki.issue(
    issuer=pki.intermediate(
        "sub", issuer=pki.intermediate(
            "pathlen 0", pathlen=0))),
    "without its chain": lambda pki: without_chain(pki),
    "of which the server has not the key": lambda pki: pki.stolen(pki.issue()),
}


def without_chain(pki):
    cert = pki.issue(issuer=pki.intermediate())
    return type(cert)(cert.leaf, cert.leaf, cert.key)


@pytest.mark.parametrize("opts", ["", "-k localhost"])
@pytest.mark.parametrize("kind", BAD)
def test_bad_chain_is_refused_with_or_without_a_name(meet, pki, opts, kind):
    assert meet(opts, BAD[kind](pki)) is None


WORDS = {
    "expired": "certificate has expired",
    "not yet valid": "certificate is not yet valid",
    "for clients": "certificate is not meant for this use (extended key usage)",
    "of another authority": "certificate is not signed by a trust anchor",
    "self-signed": "certificate is self-signed and no trust anchor",
    "below too many authorities": "certificate chain is longer than one of its certificates allows",
}


@pytest.mark.parametrize("kind", WORDS)
def test_what_is_wrong_with_a_chain_is_said(launch, pki, kind):
    run = launch.tlsc("-k localhost", "true")
    tls = Tls(run.sock, context(True, "1.3", cert=BAD[kind](pki)), server=True)
    try:
        tls.handshake()
        tls.recv_all()
    except Ended:
        pass
    assert run.wait() == 98
    assert f"TLS handshake failed: peer's {WORDS[kind]}" in run.stderr()


@pytest.mark.parametrize("key", ["rsa", "p256", "p384", "ed25519"])
def test_good_chain_of_any_kind_is_taken(meet, pki, version, key):
    """In TLS 1.2 the groups that the client offers are of certificates too."""
    if version == "1.2" and key in ("p256", "p384"):
        require(f"GROUP_{key.upper()}")
    below = pki.intermediate("second", issuer=pki.intermediate("first"))
    assert meet("-k localhost", pki.issue(key=key, issuer=below)) == ["localhost"]


def test_name_is_not_checked_and_not_sent_without_k(meet, pki):
    assert meet("", pki.issue(san="DNS:elsewhere.example.com")) == []


def test_directory_of_anchors_is_used(meet, pki, tmp_path):
    (tmp_path / "root.pem").write_bytes(pki.root().cert.read_bytes())
    (tmp_path / "other.der").write_bytes(pki.root("other").der())
    (tmp_path / "noise").write_bytes(b"\0\1\2" * 500)
    (tmp_path / "unknown kind of key").symlink_to(pki.of_unknown_kind())
    (tmp_path / "again").symlink_to("root.pem")
    env = {"CADIR": tmp_path, "CAFILE": None}
    assert meet("-k localhost", env=env)
    assert meet("-k localhost", pki.issue(issuer=pki.root("other")), env)
    assert meet("-k localhost", pki.issue(issuer=pki.root("stranger")), env) is None


def test_directory_comes_before_the_file(meet, pki, tmp_path):
    (tmp_path / "other.pem").write_bytes(pki.root("other").cert.read_bytes())
    assert meet("-k localhost", env={"CADIR": tmp_path}) is None
    assert meet("-k localhost", pki.issue(issuer=pki.root("other")), {"CADIR": tmp_path})


def test_every_anchor_of_the_file_is_used(meet, pki):
    names = ["other", "root"]
    env = {"CAFILE": pki.write(b"".join(pki.root(name).cert.read_bytes() for name in names))}
    for name in names:
        assert meet("-k localhost", pki.issue(issuer=pki.root(name)), env)


def test_nothing_is_verified_under_no_verify_cert(meet, pki):
    none = {"CAFILE": None, "CADIR": None}
    assert meet("--no-verify-cert", pki.self_signed(), none) == []
    assert meet("--no-verify-cert", pki.issue(dates=PAST)) == []
    assert meet("--no-verify-cert --servername=localhost", pki.self_signed(), none) == ["localhost"]


def test_verify_cert_takes_no_verify_cert_back(meet, pki):
    assert meet("--no-verify-cert --verify-cert", pki.self_signed()) is None


# names


@pytest.mark.parametrize("name, san", [
    ("localhost", LOCAL), ("LocalHost", LOCAL), ("localhost", "DNS:LOCALHOST"),
    ("a.example.com", "DNS:b.example.com,DNS:a.example.com"), ("a.example.com", "DNS:*.example.com"),
    ("A.Example.COM", "DNS:*.example.com"), ("intranet", "DNS:intranet"),
    ("a.b.example.com", "DNS:*.example.com,DNS:*.b.example.com")])
def test_right_name_is_taken(meet, pki, name, san):
    assert [sent.lower() for sent in meet(f"-k {name}", pki.issue(san=san))] == [name.lower()]


@pytest.mark.parametrize("name, san", [
    ("localhost", "DNS:localhost.example.com"), ("example.com", "DNS:a.example.com"),
    ("example.com", "DNS:*.example.com"), ("a.b.example.com",
     "DNS:*.example.com"), ("a.example.com", "DNS:a*.example.com"),
    ("ab.example.com", "DNS:a*.example.com"), ("a.b.example.com",
     "DNS:a.*.example.com"), ("a.example.com", "DNS:*"),
    ("aexample.com", "DNS:*.example.com"), ("a.example.com", "DNS:*.*.com"), ("intranet", "DNS:other"),
    ("intranet", "DNS:*"), ("localhost", "email:root@localhost"), ("localhost", "URI:https://localhost/"),
    ("localhost", "IP:127.0.0.1"), ("a.example.com", "DNS:.example.com"), ("example", "DNS:example.com")])
def test_wrong_name_is_refused(meet, pki, name, san):
    assert meet(f"-k {name}", pki.issue(san=san)) is None


@pytest.mark.parametrize("name, subject", [("localhost", "/CN=localhost"), ("intranet", "/CN=intranet"),
                                           ("a.example.com", "/CN=a.example.com"),
                                           ("127.0.0.1", "/CN=127.0.0.1")])
@pytest.mark.parametrize("san", [None, "DNS:other.example.com", "email:root@localhost"])
def test_common_name_never_counts(meet, pki, name, subject, san):
    assert meet(f"-k {name}", pki.issue(subject, san)) is None


def test_name_cut_by_a_nul_is_refused(meet, pki):
    evil = b"localhost\0.evil.example.org"
    body = bytes([0x82, len(evil)]) + evil
    assert meet("-k localhost", pki.issue(san="DER:" + (bytes([0x30, len(body)]) + body).hex())) is None


@pytest.mark.parametrize("option", ["--servername=localhost", "--servername localhost", "-klocalhost"])
def test_long_option_means_the_same(meet, pki, option):
    assert meet(option) == ["localhost"]
    assert meet(option, pki.issue(san="DNS:other")) is None


# addresses


@pytest.mark.parametrize("name, san", [
    ("127.0.0.1", LOCAL), ("::1", LOCAL), ("0:0:0:0:0:0:0:1", LOCAL), ("0::0:1", "IP:::1"),
    ("2001:DB8::A", "IP:2001:db8:0:0:0:0:0:a"), ("192.0.2.7", "DNS:x.example.com,IP:192.0.2.8,IP:192.0.2.7"),
    ("::ffff:192.0.2.7", "IP:::ffff:192.0.2.7")])
def test_right_address_is_taken_and_not_sent(meet, pki, name, san):
    assert meet(f"-k {name}", pki.issue(san=san)) == []


@pytest.mark.parametrize("name, san", [
    ("127.0.0.1", "DNS:127.0.0.1"), ("127.0.0.1", "IP:127.0.0.2"), ("127.0.0.1", "DNS:localhost"),
    ("::1", "DNS:::1"), ("::1", "IP:::2"), ("::1", "IP:0.0.0.1"), ("192.0.2.7", "IP:::ffff:192.0.2.7"),
    ("127.0.0.1", "DNS:*.0.0.1"), ("192.0.2.7", "URI:https://192.0.2.7/"), ("192.0.2.7", "IP:192.0.2.0")])
def test_wrong_address_is_refused(meet, pki, name, san):
    assert meet(f"-k {name}", pki.issue(san=san)) is None
