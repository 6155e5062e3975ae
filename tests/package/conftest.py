"""conftest: what the tests of the recipes share: the source as a tarball of what git knows holds it, and programs that must
succeed. Ends with the line that CI adds up."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.dont_write_bytecode = True
TOP = Path(__file__).resolve().parents[2]
VERSION = re.search(r"^VERSION := (\S+)$", (TOP / "Makefile").read_text(), re.M)[1]


def pytest_unconfigure(config):
    stats = getattr(config.pluginmanager.get_plugin("terminalreporter"), "stats", {})
    bad = len(stats.get("failed", [])) + len(stats.get("error", [])) + len(stats.get("skipped", []))
    print(f"\n{len(stats.get('passed', []))} passed, {bad} failed")


def run(*argv, cwd=TOP, env=None, code=0, timeout=300, **more):
    """Its stdout; a make that called the tests does not pass its variables on."""
    clean = {name: value for name, value in os.environ.items() if not re.match("MAKE|MFLAGS|WERROR|O$|CI$", name)}
    done = subprocess.run([str(word) for word in argv], cwd=cwd, env={**clean, **(env or {})}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout, **more)
    assert done.returncode == code, f"{argv}: {done.returncode}\n{done.stdout[-5000:]}{done.stderr[-5000:]}"
    return done.stdout


@pytest.fixture
def source(tmp_path):
    """A tree as the tarball unpacks it: what is committed, and what would be."""
    made = tmp_path / f"s6-tls-{VERSION}"
    for name in run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")[:-1]:
        if (TOP / name).exists():
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(TOP / name, made / name, follow_symlinks=False)
    return made


@pytest.fixture
def keys(tmp_path):
    """A directory with ca.pem and, for localhost, key.pem and cert.pem; made as the page of s6-tlsd shows."""
    new = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2".split()
    made = tmp_path / "keys"
    made.mkdir()
    run("openssl", "req", "-x509", *new, "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem", cwd=made)
    run("openssl", "req", "-x509", *new, "-CA", "ca.pem", "-CAkey", "ca.key", "-subj", "/CN=localhost", "-addext",
        "basicConstraints=critical,CA:FALSE", "-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem",
        cwd=made)
    return made
