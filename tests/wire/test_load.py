"""Many connections under a real super-server: every answer whole, no stall, nothing left behind."""

import socket
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


def fetch(port, ctx, request=b""):
    """The whole answer of one connection, to a client with Nagle's algorithm, and how long it took."""
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as sock:
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
