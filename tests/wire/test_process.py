"""The processes: what prog inherits and what not, how fds are handed out, and that none of ours is left."""

import os
import re
import resource
import signal
import subprocess
import time

import pytest

from features import HAS_FDS
from harness import command, eventually, exe, fds_of, read, reset, stat, tcp_pair
from peer import Ended

FDS = "ls -l /proc/$$/fd; exit 0"


def listed(text):
    """The output of ls -l on a fd directory: fd -> what it is open on."""
    return {int(m[1]): m[2] for m in re.finditer(r" (\d+) -> (.*)", text)}


def finish(run, tls):
    tls.fin()
    return run.wait()


# who is who


@pytest.mark.not_watched("its program is qemu", by="foreign")
def test_prog_is_the_child_of_the_process_that_was_started(link):
    run, tls = link("", "echo $PPID; exec cat")
    assert int(tls.recv()) == run.pid
    assert exe(run.pid).endswith("/s6-tls")


def test_prog_is_in_the_caller_s_process_group_and_session(link):
    run, tls = link("", ["cat"])
    seen = stat(run.prog())
    assert seen["pgrp"] == seen["session"] == run.pid


def test_sigterm_to_the_group_stops_both(link):
    run, tls = link("", ["cat"])
    assert run.prog()
    os.killpg(run.pid, signal.SIGTERM)
    assert run.wait() == -15
    assert run.left() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signals_keep_their_default(link, number):
    run, tls = link("", ["cat"])
    assert run.prog()
    os.kill(run.pid, number)
    assert run.wait() == -number
    assert run.left() == []


def test_signal_in_the_handshake_leaves_nothing(link):
    run, _ = link.start("", "cat")
    time.sleep(0.2)
    run.process.terminate()
    assert run.wait() == -15
    assert run.left() == []


# fds


@HAS_FDS
def test_prog_has_two_pipes_and_the_caller_s_stderr_and_no_more(link):
    run, tls = link("", FDS)
    fds = listed(tls.recv_all().decode())
    assert set(fds) == {0, 1, 2}
    assert fds[0].startswith("pipe:") and fds[1].startswith("pipe:") and fds[0] != fds[1]
    assert fds[2] == str(run.err)


@HAS_FDS
def test_prog_of_the_client_has_its_pipes_on_6_and_7(launch, ends, pki):
    null = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    run = launch.tlsc("-k localhost", "(ls -l /proc/$$/fd >&7); exit 0", **null)
    tls = ends(run, server=True, cert=pki.issue())
    tls.handshake()
    fds = listed(tls.recv_all().decode())
    assert fds[0] == fds[1] == "/dev/null"
    assert fds[6].startswith("pipe:") and fds[7].startswith("pipe:") and fds[6] != fds[7]
    assert not [target for target in fds.values() if target.startswith("socket:")]
    assert set(fds) == {0, 1, 2, 6, 7}


@pytest.mark.parametrize("opts", ["-6 5 -7 9", "--read-fd=5 --write-fd=9", "--read-fd 5 --write-fd 9"])
def test_client_may_have_other_fds(launch, ends, pki, opts):
    run = launch.on_fds(5, 9, command("s6-tlsc", f"-k localhost {opts}", "cat <&5 >&9; exit 3"))
    tls = ends(run, server=True, cert=pki.issue())
    tls.handshake()
    tls.send(b"x")
    assert tls.recv_exactly(1) == b"x"
    assert finish(run, tls) == 3


def test_prog_s_pipes_are_blocking_whatever_the_network_is(link):
    ours, theirs = tcp_pair()
    theirs.setblocking(False)
    prog = "grep flags /proc/self/fdinfo/0 && grep flags /proc/self/fdinfo/1"
    run, tls = link("", prog, net=(ours, theirs))
    flags = [int(word, 8) for word in tls.recv_all().split()[1::2]]
    assert len(flags) == 2 and not any(flag & os.O_NONBLOCK for flag in flags)


def test_fd_passed_on_purpose_reaches_prog_and_stays_with_nobody_else(link):
    """The end of file on the pipe, while the connection lives, shows that no process of ours keeps it."""
    ours, write = os.pipe()
    run, tls = link("", ["bash", "-c", f"echo hello >&{write}; exec {write}>&-; exec cat"], pass_fds=(write,))
    os.close(write)
    assert read(ours, 100) == b"hello\n"
    assert read(ours, 100) == b""
    os.close(ours)
    tls.send(b"x")
    assert tls.recv_exactly(1) == b"x"


