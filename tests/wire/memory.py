"""memory: reads another process's memory as root, and knows what a private key looks like in it.
Changes nothing there."""

import base64
import re
from dataclasses import dataclass
from pathlib import Path

from harness import stat
from pki import openssl

PIECE = 16


@dataclass
class Mapping:
    start: int
    data: bytes
    name: str
    flags: set


def mappings(pid):
    """What is readable, with the flags that smaps shows ("dd": not dumped, "lo": locked)."""
    text = Path(f"/proc/{pid}/smaps").read_text()
    found = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for part in re.split(r"\n(?=[0-9a-f]+-[0-9a-f]+ )", text):
            head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (r?).{19,}?\d+ *(\S*)\n", part)
            flags = set(re.search(r"VmFlags:(.*)", part)[1].split())
            start, end = int(head[1], 16), int(head[2], 16)
            if head[3] and head[4] not in ("[vvar]", "[vsyscall]", "[vvar_vclock]"):
                found.append(Mapping(start, read_all(mem, start, end), head[4], flags))
    return found


def read_all(mem, start, end):
    data = b""
    try:
        mem.seek(start)
        while len(data) < end - start:
            more = mem.read(end - start - len(data))
            if not more:
                break
            data += more
    except OSError:
        pass  # the end of the file that is mapped
    return data


def where(pid, needles):
    """The mappings that hold one of the needles, each with the names of those."""
    found = []
    for mapping in mappings(pid):
        names = {name for name, needle in needles.items() if needle in mapping.data}
        if names:
            found.append((mapping, names))
    return found


def held(pid, needles):
    """The names of the needles that are somewhere in the memory of a process."""
    return set().union(*(names for _, names in where(pid, needles)))


def der_numbers(data):
    """The INTEGERs and OCTET STRINGs of a DER SEQUENCE, as bytes without a leading 0."""
    def element(at):
        length, at = data[at + 1], at + 2
        if length > 127:
            size = length & 127
            length, at = int.from_bytes(data[at:at + size], "big"), at + size
        return at, at + length
    at, end = element(0)
    while at < end:
        tag, (start, stop) = data[at], element(at)
        if tag in (2, 4):
            yield data[start:stop].lstrip(b"\0")
        at = stop


def secret_numbers(key):
    """name -> bytes of each secret number of a PEM file, big-endian."""
    pkcs8 = openssl("pkey", "-in", key, "-outform", "DER")
    if b"\x2b\x65\x70" in pkcs8[:16]:
        return {"seed": pkcs8[-32:]}
    numbers = list(der_numbers(openssl("pkey", "-in", key, "-traditional", "-outform", "DER")))
    names = [None, None, None, "d", "p", "q", "dp", "dq", "qinv"] if len(numbers) > 3 else [None, "d"]
    return {name: number for name, number in zip(names, numbers) if name}


def pem_lines(key, number):
    """The lines of a PEM file that hold a good part of a number."""
    der = openssl("pkey", "-in", key, "-outform", "DER")
    at = der.index(number)
    for line in key.read_bytes().splitlines():
        piece = b"" if line.startswith(b"-") else base64.b64decode(line)
        start = der.find(piece) if piece else -1
        if start >= 0 and min(start + len(piece), at + len(number)) - max(start, at) >= 12:
            yield line


def needles(key):
    """name -> bytes, for all that would give a key away: pieces of its numbers as they are in DER, the same in words
    of a little-endian machine, and its PEM."""
    found = {}
    for name, number in secret_numbers(key).items():
        for at in {0, len(number) // 2 - PIECE // 2, len(number) - PIECE}:
            piece = number[at:at + PIECE]
            found[f"{name} {at}"] = piece
            found[f"{name} {at} reversed"] = piece[::-1]
        for i, line in enumerate(pem_lines(key, number)):
            found[f"{name} PEM {i}"] = line
    return found


def children(pid):
    """The pids of a process's children, those too that have not been reaped."""
    alive = {int(path.name): stat(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()}
    return {child for child, seen in alive.items() if seen and seen["ppid"] == pid}
