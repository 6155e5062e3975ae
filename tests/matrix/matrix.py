"""matrix: every foreign peer against our server and our client, a table of real handshakes with the body checked.

Argument: the file where the table is kept, which is compared, or written after --write. The binary is that of S6TLS_BIN,
as for all tests. Ends with "N passed, N failed"."""

import concurrent.futures
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "wire"))
sys.dont_write_bytecode = True

import peers  # noqa: E402
from harness import eventually  # noqa: E402
from pki import Pki, openssl  # noqa: E402

VERSIONS = ("1.2", "1.3")
KEYS = {"p256": "ECDSA P-256", "rsa": "RSA 2048", "ed25519": "Ed25519"}
ENDS = ("", "-S")
PATIENCE = 60
GREEN, RED = "yes", "**no**"
# its length, then so many bytes; lines, since gnutls-serv echoes lines
BODY = b"100000\n" + b"".join(os.urandom(500).hex().encode()[1:] + b"\n" for _ in range(100))


class Red(Exception):
    """Why a cell is red."""


class World:
    """What all cells share: certificates, the body, the applets."""

    def __init__(self, binary, directory):
        self.dir = directory
        self.www = directory / "www"
        self.www.mkdir()
        self.body = self.www / "body"
        self.body.write_bytes(BODY)
        (directory / "pki").mkdir()
        self.pki = Pki(directory / "pki")
        self.ca = self.pki.root().cert
        self.certs = {kind: self.pki.issue(key=kind) for kind in KEYS}
        for cert in self.certs.values():
            openssl("pkcs12", "-export", "-in", cert.cert, "-inkey", cert.key, "-passout", "pass:changeit", "-out",
                    cert.key.with_suffix(".p12"))
        applets = directory / "bin"
        applets.mkdir()
        shutil.copy(binary, applets / "s6-tls")
        subprocess.run([applets / "s6-tls", "--install", applets], check=True)
        self.env = {**os.environ, "PATH": f"{applets}:{os.environ['PATH']}:/usr/sbin", "CAFILE": str(self.ca)}
        peers.CLASSES = directory / "classes"
        subprocess.run(["javac", "-d", peers.CLASSES, *HERE.glob("*.java")], check=True, cwd=directory)

    def start(self, argv, log, env=None):
        with open(log, "wb") as err:
            return subprocess.Popen([str(word) for word in argv], env={**self.env, **(env or {})}, cwd=self.www,
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=err)


def stop(process):
    process.terminate()
    process.wait(PATIENCE)
    process.stdout.close()


def body_of(answer, raw):
    head, blank, body = answer.partition(b"\r\n\r\n")
    return body if raw and blank and b" 200 " in head.splitlines()[0] else answer


def check_body(answer, raw, said):
    body = body_of(answer, raw)
    if body != BODY:
        raise Red(f"{len(body)} bytes of {len(BODY)}: {said}")


def tail(log):
    return log.read_text(errors="replace")[-400:].strip()


def our_server(world, peer, key, version, ends, log):
    """The peer fetches from s6-tlsserver, which must tell the version that the peer was to speak."""
    argv = ["s6-tlsserver", "-1v", *([ends] if ends else []), "--", "127.0.0.1", "0", "busybox", "httpd", "-i", "-h", "."]
    server = world.start(argv, log, world.certs[key].env())
    try:
        port = server.stdout.readline().strip().decode()
        typed = peers.REQUEST if peer in peers.TYPED else None
        # gnutls-cli leaves at the end of its stdin, so its keyboard stays
        done = talk([str(word) for word in peers.CLIENTS[peer](port, world.ca, version)], typed, world)
        check_body(done.stdout, peer in peers.RAW, done.stderr.decode(errors="replace")[-400:] + tail(log))
        if not eventually(lambda: f"protocol=TLSv{version} " in log.read_text(errors="replace")):
            raise Red(f"not TLS {version}: {tail(log)}")
    finally:
        stop(server)


