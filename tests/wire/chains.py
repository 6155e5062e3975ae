"""chains: a running s6-tlsserver, and the ways to start it and s6-tlsclient. Says nothing of what is expected."""

import socket
import subprocess

from features import needs
from harness import PATIENCE, command

TOOLS = "/usr/bin:/bin"  # a PATH without an applet

needs_super_server = needs("S6_TCPSERVER")
needs_tcp_client = needs("S6_TCPCLIENT")


class TlsServer:
    """s6-tlsserver on a port of its own. binary: what is started, by the applet's name unless it is the lone binary;
    before: the words in front of all that."""

    def __init__(self, launch, opts="", prog="cat", env=None, binary=None, before=()):
        argv = command("s6-tlsserver", f"-1 {opts} 127.0.0.1 0", prog)
        argv = [*before, *([binary] if binary else []), *argv]
        self.run = launch.program(argv, env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.port = int(self.run.process.stdout.readline())

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
