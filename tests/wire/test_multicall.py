"""The binary itself: how it finds the applet it is, and what it tells of itself. No TLS here."""

import os
import re
import subprocess

import pytest

from features import APPLETS, have, needs, require_any, symbol

pytestmark = pytest.mark.quick

BIN = os.environ["S6TLS_BIN"]


def run(*argv, **options):
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, **options)


def applets():
    return run(BIN, "--list").stdout.split()


def test_list_prints_each_applet_on_a_line():
    listed = run(BIN, "--list")
    assert listed.returncode == 0 and listed.stderr == ""
    assert listed.stdout.endswith("\n") and sorted(listed.stdout.splitlines()) == sorted(set(applets()))
    assert set(applets()) == {name for name in APPLETS if have(symbol(name))}


@pytest.mark.parametrize("as_argument", [True, False])
def test_every_applet_prints_its_usage(tmp_path, as_argument):
    assert run(BIN, "--install", tmp_path).returncode == 0
    for name in applets():
        command = [BIN, name] if as_argument else [tmp_path / name]
        shown = run(*command, "--help")
        assert (shown.returncode, shown.stderr) == (0, "")
        assert shown.stdout.startswith(f"usage: {name} ") and "\n    -" in shown.stdout


def test_help_of_the_binary_is_on_stdout():
    shown = run(BIN, "--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.startswith("usage: s6-tls applet")


@pytest.mark.parametrize("argv", [[], ["--nonsense"], ["--list", "x"], ["--install"], ["-"], ["--install", "a", "b"]])
def test_wrong_usage_is_100_with_the_usage_on_stderr(argv):
    shown = run(BIN, *argv)
    assert (shown.returncode, shown.stdout) == (100, "")
    assert shown.stderr.startswith("usage: s6-tls applet")


def test_an_unknown_applet_is_100_and_named(tmp_path):
    for command in ([BIN, "s6-nonsense"], [tmp_path / "s6-nonsense", "--list"]):
        if command[0] != BIN:
            os.symlink(BIN, command[0])
        shown = run(*command)
        assert (shown.returncode, shown.stdout) == (100, "")
        assert "unknown applet s6-nonsense" in shown.stderr and "--list" in shown.stderr


def test_version_tells_libraries_and_options():
    shown = run(BIN, "--version")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert re.match(r"s6-tls \d+\.\d+\.\d+\n", shown.stdout)
    assert bool(re.search(r"^wolfSSL (\d\S+) at build, (\d\S+) at run$", shown.stdout, re.M)) == have("ENGINE")
    assert re.search(r"^skalibs 2\.\d+", shown.stdout, re.M)
    assert re.search(r"^S6_TLSD=[yn]$", shown.stdout, re.M)
    assert re.search(r"^LINGER=\d+$", shown.stdout, re.M)


def test_the_options_of_version_are_those_of_the_config():
    config = os.path.join(os.path.dirname(BIN), ".config")
    with open(config) as file:
        chosen = dict(re.findall(r"^CONFIG_(\w+)=(.*)$", file.read(), re.M))
    shown = dict(re.findall(r"^([A-Z]\w*)=(.*)$", run(BIN, "--version").stdout, re.M))
    assert chosen and {name: value for name, value in shown.items() if value != "n"} == chosen


@pytest.mark.parametrize("argv", [["--list"], ["--help"], ["--version"], *([name, "--help"] for name in applets()[:1])])
def test_output_that_cannot_be_written_is_111(argv):
    require_any(*map(symbol, APPLETS))
    with open("/dev/full", "w") as full:
        done = subprocess.run([BIN, *argv], stdout=full, stderr=subprocess.PIPE, text=True, timeout=20)
    assert done.returncode == 111
    assert re.fullmatch(r"s6-[\w-]+: fatal: unable to write to stdout: No space left on device\n", done.stderr)


@pytest.mark.not_watched("the binary is elsewhere then", by="valgrind")
def test_install_makes_a_symlink_for_each_applet(tmp_path):
    require_any(*map(symbol, APPLETS))
    done = run(BIN, "--install", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert sorted(os.listdir(tmp_path)) == sorted(applets())
    assert {os.readlink(tmp_path / name) for name in applets()} == {os.path.realpath(BIN)}


@pytest.mark.not_watched("the binary is elsewhere then", by="valgrind")
@needs("S6_APPLYUIDGID")
def test_install_replaces_symlinks(tmp_path):
    os.symlink("/nonexistent", tmp_path / "s6-applyuidgid")
    assert run(BIN, "--install", tmp_path).returncode == 0
    assert os.readlink(tmp_path / "s6-applyuidgid") == os.path.realpath(BIN)
    assert sorted(os.listdir(tmp_path)) == sorted(applets())


@needs("S6_APPLYUIDGID")
@pytest.mark.parametrize("kind", ["file", "directory"])
def test_install_leaves_what_is_no_symlink_and_names_it(tmp_path, kind):
    there = tmp_path / "s6-applyuidgid"
    there.mkdir() if kind == "directory" else there.write_text("precious")
    done = run(BIN, "--install", tmp_path)
    assert done.returncode == 111
    assert done.stderr == f"s6-tls: fatal: unable to install {there}: File exists\n"
    assert kind == "directory" or there.read_text() == "precious"


def test_install_into_what_is_not_there_names_it(tmp_path):
    require_any(*map(symbol, APPLETS))
    done = run(BIN, "--install", tmp_path / "absent")
    assert done.returncode == 111
    assert done.stderr.startswith(f"s6-tls: fatal: unable to install {tmp_path}/absent/")


@needs("S6_APPLYUIDGID")
def test_errors_carry_the_name_of_the_applet(tmp_path):
    os.symlink(BIN, tmp_path / "s6-applyuidgid")
    for command in ([BIN, "s6-applyuidgid"], [tmp_path / "s6-applyuidgid"]):
        assert run(*command, "-u", "x", "true").stderr.startswith("s6-applyuidgid: fatal: ")


@pytest.mark.not_watched("strace: there can be one tracer")
@needs("S6_APPLYUIDGID")
def test_nothing_is_opened_before_the_applet_runs(tmp_path):
    """From main on: the loader's own files come before it, and that of the counts where a build has them."""
    trace = tmp_path / "trace"
    argv = ["strace", "-o", trace, "-e", "trace=open,openat,socket,pipe,pipe2", BIN, "s6-applyuidgid", "-u", "x"]
    assert run(*argv).returncode == 100
    opened = [line for line in trace.read_text().splitlines() if "(" in line]
    assert [line for line in opened if not re.search(r"\.so|\.profraw", line)] == []