def talk(argv, typed, world):
    """Runs a client; what it types is typed at once, and its keyboard stays until it has ended by itself."""
    client = subprocess.Popen(argv, env=world.env, cwd=world.dir, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
    keyboard, client.stdin = client.stdin, None
    try:
        if typed:
            keyboard.write(typed)
            keyboard.flush()
        out, err = client.communicate(timeout=PATIENCE)
    except (subprocess.TimeoutExpired, BrokenPipeError) as error:
        client.kill()
        out, err = client.communicate()
        raise Red(f"{error}: {err.decode(errors='replace')[-400:]}") from None
    finally:
        keyboard.close()
    return subprocess.CompletedProcess(argv, client.returncode, out, err)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def await_port(server, peer, port):
    if peer in peers.PRINTING:
        return int(server.stdout.readline() or 0)
    return port if eventually(lambda: accepts(port)) else 0


FETCH = r"""printf 'GET /body HTTP/1.0\r\nHost: localhost\r\n\r\n' >&7; cat <&6"""
# a line at a time: gnutls-serv answers lines
ECHO = """while read -r line; do echo "$line" >&7; read -r answer <&6; echo "$answer"; done <body"""


def our_client(world, peer, key, version, ends, log):
    """s6-tlsclient fetches from the peer."""
    port = free_port()
    server = world.start(peers.SERVERS[peer](world.certs[key], version, world.body, port), log)
    said = log.with_suffix(".client")
    try:
        port = await_port(server, peer, port)
        prog = ECHO if peer in peers.ECHOING else FETCH
        argv = ["s6-tlsclient", "-v", *([ends] if ends else []), "--", "localhost", str(port), "sh", "-c", prog]
        with open(said, "wb") as err:
            done = subprocess.run(argv, env=world.env, cwd=world.www, stdin=subprocess.DEVNULL, check=False,
                                  stdout=subprocess.PIPE, stderr=err, timeout=PATIENCE)
        check_body(done.stdout, peer not in peers.ECHOING, tail(said) + tail(log))
        if done.returncode:
            raise Red(f"exit code {done.returncode}: {tail(said)}")
        if f"protocol=TLSv{version} " not in said.read_text(errors="replace"):
            raise Red(f"not TLS {version}: {tail(said)}")
    finally:
        stop(server)


def cell(world, side, what):
    """What stands in the table."""
    name = "-".join((side.__name__, *what)).replace(" ", "-")
    try:
        side(world, *what, world.dir / f"{name}.log")
        return GREEN
    except (Red, subprocess.SubprocessError, OSError) as error:
        print(f"FAILED {name}: {error}", flush=True)
        return RED


def rows(names):
    """A row for each peer and way of ending, a column for each key and version."""
    return {(peer, ends): [(peer, key, version, ends) for key in KEYS for version in VERSIONS]
            for peer in names for ends in ENDS}


def table(world, side, names, pool):
    cells = rows(names)
    running = {what: pool.submit(cell, world, side, what) for row in cells.values() for what in row}
    heads = [f"{name}, {version}" for name in KEYS.values() for version in VERSIONS]
    lines = [f"| | {' | '.join(heads)} |", f"| --- |{' --- |' * len(heads)}"]
    for (peer, ends), row in cells.items():
        label = f"{peer}, `{ends}`" if ends else peer
        lines.append(f"| {label} | {' | '.join(running[what].result() for what in row)} |")
    return "\n".join(lines) + "\n"


def main():
    *options, file = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="s6-tls-matrix.") as directory:
        Path(directory).chmod(0o755)
        world = World(os.environ["S6TLS_BIN"], Path(directory))
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            text = (HERE / "head.md").read_text()
            text += "\n## Clients against s6-tlsserver\n\n" + table(world, our_server, peers.CLIENTS, pool)
            text += "\n## s6-tlsclient against servers\n\n" + table(world, our_client, peers.SERVERS, pool)
    print(text)
    stale = "--write" not in options and Path(file).read_text() != text
    if stale:
        print(f"FAILED: this is not what stands in {file}; --write puts it there")
    else:
        Path(file).write_text(text)
    failed = text.count(RED) + stale
    print(f"{text.count(f'| {GREEN} ') } passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
