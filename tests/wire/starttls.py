"""starttls: a small mail server and a small mail client that start TLS by UCSPI-TLS, run as prog by the tests.

Arguments: "server" or "client", and the word that starts TLS, y or Y. After a Y the variables that came back are said
in the server's greeting and by the client."""

import os
import sys


class Wire:
    """Lines on two fds; a byte is read at a time, so that what follows STARTTLS stays where it is."""

    def __init__(self, rfd, wfd):
        self.rfd, self.wfd = rfd, wfd

    def say(self, line):
        os.write(self.wfd, line.encode() + b"\r\n")

    def hear(self):
        line = b""
        while not line.endswith(b"\n"):
            byte = os.read(self.rfd, 1)
            if not byte:
                sys.exit(f"cut after {line!r}")
            line += byte
        return line.decode().strip()


def variables(control):
    """The block that comes back after a Y: strings with a null byte behind each, and one more."""
    block = b""
    while not block.endswith(b"\0\0"):
        piece = os.read(control, 4096)
        if not piece:
            sys.exit(f"block cut after {block!r}")
        block += piece
    return dict(entry.partition("=")[::2] for entry in block.decode().split("\0") if "=" in entry)


def start_tls(word):
    """The connection under TLS, and what is known of it."""
    control = int(os.environ["SSLCTLFD"])
    os.write(control, word.encode())
    known = variables(control) if word == "Y" else {}
    os.close(control)
    return Wire(int(os.environ["SSLREADFD"]), int(os.environ["SSLWRITEFD"])), known


def serve(word):
    wire, secure = Wire(0, 1), ""
    wire.say("220 test ESMTP")
    while True:
        verb = wire.hear().upper().split(" ")[0]
        if verb == "EHLO":
            wire.say(f"250-test{secure}")
            wire.say("250 8BITMIME" if secure else "250 STARTTLS")
        elif verb == "STARTTLS":
            wire.say("220 go ahead")
            wire, known = start_tls(word)
            secure = f" under {known.get('SSL_PROTOCOL', 'TLS')}"
        elif verb == "DATA":
            wire.say("354 go ahead")
            while wire.hear() != ".":
                pass
            wire.say(f"250 taken{secure}")
        elif verb == "QUIT":
            wire.say("221 bye")
            return
        else:
            wire.say(f"250 {verb} taken{secure}")


def fetch(word):
    wire = Wire(6, 7)
    wire.hear()
    wire.say("STARTTLS")
    print(wire.hear())
    wire, known = start_tls(word)
    wire.say("EHLO me")
    print(wire.hear())
    print(known.get("SSL_PROTOCOL", "untold"))
    wire.hear()
    wire.say("QUIT")
    print(wire.hear())


if __name__ == "__main__":
    {"server": serve, "client": fetch}[sys.argv[1]](sys.argv[2])
