"""Builds with wolfSSL and skalibs from source: where the sources come from, and what such a binary has that others have not.
What needs the sources is run where the binary under test was made of them."""

import hashlib
import os
import re
import shutil
import subprocess
import tarfile
import time
from pathlib import Path

import pytest

import features
from harness import eventually

TOP = Path(__file__).resolve().parent.parent.parent


def run(*argv, code=0, **options):
    """stdout and stderr of a command that has to exit with this code."""
    done = subprocess.run([str(word) for word in argv], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900,
                          **{"cwd": TOP, **options})
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout, done.stderr


# fetching


def make_tarball(where, name, directory):
    (where / directory).mkdir()
    (where / directory / "README").write_text(f"this is {name}\n")
    with tarfile.open(where / name, "w:gz") as tar:
        tar.add(where / directory, directory)
    return hashlib.sha256((where / name).read_bytes()).hexdigest()


@pytest.fixture
def tarballs(tmp_path):
    """A tree with the script alone, and a directory with two tarballs and their sums."""
    (tmp_path / "tree/scripts").mkdir(parents=True)
    shutil.copy(TOP / "scripts/fetch-sources", tmp_path / "tree/scripts")
    where = tmp_path / "tarballs"
    where.mkdir()
    names = {"wolfssl_9.8.7.orig.tar.gz": "wolfssl-9.8.7-stable", "skalibs-6.5.tar.gz": "skalibs-6.5"}
    sums = [f"{make_tarball(where, name, directory)}  {name}\n" for name, directory in names.items()]
    (where / "SHA256SUMS").write_text("".join(sums))
    return tmp_path / "tree", where


def test_sources_come_from_a_directory_of_tarballs_without_a_network(tarballs):
    tree, where = tarballs
    run("unshare", "-n", "sh", "scripts/fetch-sources", where, cwd=tree)
    assert sorted(os.listdir(tree / "sources")) == ["skalibs-6.5", "wolfssl-9.8.7"]
    assert (tree / "sources/wolfssl-9.8.7/README").read_text() == "this is wolfssl_9.8.7.orig.tar.gz\n"


def test_a_tarball_with_another_sum_is_not_unpacked(tarballs):
    tree, where = tarballs
    with open(where / "skalibs-6.5.tar.gz", "ab") as file:
        file.write(b"more")
    _, stderr = run("sh", "scripts/fetch-sources", where, cwd=tree, code=1)
    assert "not what SHA256SUMS says" in stderr and not (tree / "sources").exists()


# what make refuses


@pytest.fixture
def make_static(tmp_path):
    """make in a folder that is configured as "static"."""
    run("make", f"O={tmp_path}/out", "static_defconfig")

    def make(*words, **options):
        return run("make", f"O={tmp_path}/out", *words, **options)
    return make


def fake_wolfssl(where, version):
    (where / "wolfssl").mkdir(parents=True)
    (where / "wolfssl/ssl.h").touch()
    (where / "wolfssl/version.h").write_text(f'#define LIBWOLFSSL_VERSION_STRING "{version}"\n')
    return where


@pytest.mark.parametrize("variable, other", [("WOLFSSL_SRC", "SKALIBS_SRC"), ("SKALIBS_SRC", "WOLFSSL_SRC")])
def test_without_a_source_make_says_how_to_get_it(make_static, tmp_path, variable, other):
    wolfssl = fake_wolfssl(tmp_path / "wolfssl", "5.9.2")
    _, stderr = make_static(f"{variable}=/nowhere", f"{other}={wolfssl}", code=2)
    assert f"run scripts/fetch-sources, or say {variable}=dir" in stderr


def test_a_version_that_lacks_what_is_chosen_is_refused(make_static, tmp_path):
    old = fake_wolfssl(tmp_path / "old", "5.8.4")
    _, stderr = make_static(f"WOLFSSL_SRC={old}", code=2)
    assert f"GROUP_X25519MLKEM768 needs wolfSSL 5.9.0 or newer, and {old} is 5.8.4" in stderr


def test_the_version_that_lets_nobody_else_sign_is_refused(make_static, tmp_path):
    config = tmp_path / "out/.config"
    config.write_text(config.read_text().replace("CONFIG_GROUP_X25519MLKEM768=y", "# CONFIG_GROUP_X25519MLKEM768 is not set"))
    _, stderr = make_static(f"WOLFSSL_SRC={fake_wolfssl(tmp_path / 'bad', '5.7.2')}", code=2)
    assert "5.7.2 lets nobody else sign" in stderr