@HAS_FDS
def test_engine_keeps_only_network_pipes_and_stderr(link):
    """While prog runs: no key or certificate file, and no socket but the network's."""
    run, tls = link("", "cat")
    tls.send(b"x")
    assert tls.recv_exactly(1) == b"x"
    fds = fds_of(run.pid)
    assert fds[2] == str(run.err)
    assert fds[0] == fds[1] and fds[0].startswith("socket:")
    rest = [target for fd, target in fds.items() if fd > 2]
    allowed = ("pipe:", "anon_inode:", "/dev/null", "/dev/urandom")
    assert all(target.startswith(allowed) for target in rest), fds


@HAS_FDS
@pytest.mark.parametrize("closed", ["2>&-", "0<&-", "1>&-", "0<&- 1>&-", "0<&- 1>&- 2>&-"])
def test_standard_fds_closed_on_entry_are_not_taken_by_ours(launch, ends, pki, closed):
    """Of s6-tlsc, whose network is elsewhere: prog finds them closed, or on /dev/null."""
    run = launch.tlsc("-k localhost", "(ls -l /proc/$$/fd >&7); exit 0", closed=closed)
    tls = ends(run, server=True, cert=pki.issue())
    tls.handshake()
    fds = listed(tls.recv_all().decode())
    gone = {int(number) for number in re.findall(r"\d", closed)}
    assert all(fds.get(number, "/dev/null") == "/dev/null" for number in gone)
    assert fds[6].startswith("pipe:") and fds[7].startswith("pipe:")
    assert finish(run, tls) == 0


@HAS_FDS
def test_closed_stderr_is_not_taken_by_ours_in_the_server(launch, ends):
    run = launch.on_stdio(["sh", "-c", f"exec s6-tlsd sh -c '{FDS}' 2>&-"])
    tls = ends(run)
    tls.handshake()
    fds = listed(tls.recv_all().decode())
    assert fds.get(2, "/dev/null") == "/dev/null"
    assert fds[0].startswith("pipe:") and fds[1].startswith("pipe:")


@pytest.mark.parametrize("closed", ["2>&-", "0<&- 1>&- 2>&-"])
def test_warnings_with_a_closed_stderr_go_to_nobody_else(launch, ends, pki, closed):
    """Neither to prog nor to the peer: the echo is the peer's own bytes and no more."""
    run = launch.tlsc("-v 3", "cat <&6 >&7", closed=closed)
    tls = ends(run, server=True, cert=pki.issue())
    tls.handshake()
    tls.send(b"hello")
    tls.close_notify()
    tls.fin()
    assert tls.recv_all() == b"hello" and tls.end == "close_notify"
    assert run.wait() == 0


def test_error_with_a_closed_stderr_goes_to_nobody_else(launch):
    """A message may not land in the connection."""
    run = launch.on_stdio(["sh", "-c", "exec s6-tlsd true 2>&-"], {"KEYFILE": "/nowhere"})
    assert run.wait() == 96
    assert run.sock.recv(100) == b""


# state


