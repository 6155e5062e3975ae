"""Peers and keys that mean harm: found by a reviewer who broke what the other tests did not."""

import time

import pytest

from harness import eventually
from peer import Ended, Tls, context
from pki import Cert, openssl

# Longer than the certificates that the library keeps in its session.
LONG_SAN = "email:mallory@example.com," + ",".join(f"DNS:host{i}.department-of-long-names.example.com" for i in range(180))


def pem_file(pki, *certs):
    return pki.write(b"".join(cert.leaf.read_bytes() for cert in certs))


def subject_told_to_prog(launch, version, cert):
    run = launch.tlsd("-y", "echo $SSL_PEER_CERT_SUBJECT")
    tls = Tls(run.sock, context(version=version, cert=cert)).handshake()
    return tls.recv_all().decode().strip()


@pytest.fixture(params=["1.2", "1.3"])
def version(request):
    return request.param


def test_peer_with_a_long_certificate_is_not_taken_for_the_next_one_it_sends(launch, pki, version):
    leaf = pki.client("/CN=mallory", san=LONG_SAN)
    forged = pki.sign("/CN=admin", "email:admin@example.com", None, pki.key(name="forger"), None, ca=True)
    cert = Cert(leaf.leaf, pem_file(pki, leaf, forged), leaf.key)
    assert subject_told_to_prog(launch, version, cert) == "CN=mallory"


def test_peer_with_a_long_certificate_is_not_taken_for_its_authority(launch, pki, version):
    authority = pki.intermediate()
    leaf = pki.client("/CN=mallory", san=LONG_SAN, issuer=authority)
    cert = Cert(leaf.leaf, pem_file(pki, leaf, authority), leaf.key)
    assert subject_told_to_prog(launch, version, cert) == "CN=mallory"


def test_S_discards_what_comes_later_while_prog_reads_nothing(launch, ends, version):
    run = launch.tlsd("-S", "exec >&-; sleep 30")
    tls = ends(run, version)
    tls.handshake()
    for _ in range(160):  # 10 MiB, more than all buffers on the way
        tls.send(b"x" * 65536)
    tls.fin()


def test_connection_that_failed_does_not_wait_for_a_peer_that_reads_nothing(launch, ends, version):
    run = launch.tlsd("", "dd if=/dev/zero bs=1M count=64 2>/dev/null")
    tls = ends(run, version)
    tls.handshake()
    time.sleep(1)
    run.sock.sendall(b"\x17\x03\x03\x00\x40" + b"z" * 64)
    assert run.wait(30) == 98


def unusable(kind):
    if kind == "rsa of more than 4096 bits":
        return ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4352"]
    return ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"]


@pytest.mark.parametrize("kind", ["rsa of more than 4096 bits", "secp256k1"])
def test_key_that_no_handshake_could_use_is_96_at_start(launch, pki, kind):
    key, cert = pki.path("key"), pki.path("pem")
    openssl("genpkey", *unusable(kind), "-out", key)
    openssl("req", "-x509", "-new", "-key", key, "-subj", "/CN=localhost", "-out", cert)
    run = launch.tlsd("", "cat", {"KEYFILE": key, "CERTFILE": cert})
    assert run.wait() == 96
    assert str(key) in run.stderr() or str(cert) in run.stderr() # a library that is strict finds it there already


@pytest.mark.parametrize("variable", ["KEYFILE", "CERTFILE"])
def test_empty_file_name_is_one_that_is_not_set(launch, variable):
    run = launch.tlsd("", "cat", {variable: ""})
    assert run.wait() == 100
    assert f"{variable} not set" in run.stderr()


def test_every_exposed_key_file_is_named(launch, ends, pki):
    plain, named = pki.issue(), pki.issue("/CN=a.example.com", san="DNS:a.example.com", key="rsa")
    copies = [pki.write(cert.key.read_bytes(), "key") for cert in (plain, named)]
    env = {"KEYFILE": copies[0], "CERTFILE": plain.cert,
           "KEYFILE:a.example.com": copies[1], "CERTFILE:a.example.com": named.cert}
    for copy in copies:
        copy.chmod(0o644)
    run = launch.tlsd("-k 1 -v 2", "true", env)
    ends(run, "1.3").handshake()
    assert eventually(lambda: all(str(copy) in run.stderr() for copy in copies))


def test_client_with_no_group_of_ours_is_told_so(launch, version):
    run = launch.tlsd("", "cat")
    tls = Tls(run.sock, context(version=version)).groups("P-521")
    with pytest.raises(Ended, match="HANDSHAKE_FAILURE"):
        tls.handshake()
    assert run.wait() == 98


def test_san_of_nothing_that_is_shown_is_not_set(launch, pki, version):
    cert = pki.client(san="otherName:1.2.3.4;UTF8:x")
    run = launch.tlsd("-y", "echo ${SSL_PEER_CERT_SAN-none}")
    assert Tls(run.sock, context(version=version, cert=cert)).handshake().recv_all() == b"none\n"


@pytest.mark.not_watched("memory is counted")
def test_flood_of_key_updates_does_not_make_the_engine_grow(launch, ends):
    run = launch.tlsd("", "cat >/dev/null")
    tls = ends(run, "1.3")
    tls.handshake()
    try:
        run.sock.settimeout(2)
        for _ in range(3000):
            tls.key_update(ask=True)
    except OSError:
        pass  # it reads no more: as well
    assert eventually(lambda: resident_kib(run.pid) < 8192, 1)


def resident_kib(pid):
    with open(f"/proc/{pid}/status") as f:
        return int(next(line.split()[1] for line in f if line.startswith("VmRSS")))
