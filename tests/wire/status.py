"""status: revocation lists and responses of OCSP, for certificates that pki made.
Knows nothing of the applets."""

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509 import ocsp

HOUR = datetime.timedelta(hours=1)
NOW = datetime.datetime.utcnow().replace(microsecond=0)
VALID, EXPIRED = (NOW - HOUR, NOW + 24 * HOUR), (NOW - 48 * HOUR, NOW - 24 * HOUR)


def certificate(cert):
    return x509.load_pem_x509_certificate(cert.leaf.read_bytes())


def private_key(cert):
    return serialization.load_pem_private_key(cert.key.read_bytes(), None)


def hash_for(key):
    return None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()


def crl(pki, issuer, *revoked, dates=VALID, signer=None, form=serialization.Encoding.PEM):
    """A file with the list of an issuer, signed by it or, wrongly, by another."""
    made = x509.CertificateRevocationListBuilder().issuer_name(certificate(issuer).subject)
    made = made.last_update(dates[0]).next_update(dates[1])
    for cert in revoked:
        one = x509.RevokedCertificateBuilder().serial_number(certificate(cert).serial_number)
        made = made.add_revoked_certificate(one.revocation_date(NOW - HOUR).build())
    key = private_key(signer or issuer)
    return pki.write(made.sign(key, hash_for(key)).public_bytes(form), "crl")


def staple(pki, cert, issuer, dates=VALID, signer=None, responder=None, revoked=False):
    """A file with a response for a certificate, signed by its issuer, by another, or by a responder that is enclosed."""
    made = ocsp.OCSPResponseBuilder().add_response(
        cert=certificate(cert), issuer=certificate(issuer), algorithm=hashes.SHA1(),
        cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
        this_update=dates[0], next_update=dates[1], revocation_time=NOW - HOUR if revoked else None, revocation_reason=None)
    made = made.responder_id(ocsp.OCSPResponderEncoding.HASH, certificate(signer or responder or issuer))
    if responder:
        made = made.certificates([certificate(responder)])
    key = private_key(signer or responder or issuer)
    return pki.write(made.sign(key, hash_for(key)).public_bytes(serialization.Encoding.DER), "ocsp")
