#!/usr/bin/python3
"""picture: writes the SVG of a picture that is a text; docs/layout.txt says how such a text is written. The same text gives the
same bytes everywhere: no font is measured."""

import sys
from html import escape
from pathlib import Path

KINDS = {"plain": ("#f4f4f0", "#888888", ""), "open": ("#e8f0fb", "#3b6ea8", ""), "caged": ("#fdf0e0", "#b36b00", "7 3")}
TEXT = 'font-family="DejaVu Sans, Verdana, sans-serif" fill="#222222"'
LINE = 16


class Box:
    def __init__(self, x, y, width, height, kind):
        self.x, self.y, self.width, self.height = (int(n) for n in (x, y, width, height))
        self.kind, self.right, self.bottom = kind, int(x) + int(width), int(y) + int(height)
        self.middle = self.x + self.width // 2, self.y + self.height // 2

    def svg(self, lines):
        fill, stroke, dash = KINDS[self.kind]
        yield (f'<rect x="{self.x}" y="{self.y}" width="{self.width}" height="{self.height}" rx="6" fill="{fill}" '
               f'stroke="{stroke}" stroke-width="2"{f" stroke-dasharray={chr(34)}{dash}{chr(34)}" if dash else ""}/>')
        top = self.middle[1] - (len(lines) - 1) * LINE // 2 + 5
        for n, line in enumerate(lines):
            yield text(self.middle[0], top + n * LINE, line, "middle", "bold" if n == 0 else "normal")


def text(x, y, line, anchor, weight="normal", size=12):
    return f'<text x="{x}" y="{y}" {TEXT} font-size="{size}" font-weight="{weight}" text-anchor="{anchor}">{escape(line)}</text>'


def shared(low, high, other_low, other_high):
    """The middle of what two spans have in common, or None."""
    first, last = max(low, other_low), min(high, other_high)
    return (first + last) // 2 if first < last else None


def ends(a, b):
    """From side to side of two boxes: straight where they face each other, else from corner to corner."""
    y, x = shared(a.y, a.bottom, b.y, b.bottom), shared(a.x, a.right, b.x, b.right)
    if y is not None:
        return ((a.right, y), (b.x, y)) if a.right <= b.x else ((a.x, y), (b.right, y))
    if x is not None:
        return ((x, a.bottom), (x, b.y)) if a.bottom <= b.y else ((x, a.y), (x, b.bottom))
    return ((a.right - 20 if a.x < b.x else a.x + 20, a.bottom if a.y < b.y else a.y),
            (b.x + 20 if a.x < b.x else b.right - 20, b.y if a.y < b.y else b.bottom))


def connection(how, a, b, lines):
    (x1, y1), (x2, y2) = ends(a, b)
    start = ' marker-start="url(#tip)"' if how == "line" else ""
    dash = ' stroke-dasharray="4 4"' if how == "dashed" else ""
    yield (f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="#444444" stroke-width="1.5"{dash}{start} '
           'marker-end="url(#tip)"/>')
    x, y = (x1 + x2) // 2, (y1 + y2) // 2
    if y1 == y2: # above and below the line
        for n, line in enumerate(lines):
            yield text(x, y - 6 + n * 20, line, "middle", size=11)
    else: # beside it, on the free side of one that is aslant
        down = 4 if x1 == x2 else -8 if y1 < y2 else 16
        for n, line in enumerate(lines):
            yield text(x + 10, y + down + n * LINE, line, "start", size=11)


def things(source):
    """(words, lines of text) of each thing in the text."""
    found = []
    for line in source.splitlines():
        if line.startswith(" "):
            found[-1][1].append(line.strip())
        elif line and not line.startswith("#"):
            found.append((line.split(), []))
    return found


def svg(source):
    boxes, shapes, size = {}, [], ("0", "0")
    for (what, *words), lines in things(source):
        if what == "size":
            size = words
        elif what == "box":
            boxes[words[0]] = Box(*words[1:])
            shapes += boxes[words[0]].svg(lines)
        elif what == "note":
            shapes += [text(words[0], int(words[1]) + n * LINE, line, "start") for n, line in enumerate(lines)]
        else:
            shapes += connection(what, boxes[words[0]], boxes[words[1]], lines)
    width, height = size
    head = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">',
            '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" '
            'orient="auto-start-reverse"><path d="M0,0 L10,5 L0,10 z" fill="#444444"/></marker></defs>',
            '<rect width="100%" height="100%" fill="#ffffff"/>']
    return "\n".join([*head, *shapes, "</svg>", ""])


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.with_suffix(".svg").write_text(svg(path.read_text()))
