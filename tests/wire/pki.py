"""pki: makes each certificate a test asks for with the openssl command line, when it is first asked for.
Knows nothing of the applets."""

import functools
import subprocess
from dataclasses import dataclass
from pathlib import Path

from features import default_key, require

CONFIG = """
[ca]
default_ca = any
[any]
database = {dir}/index
new_certs_dir = {dir}
rand_serial = yes
default_md = default
policy = anything
preserve = yes
unique_subject = no
[anything]
countryName = optional
organizationName = optional
commonName = optional
userId = optional
[req]
distinguished_name = none
string_mask = utf8only
[none]
"""

KEYS = {
    "p256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "p384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "rsa": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "ed25519": ["-algorithm", "ED25519"],
}

DEFAULT_KEY = default_key()
LOCAL = "DNS:localhost,IP:127.0.0.1,IP:::1"
PAST, NOW, FUTURE = (("20200101000000Z", "20210101000000Z"), ("20240101000000Z", "20480101000000Z"),
                     ("20470101000000Z", "20480101000000Z"))


def openssl(*args):
    done = subprocess.run(["openssl", *map(str, args)], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@dataclass(frozen=True)
class Cert:
    """PEM files: leaf is the certificate alone, cert is it and what is above it up to below the root."""

    leaf: Path
    cert: Path
    key: Path
    root: bool = False

    def env(self, name=None):
        suffix = f":{name}" if name else ""
        return {f"KEYFILE{suffix}": str(self.key), f"CERTFILE{suffix}": str(self.cert)}

    def der(self):
        return openssl("x509", "-in", self.leaf, "-outform", "DER")


class Pki:
    def __init__(self, directory):
        self.dir = Path(directory)
        self.count = 0
        self.config = self.write(CONFIG.format(dir=self.dir))
        (self.dir / "index").touch()

    def path(self, suffix):
        self.count += 1
        return self.dir / f"{self.count}.{suffix}"

    def write(self, content, suffix="file"):
        path = self.path(suffix)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    @functools.lru_cache(maxsize=None)
    def key(self, kind="p256", name=""):
        """A private key, PKCS#8 PEM; another name, another key. Its file tells its kind."""
        path = self.path(f"{kind}.key")
        openssl("genpkey", *KEYS[kind], "-out", path)
        path.chmod(0o600)
        return path

    @functools.lru_cache(maxsize=None)
    def root(self, name="root"):
        return self.sign(f"/CN={name}", None, None, self.key(name=name), None, ca=True)

    @functools.lru_cache(maxsize=None)
    def intermediate(self, name="intermediate", pathlen=None, issuer=None):
        return self.sign(f"/CN={name}", None, None, self.key(name=name), issuer or self.root(), True, pathlen)

    @functools.lru_cache(maxsize=None)
    def self_signed(self):
        return self.sign("/CN=localhost", LOCAL, None, self.key(name="self-signed"), None)

    @functools.lru_cache(maxsize=None)
    def issue(self, subject="/CN=localhost", san=LOCAL, usage="serverAuth", key=DEFAULT_KEY, issuer=None,
              dates=NOW):
        """A leaf, by default a good one for a server on this machine."""
        return self.sign(subject, san, usage, self.key(key), issuer or self.root(), dates=dates)

    @functools.lru_cache(maxsize=None)
    def client(self, subject="/C=DE/O=Wire/CN=alice", san="email:alice@example.com", usage="clientAuth",
               key=DEFAULT_KEY, issuer=None, dates=NOW):
        return self.sign(subject, san, usage, self.key(key, "client"), issuer or self.root(), dates=dates)

    def as_requested(self, subject):
        """A client's certificate with RDNs of several values, which "openssl ca" would take apart."""
        leaf, root, key = self.path("pem"), self.root(), self.key(name="client")
        request = self.request(subject, key)
        openssl("x509", "-req", "-in", request, "-CA", root.leaf, "-CAkey", root.key, "-out", leaf)
        return Cert(leaf, leaf, key)

    def stolen(self, cert):
        """A P-256 certificate with a wrong key: OpenSSL looks only at the public half beside it."""
        require("KEY_EC")
        theirs, ours = (openssl("pkey", "-in", key, "-traditional", "-outform", "DER")
                        for key in (cert.key, self.key(name="thief")))
        key = self.write(theirs[:7] + ours[7:39] + theirs[39:], "der")
        pem = self.path("key")
        openssl("ec", "-inform", "DER", "-in", key, "-out", pem)
        return Cert(cert.leaf, cert.cert, pem)

    def of_unknown_kind(self):
        """A root in DER for a kind of key that there is not."""
        ec = bytes.fromhex("2a8648ce3d0201")
        assert ec in self.root().der()
        return self.write(self.root().der().replace(ec, ec[:-1] + b"\x7f"))

    def sign(self, subject, san, usage, key, issuer, ca=False, pathlen=None, dates=NOW):
        request, leaf, cert = self.request(subject, key), self.path("pem"), self.path("pem")
        by = ["-keyfile", issuer.key, "-cert", issuer.leaf] if issuer else ["-selfsign", "-keyfile", key]
        openssl("ca", "-batch", "-notext", "-utf8", "-config", self.config, *by, "-in", request, "-out", leaf,
                "-extfile", self.extensions(san, usage, ca, pathlen), "-startdate", dates[0],
                "-enddate", dates[1])
        above = b"" if not issuer or issuer.root else issuer.cert.read_bytes()
        cert.write_bytes(leaf.read_bytes() + above)
        return Cert(leaf, cert, key, ca and not issuer)

    def request(self, subject, key):
        path = self.path("csr")
        openssl("req", "-new", "-utf8", "-config", self.config, "-key", key, "-subj", subject, "-out", path)
        return path

    def with_address(self, url):
        """A certificate that says where its revocation list and its status are to be had."""
        usual, more = self.extensions, f"\ncrlDistributionPoints=URI:{url}\nauthorityInfoAccess=OCSP;URI:{url}\n"
        self.extensions = lambda *args: self.write(usual(*args).read_text() + more, "ext")
        try:
            return self.sign("/CN=localhost", "DNS:localhost", "serverAuth", self.key(name=url), self.root())
        finally:
            self.extensions = usual

    def extensions(self, san, usage, ca, pathlen):
        limit = "" if pathlen is None else f",pathlen:{pathlen}"
        lines = ["subjectKeyIdentifier=hash"]
        if ca:
            lines += [f"basicConstraints=critical,CA:TRUE{limit}", "keyUsage=critical,keyCertSign,cRLSign"]
        else:
            lines += ["basicConstraints=CA:FALSE"]
        lines += [f"subjectAltName={san}"] if san else []
        lines += [f"extendedKeyUsage={usage}"] if usage else []
        return self.write("\n".join(lines) + "\n", "ext")
