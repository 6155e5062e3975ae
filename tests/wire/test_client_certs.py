"""Client certificates: s6-tlsd asks for none, an optional or a mandatory one, and takes only what verifies;
s6-tlsc sends one only under -y."""

import ssl

import pytest

from features import require
from peer import Ended, Tls, context
from pki import FUTURE, PAST

pytestmark = pytest.mark.quick


def good(pki):
    return pki.client()


BAD = {
    "expired": lambda pki: pki.client(dates=PAST),
    "not yet valid": lambda pki: pki.client(dates=FUTURE),
    "for servers": lambda pki: pki.client(usage="serverAuth"),
    "of another authority": lambda pki: pki.client(issuer=pki.root("stranger")),
    "of another authority of the same name": lambda pki: pki.client(issuer=impostor(pki)),
    "self-signed": lambda pki: pki.self_signed(),
    "issued by a leaf": lambda pki: pki.client(issuer=pki.client()),
    "below too many authorities": lambda pki: pki.client(issuer=too_deep(pki)),
    "of an authority that expired": lambda pki: pki.client(issuer=expired_authority(pki)),
    "without its chain": lambda pki: without_chain(pki),
    "of which the client has not the key": lambda pki: pki.stolen(pki.client()),
}


def impostor(pki):
    return pki.sign("/CN=root", None, None, pki.key(name="impostor"), None, ca=True)


def too_deep(pki):
    """The first authority may have none below it, and has."""
    return pki.intermediate("sub", issuer=pki.intermediate("pathlen 0", pathlen=0))


def expired_authority(pki):
    return pki.sign("/CN=stale", None, None, pki.key(name="stale"), pki.root(), ca=True, dates=PAST)


def without_chain(pki):
    cert = pki.client(issuer=pki.intermediate())
    return type(cert)(cert.leaf, cert.leaf, cert.key)


@pytest.fixture
def meet(launch, version):
    """meet(opts, cert, env) -> what prog wrote to such a client, or None if the connection failed: then with
    98 and without prog."""
    def ask(opts, cert, env=None):
        run = launch.tlsd(opts, "echo started >&2; echo subject=$SSL_PEER_CERT_SUBJECT", env)
        tls = Tls(run.sock, context(version=version, cert=cert))
        try:
            tls.handshake()
        except Ended:
            pass
        got = tls.recv_all().decode()
        if got:
            tls.fin()
            assert run.wait() == 0
            return got
        tls.sock.close()
        assert run.wait() == 98
        assert tls.end != "close_notify" and "started" not in run.stderr()
        return None
    return ask


@pytest.mark.parametrize("opts", ["-Y", "-y", "--client-cert", "--mandatory-client-cert"])
def test_good_certificate_is_taken(meet, pki, opts):
    assert meet(opts, good(pki)) == "subject=CN=alice,O=Wire,C=DE\n"


@pytest.mark.parametrize("key", ["rsa", "p384", "ed25519"])
def test_good_certificate_of_any_kind_is_taken(meet, pki, key):
    assert meet("-y", pki.client(key=key)) == "subject=CN=alice,O=Wire,C=DE\n"


def test_certificate_below_intermediates_is_taken(meet, pki):
    below = pki.intermediate("second", issuer=pki.intermediate("first"))
    assert meet("-y", pki.client(issuer=below)) == "subject=CN=alice,O=Wire,C=DE\n"


def test_certificate_without_a_stated_usage_is_taken(meet, pki):
    assert meet("-y", pki.client(usage=None))


@pytest.mark.parametrize("opts", ["-Y", "--client-cert"])
def test_no_certificate_is_taken_when_it_is_optional(meet, opts):
    assert meet(opts, None) == "subject=\n"


@pytest.mark.parametrize("opts", ["-y", "--mandatory-client-cert", "-Y -y"])
def test_no_certificate_is_refused_when_it_is_mandatory(meet, opts):
    assert meet(opts, None) is None


@pytest.mark.parametrize("opts", ["-Y", "-y"])
@pytest.mark.parametrize("kind", BAD)
def test_bad_certificate_is_always_refused(meet, pki, opts, kind):
    assert meet(opts, BAD[kind](pki)) is None


