"""OCSPFILE: what a client asks for is stapled to the certificate that it is for, and nothing is fetched."""

import socket
import subprocess

import pytest

import hello
from bridge import port_to
from features import have, needs, require
from peer import Ended, Tls, context
from pki import Cert
from status import EXPIRED, staple

pytestmark = [pytest.mark.quick, needs("OCSP_STAPLE")]
LOSES = pytest.mark.not_watched("the library loses the certificate that it reads for a response (5.5.4)")


@pytest.fixture(params=["1.2", pytest.param("1.3", marks=LOSES)])
def version(request):
    require(*["TLS12"] if request.param == "1.2" else [])
    return request.param


def stapled(run, version, *options):
    """What s_client says of the response that a server staples, or None."""
    flag = {"1.2": "-tls1_2", "1.3": "-tls1_3"}[version]
    with port_to(run.sock) as port:
        done = subprocess.run(["openssl", "s_client", "-status", "-connect", f"127.0.0.1:{port}", flag, *options],
                              input=b"", capture_output=True, timeout=30)
    said = done.stdout.decode(errors="replace")
    assert "OCSP response:" in said, done.stderr
    return said if "OCSP Response Status: successful" in said else None


def with_issuer(pki, cert, issuer):
    return Cert(cert.leaf, pki.write(cert.leaf.read_bytes() + issuer.leaf.read_bytes()), cert.key)


@pytest.fixture
def server(launch, pki):
    """server(response, cert, opts, **env): s6-tlsd with it, and by default with a certificate whose issuer is in its file."""
    def make(response, cert=None, opts="", **env):
        cert = cert or with_issuer(pki, pki.issue(), pki.root())
        return launch.tlsd(opts, "echo started", {**cert.env(), "OCSPFILE": response, **env})
    return make


def test_response_is_stapled_when_it_is_asked_for(server, launch, ends, pki, version):
    response = staple(pki, pki.issue(), pki.root())
    assert "Cert Status: good" in stapled(server(response), version)
    assert ends(server(response), version).handshake().recv_all() == b"started\n"


@pytest.mark.skipif(have("WOLFSSL_SOURCE"), reason="wolfSSL 5.9 fails the handshake then")
def test_that_a_certificate_is_revoked_is_stapled_too(server, pki, version):
    assert "Cert Status: revoked" in stapled(server(staple(pki, pki.issue(), pki.root(), revoked=True)), version)


def test_response_of_a_responder_is_stapled(server, pki, version):
    responder = pki.issue("/CN=responder", san="DNS:responder", usage="OCSPSigning", key="p256")
    assert stapled(server(staple(pki, pki.issue(), pki.root(), responder=responder)), version)


def test_response_below_an_intermediate_is_stapled(server, pki, version):
    middle = pki.intermediate("stapler")
    leaf = pki.issue(issuer=middle)
    assert stapled(server(staple(pki, leaf, middle), leaf_and_all(pki, leaf, middle)), version)


def leaf_and_all(pki, leaf, middle):
    file = pki.write(leaf.leaf.read_bytes() + middle.leaf.read_bytes() + pki.root().leaf.read_bytes())
    return Cert(leaf.leaf, file, leaf.key)


USELESS = {
    "expired": lambda pki: staple(pki, pki.issue(), pki.root(), dates=EXPIRED),
    "for another certificate": lambda pki: staple(pki, pki.issue("/CN=other", san="DNS:other"), pki.root()),
    "signed by another": lambda pki: staple(pki, pki.issue(), pki.root(), signer=pki.root("thief")),
    "of a responder that is none":
        lambda pki: staple(pki, pki.issue(), pki.root(), responder=pki.root("thief")),
}


@pytest.mark.parametrize("kind", USELESS)
def test_response_of_no_use_is_not_stapled_and_the_handshake_goes_on(server, pki, version, kind):
    run = server(USELESS[kind](pki), opts="-v 2")
    assert stapled(run, version) is None
    run.sock.close()
    assert run.wait() == 0
    assert ".ocsp is of no use: it has expired, is for another certificate, or cannot be verified" in run.stderr()