def set_state():
    """An unusual but legal state of the caller."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGALRM, signal.SIGCHLD])
    for number in (signal.SIGUSR2, signal.SIGHUP, signal.SIGPIPE, signal.SIGCHLD, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    os.umask(0o027)
    os.nice(3)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, 300))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 4096))
    resource.setrlimit(resource.RLIMIT_FSIZE, (10 ** 9, 10 ** 9))


KEPT = ["SigBlk", "SigIgn", "SigCgt", "Umask", "Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd",
        "NoNewPrivs", "Seccomp"]


@pytest.mark.not_watched("qemu has signals of its own", by="foreign")
@pytest.mark.parametrize("prepare", [set_state, None])
def test_prog_has_the_caller_s_signals_limits_and_umask(link, tmp_path, prepare):
    def plain(script):
        return subprocess.check_output(["cat", *script], preexec_fn=prepare, cwd=tmp_path).decode()

    files = ["/proc/self/status", "/proc/self/limits"]
    wanted = plain(files)
    run, tls = link("", ["cat", *files], preexec_fn=prepare)
    got = tls.recv_all().decode()
    finish(run, tls)

    def kept(text):
        lines = text.splitlines()
        return [line for line in lines if line.split(":")[0] in KEPT or line.startswith("Max ")]
    assert kept(got) == kept(wanted) and kept(got)


def test_prog_has_the_caller_s_working_directory_and_priority(link, tmp_path):
    run, tls = link("", "pwd; nice", preexec_fn=lambda: os.nice(3))
    assert tls.recv_all().decode().split() == [str(tmp_path), str(os.nice(0) + 3)]


def ignore_sigchld():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)


def block_sigchld():
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])


def block_everything():
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())


@pytest.mark.parametrize("prepare", [ignore_sigchld, block_sigchld, block_everything])
def test_exit_code_survives_a_sigchld_ignored_or_blocked(link, prepare):
    run, tls = link("", "echo hi; exit 42", preexec_fn=prepare)
    assert tls.recv_all() == b"hi\n"
    assert finish(run, tls) == 42


@pytest.mark.parametrize("ignored", [True, False])
def test_sigpipe_kills_neither_the_engine_nor_the_exit_code(link, ignored):
    """restore_signals=False leaves SIGPIPE ignored, as Python has it."""
    run, tls = link("", "exec 0<&-; sleep 0.5; exit 42", restore_signals=not ignored)
    tls.send(b"x" * 100000)
    tls.recv_all()
    assert finish(run, tls) == 42


def test_foreign_child_of_the_caller_is_not_taken_for_prog(launch, ends):
    """The shell's child is the engine's own after exec: its end must not look like prog's."""
    run = launch.on_stdio(["sh", "-c", "(sleep 0.5; exit 9) & exec s6-tlsd sh -c 'cat; exit 42'"])
    tls = ends(run)
    tls.handshake()
    time.sleep(1)
    tls.send(b"still here")
    assert tls.recv_exactly(10) == b"still here"
    assert finish(run, tls) == 42


# nothing is left


def leave_normally(run, tls):
    tls.handshake()
    tls.close_notify()
    tls.fin()


def leave_in_the_handshake(run, tls):
    tls.sock.close()


def leave_by_reset(run, tls):
    tls.handshake()
    reset(tls.sock)


def leave_by_garbage(run, tls):
    tls.handshake()
    tls.sock.sendall(b"\x17\x03\x03\x00\x20" + b"z" * 32)
    tls.fin()


def leave_by_sigkill(run, tls):
    tls.handshake()
    assert run.prog()
    run.process.kill()


@pytest.mark.parametrize("leave", [leave_normally, leave_in_the_handshake, leave_by_reset,
                                   leave_by_garbage, leave_by_sigkill])
def test_no_process_is_left(link, leave):
    run, tls = link.start("", "cat; exit 3")
    leave(run, tls)
    run.wait()
    assert run.left() == []


@pytest.mark.parametrize("env", [{"KEYFILE": "/nowhere"}, {"CERTFILE": None}, {"TLS_UID": "x"}])
def test_no_process_is_left_after_bad_input(launch, env):
    run = launch.tlsd("", "cat", env)
    assert run.wait() in (96, 100)
    assert run.left(1) == []


def test_no_process_is_left_after_a_timeout(link):
    run, _ = link.start("-K 300", "cat")
    assert run.wait() == 98
    assert run.left(1) == []


def test_engine_killed_during_the_handshake_leaves_no_waiting_prog(link):
    run, _ = link.start("", "echo started >&2; cat")
    assert eventually(lambda: len(run.processes()) > 1, 5)
    run.process.kill()
    run.wait()
    assert run.left() == []
    assert "started" not in run.stderr()


def test_prog_killed_by_hand_before_its_start_is_a_failure(link):
    """What waits to become prog dies during the handshake: the connection cannot come to anything."""
    run, tls = link.start("", "cat")
    waiting = eventually(lambda: [pid for pid in run.processes() if stat(pid)["ppid"] == run.pid], 5)
    for pid in waiting:
        os.kill(pid, 9)
    try:
        tls.handshake()
        tls.recv_all()
    except Ended:
        pass
    tls.sock.close()
    assert run.wait() not in (0, None)
    assert run.left() == []