def test_certificate_is_not_asked_for_by_default(meet, pki):
    assert meet("", good(pki)) == "subject=\n"
    assert meet("", BAD["expired"](pki)) == "subject=\n"


def test_certificate_is_checked_at_every_sni_level(meet, pki):
    env = pki.issue().env("a.example.com")
    assert meet("-y -k 1", good(pki), env)
    assert meet("-y -k 1", None, env) is None
    assert meet("-Y -k 1", BAD["self-signed"](pki), env) is None


# trust anchors


@pytest.fixture
def anchors(pki, tmp_path):
    """A directory of anchors, PEM and DER, among other files."""
    made = tmp_path / "anchors"
    (made / "directory").mkdir(parents=True)
    (made / "root").write_bytes(pki.root().cert.read_bytes())
    (made / "other.der").write_bytes(pki.root("other").der())
    (made / "README").write_text("anchors live here\n")
    (made / "key").write_bytes(pki.root().key.read_bytes())
    (made / "empty").touch()
    (made / "noise").write_bytes(bytes(range(256)) * 20)
    (made / "dangling").symlink_to("nowhere")
    return made


@pytest.mark.parametrize("name", ["root", "other"])
def test_directory_of_anchors_is_used(meet, pki, anchors, name):
    env = {"CADIR": anchors, "CAFILE": None}
    assert meet("-y", pki.client(issuer=pki.root(name)), env)
    assert meet("-y", pki.client(issuer=pki.root("stranger")), env) is None


def test_directory_comes_before_the_file(meet, pki, anchors):
    env = {"CADIR": anchors, "CAFILE": pki.root("stranger").cert}
    assert meet("-y", good(pki), env)
    assert meet("-y", pki.client(issuer=pki.root("stranger")), env) is None


def test_every_anchor_of_the_file_is_used(meet, pki):
    names = ["root", "other", "third"]
    env = {"CAFILE": pki.write(b"# text\n".join(pki.root(name).cert.read_bytes() for name in names))}
    for name in names:
        assert meet("-y", pki.client(issuer=pki.root(name)), env)
    assert meet("-y", pki.client(issuer=pki.root("stranger")), env) is None


def test_anchors_are_not_needed_without_Y(launch, ends):
    run = launch.tlsd("", "echo hi", {"CAFILE": "/nowhere", "CADIR": "/nowhere"})
    tls = ends(run)
    tls.handshake()
    assert tls.recv_all() == b"hi\n"


# the client's side


@pytest.fixture
def shown(launch, pki, version):
    """shown(opts, env) -> the certificate (DER) that s6-tlsc showed when asked, or None."""
    def ask(opts, env=None, verify=ssl.CERT_OPTIONAL):
        run = launch.tlsc(opts, "echo hi >&7", {**good(pki).env(), **(env or {})})
        ctx = context(True, version, cert=pki.issue(), trust=pki.root().cert, verify=verify)
        tls = Tls(run.sock, ctx, server=True)
        tls.handshake()
        assert tls.recv_all() == b"hi\n"
        tls.fin()
        assert run.wait() == 0
        return tls.obj.getpeercert(True)
    return ask


@pytest.mark.parametrize("opts", ["-y", "--client-cert"])
def test_client_shows_its_certificate_under_y(shown, pki, opts):
    assert shown(opts, verify=ssl.CERT_REQUIRED) == good(pki).der()


@pytest.mark.parametrize("opts", ["", "-Y", "-y -Y", "--no-client-cert"])
def test_client_shows_none_otherwise(shown, opts):
    assert shown(opts) is None


@pytest.mark.parametrize("opts", ["", "-Y"])
def test_client_needs_no_certificate_otherwise(shown, opts):
    assert shown(opts, {"KEYFILE": None, "CERTFILE": None}) is None


@pytest.mark.parametrize("key", ["rsa", "p384", "ed25519"])
def test_client_shows_a_certificate_of_any_kind(shown, pki, key, version):
    if (key, version) == ("p384", "1.2"):
        require("GROUP_P384")  # there, groups are those of keys too (RFC 8422 5.1)
    cert = pki.client(key=key, issuer=pki.intermediate())
    assert shown("-y", cert.env(), verify=ssl.CERT_REQUIRED) == cert.der()
