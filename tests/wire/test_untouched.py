"""prog is never touched: what it finds of itself is what it would find without us, but for two pipes and the
variables. A program reports all that it can ask the kernel for, run by the same caller, in the same state,
with and without s6-tlsd or s6-tlsc in front."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from test_environment import CONFIGURED, WRITTEN

HERE = Path(__file__).parent
CALLER = [sys.executable, "-I", "-S", HERE / "caller.py"]
NETWORK = {"s6-tlsd": [], "s6-tlsc": ["network=6,7"]}
FD = {"s6-tlsd": "1", "s6-tlsc": "7"}
pytestmark = pytest.mark.not_watched("qemu has an order of variables, signals and fds of its own", by="foreign")
AS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="needs root")
# each process has its own, or they say how much it has run
OWN = ("status Pid", "status Tgid", "status NStgid", "status NSpid", "status PPid", "status Vm", "status Rss",
       "status voluntary", "status nonvoluntary", "status FDSize", "status SigQ")

HANDLED = pytest.mark.not_watched("ASan has handlers for the signals of crashes", by="sanitize")
STATES = ["some_signals", "sigchld_blocked", pytest.param("all_signals", marks=HANDLED), "limits", "umask", "directory", "priorities",
          "memory", "fds", "closed=2", "environment", "keyring"]
ROOT_STATES = ["privileges", "groups", "user=60003,60004,60005,60006"]


@pytest.fixture(scope="session")
def reporter(bin_dir):
    made = bin_dir / "reporter"
    subprocess.run(["cc", "-D_GNU_SOURCE", "-o", made, HERE / "reporter.c"], check=True)
    return "reporter"


def comparable(text, run):
    """The lines of a report without what is each process's own; variables apart."""
    assert text.endswith("end of report\n")
    text = text.replace(str(run.err), "stderr")
    text = re.sub(r"(pipe|socket):\[\d+\]", r"\1", text)
    text = re.sub(rf"((?:group|session|NSpgid:|NSsid:|terminal yes)\s){run.pid}\b", r"\1the caller's", text)
    lines = [line for line in text.splitlines() if not line.startswith(OWN)]
    mapped = sorted({line for line in lines if line.startswith("mapped ")})
    rest = [line for line in lines if not line.startswith(("mapped ", "variable "))]
    return mapped + rest, [line for line in lines if line.startswith("variable ")]


