"""tcp: what the tests of s6-tcpserver and s6-tcpclient share: a running super-server, listeners that behave in
their own ways, and namespaces with files of their own. Says nothing of what is expected."""

import os
import select
import shlex
import signal
import socket
import subprocess
import threading

from harness import PATIENCE, command, eventually, stat

ROOT = os.geteuid() == 0


def connect(port, host="127.0.0.1", source=None):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family)
    made.settimeout(PATIENCE)
    if source:
        made.bind((source, 0))
    made.connect((host, port))
    return made


def all_of(sock):
    """What still comes until the other end closes; a reset is an end, too."""
    got = b""
    try:
        while data := sock.recv(65536):
            got += data
    except ConnectionResetError:
        pass
    return got


def variables(text):
    """The output of env as a dictionary."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


class Server:
    """A running s6-tcpserver on a port of its own, and connections to it."""

    def __init__(self, launch, opts="", prog="cat", ip="127.0.0.1", prefix=(), **more):
        argv = command("s6-tcpserver", f"-1 {opts}", [ip, "0"])
        argv += ["sh", "-c", prog] if isinstance(prog, str) else prog
        self.run = launch.program([*prefix, *argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, **more)
        self.ip, self.pid, self.socks = ip, self.run.pid, []
        self.announced = self.run.process.stdout.readline()
        self.port = int(self.announced) if self.announced.strip() else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for sock in self.socks:
            sock.close()

    def connect(self, **more):
        made = connect(self.port, more.pop("host", self.ip), **more)
        self.socks.append(made)
        return made

    def children(self):
        """The pids of its children, zombies too."""
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
        return {pid for pid in pids if (seen := stat(pid)) and seen["ppid"] == self.pid}

    def served(self, count):
        """Waits until it has so many children; whether it has."""
        return eventually(lambda: len(self.children()) == count, 10)

    def says(self, text):
        """Waits until it has printed this."""
        return eventually(lambda: text in self.run.stderr())

    def fds(self):
        return sorted(map(int, os.listdir(f"/proc/{self.pid}/fd")))

    def signal(self, number):
        os.kill(self.pid, number)


def echoes(sock, data=b"hello"):
    """Whether a cat is at the other end."""
    sock.sendall(data)
    got = b""
    while len(got) < len(data) and (more := sock.recv(65536)):
        got += more
    return got == data


def is_silent(sock, seconds=0.5):
    """Whether nothing comes, not even an end, for so long."""
    return not select.select([sock], [], [], seconds)[0]


class Refusal:
    """A port where connections are refused, and that nobody else can take."""

    def __init__(self, ip="127.0.0.1"):
        self.sock = socket.socket()
        self.sock.bind((ip, 0))
        self.port = self.sock.getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()


class BlackHole:
    """A port where SYNs are not answered: a listener whose queue is full and that accepts nobody."""

    def __init__(self, ip, port=0):
        self.listener = socket.create_server((ip, port), backlog=0)
        self.port = self.listener.getsockname()[1]
        self.fill = []
        for _ in range(4):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex((ip, self.port))
            self.fill.append(sock)
        waiting = [sock for sock in self.fill if not select.select([], [sock], [], 0.2)[1]]
        assert waiting, "this kernel answers although the queue is full"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for sock in [self.listener, *self.fill]:
            sock.close()


class Service(threading.Thread):
    """A listener of the test's own: each connection, one after the other, is given to serve(sock, peer)."""

    def __init__(self, serve, ip="127.0.0.1", port=0):
        super().__init__(daemon=True)
        self.serve, self.listener = serve, socket.create_server((ip, port))
        self.port = self.listener.getsockname()[1]
        self.seen = []

    def run(self):
        while True:
            try:
                sock, peer = self.listener.accept()
            except OSError:
                return
            self.seen.append(peer)
            with sock:
                sock.settimeout(PATIENCE)
                try:
                    self.serve(sock, peer)
                except OSError:
                    pass

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.join(PATIENCE)


class Dns(threading.Thread):
    """A name server on UDP port 53 of ip: addresses is name -> IPv4 address; names that are not there do not
    exist, and the value None is never answered."""

    def __init__(self, ip, addresses):
        super().__init__(daemon=True)
        self.sock = socket.socket(type=socket.SOCK_DGRAM)
        self.sock.bind((ip, 53))
        self.addresses, self.asked = addresses, []

    @staticmethod
    def name_in(query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
            at += 1 + query[at]
        return ".".join(labels), at + 5, int.from_bytes(query[at + 1:at + 3], "big")

    def answer(self, query):
        name, end, kind = self.name_in(query)
        self.asked.append(name)
        known = name in self.addresses
        if known and self.addresses[name] is None:
            return None
        answers = [self.addresses[name]] if known and kind == 1 else []
        flags = b"\x81\x80" if known else b"\x81\x83"
        head = query[:2] + flags + b"\0\1" + len(answers).to_bytes(2, "big") + bytes(4)
        records = [b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + socket.inet_aton(a) for a in answers]
        return head + query[12:end] + b"".join(records)

    def run(self):
        while True:
            query, peer = self.sock.recvfrom(4096)
            if query == b"end":
                return
            if reply := self.answer(query):
                self.sock.sendto(reply, peer)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        with socket.socket(type=socket.SOCK_DGRAM) as poke:
            poke.sendto(b"end", self.sock.getsockname())
        self.join(PATIENCE)
        self.sock.close()


def with_files(directory, **files):
    """The words before a command that has these files of its own: hosts="…", resolv_conf="…"."""
    script = ""
    for name, text in files.items():
        own = directory / name
        own.write_text(text)
        script += f"mount --bind {shlex.quote(str(own))} /etc/{name.replace('_', '.')} && "
    return ["unshare", "-m", "sh", "-c", script + 'exec "$@"', "sh"]


def can_unshare():
    return ROOT and subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0


def deaf_to(*signals):
    """For Popen: the caller ignores these, and blocks SIGUSR1."""
    def set_up():
        for number in signals:
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    return set_up
