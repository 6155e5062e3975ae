"""CRLFILE and OCSPFILE: what is revoked is refused, what is asked for is stapled, and nothing is fetched."""

import socket
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization

import hello
from bridge import port_to
from features import needs
from peer import Ended, Tls, context
from pki import Cert
from status import EXPIRED, crl, staple

pytestmark = pytest.mark.quick

REVOKED = "TLS handshake failed: peer's certificate has been revoked"
NO_LIST = "TLS handshake failed: peer's issuer has no valid revocation list here"


def alert_of(tls):
    """Shakes hands as far as that goes; the alert that came, by OpenSSL's name, or "" for none."""
    try:
        tls.handshake()
        tls.recv_all()
    except Ended:
        pass
    return tls.end if tls.end and "ALERT" in tls.end else ""


@pytest.fixture
def met(launch, pki, version):
    """met(crlfile, cert) -> how s6-tlsc ends with a server of that certificate: code, what it said, the alert."""
    def meet(crlfile, cert=None, **env):
        run = launch.tlsc("-k localhost", "echo started >&7", {"CRLFILE": crlfile, **env})
        tls = Tls(run.sock, context(True, version, cert=cert or pki.issue()), server=True)
        alert = alert_of(tls)
        run.sock.close()
        return run.wait(), run.stderr(), alert
    return meet


@pytest.fixture
def admitted(launch, pki, version):
    """admitted(crlfile, cert) -> how s6-tlsd -y ends with a client of that certificate, or of none."""
    def meet(crlfile, cert, opts="-y"):
        run = launch.tlsd(opts, "echo started", {"CRLFILE": crlfile})
        alert = alert_of(Tls(run.sock, context(version=version, cert=cert)))
        run.sock.close()
        return run.wait(), run.stderr(), alert
    return meet


# revocation lists


@needs("CRL")
def test_revoked_server_is_refused_and_told_so(met, pki):
    code, said, alert = met(crl(pki, pki.root(), pki.issue()))
    assert (code, alert) == (98, "SSLV3_ALERT_CERTIFICATE_REVOKED")
    assert REVOKED in said


@needs("CRL", "CLIENT_CERTS")
@pytest.mark.parametrize("opts", ["-y", "-Y"])
def test_revoked_client_is_refused_and_told_so(admitted, pki, opts):
    code, said, alert = admitted(crl(pki, pki.root(), pki.client()), pki.client(), opts)
    assert (code, alert) == (98, "SSLV3_ALERT_CERTIFICATE_REVOKED")
    assert REVOKED in said


@needs("CRL", "CLIENT_CERTS")
def test_others_than_the_revoked_are_taken(met, admitted, pki):
    listed = crl(pki, pki.root(), pki.issue("/CN=somebody else"), pki.client("/CN=mallory"))
    assert met(listed)[0] == 0
    assert admitted(listed, pki.client())[0] == 0
    assert admitted(listed, None, "-Y")[0] == 0


@needs("CRL")
def test_list_may_be_der_and_one_of_several(met, pki):
    assert met(crl(pki, pki.root(), pki.issue(), form=serialization.Encoding.DER))[0] == 98
    other = crl(pki, pki.root("other")).read_bytes()
    both = pki.write(other + b"\nsome text\n" + crl(pki, pki.root(), pki.issue()).read_bytes())
    assert REVOKED in met(both)[1]
    assert met(pki.write(other + crl(pki, pki.root()).read_bytes()))[0] == 0


BAD = {
    "of another issuer": lambda pki: crl(pki, pki.root("other")),
    "expired": lambda pki: crl(pki, pki.root(), dates=EXPIRED),
    "with a wrong signature": lambda pki: crl(pki, pki.root(), signer=pki.root("thief")),
}


@needs("CRL")
@pytest.mark.parametrize("kind", BAD)
def test_without_a_valid_list_of_the_issuer_nobody_is_taken(met, pki, kind):
    code, said, _ = met(BAD[kind](pki))
    assert code == 98
    assert NO_LIST in said


