"""The client's handshake: versions, suites and groups of the servers that it can meet. What it verifies is in
test_verify.py, what it shows in test_client_certs.py; closing and relaying are tested with the server's."""

import pytest

import hello
from features import have, require
from peer import Ended, Tls, context

pytestmark = pytest.mark.quick


def meet(run, ctx):
    tls = Tls(run.sock, ctx, server=True)
    tls.handshake()
    assert tls.recv_all() == b"hi\n"
    tls.fin()
    assert run.wait() == 0
    return tls


@pytest.fixture
def client(launch):
    return launch.tlsc("-k localhost", "echo hi >&7")


def test_highest_common_version_is_chosen(client, pki):
    assert meet(client, context(True, cert=pki.issue())).obj.version() == "TLSv1.3"


@pytest.mark.parametrize("old", ["1.0", "1.1"])
def test_a_server_that_knows_only_older_versions_is_refused(client, pki, old):
    with pytest.raises(Ended):
        Tls(client.sock, context(True, old, "ALL:@SECLEVEL=0", pki.issue()), server=True).handshake()
    client.sock.close()
    assert client.wait() == 98


@pytest.mark.parametrize("key, suites", [
    ("rsa", "ECDHE-RSA-AES128-GCM-SHA256"), ("rsa", "ECDHE-RSA-AES256-GCM-SHA384"),
    ("rsa", "ECDHE-RSA-CHACHA20-POLY1305"), ("rsa", "ECDHE-RSA-AES128-SHA256"),
    ("rsa", "ECDHE-RSA-AES256-SHA384"),
    ("p256", "ECDHE-ECDSA-AES128-GCM-SHA256"), ("p256", "ECDHE-ECDSA-AES256-GCM-SHA384"),
    ("p256", "ECDHE-ECDSA-CHACHA20-POLY1305"), ("p256", "ECDHE-ECDSA-AES128-SHA256"),
    ("p256", "ECDHE-ECDSA-AES256-SHA384")])
def test_server_with_a_single_good_suite_is_reached(client, pki, key, suites):
    assert meet(client, context(True, "1.2", suites, pki.issue(key=key))).obj.cipher()[0] == suites


@pytest.mark.parametrize("key, suites", [("rsa", "AES128-SHA"), ("rsa", "AES128-GCM-SHA256"), ("rsa", "NULL"),
                                         ("rsa", "aNULL"), ("p256", "ECDHE-ECDSA-NULL-SHA"),
                                         ("rsa", "ECDHE-RSA-NULL-SHA")])
def test_server_with_bad_suites_only_is_refused(client, pki, key, suites):
    with pytest.raises(Ended):
        ctx = context(True, "1.2", f"{suites}:@SECLEVEL=0", pki.issue(key=key))
        Tls(client.sock, ctx, server=True).handshake()
    client.sock.close()
    assert client.wait() == 98


@pytest.mark.parametrize("group", ["X25519", "P-256", "P-384"])
def test_server_with_a_single_group_is_reached(client, pki, version, group):
    tls = Tls(client.sock, context(True, version, cert=pki.issue()), server=True).groups(group)
    tls.handshake()
    assert tls.recv_all() == b"hi\n"


def test_group_that_only_clients_have_is_named(launch, pki, version):
    require("GROUP_P521")
    run = launch.tlsc("-k localhost", "echo $SSL_GROUP >&7")
    tls = Tls(run.sock, context(True, version, cert=pki.issue()), server=True).groups("P-521")
    tls.handshake()
    assert tls.recv_all() == b"P-521\n"


def offered(run):
    """The suites of the client's hello."""
    head = hello.receive(run.sock, 5)
    body = hello.receive(run.sock, int.from_bytes(head[3:], "big"))
    at = 4 + 2 + 32
    at += 1 + body[at]
    size = int.from_bytes(body[at:at + 2], "big")
    words = body[at + 2:at + 2 + size]
    compression = body[at + 2 + size:at + 4 + size]
    return {int.from_bytes(words[i:i + 2], "big") for i in range(0, size, 2)}, compression


GOOD = {0x1301, 0x1302, 0x1303, 0x1304, 0xC0AC, 0xC02B, 0xC02C, 0xC02F, 0xC030, 0xCCA8, 0xCCA9, 0xC023,
        0xC024, 0xC027, 0xC028}
SIGNALS = {0x00FF, 0x5600}


def test_client_offers_no_bad_suite_and_no_compression(client):
    suites, compression = offered(client)
    assert suites - SIGNALS <= GOOD
    of_tls13 = {0x1301} if have("SUITES_AES_GCM") else {0x1303}
    of_tls12 = {0xC02B, 0xC02F} if have("SUITES_AES_GCM") else {0xCCA8, 0xCCA9}
    assert of_tls13 | (of_tls12 if have("TLS12") else set()) <= suites
    assert compression == b"\x01\0"


def test_what_is_of_servers_is_not_read(launch, pki):
    env = {"TLS_TICKETKEYS": "/nowhere", "TLS_TICKETFD": "x", "OCSPFILE": "/nowhere"}
    meet(launch.tlsc("-k localhost", "echo hi >&7", env), context(True, cert=pki.issue()))


def test_client_sends_nothing_of_prog_s_before_the_handshake(launch):
    run = launch.tlsc("-k localhost", "echo started >&2; echo hi >&7")
    offered(run)
    run.sock.settimeout(0.5)
    with pytest.raises(TimeoutError):
        run.sock.recv(1)
    assert run.stderr() == ""
