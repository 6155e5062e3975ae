"""CRLFILE: whoever is revoked is refused, and nothing is fetched."""

import socket

import pytest
from cryptography.hazmat.primitives import serialization

from features import have, needs
from peer import Ended, Tls, context
from status import EXPIRED, crl

pytestmark = pytest.mark.quick
# Else each list must be of an anchor and in time when it is read, and other words and alerts tell what is wrong.
LIKE_OPENSSL = pytest.mark.skipif(have("WOLFSSL_SOURCE"), reason="needs a wolfSSL that is built to be like OpenSSL")

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
@LIKE_OPENSSL
def test_revoked_server_is_refused_and_told_so(met, pki):
    code, said, alert = met(crl(pki, pki.root(), pki.issue()))
    assert (code, alert) == (98, "SSLV3_ALERT_CERTIFICATE_REVOKED")
    assert REVOKED in said


@needs("CRL", "CLIENT_CERTS")
@LIKE_OPENSSL
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
def test_revoked_is_refused_by_any_library(met, pki):
    code, said, _ = met(crl(pki, pki.root(), pki.issue()))
    assert code == 98 and "TLS handshake failed: " in said
    assert met(crl(pki, pki.root()))[0] == 0


@needs("CRL")
@LIKE_OPENSSL
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
@LIKE_OPENSSL
@pytest.mark.parametrize("kind", BAD)
def test_without_a_valid_list_of_the_issuer_nobody_is_taken(met, pki, kind):
    code, said, _ = met(BAD[kind](pki))
    assert code == 98
    assert NO_LIST in said


@needs("CRL")
@LIKE_OPENSSL
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
@LIKE_OPENSSL
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
@LIKE_OPENSSL
def test_nothing_is_fetched_from_where_the_certificate_says(met, pki):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.5)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/crl"
        code, said, _ = met(crl(pki, pki.root("other")), pki.with_address(url))
        assert code == 98
        assert NO_LIST in said
        with pytest.raises(TimeoutError):
            listener.accept()


@needs("CRL", "CLIENT_CERTS")
def test_lists_are_not_read_where_nobody_is_verified(launch, ends, version):
    run = launch.tlsd("", "echo started", {"CRLFILE": "/nonexistent"})
    assert ends(run, version).handshake().recv_all() == b"started\n"
