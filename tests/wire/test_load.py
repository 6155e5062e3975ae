"""Many connections under a real super-server: every answer whole, no stall, nothing left behind."""

import os
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from features import needs
from harness import PATIENCE, eventually, status
from peer import Tls, context

pytestmark = pytest.mark.not_watched("speed is what is looked at")


@pytest.fixture
def server(launch):
    """server(opts, prog) -> its Run and its port: tcpserver with s6-tlsd and prog behind it."""
    def start(opts, *prog):
        argv = ["tcpserver", "-1", "-HRl0", "-c60", *opts, "127.0.0.1", "0", "s6-tlsd", *prog]
        run = launch.program(argv, stdout=subprocess.PIPE)
        with run.process.stdout as out:
            return run, int(out.readline())
    return start


def fetch(port, ctx, request=b""):
    """The whole answer of one connection, to a client with Nagle's algorithm, and how long it took."""
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as sock:
        tls = Tls(sock, ctx)
        tls.handshake()
        if request:
            tls.send(request)
        return tls.recv_all(), time.monotonic() - start


def without_stall(answers):
    """Delayed acknowledgements stall each connection for 40 ms; a busy machine some of them."""
    return sorted(seconds for _, seconds in answers)[len(answers) // 10] < 0.03


def test_a_thousand_connections_fifty_at_a_time_all_get_their_answer(server):
    run, port = server([], "printf", "answer")
    contexts = [context(version="1.2"), context(version="1.3")]
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda turn: fetch(port, contexts[turn % 2])[0], range(1000)))
    assert answers == [b"answer"] * 1000
    time.sleep(2)
    assert run.processes() == {run.pid}


@pytest.mark.parametrize("nagle", ["-D", "-d"])
def test_one_connection_at_a_time_has_no_stall(server, version, nagle):
    """-d and -D of tcpserver are the caller's Nagle on and off."""
    run, port = server([nagle], "printf", "answer")
    ctx = context(version=version)
    answers = [fetch(port, ctx) for _ in range(200)]
    assert {answer for answer, _ in answers} == {b"answer"}
    assert without_stall(answers)


def test_client_that_speaks_first_has_no_stall(server, version):
    """Its request waits until its Finished is acknowledged, and nothing else would tell it so at once."""
    run, port = server([], "head", "-c", "6")
    ctx = context(version=version)
    answers = [fetch(port, ctx, b"answer") for _ in range(50)]
    assert {answer for answer, _ in answers} == {b"answer"}
    assert without_stall(answers)


# ten thousand connections


class Trickle(threading.Thread):
    """Sends a byte on each of its connections by turns, until it is ended."""

    def __init__(self, connections):
        super().__init__(daemon=True)
        self.connections, self.sent, self.over = connections, 0, threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(0.05):
            for tls in self.connections:
                tls.send(b"x")
            self.sent += 1

    def end(self):
        self.over.set()
        self.join(PATIENCE)


def connect(port, ctx):
    tls = Tls(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE), ctx)
    return tls.handshake()


def hold(pid):
    """What the super-server has: fds, children, and memory in KiB."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return len(os.listdir(f"/proc/{pid}/fd")), len(children), int(status(pid)["VmRSS"].split()[0])


@needs("S6_TLSSERVER", "S6_TCPSERVER")
def test_ten_thousand_connections_beside_idle_and_trickling_ones_leave_nothing(launch):
    """5 times 2,000 handshakes, 100 at a time, while 200 connections idle and 50 trickle."""
    argv = ["s6-tlsserver", "-1", "-c", "400", "-C", "400", "--", "127.0.0.1", "0", "head", "-n", "1"]
    run = launch.program(argv, stdout=subprocess.PIPE)
    with run.process.stdout as out:
        port = int(out.readline())
    contexts = [context(version="1.2"), context(version="1.3")]
    answers = [fetch(port, contexts[turn % 2], b"answer\n")[0] for turn in range(20)]
    assert eventually(lambda: hold(run.pid)[1] == 0)
    before = hold(run.pid)
    held = [connect(port, contexts[turn % 2]) for turn in range(250)]
    trickle = Trickle(held[200:])
    with ThreadPoolExecutor(100) as pool:
        for _ in range(5):
            answers += pool.map(lambda turn: fetch(port, contexts[turn % 2], b"answer\n")[0], range(2000))
    trickle.end()
    assert answers == [b"answer\n"] * 10020
    assert hold(run.pid)[1] >= 250
    for tls in held:
        tls.send(b"\n")
    assert [tls.recv_all() for tls in held] == [b"\n"] * 200 + [b"x" * trickle.sent + b"\n"] * 50
    for tls in held:
        tls.sock.close()
    assert eventually(lambda: hold(run.pid)[:2] == before[:2])
    assert hold(run.pid)[2] <= before[2] + 256
