"""harness: starts an applet with its network fds connected to us, watches it through /proc, and ends it.
Says nothing about TLS: that is peer.py."""

import contextlib
import os
import select
import shlex
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path

from features import require_command, require_keys
from watch import SLOWNESS

PATIENCE = 20 * SLOWNESS
TICK = os.sysconf("SC_CLK_TCK")


def tcp_pair(host="127.0.0.1"):
    """Our end and the applet's end of a TCP connection."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener:
        ours = socket.create_connection(listener.getsockname()[:2], timeout=PATIENCE)
        theirs, _ = listener.accept()
    ours.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return ours, theirs


def reset(sock):
    """Ends a connection with RST, as a crashed peer does."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def read(fd, size):
    """Like os.read, but ends the test when nothing comes."""
    assert select.select([fd], [], [], PATIENCE)[0], "nothing to read"
    return os.read(fd, size)


class Pipes:
    """Our ends of two pipes, with as much of a socket's face as peer.Tls needs."""

    def __init__(self):
        (self.their_read, self.write), (self.read, self.their_write) = os.pipe(), os.pipe()

    def recv(self, size):
        return read(self.read, size)

    def sendall(self, data):
        while data:
            assert select.select([], [self.write], [], PATIENCE)[1], "nobody reads the pipe"
            data = data[os.write(self.write, data[:select.PIPE_BUF]):]

    def shutdown(self, _how):
        os.close(self.write)
        self.write = -1

    def close_theirs(self):
        os.close(self.their_read)
        os.close(self.their_write)

    def close(self):
        for fd in (self.read, self.write):
            if fd >= 0:
                os.close(fd)

    def fileno(self):
        return self.read


def eventually(condition, within=PATIENCE):
    """Waits until condition() is true; what it gave last."""
    until = time.monotonic() + within
    while not (value := condition()) and time.monotonic() < until:
        time.sleep(0.02)
    return value


def stat(pid):
    """State, parent, process group, session and CPU ticks of a process, or None when it is gone."""
    try:
        field = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return {"state": field[0], "ppid": int(field[1]), "pgrp": int(field[2]), "session": int(field[3]),
            "ticks": int(field[11]) + int(field[12])}


def is_over(pid):
    return (stat(pid) or {"state": "Z"})["state"] == "Z"


def fds_of(pid):
    """fd -> what it is open on."""
    found = {}
    for name in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            found[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
    return found


def status(pid):
    """/proc/PID/status as a dictionary."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def members(session):
    """The pids of the live processes of a session."""
    found = {int(name): stat(name) for name in os.listdir("/proc") if name.isdigit()}
    alive = {pid: seen for pid, seen in found.items() if seen and seen["state"] != "Z"}
    return {pid for pid, seen in alive.items() if seen["session"] == session}


class Run:
    """A running applet in a session of its own. sock: our end of its network."""

    def __init__(self, argv, env, sock, err, **popen):
        self.sock, self.err = sock, Path(err)
        with open(err, "wb") as log:
            options = {"stderr": log, "start_new_session": True, **popen}
            self.process = subprocess.Popen(argv, env=env, **options)
        self.pid = self.process.pid

    def wait(self, timeout=PATIENCE):
        """The exit code, -N for signal N; ends the test if there is none in time."""
        return self.process.wait(timeout)

    def alive(self):
        return self.process.poll() is None

    def stderr(self):
        return self.err.read_text(errors="backslashreplace")

    def processes(self):
        return members(self.pid)

    def prog(self):
        """The pid of prog: the child of the applet that has executed something else."""
        ours = os.readlink(f"/proc/{self.pid}/exe")

        def is_prog(pid):
            seen = stat(pid)
            return seen and seen["ppid"] == self.pid and exe(pid) not in (ours, "")

        return eventually(lambda: next(filter(is_prog, self.processes()), None), 5)

    def left(self, within=2):
        """The commands still running in the session after within seconds; [] as soon as there are none."""
        eventually(lambda: not self.processes(), within)
        return [comm(pid) for pid in self.processes()]

    def cpu(self, seconds):
        """CPU seconds that our own processes, prog excluded, burn while seconds pass."""
        mine = [pid for pid in self.processes() if comm(pid).startswith("s6-tls")]
        assert mine
        before = sum(stat(pid)["ticks"] for pid in mine)
        time.sleep(seconds)
        return (sum(stat(pid)["ticks"] for pid in mine) - before) / TICK

    def end(self):
        for pid in self.processes() | ({self.pid} if self.alive() else set()):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait(PATIENCE)
        for stream in filter(None, (self.process.stdin, self.process.stdout)):
            stream.close()
        if self.sock:
            self.sock.close()


def exe(pid):
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""


def comm(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def command(applet, opts, prog):
    """The argv of an applet; prog is a script for sh, or a list to be executed as it is."""
    return [applet, *shlex.split(opts), *(["sh", "-c", prog] if isinstance(prog, str) else prog)]


class Launcher:
    """Starts applets and other programs for one test, and ends them with it."""

    def __init__(self, directory, env):
        self.dir, self.env, self.runs = Path(directory), env, []

    def environment(self, changes):
        """The base environment with changes; None as a value removes the variable."""
        merged = {**self.env, **(changes or {})}
        made = {name: str(value) for name, value in merged.items() if value is not None}
        require_keys(made)
        return made

    def program(self, argv, env=None, sock=None, **popen):
        require_command(argv)
        err = self.dir / f"stderr.{len(self.runs)}"
        run = Run([str(word) for word in argv], self.environment(env), sock, err, cwd=self.dir, **popen)
        self.runs.append(run)
        return run

    def on_stdio(self, argv, env=None, net=None, **popen):
        """Starts argv as a super-server would: the connection on fds 0 and 1."""
        ours, theirs = net or tcp_pair()
        with theirs:
            return self.program(argv, env, ours, **{"stdin": theirs, "stdout": theirs, **popen})

    def on_fds(self, rfd, wfd, argv, env=None, closed="", **popen):
        """Starts argv with the connection on two other fds; closed: what the shell closes first, as 2>&-."""
        ours, theirs = tcp_pair()
        with theirs:
            fd = theirs.fileno()
            close = "" if fd in (rfd, wfd) else f"{fd}>&-"
            script = f'exec {rfd}<&{fd} {wfd}>&{fd}; exec "$@" {close} {closed}'
            argv = ["bash", "-c", script, "bash", *argv]
            return self.program(argv, env, ours, **{"pass_fds": (fd,), **popen})

    def tlsd(self, opts="", prog="cat", env=None, **more):
        return self.on_stdio(command("s6-tlsd", opts, prog), env, **more)

    def tlsc(self, opts="", prog="cat <&6 >&7", env=None, **more):
        return self.on_fds(6, 7, command("s6-tlsc", opts, prog), env, **more)

    def tlsc_on_stdio(self, opts="", prog="cat", env=None, **more):
        """s6-tlsc with all of its fds on 0 and 1, so that what serves behind s6-tlsd serves behind it."""
        return self.on_stdio(command("s6-tlsc", f"-6 0 -7 1 {opts}", prog), env, **more)

    def over_pipes(self, opts="", prog="cat", env=None):
        """s6-tlsd with a pipe for each direction of the network."""
        pipes = Pipes()
        run = self.program(command("s6-tlsd", opts, prog), env, pipes,
                           stdin=pipes.their_read, stdout=pipes.their_write)
        pipes.close_theirs()
        return run

    def end(self):
        for run in self.runs:
            run.end()
