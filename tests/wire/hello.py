"""hello: ClientHellos made by hand, and what a server says to them. For what no client library would send.
Does no cryptography."""

import os
import struct
from dataclasses import dataclass

from features import require, require_group

X25519, P256, P384 = 29, 23, 24
GENERATOR = bytes.fromhex("046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                          "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
NAMES = {X25519: "X25519", P256: "P-256", P384: "P-384"}
SHARES = {X25519: b"\x09" + bytes(31), P256: GENERATOR}
GOOD_SUITES = [0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8]
SCHEMES = [0x0403, 0x0503, 0x0804, 0x0401, 0x0807]


def numbers(values):
    return b"".join(struct.pack(">H", value) for value in values)


def vector(size, data):
    """Data after its length in size bytes."""
    return len(data).to_bytes(size, "big") + data


def extension(kind, data):
    return numbers([kind]) + vector(2, data)


def sni(*names, kind=0):
    return extension(0, vector(2, b"".join(bytes([kind]) + vector(2, name) for name in names)))


def groups(*values):
    return extension(10, vector(2, numbers(values)))


def shares(*values):
    return extension(51, vector(2, b"".join(numbers([group]) + vector(2, SHARES[group]) for group in values)))


def usual(versions, offered=(X25519, P256, P384)):
    """The extensions that a server needs for a handshake."""
    found = [groups(*offered), extension(11, b"\x01\x00"), extension(13, vector(2, numbers(SCHEMES))),
             extension(0xFF01, b"\0"), extension(23, b"")]
    if 0x0304 in versions:
        ours = [group for group in offered if group in SHARES]
        found += [extension(43, vector(1, numbers(versions))), shares(*ours)]
    return found


def message(version="1.2", suites=GOOD_SUITES, extra=(), compression=b"\0", legacy=0x0303,
            offered=(X25519, P256, P384)):
    """A ClientHello's handshake message; version is the highest that it offers."""
    versions = [0x0304, 0x0303] if version == "1.3" else [0x0303]
    if version == "1.3":
        require_group([NAMES[group] for group in offered if group in SHARES])
    else:
        require("TLS12")
    body = numbers([legacy]) + os.urandom(32) + vector(1, os.urandom(32)) + vector(2, numbers(suites))
    body += vector(1, compression) + vector(2, b"".join([*extra, *usual(versions, offered)]))
    return b"\x01" + vector(3, body)


def records(handshake, size=16384):
    """Handshake bytes in records of at most size."""
    pieces = [handshake[at:at + size] for at in range(0, len(handshake), size)]
    return b"".join(b"\x16\x03\x01" + vector(2, piece) for piece in pieces)


@dataclass
class Reply:
    """What came back: the alert (level, description) if there was one, or what a ServerHello chose."""

    alert: tuple = None
    random: bytes = None
    suite: int = None
    compression: int = None
    version: int = None
    group: int = None


def receive(sock, size):
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def server_hello(body, reply):
    reply.random = body[6:38]
    at = 4 + 2 + 32
    at += 1 + body[at]
    reply.suite, reply.compression = struct.unpack_from(">HB", body, at)
    reply.version, at = 0x0303, at + 5
    while at + 4 <= len(body):
        kind, length = struct.unpack_from(">HH", body, at)
        if kind == 43:
            reply.version, = struct.unpack_from(">H", body, at + 4)
        if kind == 51:
            reply.group, = struct.unpack_from(">H", body, at + 4)
        at += 4 + length


def handshake_messages(data):
    while len(data) >= 4 and len(data) >= 4 + int.from_bytes(data[1:4], "big"):
        size = 4 + int.from_bytes(data[1:4], "big")
        yield data[:size]
        data = data[size:]


def answer(sock):
    """Reads a server's flight up to what Reply can tell."""
    reply, flight = Reply(), b""
    while True:
        kind, _, length = struct.unpack(">BHH", receive(sock, 5))
        body = receive(sock, length)
        if kind == 21:
            reply.alert = tuple(body)
            return reply
        flight += body if kind == 22 else b""
        for part in handshake_messages(flight):
            if part[0] == 2:
                server_hello(part, reply)
            if part[0] == 12:
                reply.group, = struct.unpack_from(">H", part, 5)
        if reply.group:
            return reply


def ask(sock, **what):
    """Sends a ClientHello and reads the answer."""
    sock.sendall(records(message(**what)))
    return answer(sock)
