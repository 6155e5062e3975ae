"""Many connections under a real super-server: every answer whole, no stall, nothing left behind."""

import socket
import statistics
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import PATIENCE
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


def fetch(port, ctx, request=b"", nagle=1):
    """The whole answer of one connection, to a client with Nagle's algorithm or without, and how long it took."""
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, int(not nagle))
        tls = Tls(sock, ctx)
        tls.handshake()
        if request:
            tls.send(request)
        return tls.recv_all(), time.monotonic() - start


def test_a_thousand_connections_fifty_at_a_time_all_get_their_answer(server):
    run, port = server([], "printf", "answer")
    contexts = [context(version="1.2"), context(version="1.3")]
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda turn: fetch(port, contexts[turn % 2])[0], range(1000)))
    assert answers == [b"answer"] * 1000
    time.sleep(2)
    assert run.processes() == {run.pid}


def stall(first, second, rounds=60):
    """How much longer the second takes than the first, by the medians of their turns: a machine that is slow or busy is so
    for both. Each gives an answer and its seconds."""
    turns = [(first(), second()) for _ in range(rounds)]
    assert {answer for turn in turns for answer, _ in turn} == {b"answer"}
    one, other = (statistics.median(turn[which][1] for turn in turns) for which in (0, 1))
    return other - one


def test_one_connection_at_a_time_has_no_stall(server, version):
    """-D and -d of tcpserver are the caller's Nagle off and on."""
    ports = [server([nagle], "printf", "answer")[1] for nagle in ("-D", "-d")]
    ctx = context(version=version)
    assert stall(*[lambda port=port: fetch(port, ctx) for port in ports]) < 0.025


def test_client_that_speaks_first_has_no_stall(server, version):
    """With Nagle's algorithm its request waits until its Finished is acknowledged, and nothing else would tell it so at
    once."""
    port = server([], "head", "-c", "6")[1]
    ctx = context(version=version)
    assert stall(*[lambda nagle=nagle: fetch(port, ctx, b"answer", nagle) for nagle in (0, 1)]) < 0.025
