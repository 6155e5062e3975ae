"""service: a directory that a chain of the documents is run in, and the client that looks at what it serves."""

import shutil
import socket
import subprocess

import pytest

from harness import eventually


@pytest.fixture
def site(launch, pki, world_dir):
    """The directory that the chains want: key, certificate, anchor; every user may enter."""
    made = world_dir / "site"
    made.mkdir()
    pair = pki.issue()
    for name, file, mode in (("key.pem", pair.key, 0o600), ("cert.pem", pair.cert, 0o644), ("ca.pem", pki.root().cert, 0o644)):
        shutil.copy(file, made / name)
        (made / name).chmod(mode)
    launch.dir = made
    yield made
    shutil.rmtree(made)


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def fetch(site, port, ca="ca.pem"):
    assert eventually(lambda: listens(port))
    curl = ["curl", "-sS", "--noproxy", "*", "--max-time", "20", "--cacert", ca, f"https://127.0.0.1:{port}/cert.pem"]
    return subprocess.run(curl, cwd=site, capture_output=True, text=True, timeout=30)


def serves(site, run, port):
    got = fetch(site, port)
    assert got.stdout == (site / "cert.pem").read_text(), got.stderr + run.stderr()


# What configures TLS comes from the command line of the chain alone.
BARE = {"KEYFILE": None, "CERTFILE": None, "CAFILE": None}