class Reports:
    """What prog says of itself, with and without us."""

    def __init__(self, launch, ends, pki, side, prog):
        self.launch, self.ends, self.pki, self.side, self.prog = launch, ends, pki, side, prog

    def argv(self, states, *before):
        return [*CALLER, *NETWORK[self.side], *states, "--", *before, *self.prog, FD[self.side]]

    def direct(self, *states, env=None):
        run = self.launch.program(self.argv(states), env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        text = run.process.stdout.read().decode()
        if run.wait() == 77:
            pytest.skip(run.stderr())
        assert run.wait() == 0, run.stderr()
        return comparable(text, run)

    def behind(self, *states, env=None):
        opts = ["-k", "localhost"] if self.side == "s6-tlsc" else []
        run = self.launch.on_stdio(self.argv(states, self.side, *opts), env)
        server = self.side == "s6-tlsc"
        tls = self.ends(run, "1.3", server=server, cert=self.pki.issue() if server else None)
        tls.handshake()
        text = tls.recv_all().decode()
        tls.fin()
        assert run.wait() == 0, run.stderr()
        return comparable(text, run)


@pytest.fixture
def reports(launch, ends, pki, side, reporter):
    return Reports(launch, ends, pki, side, [reporter])


def differences(direct, behind):
    """The lines of one that the other has not, signs before them."""
    return ([f"-{line}" for line in direct if line not in behind] +
            [f"+{line}" for line in behind if line not in direct])


def assert_untouched(direct, behind):
    (lines, variables), (lines_behind, variables_behind) = direct, behind
    assert differences(lines, lines_behind) == []
    assert lines == lines_behind
    names = [f"{name}=" for name in CONFIGURED + WRITTEN] + ["KEYFILE:", "CERTFILE:"]
    removed = tuple(f"variable {name}" for name in names)
    kept = [line for line in variables if not line.startswith(removed)]
    assert variables_behind[:len(kept)] == kept
    names = [line.removeprefix("variable ").partition("=")[0] for line in variables_behind[len(kept):]]
    assert names and set(names) <= set(WRITTEN) and len(set(names)) == len(names)


def assert_same(reports, *states, env=None):
    """And the state is one: it shows in a report."""
    direct = reports.direct(*states, env=env)
    assert direct != reports.direct(env=env)
    assert_untouched(direct, reports.behind(*states, env=env))


def test_prog_of_an_ordinary_caller_is_untouched(reports):
    direct = reports.direct()
    assert len(direct[0]) > 300
    assert_untouched(direct, reports.behind())


@pytest.mark.parametrize("state", STATES)
def test_prog_has_the_caller_s(reports, state):
    assert_same(reports, state)


def test_prog_of_the_client_has_no_standard_fds_if_the_caller_has_none(launch, ends, pki, reporter):
    assert_same(Reports(launch, ends, pki, "s6-tlsc", [reporter]), "closed=0,1,2")


@HANDLED
def test_prog_has_all_of_it_at_once(reports):
    assert_same(reports, "all_signals", "limits", "umask", "priorities", "fds", "closed=2", "environment")


@AS_ROOT
@pytest.mark.parametrize("state", ROOT_STATES)
def test_prog_has_root_s_choice_of(reports, pki, state):
    """The key of an ordinary user is a file that he can read."""
    assert_same(reports, state, env={"KEYFILE": pki.write(pki.issue().key.read_bytes())})


@AS_ROOT
def test_prog_of_an_ordinary_user_in_an_odd_state(reports, pki):
    env = {"KEYFILE": pki.write(pki.issue().key.read_bytes())}
    assert_same(reports, "memory", "privileges", "user=60003,60004", "limits", "some_signals", "fds", env=env)


@AS_ROOT
@pytest.mark.parametrize("states", [[], ["groups", "privileges", "some_signals", "limits"]])
def test_what_the_engine_becomes_is_nothing_to_prog(reports, states):
    env = {"TLS_UID": 60001, "TLS_GID": 60002}
    assert_untouched(reports.direct(*states, env=env), reports.behind(*states, env=env))


@AS_ROOT
def test_prog_behind_applyuidgid_too(launch, ends, pki, side, reporter):
    env = {"TLS_UID": 60001, "UID": 60003, "GID": 60004, "GIDLIST": "60005,60006"}
    reports = Reports(launch, ends, pki, side, ["s6-applyuidgid", "-Uz", reporter])
    direct = reports.direct("some_signals", "fds", env=env)
    assert "status Groups:\t60005 60006 " in direct[0]
    assert_untouched(direct, reports.behind("some_signals", "fds", env=env))


@AS_ROOT
def test_applyuidgid_changes_the_ids_and_nothing_else(launch, ends, pki, reporter):
    def report(prog, *states):
        return Reports(launch, ends, pki, "s6-tlsd", prog).direct("some_signals", "limits", "fds", *states)
    ids = ["s6-applyuidgid", "-u", "60003", "-g", "60004", "-G", "60005,60006", reporter]
    assert report(ids) == report([reporter], "user=60003,60004,60005,60006")


def test_prog_has_the_caller_s_terminal(reports):
    master, slave = pty.openpty()
    try:
        direct = reports.direct(f"terminal={os.ttyname(slave)}")
        assert "terminal yes the caller's" in direct[0]
        assert_untouched(direct, reports.behind(f"terminal={os.ttyname(slave)}"))
    finally:
        os.close(master)
        os.close(slave)


def test_only_what_fork_takes_from_every_child_is_missing(reports):
    """The parent-death signal, the subreaper's mark and timers belong to one process: s6-tlsd keeps them."""
    (direct, _), (behind, _) = reports.direct("relations"), reports.behind("relations")
    assert differences(direct, behind) == [
        "-prctl/parent_death_signal 0 10", "-prctl/child_subreaper 0 1", "-timer/0 1",
        "+prctl/parent_death_signal 0 0", "+prctl/child_subreaper 0 0", "+timer/0 0"]
