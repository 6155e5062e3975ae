"""Applets that execute applets: a built-in one is run from this same binary, whatever there is in PATH, whatever has become
of the binary's file, with and without /proc."""

import os
import shutil
import subprocess

import pytest

from features import BUILT_IN as APPLETS, have
from harness import comm, eventually

DECOY = "#!/bin/sh\necho decoy\n"


@pytest.fixture
def path(tmp_path):
    """The tools, and before them a directory where each applet's name is that of a program that must not run."""
    made = tmp_path / "decoys"
    made.mkdir()
    for name in APPLETS:
        (made / name).write_text(DECOY)
        (made / name).chmod(0o755)
    return f"{made}:/usr/bin:/bin"


def run(*argv, path, env=None, **options):
    return subprocess.run([str(word) for word in argv], env={"PATH": path, **(env or {})}, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=20, **options)


def says(done, text):
    assert (done.returncode, done.stderr, done.stdout) == (0, "", text)


def test_a_built_in_sibling_needs_no_symlink(lone, path):
    says(run(lone, "s6-applyuidgid", "s6-applyuidgid", "echo", "hi", path=path), "hi\n")


def test_a_sibling_is_run_from_this_binary_through_a_symlink_too(lone, path, tmp_path):
    link = tmp_path / "s6-applyuidgid"
    link.symlink_to(lone)
    says(run(link, "s6-applyuidgid", "echo", "hi", path=path), "hi\n")


def test_what_is_given_by_its_path_is_that(lone, path):
    decoy = path.split(":")[0] + "/s6-applyuidgid"
    says(run(lone, "s6-applyuidgid", decoy, "echo", "hi", path=path), "decoy\n")


def test_what_is_not_built_in_is_looked_up_in_PATH(lone, path, tmp_path):
    other = tmp_path / "decoys" / "s6-not-an-applet"
    other.write_text(DECOY)
    other.chmod(0o755)
    says(run(lone, "s6-applyuidgid", "s6-not-an-applet", path=path), "decoy\n")


def test_the_name_of_the_binary_is_no_applet(lone, path):
    done = run(lone, "s6-applyuidgid", "s6-tls", "--list", path=path)
    assert done.returncode == 127 and done.stderr.startswith("s6-applyuidgid: fatal: unable to execute s6-tls: ")


def test_a_relative_path_to_the_binary_is_good_enough(lone, path):
    says(run("./s6-tls", "s6-applyuidgid", "s6-applyuidgid", "echo", "hi", path=path, cwd=os.path.dirname(lone)), "hi\n")


def traced(tmp_path, lone, *inject, path):
    """A chain of three with these system calls failing on /proc/self/exe; and what was executed, or tried."""
    trace = tmp_path / "trace"
    argv = ["strace", "-f", "-o", trace, "-e", "trace=readlink,readlinkat,execve", *inject, lone, "s6-applyuidgid",
            "s6-applyuidgid", "s6-applyuidgid", "echo", "hi"]
    says(run(*argv, path=path), "hi\n")
    return [line for line in trace.read_text().splitlines() if "execve(" in line and '"echo"' in line]


def test_the_path_of_the_binary_is_what_is_executed(tmp_path, lone, path):
    tried = traced(tmp_path, lone, path=path)
    assert sum(f'execve("{lone}"' in line for line in tried) == (1 if have("NO_EXEC") else 3)


@pytest.mark.not_watched("ASan, and qemu, read the name of their program there", by="sanitize foreign")
def test_without_proc_it_is_what_was_started(tmp_path, lone, path):
    failing = ["--quiet=path-resolution", "-P", "/proc/self/exe", "-e", "inject=readlink,readlinkat,execve:error=ENOENT"]
    tried = traced(tmp_path, lone, *failing, path=path)
    assert have("NO_EXEC") or [line for line in tried if "/proc/self/exe" in line and "INJECTED" in line]


@pytest.mark.not_watched("qemu finds the binary by its path", by="foreign")
def test_a_binary_that_was_removed_runs_on(launch, ends, lone, tmp_path):
    """An upgrade in the middle of a connection."""
    binary = shutil.copy(lone, tmp_path / "s6-tls")
    run = launch.on_stdio([binary, "s6-tlsd", "s6-applyuidgid", "s6-applyuidgid", "echo", "hi"], {"PATH": "/usr/bin:/bin"})
    tls = ends(run)
    assert eventually(lambda: comm(run.pid) == "s6-tlsd")
    os.unlink(binary)
    tls.handshake()
    assert tls.recv_all() == b"hi\n"
    assert run.stderr() == ""


def test_prog_of_s6_tlsd_may_be_a_sibling_without_symlink(launch, ends, lone, path):
    run = launch.on_stdio([lone, "s6-tlsd", "s6-applyuidgid", "-G", "", "sh", "-c", "echo $SSL_PROTOCOL"], {"PATH": path})
    tls = ends(run, "1.3")
    tls.handshake()
    assert tls.recv_all() == b"TLSv1.3\n"


@pytest.mark.parametrize("symlink", [True, False])
def test_ps_shows_the_name_of_the_applet(launch, lone, bin_dir, symlink):
    run = launch.on_stdio([bin_dir / "s6-tlsd", "cat"] if symlink else [lone, "s6-tlsd", "cat"])
    # all of them: what waits to become prog, and the key process, which adds what it is
    names = {"s6-tlsd"} | ({"s6-tlsd: key"} if have("KEY_PROCESS") else set())
    assert eventually(lambda: {comm(pid) for pid in run.processes()} == names)
    assert comm(run.pid) == "s6-tlsd"


def test_a_sibling_has_its_own_name_in_ps(launch, lone, path):
    run = launch.on_stdio([lone, "s6-applyuidgid", "s6-tlsd", "cat"], {"PATH": path})
    assert eventually(lambda: comm(run.pid) == "s6-tlsd")


def test_an_error_of_a_sibling_carries_its_name(lone, path):
    done = run(lone, "s6-applyuidgid", "s6-tlsd", "-x", "cat", path=path)
    assert (done.returncode, done.stderr) == (100, "s6-tlsd: fatal: unknown option -x\n")


def test_the_chain_has_the_environment_that_was_given_on(lone, path):
    script = "echo $A${UID-none}"
    says(run(lone, "s6-applyuidgid", "-z", "s6-applyuidgid", "sh", "-c", script, path=path, env={"A": "a", "UID": "5"}),
         "anone\n")
