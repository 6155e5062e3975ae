"""The server's handshake: versions, suites, groups and their order; odd but right ClientHellos; key files."""

import time

import pytest

import hello
from features import KEYS, cpu_has_aes, have, needs, require
from hello import P256, P384, X25519
from peer import Ended, Tls, context
from pki import openssl

pytestmark = pytest.mark.quick

HAS_AES = cpu_has_aes()
GCM = {"1.2": {0xC02B, 0xC02C, 0xC02F, 0xC030}, "1.3": {0x1301, 0x1302}}
CHACHA = {"1.2": {0xCCA8, 0xCCA9}, "1.3": {0x1303}}
CBC = {"p256": [0xC023, 0xC024], "rsa": [0xC027, 0xC028]}
AEAD = {"p256": [0xC02B, 0xC02C, 0xCCA9], "rsa": [0xC02F, 0xC030, 0xCCA8]}
ALERT_HANDSHAKE_FAILURE, ALERT_PROTOCOL_VERSION = (2, 40), (2, 70)
REFUSED = {
    "NULL": [0x0001, 0x0002, 0x003B, 0xC001, 0xC006, 0xC00B, 0xC010],
    "anonymous": [0x0018, 0x001B, 0x0034, 0x003A, 0x006C, 0x00A6, 0xC015, 0xC016, 0xC017, 0xC018, 0xC019],
    "RC4": [0x0004, 0x0005, 0xC002, 0xC007, 0xC00C, 0xC011],
    "3DES and DES": [0x0009, 0x000A, 0x0016, 0xC003, 0xC008, 0xC00D, 0xC012],
    "export": [0x0003, 0x0006, 0x0008, 0x0014, 0x0019],
    "static RSA": [0x002F, 0x0035, 0x003C, 0x003D, 0x009C, 0x009D, 0xC09C, 0xC09D, 0xC0A0, 0x0041, 0x0084],
    "static ECDH": [0xC004, 0xC005, 0xC025, 0xC026, 0xC02D, 0xC02E, 0xC00E, 0xC00F, 0xC029, 0xC031],
    "CBC with SHA-1": [0xC009, 0xC00A, 0xC013, 0xC014, 0x0033, 0x0039],
    "tags of 8 bytes": [0xC0AE, 0xC0AF, 0x1305],
    "PSK": [0x008C, 0x00A8, 0x00AE, 0xC035, 0xCCAB],
}


@pytest.fixture
def asked(launch, pki):
    """asked(key=…, opts=…, **hello) -> what a server with such a key says to a ClientHello; and the Run."""
    def ask(key="p256", opts="", **what):
        run = launch.tlsd(opts, "echo started >&2", pki.issue(key=key).env())
        return hello.ask(run.sock, **what), run
    return ask


def failed(run):
    run.sock.close()
    assert run.wait() == 98
    assert "started" not in run.stderr()


# versions


def test_highest_common_version_is_chosen(asked):
    assert asked(version="1.3")[0].version == 0x0304
    assert asked(version="1.2")[0].version == 0x0303


@pytest.mark.parametrize("legacy", [0x0300, 0x0301, 0x0302])
def test_older_versions_are_refused(asked, legacy):
    reply, run = asked(legacy=legacy, suites=[0xC009, 0xC00A, 0xC02B, 0x002F])
    assert reply.alert == ALERT_PROTOCOL_VERSION
    failed(run)


@pytest.mark.parametrize("old", ["1.0", "1.1"])
def test_a_client_that_knows_only_older_versions_is_refused(launch, ends, old):
    run = launch.tlsd("", "echo started >&2")
    with pytest.raises(Ended):
        ends(run, old, ciphers="ALL:@SECLEVEL=0").handshake()
    failed(run)


# suites


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.parametrize("key", ["p256", "rsa"])
def test_bad_suites_are_refused(asked, kind, key):
    reply, run = asked(key, suites=REFUSED[kind])
    assert reply.alert == ALERT_HANDSHAKE_FAILURE
    failed(run)


@needs("SUITES_AES_GCM")
@pytest.mark.parametrize("key", ["p256", "rsa"])
def test_bad_suites_lose_against_one_good_suite(asked, key):
    everything_bad = [suite for suites in REFUSED.values() for suite in suites]
    assert asked(key, suites=everything_bad + AEAD[key][:1])[0].suite == AEAD[key][0]


