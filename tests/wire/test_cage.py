"""The cage of a running engine, as /proc shows it; that prog has none; that stopping and continuing does no harm;
and kernels that lack a part. What a caged process cannot do is in tests/unit/test_cage*.c."""

import ctypes
import errno
import os
import resource
import signal
import struct
import subprocess

import pytest

from harness import eventually, exe, stat, status

ENGINE_UID = 60001
LACK = "this system lacks a part of the cage, going on without: "


@pytest.fixture(autouse=True)
def only_with_a_cage(caged):
    if not caged:
        pytest.skip("built without CONFIG_CAGE")


def is_caged(pid):
    seen = status(pid)
    return (seen["Seccomp"], seen["NoNewPrivs"]) == ("2", "1")


def limits(pid):
    """Name -> (soft, hard)."""
    with open(f"/proc/{pid}/limits", encoding="ascii") as file:
        lines = file.read().splitlines()[1:]
    return {line[:26].strip(): tuple(line[26:].split()[:2]) for line in lines}


def stop_and_go(pid):
    """Stops the engine while it waits, and lets it go on."""
    assert eventually(lambda: stat(pid)["state"] == "S")
    os.kill(pid, signal.SIGSTOP)
    assert eventually(lambda: stat(pid)["state"] == "T")
    os.kill(pid, signal.SIGCONT)
    assert eventually(lambda: stat(pid)["state"] == "S")


def echo(tls, data=b"still here"):
    tls.send(data)
    assert tls.recv_exactly(len(data)) == data


# the engine


def test_engine_is_caged_before_the_first_byte_of_the_network(link):
    run, tls = link.start("", "cat")
    assert eventually(lambda: is_caged(run.pid))
    tls.handshake()
    echo(tls)


def test_engine_may_have_no_new_fd_no_process_and_no_core(link):
    run, tls = link("", "cat")
    echo(tls)
    seen = limits(run.pid)
    assert seen["Max open files"] == ("5", "5")
    assert seen["Max processes"] == seen["Max core file size"] == ("0", "0")


def test_limit_of_file_size_is_left_alone(link):
    """A message that goes to a file must not kill."""
    run, tls = link("", "cat", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10 ** 6, 10 ** 7)))
    assert limits(run.pid)["Max file size"] == (str(10 ** 6), str(10 ** 7))


@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
def test_engine_is_root_s_to_look_into_though_it_is_another_user_s(link):
    """Not dumpable: what /proc has of it belongs to root, and its own user may not read it."""
    run, tls = link("", "cat", env={"TLS_UID": ENGINE_UID})
    echo(tls)
    assert status(run.pid)["Uid"].split() == [str(ENGINE_UID)] * 4
    assert os.stat(f"/proc/{run.pid}/status").st_uid == 0
    look = ["dd", f"if=/proc/{run.pid}/maps", "count=1"]
    assert subprocess.run(look, user=ENGINE_UID, capture_output=True, check=False).returncode != 0
    assert subprocess.run(look, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
def test_engine_of_another_user_is_caged_too(launch, ends, pki):
    key = pki.write(pki.issue().key.read_bytes())
    key.chmod(0o644)
    run = launch.tlsd("", "cat", {"KEYFILE": key}, user=60009)
    tls = ends(run)
    tls.handshake()
    echo(tls)
    assert is_caged(run.pid)


def test_whole_cage_is_not_worth_a_word(link):
    run, tls = link("-v2", "cat")
    tls.close_notify()
    tls.fin()
    assert run.wait() == 0
    assert "cage" not in run.stderr()


# prog


def test_prog_is_not_caged(link):
    plain = limits(os.getpid())
    run, tls = link("", ["cat"])
    prog = run.prog()
    seen = status(prog)
    mine = status(os.getpid())
    assert (seen["Seccomp"], seen["NoNewPrivs"]) == (mine["Seccomp"], mine["NoNewPrivs"])
    assert limits(prog) == plain


def test_prog_may_open_execute_and_fork(link):
    run, tls = link("", "exec 3</dev/null && (true) && /bin/true && echo done")
    assert tls.recv_all() == b"done\n"


def test_what_waits_to_become_prog_is_not_caged(link):
    run, tls = link.start("", "cat")
    assert eventually(lambda: is_caged(run.pid))
    others = [pid for pid in run.processes() if pid != run.pid and exe(pid).endswith("/s6-tls")]
    assert any(not is_caged(pid) for pid in others)


# stopped and continued


def test_stop_and_continue_in_the_handshake(link):
    run, tls = link.start("", "cat")
    assert eventually(lambda: is_caged(run.pid))
    stop_and_go(run.pid)
    tls.handshake()
    echo(tls)


def test_stop_and_continue_in_the_middle_of_a_handshake(link13):
    run, tls = link13.start("", "cat")
    assert eventually(lambda: is_caged(run.pid))
    try:
        tls.obj.do_handshake()
    except Exception:  # pylint: disable=broad-except
        pass
    hello = tls.out.read()
    run.sock.sendall(hello[:20])
    stop_and_go(run.pid)
    run.sock.sendall(hello[20:])
    tls.handshake()
    echo(tls)


def test_stop_and_continue_in_the_relay(link):
    run, tls = link("", "cat")
    for _ in range(3):
        echo(tls)
        stop_and_go(run.pid)
    echo(tls)


def test_stop_and_continue_under_an_idle_limit(link13):
    run, tls = link13("-I 15000", "cat")
    echo(tls)
    stop_and_go(run.pid)
    echo(tls)


def test_stop_and_continue_while_lingering(link):
    run, tls = link("", "echo bye; exit 3")
    assert tls.recv_all() == b"bye\n"
    stop_and_go(run.pid)
    tls.fin()
    assert run.wait() == 3


def test_stop_and_continue_while_prog_is_awaited(link13, tmp_path):
    run, tls = link13("", "exec <&- >&-; until [ -e go ]; do sleep 0.1; done; exit 3")
    tls.close_notify()
    tls.recv_all()
    tls.fin()
    tls.sock.close()
    stop_and_go(run.pid)
    (tmp_path / "go").touch()
    assert run.wait() == 3


# kernels that lack something


class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("program", ctypes.c_char_p)]


