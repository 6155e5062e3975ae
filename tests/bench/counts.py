"""counts: what is counted of a contender while it serves, and does not depend on the clock: its system calls and its
instructions. Must not know what is asked of it."""

import shutil
import tempfile
from pathlib import Path

from harness import eventually
from servers import Server


def in_front(under, argv, env):
    return [*under, *argv], env


def calls(contender, prog, act):
    """System calls of all its processes, prog too, while act(server) is done; None without strace."""
    if not shutil.which("strace"):
        return None
    with tempfile.NamedTemporaryFile() as counted:
        server = Server(lambda *asked: in_front(["strace", "-D", "-f", "-c", "-o", counted.name], *contender(*asked)), prog)
        act(server)
        server.end()
        lines = eventually(lambda: [line.split() for line in Path(counted.name).read_text().splitlines() if line.endswith(" total")])
        return int(lines[0][3])


def instructions(contender, prog, act):
    """In user space, of what speaks TLS and its children, but prog; None without valgrind, or where act comes to nothing, as
    with a cage."""
    if not shutil.which("valgrind"):
        return None
    with tempfile.TemporaryDirectory() as counted:
        under = ["valgrind", "--tool=callgrind", "--trace-children=yes", f"--trace-children-skip={prog[0]}",
                 f"--callgrind-out-file={counted}/%p"]
        server = Server(lambda *asked: contender(*asked, *under), prog)
        done = act(server)
        server.end()
        totals = [line.split()[1] for path in Path(counted).iterdir() for line in path.read_text().splitlines()
                  if line.startswith("totals:")]
        return sum(map(int, totals)) if done else None