@needs("SUITES_AES_GCM", "SUITES_CHACHA20", "SUITES_AES_CBC")
@pytest.mark.parametrize("key", ["p256", "rsa"])
def test_each_good_suite_of_tls_1_2_alone_is_accepted(asked, key):
    for suite in AEAD[key] + CBC[key] + [0xC0AC] * (key == "p256" and have("SUITES_AES_CCM")):
        assert asked(key, suites=[suite])[0].suite == suite


def test_each_good_suite_of_tls_1_3_alone_is_accepted(asked):
    suites = [0x1301, 0x1302] * have("SUITES_AES_GCM") + [0x1303] * have("SUITES_CHACHA20") + [0x1304] * have("SUITES_AES_CCM")
    for suite in suites:
        assert asked(version="1.3", suites=[suite])[0].suite == suite


@needs("SUITES_AES_GCM", "SUITES_CHACHA20")
@pytest.mark.parametrize("suites", [[0x1303, 0x1302, 0x1301], [0x1301, 0x1302, 0x1303]])
def test_server_s_order_of_suites_counts_on_tls_1_3(asked, suites):
    assert asked(version="1.3", suites=suites)[0].suite in (GCM if HAS_AES else CHACHA)["1.3"]


@needs("SUITES_AES_GCM", "SUITES_CHACHA20")
@pytest.mark.parametrize("key", ["p256", "rsa"])
@pytest.mark.parametrize("backwards", [False, True])
def test_server_s_order_of_suites_counts_on_tls_1_2(asked, key, backwards):
    suites = (CBC[key] + AEAD[key])[::-1 if backwards else 1]
    assert asked(key, suites=suites)[0].suite in (GCM if HAS_AES else CHACHA)["1.2"]


@needs("SUITES_AES_GCM", "SUITES_CHACHA20", "SUITES_AES_CBC")
@pytest.mark.parametrize("key", ["p256", "rsa"])
def test_cbc_comes_after_every_aead_suite(asked, key):
    for aead in AEAD[key]:
        assert asked(key, suites=[*CBC[key], aead])[0].suite == aead


def test_compression_is_never_chosen(asked):
    assert asked(compression=b"\x01\0")[0].compression == 0


# groups


@needs("GROUP_X25519")
@pytest.mark.parametrize("offered", [(P384, P256, X25519), (P256, X25519), (X25519, P384)])
@pytest.mark.parametrize("key", ["rsa", "p256"])
def test_x25519_comes_first(asked, version, offered, key):
    assert asked(key, version=version, offered=offered)[0].group == X25519


@needs("GROUP_P256")
@pytest.mark.parametrize("offered", [(P384, P256), (P256, P384)])
@pytest.mark.parametrize("key", ["rsa", "p256"])
def test_p_256_comes_before_p_384(asked, version, offered, key):
    assert asked(key, version=version, offered=offered)[0].group == P256


@pytest.mark.parametrize("name, number", [("X25519", X25519), ("P-256", P256), ("P-384", P384)])
def test_each_group_alone_is_accepted(launch, ends, pki, version, name, number):
    run = launch.tlsd("", "echo hi", pki.issue(key="rsa").env())
    tls = ends(run, version).groups(name)
    tls.handshake()
    assert tls.group() == number
    assert tls.recv_all() == b"hi\n"


def test_a_second_hello_is_asked_for_when_the_group_is_not_ours(launch, ends):
    """HelloRetryRequest: the client's first key share is of a group that the server has not."""
    run = launch.tlsd("", "echo hi")
    tls = ends(run, "1.3").groups("X448:P-384")
    tls.handshake()
    assert tls.group() == P384
    assert tls.recv_all() == b"hi\n"


# odd but right


def first_flight(tls):
    with pytest.raises(OSError):
        tls.obj.do_handshake()
    return tls.out.read()


@pytest.mark.parametrize("size", [1, 7, 100])
def test_hello_in_many_records_is_understood(launch, ends, version, size):
    run = launch.tlsd("-k 1", "cat", name_pair(launch))
    tls = ends(run, version, name="a.example.com")
    run.sock.sendall(hello.records(first_flight(tls)[5:], size))
    tls.handshake()
    tls.send(b"x")
    assert tls.recv() == b"x"


def name_pair(launch):
    return {"KEYFILE:a.example.com": launch.env["KEYFILE"], "CERTFILE:a.example.com": launch.env["CERTFILE"]}


def test_handshake_byte_by_byte_is_understood(launch, ends, version):
    run = launch.tlsd("", "cat")
    tls = ends(run, version)
    for byte in first_flight(tls):
        run.sock.send(bytes([byte]))
        time.sleep(0.0002)
    tls.handshake()
    tls.send(b"x")
    assert tls.recv() == b"x"