LOAD, IS, GIVE = 0x20, 0x15, 0x06
ERRNO, ALLOW = 0x00050000, 0x7FFF0000
LANDLOCK, PR_SET_SECCOMP = 444, 22
PRCTL = {"x86_64": 157, "aarch64": 167}


def lacking(*, landlock=0, seccomp=0):
    """A function that makes the kernel, for what is executed next, one without them: the calls give these errors."""
    def give(code):
        return ERRNO | code if code else ALLOW
    program = b"".join(struct.pack("HBBI", *line) for line in [
        (LOAD, 0, 0, 0), (IS, 0, 1, LANDLOCK), (GIVE, 0, 0, give(landlock)),
        (IS, 0, 3, PRCTL[os.uname().machine]), (LOAD, 0, 0, 16), (IS, 0, 1, PR_SET_SECCOMP), (GIVE, 0, 0, give(seccomp)),
        (GIVE, 0, 0, ALLOW)])
    libc = ctypes.CDLL(None)
    wanted = Filter(len(program) // 8, program)

    def prepare():
        if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, 2, ctypes.byref(wanted), 0, 0):
            os._exit(99)
    return prepare


def has_landlock():
    return ctypes.CDLL(None).syscall(LANDLOCK, None, ctypes.c_size_t(0), 1) > 0


OLD = [
    ({"landlock": errno.ENOSYS}, "Landlock"),
    ({"landlock": errno.EOPNOTSUPP}, "Landlock"),
    ({"seccomp": errno.EINVAL}, "a system call filter (seccomp)"),
    ({"landlock": errno.ENOSYS, "seccomp": errno.EINVAL}, "Landlock, a system call filter (seccomp)"),
]


@pytest.mark.parametrize("lack, words", OLD)
def test_old_kernel_is_told_once_at_v2_and_does(link13, lack, words):
    if "landlock" not in lack and not has_landlock():
        pytest.skip("this kernel has no Landlock")
    run, tls = link13("-v2", "cat; exit 3", preexec_fn=lacking(**lack))
    echo(tls)
    tls.close_notify()
    tls.fin()
    assert run.wait() == 3
    lines = [line for line in run.stderr().splitlines() if "cage" in line]
    assert lines == [f"s6-tlsd: warning: {LACK}{words}"]


def test_old_kernel_is_not_worth_a_word_at_v1(link13):
    run, tls = link13("", "cat", preexec_fn=lacking(landlock=errno.ENOSYS, seccomp=errno.EINVAL))
    echo(tls)
    tls.close_notify()
    tls.fin()
    assert run.wait() == 0
    assert run.stderr() == ""


def test_what_is_left_of_the_cage_is_there_on_an_old_kernel(link13):
    run, tls = link13("", "cat", preexec_fn=lacking(landlock=errno.ENOSYS, seccomp=errno.EINVAL))
    echo(tls)
    assert limits(run.pid)["Max open files"] == ("5", "5")
    assert status(run.pid)["NoNewPrivs"] == "1"


def test_cage_that_fails_though_the_kernel_has_it_is_111(launch):
    """No memory for the filter: an engine that runs without is what somebody might want."""
    run = launch.tlsd("", "echo started >&2", preexec_fn=lacking(seccomp=errno.ENOMEM))
    assert run.wait() == 111
    assert "unable to enter the cage" in run.stderr() and "started" not in run.stderr()
    assert run.left() == []