@needs("CRL")
def test_each_certificate_below_the_anchor_needs_a_list(met, pki):
    middle = pki.intermediate("listed")
    leaf = pki.issue(issuer=middle)
    of_root, of_middle = crl(pki, pki.root()).read_bytes(), crl(pki, middle).read_bytes()
    assert met(pki.write(of_root + of_middle), leaf)[0] == 0
    assert NO_LIST in met(pki.write(of_root), leaf)[1]
    assert NO_LIST in met(pki.write(of_middle), leaf)[1]
    revoked = crl(pki, pki.root(), middle).read_bytes()
    assert f"{REVOKED} (number 1 above the leaf)" in met(pki.write(revoked + of_middle), leaf)[1]
    assert REVOKED in met(pki.write(of_root + crl(pki, middle, leaf).read_bytes()), leaf)[1]


@needs("CRL")
@pytest.mark.parametrize("content, why", [
    (b"", "it is no certificate revocation list"), (b"\x30\x03\x02\x01\x01", "it is no certificate revocation list"),
    (None, "there is no certificate revocation list in it"),
    (b"-----BEGIN X509 CRL-----\nMAo=\n-----END X509 CRL-----\n", "it is no certificate revocation list"),
    (b"-----BEGIN X509 CRL-----\n", "PEM without an END line")])
def test_file_that_is_no_list_is_96(launch, pki, content, why):
    file = pki.root().leaf if content is None else pki.write(content)
    run = launch.tlsc("-k localhost", "true", {"CRLFILE": file})
    assert run.wait() == 96
    assert f"s6-tlsc: fatal: unable to use revocation lists of {file}: {why}" in run.stderr()


@needs("CRL")
def test_missing_list_is_96(launch):
    run = launch.tlsc("-k localhost", "true", {"CRLFILE": "/nonexistent"})
    assert run.wait() == 96
    assert "unable to read /nonexistent: No such file or directory" in run.stderr()


@needs("CRL")
def test_nothing_is_fetched_from_where_the_certificate_says(met, pki):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.5)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/crl"
        code, said, _ = met(crl(pki, pki.root("other")), with_address(pki, url))
        assert code == 98
        assert NO_LIST in said
        with pytest.raises(TimeoutError):
            listener.accept()


def with_address(pki, url):
    """A certificate that says where its revocation list and its status are to be had."""
    usual = pki.extensions
    more = f"\ncrlDistributionPoints=URI:{url}\nauthorityInfoAccess=OCSP;URI:{url}\n"
    pki.extensions = lambda *args: pki.write(usual(*args).read_text() + more, "ext")
    try:
        return pki.sign("/CN=localhost", "DNS:localhost", "serverAuth", pki.key(name=url), pki.root())
    finally:
        pki.extensions = usual


@needs("CRL", "CLIENT_CERTS")
def test_lists_are_not_read_where_nobody_is_verified(launch, ends, version):
    run = launch.tlsd("", "echo started", {"CRLFILE": "/nonexistent"})
    assert ends(run, version).handshake().recv_all() == b"started\n"


# OCSP


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


@needs("OCSP_STAPLE")
def test_response_is_stapled_when_it_is_asked_for(server, launch, ends, pki, version):
    response = staple(pki, pki.issue(), pki.root())
    assert "Cert Status: good" in stapled(server(response), version)
    assert ends(server(response), version).handshake().recv_all() == b"started\n"


@needs("OCSP_STAPLE")
def test_that_a_certificate_is_revoked_is_stapled_too(server, pki, version):
    assert "Cert Status: revoked" in stapled(server(staple(pki, pki.issue(), pki.root(), revoked=True)), version)


@needs("OCSP_STAPLE")
def test_response_of_a_responder_is_stapled(server, pki, version):
    responder = pki.issue("/CN=responder", san="DNS:responder", usage="OCSPSigning", key="p256")
    assert stapled(server(staple(pki, pki.issue(), pki.root(), responder=responder)), version)