def test_data_in_the_segment_of_the_last_flight_is_not_lost(link):
    run, tls = link.start("", "cat")
    tls.handshake(flush=False)
    tls.sock.sendall(tls.seal(b"early bird"))
    assert tls.recv_exactly(10) == b"early bird"


def test_large_hello_is_understood(launch, ends, version):
    """Thousands of bytes of ALPN names make a hello of several segments."""
    ctx = context(version=version)
    ctx.set_alpn_protocols([f"protocol-{i:0100}" for i in range(80)])
    run = launch.tlsd("", "cat")
    tls = Tls(run.sock, ctx)
    tls.handshake()
    tls.send(b"x")
    assert tls.recv() == b"x"


def test_prog_starts_only_after_the_handshake(link):
    run, tls = link.start("", "echo started >&2; cat")
    time.sleep(0.3)
    assert "started" not in run.stderr()
    tls.handshake()
    tls.send(b"x")
    assert tls.recv() == b"x"
    assert "started" in run.stderr()


def test_prog_starts_only_after_the_client_s_finished(launch, ends, version):
    """A client that has sent its hello and no more has proved nothing."""
    run = launch.tlsd("", "echo started >&2; echo hello")
    tls = ends(run, version)
    run.sock.sendall(first_flight(tls))
    assert run.sock.recv(1)
    time.sleep(0.3)
    assert "started" not in run.stderr()


# keys and certificates


KINDS = ["rsa", "p256", "p384", "ed25519"]
CURVES = {"p256": "prime256v1", "p384": "secp384r1"}
KEY_FORMS = {
    "PKCS#8 PEM": lambda key, kind: key.read_bytes(),
    "PKCS#8 DER": lambda key, kind: openssl("pkcs8", "-topk8", "-nocrypt", "-in", key, "-outform", "DER"),
    "PEM after text": lambda key, kind: b"A comment\n\n" + key.read_bytes(),
    "PEM with CRLF": lambda key, kind: key.read_bytes().replace(b"\n", b"\r\n"),
    "traditional PEM": lambda key, kind: openssl("pkey", "-in", key, "-traditional"),
    "traditional DER": lambda key, kind: openssl("pkey", "-in", key, "-traditional", "-outform", "DER"),
    "PEM after its parameters": lambda key, kind:
        openssl("ecparam", "-name", CURVES[kind]) + openssl("pkey", "-in", key, "-traditional"),
}


def key_forms(kind):
    """The names of the forms that a key of this kind may have: PKCS#1 and SEC1 are the traditional ones."""
    names = list(KEY_FORMS)
    return names if kind in CURVES else names[:6] if kind == "rsa" else names[:4]


@pytest.mark.parametrize("kind, form", [(kind, form) for kind in KINDS for form in key_forms(kind)])
def test_key_in_any_form_serves(launch, ends, pki, version, kind, form):
    require(KEYS[kind])
    cert = pki.issue(key=kind)
    key = pki.write(KEY_FORMS[form](cert.key, kind))
    run = launch.tlsd("", "echo hi", {"KEYFILE": key, "CERTFILE": cert.cert})
    tls = ends(run, version, trust=pki.root().cert)
    tls.handshake()
    assert tls.recv_all() == b"hi\n"


def cert_forms(pki, kind):
    cert = pki.issue(key=kind)
    text = openssl("x509", "-in", cert.leaf, "-text")
    return {"PEM": cert.leaf.read_bytes(), "DER": cert.der(), "PEM after text": text,
            "PEM with CRLF": cert.leaf.read_bytes().replace(b"\n", b"\r\n"),
            "PEM without newline": cert.leaf.read_bytes().rstrip()}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["PEM", "DER", "PEM after text", "PEM with CRLF", "PEM without newline"])
def test_certificate_in_any_form_serves(launch, ends, pki, version, kind, form):
    cert = pki.issue(key=kind)
    env = {"KEYFILE": cert.key, "CERTFILE": pki.write(cert_forms(pki, kind)[form])}
    run = launch.tlsd("", "echo hi", env)
    tls = ends(run, version, trust=pki.root().cert)
    tls.handshake()
    assert tls.recv_all() == b"hi\n"


@pytest.mark.parametrize("kind", ["rsa", "p256"])
def test_chain_of_the_certificate_file_is_sent(launch, ends, pki, version, kind):
    below = pki.intermediate("second", issuer=pki.intermediate("first"))
    run = launch.tlsd("", "echo hi", pki.issue(key=kind, issuer=below).env())
    tls = ends(run, version, trust=pki.root().cert)
    tls.handshake()
    assert tls.recv_all() == b"hi\n"
