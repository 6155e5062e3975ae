"""The limits in time: of the handshake, of silence, and of waiting for a peer that never closes.
Every bound from above is generous, for a busy machine; every bound from below is the promise."""

import contextlib
import socket
import time

import pytest

from harness import PATIENCE, eventually
from watch import SLOWNESS

SLACK = 6


def seconds_until_exit(run):
    start = time.monotonic()
    run.wait()
    return time.monotonic() - start


def test_silent_peer_ends_the_handshake_after_K(link):
    run, _ = link.start("-K 500")
    assert 0.3 < seconds_until_exit(run) < SLACK
    assert run.wait() == 98
    assert run.stderr().startswith(f"{link.side}: fatal: ")


def test_trickling_peer_ends_the_handshake_after_K(link):
    """No byte may start the clock again: one comes each tenth of a second, of a record never whole."""
    run, tls = link.start("-K 700", "echo started >&2")
    start = time.monotonic()
    for byte in b"\x16\x03\x03\x3f\xff\x01\x00\x3f\xfb" + bytes(51):
        if not run.alive():
            break
        with contextlib.suppress(ConnectionError):
            tls.sock.send(bytes([byte]))
        time.sleep(0.1)
    assert 0.5 < time.monotonic() - start < SLACK
    assert run.wait() == 98
    assert "started" not in run.stderr()


def test_silent_peer_under_I_alone_ends_the_handshake_too(link):
    """Idle in the handshake is 98."""
    run, _ = link.start("-I 500")
    assert 0.3 < seconds_until_exit(run) < SLACK
    assert run.wait() == 98


def test_no_limit_is_set_by_default_or_by_0(link):
    runs = [link.start(opts)[0] for opts in ("", "-K 0", "-K 0 -I 0")]
    time.sleep(1.5)
    assert all(run.alive() for run in runs)


def test_slow_prog_does_not_count_against_the_handshake_limit(link):
    run, tls = link("-K 2000 -I 0", "sleep 2.5; echo late; exit 3")
    assert tls.recv_all() == b"late\n"
    tls.fin()
    assert run.wait() == 3


@pytest.mark.parametrize("opts", ["-K 1500", "-I 1500", "-K 9000 -I 1500"])
def test_silence_closes_everything_with_prog_s_exit_code(link, opts):
    run, tls = link(opts, "cat; exit 3")
    assert 0.3 < seconds_until_exit(run) < SLACK
    assert run.wait() == 3
    tls.recv_all()
    assert tls.end
    assert run.left() == []


def test_I_0_takes_the_idle_limit_of_K_away(link):
    run, tls = link("-K 2000 -I 0", "cat; exit 3")
    time.sleep(2.5)
    tls.send(b"still here")
    assert tls.recv_exactly(10) == b"still here"


@pytest.mark.parametrize("prog", ["cat", "cat >/dev/null"])
def test_bytes_from_the_peer_put_idleness_off(link, prog):
    run, tls = link("-I 1200", prog)
    for _ in range(8):
        tls.send(b"x")
        time.sleep(0.3)
    assert run.alive()
    assert 0.5 < seconds_until_exit(run) < SLACK


def test_bytes_of_a_record_that_is_not_whole_put_idleness_off(link):
    run, tls = link("-I 1200", "cat")
    for byte in tls.seal(b"x")[:8]:
        tls.sock.send(bytes([byte]))
        time.sleep(0.3)
    assert run.alive()


def test_bytes_from_prog_put_idleness_off(link):
    run, tls = link("-I 1200", "for i in 1 2 3 4 5 6 7 8; do echo x; sleep 0.3; done; exec cat")
    assert tls.recv_exactly(16) == b"x\n" * 8
    assert run.alive()
    assert 0.5 < seconds_until_exit(run) < SLACK


def test_peer_that_reads_no_more_is_idle(link):
    run, _ = link("-I 800", ["yes"])
    assert seconds_until_exit(run) < SLACK * SLOWNESS  # first what the sockets hold, megabytes, is encrypted
    assert run.wait() == 128 + 13
    assert run.left() == []