def test_randconfig_takes_no_source_that_is_not_there(tmp_path):
    chosen = set()
    for seed in range(1, 5):
        run("make", f"O={tmp_path}", "randconfig", f"SEED={seed}", "WOLFSSL_SRC=/nowhere", "SKALIBS_SRC=/nowhere")
        chosen |= set(re.findall(r"^CONFIG_(\w+_SOURCE|LIBC_MUSL)=y", (tmp_path / ".config").read_text(), re.M))
    assert chosen == set()


# the same bytes again


def built_in_a_copy(where, out, *goals, env):
    """The binary, made in a copy of the tree, of sources that are elsewhere under another name each time."""
    for name in ("applets", "core", "build", "Kconfig", "Makefile"):
        if (TOP / name).is_dir():
            shutil.copytree(TOP / name, where / name, ignore=shutil.ignore_patterns("out*"))
        else:
            shutil.copy(TOP / name, where / name)
    links = where.with_name(where.name + "-sources")
    links.symlink_to(TOP / "sources")
    sources = [f"{name}_SRC={max(links.glob(f'{name.lower()}-*'), default='')}" for name in ("WOLFSSL", "SKALIBS")]
    run("make", "-j2", f"O={out}", *sources, *goals, cwd=where, env={**os.environ, **env})
    return (where / out / "s6-tls").read_bytes()


def two_builds(tmp_path, *goals, env):
    """In two directories, at two times, with two names for the folder of what is made."""
    (tmp_path / "a").mkdir()
    (tmp_path / "elsewhere/and/deeper").mkdir(parents=True)
    first = built_in_a_copy(tmp_path / "a", "out", *goals, env={"TZ": "UTC", **env})
    time.sleep(1)
    second = built_in_a_copy(tmp_path / "elsewhere/and/deeper", tmp_path / "other", *goals, env={"TZ": "Asia/Tokyo", **env})
    return first, second


@pytest.mark.not_watched("its builds are others")
def test_two_builds_are_the_same_bytes(tmp_path):
    """With what a debugger is told, which knows places."""
    first, second = two_builds(tmp_path, "client_defconfig", "all", env={"CFLAGS": "-O1 -g"})
    assert first == second and b".debug_line" in first


@pytest.mark.from_source
@pytest.mark.not_watched("its builds are others")
def test_two_builds_from_source_are_the_same_bytes(tmp_path):
    first, second = two_builds(tmp_path, "tiny_defconfig", "all", env={})
    assert first == second


# what is in it


@pytest.mark.from_source
@pytest.mark.quick
def test_post_quantum_group_is_what_two_of_ours_agree_on(launch, pki, tmp_path):
    features.require("GROUP_X25519MLKEM768", "S6_TLSC", "S6_TCPSERVER", "S6_TCPCLIENT")
    server = launch.program(["s6-tcpserver", "-1", "127.0.0.1", "0", "s6-tlsd", "sh", "-c", "echo server $SSL_GROUP"],
                            stdout=open(tmp_path / "port", "wb"))
    port = eventually(lambda: (tmp_path / "port").read_text().strip())
    client = launch.program(["s6-tcpclient", "127.0.0.1", port, "s6-tlsc", "-k", "localhost", "sh", "-c",
                             "echo client $SSL_GROUP; cat <&6"], stdout=open(tmp_path / "said", "wb"))
    assert client.wait() == 0, client.stderr()
    assert (tmp_path / "said").read_text() == "client X25519MLKEM768\nserver X25519MLKEM768\n"
    server.process.terminate()
    assert server.wait() == 0


@pytest.mark.from_source
@pytest.mark.quick
def test_binary_needs_no_library_and_no_symbol():
    features.require("LINK_STATIC", "STRIP")
    binary = os.environ["S6TLS_BIN"]
    assert "NEEDED" not in run("readelf", "-d", binary)[0]
    assert "no symbols" in run("nm", binary)[1]


@pytest.mark.from_source
@pytest.mark.quick
def test_static_binary_keeps_to_its_budget():
    features.require("LIBC_MUSL", "STRIP", "OPTIMIZE_SIZE")
    budget = 600 if features.have("S6_TLSC") else 300
    assert os.path.getsize(os.environ["S6TLS_BIN"]) <= budget * 1024
