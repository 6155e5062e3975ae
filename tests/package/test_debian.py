"""The Debian package: built from source, looked at by lintian, installed by apt in a small Debian of its own, which debootstrap
makes from where apt gets this one, used there, and removed without a trace."""

import gzip
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from conftest import TOP, VERSION, run

NAMES = sorted(["s6-tls", *(path.stem for path in (TOP / "applets").glob("*.c"))])
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def archive():
    """The name of this release, and where apt gets it from."""
    release = re.search(r"^VERSION_CODENAME=(\w+)$", Path("/etc/os-release").read_text(), re.M)[1]
    places = run("apt-get", "indextargets", "--format", "$(CODENAME) $(COMPONENT) $(REPO_URI)", "Created-By: Packages")
    found = [words[2] for words in map(str.split, places.splitlines()) if words[:2] == [release, "main"]]
    assert found, f"apt has no list of {release}: apt-get update"
    return release, found[0]


def depends(deb):
    """The first choice of each dependency of a package."""
    found = run("dpkg-deb", "--field", deb, "Depends")
    return [re.match(r"[\w.+-]+", one.strip())[0] for one in found.split(",")]


@pytest.fixture
def root(tmp_path):
    """Where a small Debian is to be: in memory, where nothing waits for a disk. It goes with the test."""
    made = tmp_path / "root"
    made.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=1g,mode=755", "tmpfs", made)
    yield made
    run("umount", "--recursive", "--lazy", made)


def make_system(root, packages):
    """In namespaces of its own: whatever ends it too early, an interrupt too, ends all of its processes and mounts."""
    release, address = archive()
    run("unshare", "--mount", "--pid", "--kill-child", "debootstrap", "--variant=minbase", "--force-check-gpg",
        f"--include={','.join(packages)}", release, root, address, timeout=600)


def inside(root, *argv, env=None):
    return run("chroot", root, *argv, env={"PATH": PATH, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C", **(env or {})})


def files(root):
    """All that is there, but for what dpkg and apt write about what they do."""
    own = re.compile(r"\./var/(lib/(dpkg|apt)|cache|log)/")
    return {path for path in run("find", ".", "-xdev", cwd=root).splitlines() if not own.match(path)}


def fetch(keys, port):
    return run("curl", "-sS", "--noproxy", "*", "--retry", "5", "--retry-connrefused", "--max-time", "30", "--ipv4",
               "--cacert", keys / "ca.pem", f"https://localhost:{port}/page")


SERVICE = {"KEYFILE": "/srv/key.pem", "CERTFILE": "/srv/cert.pem", "TLS_UID": "65533", "TLS_GID": "65533"}


def serve_and_ask(root, keys):
    """A service of the system, a client outside and one inside."""
    argv = ["chroot", root, "s6-tlsserver", "-1", "-u", "65534", "-g", "65534", "-G", "", "127.0.0.1", "0",
            "busybox", "httpd", "-i", "-h", "/srv"]
    with subprocess.Popen(argv, env={**SERVICE, "PATH": PATH}, stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int(server.stdout.readline())
            assert fetch(keys, port) == "from a package\n"
            client = ["s6-tlsclient", "-4", "-H", "-k", "localhost", "127.0.0.1", port, "sh", "-c",
                      r'printf "GET /page HTTP/1.0\r\n\r\n" >&7; cat <&6']
            assert inside(root, *client, env={"CAFILE": "/srv/ca.pem"}).endswith("from a package\n")
        finally:
            server.terminate()


def use(root, keys):
    for name in ("key.pem", "cert.pem", "ca.pem"):
        shutil.copy(keys / name, root / "srv")
    (root / "srv/page").write_text("from a package\n")
    (root / "srv/page").chmod(0o644)
    assert f"s6-tls {VERSION}" in inside(root, "s6-tls", "--version")
    told = inside(root, "s6-tlsd", "--check=plain", "busybox", "httpd", env=SERVICE).splitlines()
    assert "result=ok" in told and "pair.1.names=DNS:localhost" in told and "engine.user=uid 65533, gid 65533" in told
    serve_and_ask(root, keys)


def test_it_is_built_without_fault_installed_used_and_removed(source, keys, root, tmp_path):
    shutil.copytree(TOP / "build/packaging/debian", source / "debian")
    run("dpkg-buildpackage", "-us", "-uc", cwd=source, env={"DEB_BUILD_OPTIONS": "nocheck parallel=2"})
    arch = run("dpkg", "--print-architecture").strip()
    found = run("lintian", "--allow-root", "--fail-on", "error,warning", tmp_path / f"s6-tls_{VERSION}_{arch}.changes")
    assert "E:" not in found and "W:" not in found
    deb = tmp_path / f"s6-tls_{VERSION}_{arch}.deb"
    make_system(root, [*depends(deb), "busybox"])
    shutil.copy(deb, root / "srv/s6-tls.deb")
    before = files(root)
    inside(root, "apt-get", "install", "--yes", "/srv/s6-tls.deb")
    assert {f"/usr/bin/{name}" for name in NAMES} < set(inside(root, "dpkg", "--listfiles", "s6-tls").splitlines())
    for name in NAMES:
        assert f".Dt {name.upper()} 8" in gzip.open(root / f"usr/share/man/man8/{name}.8.gz", "rt").read()
    use(root, keys)
    inside(root, "apt-get", "purge", "--yes", "s6-tls")
    assert files(root) - before == {f"./srv/{name}" for name in ("key.pem", "cert.pem", "ca.pem", "page")}
    assert before <= files(root)
