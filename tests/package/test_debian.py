"""The Debian package: built from source, looked at by lintian, installed by dpkg in a root of its own that holds nothing but
what it depends on and busybox, and used there."""

import os
import re
import shutil
import subprocess

from conftest import TOP, VERSION, run


def stanza(package):
    return run("dpkg-query", "--status", package)


def depends(text):
    """The first choice of each dependency in a control file."""
    found = re.findall(r"^(?:Pre-)?Depends: (.*)$", text, re.M)
    return [re.match(r"[\w.+-]+", one.strip())[0] for line in found for one in line.split(",")]


def closure(names):
    """The packages with all that they depend on, as this system has them."""
    known, left = {}, list(names)
    while left:
        name = left.pop()
        if name not in known:
            known[name] = stanza(name)
            left += depends(known[name])
    return known


def copy_package(name, root):
    """The files of a package, as dpkg has put them here."""
    for path in run("dpkg-query", "--listfiles", name).splitlines():
        there = root + os.path.realpath(os.path.dirname(path)) + "/" + os.path.basename(path)
        if os.path.isdir(path) or not os.path.lexists(path): # a directory, a link to one, what is left out of small systems
            continue
        os.makedirs(os.path.dirname(there), exist_ok=True)
        shutil.copy(path, there, follow_symlinks=False)


def make_root(root, deb):
    """A system of what the package depends on, which dpkg takes for one."""
    packages = closure([*depends(run("dpkg-deb", "--field", deb)), "busybox"])
    for place in ("usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "var/lib/dpkg/info", "var/lib/dpkg/updates", "dev", "proc", "tmp", "srv"):
        os.makedirs(f"{root}/{place}")
    for name in ("bin", "sbin", "lib", "lib64"):
        os.symlink(f"usr/{name}", f"{root}/{name}")
    for name in packages:
        copy_package(name, root)
    with open(f"{root}/var/lib/dpkg/status", "w") as status:
        status.write("\n".join(packages.values()))
    os.mknod(f"{root}/dev/null", 0o020666, os.makedev(1, 3))


def fetch(keys, port):
    return run("curl", "-sS", "--noproxy", "*", "--retry", "5", "--retry-connrefused", "--max-time", "30", "--ipv4",
               "--cacert", keys / "ca.pem", f"https://localhost:{port}/page")


def use(root, keys):
    """A service and a client, in the root, with its own programs."""
    for name in ("key.pem", "cert.pem", "ca.pem"):
        shutil.copy(keys / name, f"{root}/srv")
    with open(f"{root}/srv/page", "w") as page:
        page.write("from a package\n")
    os.chmod(f"{root}/srv/page", 0o644)
    env = {"PATH": "/usr/bin", "KEYFILE": "/srv/key.pem", "CERTFILE": "/srv/cert.pem", "TLS_UID": "65533", "TLS_GID": "65533"}
    argv = ["chroot", root, "s6-tlsserver", "-1", "-u", "65534", "-g", "65534", "-G", "", "127.0.0.1", "0",
            "busybox", "httpd", "-i", "-h", "/srv"]
    with subprocess.Popen(argv, env={**env, "PATH": "/usr/bin:/usr/sbin"}, stdout=subprocess.PIPE, text=True) as server:
        try:
            port = int(server.stdout.readline())
            assert fetch(keys, port) == "from a package\n"
            client = ["chroot", root, "s6-tlsclient", "-4", "-H", "-k", "localhost", "127.0.0.1", port, "busybox", "sh", "-c",
                      r'printf "GET /page HTTP/1.0\r\n\r\n" >&7; busybox cat <&6']
            assert run(*client, env={"PATH": "/usr/bin:/usr/sbin", "CAFILE": "/srv/ca.pem"}).endswith("from a package\n")
        finally:
            server.terminate()


def test_it_is_built_without_fault_installed_and_used(source, keys, tmp_path):
    shutil.copytree(TOP / "build/packaging/debian", source / "debian")
    run("dpkg-buildpackage", "-us", "-uc", cwd=source, env={"DEB_BUILD_OPTIONS": "nocheck parallel=2"})
    arch = run("dpkg", "--print-architecture").strip()
    found = run("lintian", "--allow-root", "--fail-on", "error,warning", tmp_path / f"s6-tls_{VERSION}_{arch}.changes")
    assert "E:" not in found and "W:" not in found
    deb, root = tmp_path / f"s6-tls_{VERSION}_{arch}.deb", str(tmp_path / "root")
    make_root(root, deb)
    run("dpkg", f"--root={root}", "--install", deb)
    names = [path.stem for path in (TOP / "applets").glob("*.c")]
    assert {f"/usr/bin/{name}" for name in names} < set(run("dpkg", f"--root={root}", "--listfiles", "s6-tls").splitlines())
    assert f"s6-tls {VERSION}" in run("chroot", root, "s6-tls", "--version", env={"PATH": "/usr/bin:/usr/sbin"})
    use(root, keys)
    run("dpkg", f"--root={root}", "--remove", "s6-tls")
    assert not os.path.lexists(f"{root}/usr/bin/s6-tlsd")