def test_response_that_cannot_be_verified_is_not_stapled(server, pki, version):
    """The issuer is not in the file of the certificate."""
    assert stapled(server(staple(pki, pki.issue(), pki.root()), pki.issue()), version) is None


@needs("CLIENT_CERTS")
def test_with_client_certificates_the_issuer_must_be_an_anchor(server, pki, version):
    client = pki.client()
    options = ["-cert", str(client.leaf), "-key", str(client.key)]
    response = staple(pki, pki.issue(), pki.root())
    assert stapled(server(response, pki.issue(), "-y"), version, *options)
    stranger = pki.root("stranger")
    cert = with_issuer(pki, pki.issue(issuer=stranger), stranger)
    response = staple(pki, cert, stranger)
    assert stapled(server(response, cert, "-y"), version, *options) is None
    assert stapled(server(response, cert), version)


@needs("CLIENT_CERTS")
def test_who_signs_our_own_certificate_is_no_anchor_for_clients(server, pki, version):
    stranger = pki.root("stranger")
    cert = with_issuer(pki, pki.issue(issuer=stranger), stranger)
    run = server(staple(pki, cert, stranger), cert, "-y")
    mallory = pki.client("/CN=mallory", issuer=stranger)
    tls = Tls(run.sock, context(version=version, cert=mallory))
    try:
        tls.handshake()
        tls.recv_all()
    except Ended:
        pass
    assert tls.end == "TLSV1_ALERT_UNKNOWN_CA"
    run.sock.close()
    assert run.wait() == 98


@needs("SNI_CERTS")
def test_only_the_chain_that_the_response_is_for_has_it(server, pki, version):
    other = with_issuer(pki, pki.issue("/CN=a", san="DNS:a.example.com"), pki.root())
    response = staple(pki, pki.issue(), pki.root())
    env = {"KEYFILE:a.example.com": other.key, "CERTFILE:a.example.com": other.cert}
    assert stapled(server(response, opts="-k 1", **env), version)
    assert stapled(server(response, opts="-k 1", **env), version, "-servername", "a.example.com") is None


def test_client_that_asks_for_responses_of_the_whole_chain_gets_none_and_no_error(server, pki, version):
    """RFC 6961: a list of one request, of type ocsp_multi."""
    one = b"\1\0\0\0\0"
    both = [hello.extension(5, one), hello.extension(17, hello.vector(2, b"\2" + hello.vector(2, b"\0\0\0\0")))]
    reply = hello.ask(server(staple(pki, pki.issue(), pki.root())).sock, version=version, extra=both)
    assert reply.alert is None
    assert reply.suite


@pytest.mark.parametrize("content", [b"", b"junk", b"\x30\x03\x0a\x01\x06", b"\x30\x03\x0a\x01\0", b"\x30\x80\x0a\x01\0", None])
def test_file_that_is_no_response_is_96(server, pki, content):
    """The third says tryLater; none: a good one with a byte behind it."""
    file = pki.write(staple(pki, pki.issue(), pki.root()).read_bytes() + b"x" if content is None else content)
    run = server(file)
    assert run.wait() == 96
    assert f"unable to use OCSP response {file}: it is no successful response of OCSP in DER" in run.stderr()


def test_missing_response_is_96(server):
    run = server("/nonexistent")
    assert run.wait() == 96
    assert "unable to read /nonexistent" in run.stderr()


def test_nothing_is_fetched_for_a_client_that_asks(server, pki, version):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.5)
        cert = pki.with_address(f"http://127.0.0.1:{listener.getsockname()[1]}/ocsp")
        for response in (None, staple(pki, pki.issue(), pki.root())):
            run = server(response, with_issuer(pki, cert, pki.root()))
            assert stapled(run, version) is None
            run.sock.close()
            assert run.wait() == 0
        with pytest.raises(TimeoutError):
            listener.accept()