def test_peer_that_reads_no_more_from_a_pipe_is_idle(launch, ends):
    """A pipe may be blocking: a write to it must not hold everything up."""
    run = launch.over_pipes("-I 800", ["yes"])
    ends(run).handshake()
    assert seconds_until_exit(run) < SLACK
    assert run.wait() == 128 + 13


def test_prog_that_reads_no_more_is_idle(link):
    run, tls = link("-I 800", "sleep 3; exit 3")
    tls.sock.settimeout(0.2)
    with pytest.raises((TimeoutError, ConnectionError)):
        while True:
            tls.sock.sendall(tls.seal(b"x" * 16384))
    assert run.wait() == 3


def test_prog_that_ignores_eof_is_awaited_after_idleness(link):
    """The network is closed at once, the exit code comes when prog does."""
    run, tls = link("-I 500", "sleep 2; exit 3")
    tls.recv_all()
    assert tls.end
    assert run.alive()
    assert run.wait() == 3


@pytest.mark.parametrize("version", ["1.3"], indirect=True)
def test_half_closed_connection_is_not_lingering(link, tmp_path):
    """A living prog may be sent to for longer than any wait after the end."""
    run, tls = link("", "exec 1>&-; cat >got; exit 3")
    assert tls.recv_all() == b""
    time.sleep(6.5)
    tls.send(b"late")
    tls.fin()
    assert run.wait() == 3
    assert (tmp_path / "got").read_text() == "late"


@pytest.mark.parametrize("version", ["1.3"], indirect=True)
def test_slow_answer_to_a_half_closed_peer_is_not_lingering(link):
    run, tls = link("", "cat >/dev/null; sleep 6.5; echo late; exit 3")
    tls.fin()
    assert tls.recv_all() == b"late\n"
    assert run.wait() == 3


@pytest.mark.parametrize("opts", ["", "-S"])
def test_peer_that_never_closes_is_left_after_five_seconds(link13, opts):
    run, tls = link13(opts, "echo done; exit 3")
    assert tls.recv_all() == b"done\n"
    assert 4 < seconds_until_exit(run) < 5 + SLACK
    assert run.wait() == 3


def test_bytes_from_the_peer_put_the_end_of_lingering_off(link13):
    run, tls = link13("", "echo done; exit 3")
    assert tls.recv_all() == b"done\n"
    for _ in range(8):
        time.sleep(1)
        tls.send(b"x")
    assert run.alive()
    assert tls.after_end(0.1) != "reset"


def test_slow_reader_gets_all_of_it_long_after_prog_is_gone(launch, ends):
    """What is acknowledged is not silence: closing would answer the peer's bytes with a reset."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        ours = socket.socket()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        ours.settimeout(PATIENCE)
        ours.connect(listener.getsockname())
        theirs, _ = listener.accept()
    run = launch.tlsd("", "head -c 300000 /dev/zero", net=(ours, theirs))
    tls = ends(run)
    tls.handshake()
    for _ in range(8):
        time.sleep(1)
        tls.inc.write(ours.recv(4000))
    tls.send(b"are you still there?")
    assert len(tls.recv_all()) == 300000
    assert tls.end == "close_notify"


def test_pipes_do_not_linger(launch, ends):
    run = launch.over_pipes("", "echo done; exit 3")
    tls = ends(run)
    tls.handshake()
    assert tls.recv_all() == b"done\n"
    assert run.wait(4) == 3


def test_exit_does_not_wait_for_a_peer_that_has_closed(link):
    run, tls = link("", "cat; exit 3")
    tls.fin()
    assert run.wait(4) == 3


def test_no_zombie_waits_while_lingering(link13):
    run, tls = link13("", "echo done; exit 3")
    assert tls.recv_all() == b"done\n"
    assert eventually(lambda: len(run.processes()) == 1, 3)