@needs("OCSP_STAPLE")
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


@needs("OCSP_STAPLE")
@pytest.mark.parametrize("kind", USELESS)
def test_response_of_no_use_is_not_stapled_and_the_handshake_goes_on(server, pki, version, kind):
    run = server(USELESS[kind](pki), opts="-v 2")
    assert stapled(run, version) is None
    run.sock.close()
    assert run.wait() == 0
    assert ".ocsp is of no use: it has expired, is for another certificate, or cannot be verified" in run.stderr()


@needs("OCSP_STAPLE")
def test_response_that_cannot_be_verified_is_not_stapled(server, pki, version):
    """The issuer is not in the file of the certificate."""
    assert stapled(server(staple(pki, pki.issue(), pki.root()), pki.issue()), version) is None


@needs("OCSP_STAPLE", "CLIENT_CERTS")
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


@needs("OCSP_STAPLE", "CLIENT_CERTS")
def test_who_signs_our_own_certificate_is_no_anchor_for_clients(server, pki, version):
    stranger = pki.root("stranger")
    cert = with_issuer(pki, pki.issue(issuer=stranger), stranger)
    run = server(staple(pki, cert, stranger), cert, "-y")
    mallory = pki.client("/CN=mallory", issuer=stranger)
    assert alert_of(Tls(run.sock, context(version=version, cert=mallory))) == "TLSV1_ALERT_UNKNOWN_CA"
    run.sock.close()
    assert run.wait() == 98


@needs("OCSP_STAPLE", "SNI_CERTS")
def test_only_the_chain_that_the_response_is_for_has_it(server, pki, version):
    other = with_issuer(pki, pki.issue("/CN=a", san="DNS:a.example.com"), pki.root())
    response = staple(pki, pki.issue(), pki.root())
    env = {"KEYFILE:a.example.com": other.key, "CERTFILE:a.example.com": other.cert}
    assert stapled(server(response, opts="-k 1", **env), version)
    assert stapled(server(response, opts="-k 1", **env), version, "-servername", "a.example.com") is None


@needs("OCSP_STAPLE")
def test_client_that_asks_for_responses_of_the_whole_chain_gets_none_and_no_error(server, pki, version):
    """RFC 6961: a list of one request, of type ocsp_multi."""
    one = b"\1\0\0\0\0"
    both = [hello.extension(5, one), hello.extension(17, hello.vector(2, b"\2" + hello.vector(2, b"\0\0\0\0")))]
    reply = hello.ask(server(staple(pki, pki.issue(), pki.root())).sock, version=version, extra=both)
    assert reply.alert is None
    assert reply.suite


@needs("OCSP_STAPLE")
@pytest.mark.parametrize("content", [b"", b"junk", b"\x30\x03\x0a\x01\x06", b"\x30\x03\x0a\x01\0", b"\x30\x80\x0a\x01\0", None])
def test_file_that_is_no_response_is_96(server, pki, content):
    """The third says tryLater; none: a good one with a byte behind it."""
    file = pki.write(staple(pki, pki.issue(), pki.root()).read_bytes() + b"x" if content is None else content)
    run = server(file)
    assert run.wait() == 96
    assert f"unable to use OCSP response {file}: it is no successful response of OCSP in DER" in run.stderr()


@needs("OCSP_STAPLE")
def test_missing_response_is_96(server):
    run = server("/nonexistent")
    assert run.wait() == 96
    assert "unable to read /nonexistent" in run.stderr()


@needs("OCSP_STAPLE")
def test_nothing_is_fetched_for_a_client_that_asks(server, pki, version):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.5)
        cert = with_address(pki, f"http://127.0.0.1:{listener.getsockname()[1]}/ocsp")
        for response in (None, staple(pki, pki.issue(), pki.root())):
            run = server(response, with_issuer(pki, cert, pki.root()))
            assert stapled(run, version) is None
            run.sock.close()
            assert run.wait() == 0
        with pytest.raises(TimeoutError):
            listener.accept()
