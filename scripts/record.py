#!/usr/bin/python3
"""record: runs the demo in a terminal of its own and writes docs/demo.cast of it, for asciinema's player, and docs/demo.svg, which
browsers show by themselves. `record.py svg` writes the second anew from the first. It changes nothing else."""

import fcntl
import json
import os
import pty
import re
import select
import struct
import sys
import termios
import time
from html import escape
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
CAST, SVG = TOP / "docs/demo.cast", TOP / "docs/demo.svg"
COLUMNS, COMMAND = 100, "sh scripts/demo"
LONGEST_PAUSE, LIMIT = 1.0, 600 # seconds


def run():
    """(seconds, text) of each piece of output; ends where the demo fails."""
    pid, fd = pty.fork()
    if not pid:
        os.chdir(TOP)
        os.execvp("sh", COMMAND.split())
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    start, events = time.monotonic(), []
    while select.select([fd], [], [], LIMIT)[0]:
        try:
            data = os.read(fd, 65536)
        except OSError: # the other end is closed
            break
        if not data:
            break
        events.append((time.monotonic() - start, data.decode(errors="replace")))
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code:
        sys.exit(f"record: the demo ended with {code}: {''.join(text for _, text in events)}")
    return events


def without_pauses(events):
    """Nobody wants to see the compiler work."""
    now = last = 0.0
    for at, text in events:
        now += min(at - last, LONGEST_PAUSE)
        last = at
        yield round(now, 3), text


def record():
    prompt = [(0.0, "$ "), *((0.04 * n, letter) for n, letter in enumerate(COMMAND, 8)), (1.2, "\r\n")]
    events = prompt + [(round(at + 1.2, 3), text) for at, text in without_pauses(run())] + [(6.0, "$ ")]
    events[-1] = (events[-2][0] + 2, "$ ")
    header = {"version": 2, "width": COLUMNS, "height": 24, "title": f"s6-tls: {COMMAND}"}
    lines = [json.dumps(header), *(json.dumps([round(at, 3), "o", text]) for at, text in events)]
    CAST.write_text("\n".join(lines) + "\n")


def screen(cast):
    """(seconds, text) of each line, as a terminal breaks them: a line is shown when its last byte has come."""
    lines, line, at = [], "", 0.0
    for at, _, text in map(json.loads, cast.splitlines()[1:]):
        for letter in re.sub("\r", "", text):
            if letter == "\n" or len(line) == COLUMNS:
                lines.append((at, line))
                line = ""
            line += letter.strip("\n")
    return [*lines, (at, line)]


def svg(cast):
    """Each line is hidden until its time; what knows no animation shows all."""
    lines = screen(cast)
    width, height = 16 + COLUMNS * 8, 24 + len(lines) * 18
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
           'xml:space="preserve">')
    yield ("<style>text { font: 13px monospace; fill: #e6e6e6; white-space: pre; animation: wait step-end }"
           " @keyframes wait { from { opacity: 0 } to { opacity: 0 } }</style>")
    yield '<rect width="100%" height="100%" rx="6" fill="#1b1f24"/>'
    for n, (at, line) in enumerate(lines):
        yield (f'<text x="8" y="{24 + n * 18}" textLength="{8 * len(line)}" style="animation-duration: {at:.2f}s">'
               f"{escape(line, quote=False)}</text>")
    yield "</svg>\n"


if __name__ == "__main__":
    if sys.argv[1:] != ["svg"]:
        record()
    SVG.write_text("\n".join(svg(CAST.read_text())))
