"""The bytes between the peer and prog: all of them, once, in order, whatever the two do with their ends; and
no busy waiting. How connections end is in test_closing.py."""

import fcntl
import os
import random
import re
import socket
import time

import pytest

from harness import Pipes, eventually, reset, stat, tcp_pair

NOISE = random.Random(6).randbytes(1 << 20)
MIB = 1 << 20


def noise(size):
    return (NOISE * (size // len(NOISE) + 1))[:size]


def test_answer_of_a_prog_that_exits_at_once_always_arrives(launch, ends):
    for turn in range(200):
        run = launch.tlsd("", ["printf", "answer"])
        tls = ends(run, ("1.2", "1.3")[turn % 2])
        tls.handshake()
        assert tls.recv_all() == b"answer"
        tls.sock.close()
        assert run.wait() == 0


def test_answer_arrives_although_the_peer_had_sent_what_nobody_reads(link):
    """Unread data in a closed socket would make the kernel send a reset, and the answer would be lost."""
    for _ in range(10):
        run, tls = link.start("", ["printf", "answer"])
        tls.handshake(flush=False)
        tls.sock.sendall(tls.seal(b"unread" * 5000))
        assert tls.recv_all() == b"answer"
        assert tls.after_end() == "fin"
        tls.sock.close()


def test_echo_of_16_mib_is_the_same_both_ways_at_once(link):
    run, tls = link("", "cat")
    data = noise(16 * MIB)
    assert tls.exchange(data) == data
    tls.fin()
    assert run.wait() == 0


def test_three_thousand_records_of_one_byte_are_the_same(link):
    run, tls = link("", "cat")
    data = noise(3000)
    assert tls.exchange(data, chunk=1) == data
    tls.fin()
    assert run.wait() == 0


def test_records_of_every_size_are_the_same(link):
    run, tls = link("", "cat")
    for size in (1, 2, 15, 16, 17, 255, 256, 4095, 4096, 4097, 16383, 16384, 16385, 65536, 65537, 100000):
        tls.send(noise(size))
        assert tls.recv_exactly(size) == noise(size)


def test_record_in_single_bytes_is_the_same(link):
    run, tls = link("", "cat")
    for byte in tls.seal(b"a slow record"):
        tls.sock.send(bytes([byte]))
        time.sleep(0.002)
    assert tls.recv_exactly(13) == b"a slow record"


def test_records_in_one_segment_all_arrive_without_another_event(link):
    """What the engine has decrypted already is followed by no readable socket."""
    run, tls = link("", "cat")
    tls.sock.sendall(b"".join(tls.seal(bytes([65 + i]) * 100) for i in range(20)))
    assert tls.recv_exactly(2000) == b"".join(bytes([65 + i]) * 100 for i in range(20))


def test_long_output_of_a_prog_that_is_gone_arrives_whole(link):
    run, tls = link("", "head -c 16777216 /dev/zero; exit 3")
    time.sleep(0.3)
    got = 0
    while data := tls.recv():
        got += len(data)
        assert not data.strip(b"\0")
    assert got == 16 * MIB
    tls.fin()
    assert run.wait() == 3


def test_long_input_arrives_whole_before_its_end(link, tmp_path):
    run, tls = link("", "sleep 0.3; cat >got; exit 3")
    tls.send(noise(8 * MIB))
    tls.close_notify()
    tls.fin()
    tls.recv_all()
    assert run.wait() == 3
    assert (tmp_path / "got").read_bytes() == noise(8 * MIB)


def test_slow_prog_and_slow_peer_slow_each_other_only(link):
    run, tls = link("", "while head -c 65536 | grep -c . >/dev/null; do sleep 0.01; done; echo end")
    tls.send(noise(2 * MIB))
    tls.fin()
    assert tls.recv_all() == b"end\n"


# prog's ends


def test_prog_that_closes_stdin_and_lives_still_answers(link):
    run, tls = link("", "exec 0<&-; sleep 0.5; echo answer; exit 3")
    tls.send(b"nobody reads this")
    time.sleep(0.2)
    tls.send(b"nor this")
    assert tls.recv_all() == b"answer\n"
    tls.fin()
    assert run.wait() == 3


def test_much_input_to_a_prog_that_closed_stdin_stops_nothing(link):
    run, tls = link("", "exec 0<&-; sleep 0.5; echo answer; exit 3")
    tls.send(noise(4 * MIB))
    assert tls.recv_all() == b"answer\n"
    tls.sock.close()
    assert run.wait() == 3


def test_prog_that_never_reads_can_still_write(link):
    run, tls = link("", "head -c 3000000 /dev/zero; exec sleep 60")
    tls.sock.setblocking(False)
    with pytest.raises(BlockingIOError):
        while True:
            tls.sock.send(tls.seal(b"x" * 16000))
    tls.sock.settimeout(20)
    assert len(tls.recv_exactly(3000000)) == 3000000


def test_prog_that_never_reads_and_exits_ends_the_connection(link):
    run, tls = link("", "sleep 0.3; echo answer; exit 3")
    tls.send(b"x" * 10000)
    assert tls.recv_all() == b"answer\n"
    tls.sock.close()
    assert run.wait() == 3


def test_prog_that_ignores_eof_is_awaited(link):
    run, tls = link("", "sleep 1; echo answer; exit 3")
    tls.fin()
    assert tls.recv_all() == b"answer\n"
    assert run.wait() == 3


def test_what_prog_wrote_before_it_was_killed_arrives(link):
    run, tls = link("", "head -c 300000 /dev/zero; kill -9 $$")
    assert len(tls.recv_all()) == 300000
    tls.fin()
    assert run.wait() == 137


def test_grandchild_that_holds_the_pipes_stops_nothing(link):
    run, tls = link("", "sleep 60 & head -c 300000 /dev/zero; exit 3")
    assert len(tls.recv_all()) == 300000
    tls.fin()
    assert run.wait(10) == 3


def test_what_a_grandchild_writes_after_prog_is_gone_is_not_sent(link):
    """What was in the pipe when prog went is its last word; the grandchild waits for room in it."""
    run, tls = link("", "(sleep 0.6; echo late) & timeout 0.3 cat /dev/zero; exit 3")
    time.sleep(1)
    got = b""
    while data := tls.recv():
        got += data
        time.sleep(0.001)
    assert len(got) > 65536 and not got.strip(b"\0")
    tls.fin()
    assert run.wait() == 3


def test_prog_killed_while_idle_is_noticed(link):
    run, tls = link("", ["sleep", "60"])
    os.kill(run.prog(), 9)
    assert tls.recv_all() == b""
    tls.fin()
    assert run.wait(5) == 137


def test_prog_s_exit_is_noticed_while_the_peer_is_idle(link):
    run, tls = link("", "head -c 1; exit 3")
    tls.send(b"x")
    assert tls.recv_all() == b"x"
    tls.sock.close()
    assert run.wait(5) == 3


def test_stopped_and_continued_prog_goes_on(link):
    run, tls = link("", "kill -STOP $$; echo answer")
    stopped = eventually(lambda: [pid for pid in run.processes() if (stat(pid) or {}).get("state") == "T"], 5)
    assert stopped and run.alive()
    os.kill(stopped[0], 18)
    assert tls.recv_all() == b"answer\n"


def test_stopped_and_continued_engine_goes_on(link):
    run, tls = link("", "cat")
    for _ in range(3):
        os.kill(run.pid, 19)
        tls.send(b"x")
        time.sleep(0.1)
        os.kill(run.pid, 18)
        assert tls.recv_exactly(1) == b"x"


# rekeying and renegotiation


@pytest.mark.parametrize("version", ["1.3"], indirect=True)
def test_key_updates_while_both_directions_are_full(link):
    run, tls = link("", "cat")
    data = noise(4 * MIB)
    assert tls.exchange(data, every=lambda tls, sent: tls.key_update(ask=True)) == data
    tls.fin()
    assert run.wait() == 0


@pytest.mark.parametrize("version", ["1.3"], indirect=True)
@pytest.mark.parametrize("ask", [True, False])
def test_key_update_of_an_idle_connection(link, ask):
    run, tls = link("", "cat")
    for _ in range(5):
        tls.key_update(ask)
        tls.flush()
        tls.send(b"x")
        assert tls.recv_exactly(1) == b"x"


@pytest.mark.parametrize("version", ["1.3"], indirect=True)
def test_key_update_alone_is_answered(link):
    """The answer may not wait for the next data of prog."""
    run, tls = link("", ["sleep", "60"])
    tls.read_decrypted()
    tls.sock.settimeout(0.3)
    try:
        while tls.fill():
            tls.read_decrypted()
    except TimeoutError:
        pass
    tls.sock.settimeout(5)
    tls.key_update(ask=True)
    tls.flush()
    assert tls.fill()


@pytest.mark.parametrize("version", ["1.3"], indirect=True)
def test_thousands_of_key_updates_from_a_peer_that_reads_nothing(link):
    run, tls = link("", "cat")
    flight = b""
    for _ in range(2000):
        tls.key_update(ask=True)
        flight += tls.out.read()
    tls.sock.sendall(flight)
    tls.send(b"still here")
    assert tls.recv_exactly(10) == b"still here"


@pytest.mark.parametrize("version", ["1.2"], indirect=True)
@pytest.mark.parametrize("side", ["s6-tlsd"], indirect=True)
def test_renegotiation_is_refused_with_98(link):
    run, tls = link("", "cat; exit 7")
    tls.send(b"x")
    assert tls.recv_exactly(1) == b"x"
    tls.renegotiate()
    tls.recv_all()
    assert tls.end
    tls.sock.close()
    assert run.wait() == 98


# network fds of every kind


def test_network_may_be_pipes(launch, ends, version):
    run = launch.over_pipes("", "cat; exit 3")
    tls = ends(run, version)
    tls.handshake()
    for size in (1, 100, 10000):
        tls.send(noise(size))
        assert tls.recv_exactly(size) == noise(size)
    tls.close_notify()
    tls.fin()
    assert tls.recv_all() == b""
    assert run.wait() == 3


def test_half_close_of_a_pipe_is_close(launch, ends, version, tmp_path):
    run = launch.over_pipes("", "echo done; exec 1>&-; cat >got; exit 3")
    tls = ends(run, version)
    tls.handshake()
    assert tls.recv_all() == b"done\n"
    assert tls.after_end() == "fin"
    tls.send(b"more")
    tls.close_notify()
    tls.fin()
    assert run.wait() == 3
    assert (tmp_path / "got").read_bytes() == b"more"


def test_vanished_reader_of_a_pipe_is_98(launch, ends):
    run = launch.over_pipes("", "sleep 0.3; cat /dev/zero; exit 3")
    tls = ends(run)
    tls.handshake()
    os.close(tls.sock.read)
    tls.sock.read = -1
    assert run.wait() == 98


class TwoSockets:
    """Two TCP connections, one for each direction."""

    def __init__(self):
        (self.write, self.their_read), (self.read, self.their_write) = tcp_pair(), tcp_pair()

    def __getattr__(self, name):
        return getattr(self.read if name in ("recv", "fileno") else self.write, name)

    def close(self):
        self.read.close()
        self.write.close()


def test_network_may_be_two_sockets(launch, ends, version):
    both = TwoSockets()
    with both.their_read, both.their_write:
        run = launch.program(["s6-tlsd", "sh", "-c", "cat; exit 3"], None, both,
                             stdin=both.their_read, stdout=both.their_write)
    tls = ends(run, version)
    tls.handshake()
    tls.send(noise(50000))
    assert tls.recv_exactly(50000) == noise(50000)
    tls.close_notify()
    tls.fin()
    assert tls.recv_all() == b""
    both.close()
    assert run.wait() == 3


def test_network_may_be_ipv6_or_unix(launch, ends):
    for net in (tcp_pair("::1"), socket.socketpair()):
        net[0].settimeout(20)
        run = launch.tlsd("", "cat", net=net)
        tls = ends(run)
        tls.handshake()
        tls.send(b"x")
        assert tls.recv() == b"x"


def test_nagle_is_off_whatever_the_caller_s_setting(link):
    """Small answers in a row must not wait for the peer's delayed acknowledgements."""
    ours, theirs = tcp_pair()
    with theirs.dup() as shared:
        run, tls = link("", "cat", net=(ours, theirs))
        assert shared.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("blocking", [True, False])
def test_network_fds_keep_their_blocking_mode(link, blocking):
    """The open file description may be shared with others."""
    ours, theirs = tcp_pair()
    shared = theirs.dup()
    theirs.setblocking(blocking)

    def mode():
        return not fcntl.fcntl(shared, fcntl.F_GETFL) & os.O_NONBLOCK

    with shared:
        run, tls = link("", "cat; exit 3", net=(ours, theirs))
        assert mode() == blocking
        assert tls.exchange(noise(MIB)) == noise(MIB)
        assert mode() == blocking
        tls.sock.shutdown(socket.SHUT_WR)
        assert run.wait() == 3
        assert mode() == blocking


@pytest.mark.parametrize("blocking", [True, False])
def test_pipes_keep_their_blocking_mode(launch, ends, blocking):
    pipes = Pipes()
    os.set_blocking(pipes.their_read, blocking)
    os.set_blocking(pipes.their_write, blocking)
    run = launch.program(["s6-tlsd", "sh", "-c", "cat; exit 3"], None, pipes,
                         stdin=pipes.their_read, stdout=pipes.their_write)
    tls = ends(run)
    tls.handshake()
    tls.send(noise(50000))
    assert tls.recv_exactly(50000) == noise(50000)
    assert os.get_blocking(pipes.their_read) == os.get_blocking(pipes.their_write) == blocking
    tls.close_notify()
    tls.fin()
    assert run.wait() == 3
    assert os.get_blocking(pipes.their_read) == os.get_blocking(pipes.their_write) == blocking
    pipes.close_theirs()


# no busy waiting

STATES = {
    "idle": ("cat", lambda tls: tls.send(b"x")),
    "prog closed stdout": ("exec 1>&-; sleep 60", lambda tls: tls.recv_all()),
    "prog closed stdin": ("exec 0<&-; sleep 60", lambda tls: tls.send(b"x")),
    "prog closed both": ("exec 0<&- 1>&-; sleep 60", lambda tls: tls.recv_all()),
    "prog closed both and the peer half-closed": ("exec 0<&- 1>&-; sleep 60",
                                                  lambda tls: (tls.recv_all(), tls.fin())),
    "the peer half-closed": ("sleep 60", lambda tls: tls.fin()),
    "the peer closed": ("sleep 60", lambda tls: tls.sock.close()),
    "the peer sent close_notify": ("sleep 60", lambda tls: tls.close_notify()),
    "the peer was reset": ("sleep 60", lambda tls: reset(tls.sock)),
    "prog reads nothing": ("sleep 60", lambda tls: overfill(tls)),
    "the peer reads nothing": ("cat /dev/zero", lambda tls: None),
    "neither reads": ("cat /dev/zero", lambda tls: overfill(tls)),
    "prog is gone and the peer stays": ("echo done", lambda tls: tls.recv_all()),
    "prog is gone and a grandchild has its pipes": ("sleep 60 & echo done", lambda tls: tls.recv_all()),
    "waiting for the rest of a record": ("cat", lambda tls: tls.sock.sendall(tls.seal(b"xxxx")[:-3])),
}


def overfill(tls):
    tls.sock.settimeout(0.3)
    with pytest.raises((TimeoutError, ConnectionError)):
        while True:
            tls.sock.sendall(tls.seal(b"x" * 16000))


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("version", ["1.3"], indirect=True)
def test_waiting_burns_no_cpu(link, state):
    prog, enter = STATES[state]
    run, tls = link("", prog)
    enter(tls)
    time.sleep(0.3)
    assert eventually(lambda: run.cpu(1) < 0.15) # what can still be sent is


def test_waiting_for_the_hello_burns_no_cpu(link):
    run, _ = link.start("", "cat")
    time.sleep(0.2)
    assert run.cpu(1) < 0.15


def private(pid):
    """KiB of memory that are a process's alone and not as a file has them."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return int(re.search(r"Private_Dirty: +(\d+)", file.read())[1])


@pytest.mark.not_watched("its memory is another program's")
def test_memory_of_what_has_moved_is_given_back_at_rest(link):
    run, tls = link("", f"head -c {MIB} /dev/zero; exec cat")
    busy = 0
    for _ in range(MIB // 16384):
        assert tls.recv_exactly(16384) == bytes(16384)
        busy = max(busy, private(run.pid))
    assert eventually(lambda: private(run.pid) <= busy - 40)
    tls.send(b"on we go")
    assert tls.recv_exactly(8) == b"on we go"
