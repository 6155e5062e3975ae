"""servers: what is measured, and what it is measured with. Must not measure."""

import atexit
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from harness import eventually
from pki import Pki

HERE = Path(__file__).resolve().parent
SETTLED = 0.3  # seconds until what ended has been reaped
HELD, AT_REST = 50, 2  # connections, seconds


def equip(directory):
    """The client, prog, and a key and certificate with P-256, into a folder."""
    for name, flags in (("client", ["-lssl", "-lcrypto"]), ("prog", ["-static"])):
        subprocess.run(["cc", "-O2", "-o", directory / name, HERE / f"{name}.c", *flags], check=True)
    cert = Pki(directory).issue()
    shutil.copy(cert.key, directory / "key.pem")
    shutil.copy(cert.cert, directory / "cert.pem")
    (directory / "both.pem").write_bytes(cert.cert.read_bytes() + cert.key.read_bytes())


def pair(directory):
    return {"KEYFILE": f"{directory}/key.pem", "CERTFILE": f"{directory}/cert.pem"}


def s6_tlsserver(binary, port, prog, under=()):
    """under: what runs s6-tlsd, which is then not s6-tlsserver's to start."""
    if under:
        return [binary, "s6-tcpserver", "-c", "1000", "-C", "1000", "127.0.0.1", str(port), *under, binary, "s6-tlsd", "-S", *prog]
    return [binary, "s6-tlsserver", "-S", "-c", "1000", "-C", "1000", "127.0.0.1", str(port), *prog]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def listens(port):
    """Without a connection, which would cost one."""
    line = f":{port:04X} "
    return any(line in row and " 0A " in row for row in Path("/proc/net/tcp").read_text().splitlines())


class Server:
    """A contender that serves prog on a port, until it is ended, or what measures it fails."""

    def __init__(self, contender, prog):
        self.port = free_port()
        argv, env = contender(self.port, prog)
        self.process = subprocess.Popen(argv, env={**os.environ, **env}, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        atexit.register(self.stop)
        if not eventually(lambda: listens(self.port), 20):
            sys.exit(f"{argv[0]} does not listen")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()

    def end(self):
        """Seconds of CPU that it took, with all that it waited for."""
        time.sleep(SETTLED)
        self.process.send_signal(signal.SIGTERM)
        _, _, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = 0
        return usage.ru_utime + usage.ru_stime


def memory(pid):
    """KiB of a process: its PSS, and what is private to it."""
    rows = dict(row.split(":", 1) for row in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    kib = {key: int(value.split()[0]) for key, value in rows.items()}
    return {"PSS": kib["Pss"], "private": kib["Private_Clean"] + kib["Private_Dirty"]}


@contextlib.contextmanager
def held(directory, port, count, mode="idle"):
    """So many connections, at rest."""
    with subprocess.Popen([directory / "client", str(port), mode, str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client:
        client.stdout.readline()
        time.sleep(AT_REST)
        yield
        client.stdin.close()
