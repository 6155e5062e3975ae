#!/usr/bin/python3
"""messages: prints the pieces that the programs' messages are made of, as they stand in core/ and applets/: each string in a
call that says something, and each string elsewhere that has words in it. docs/messages.md explains them; a test compares."""

import re
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
# What says something, or takes a part of what is to be said.
SAYS = re.compile(r"\b(?:strerr_\w+|say_fatal\w*|say_debug|fatal(?:_sys)?|debug|engine_fail\w*|fail_\w+|check_fail|check_warn|"
                  r"die(?:_sys)?|refuse|failed|invalid|"
                  r"unreadable|not_set|add_names?|add_time|add_number|add_text)\(")
# What is no message on stderr: what --help and --version of the binary print; parts of formats that have no words; the
# text of an #error, a name of a variable that is looked up, and names that are no text.
OTHER = re.compile(r"^keys for tickets$|^s6-tls session ticket|^lists have room$|"
                   r"usage: |  (?:print|make) | applet \[| at (?:build|run)|^skalibs $|%s|^the cage knows|^TCPREMOTEIP$")
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')


def code(path):
    """A source without comments and without lines of the preprocessor, but for definitions of text."""
    text = re.sub(r"/\*.*?\*/", " ", path.read_text(), flags=re.S).replace("'\"'", "0")
    return re.sub(r"^[ \t]*#[ \t]*(?!define).*$", "", text, flags=re.M)


def end_of_call(text, at):
    """The place behind the parenthesis that closes the one before at."""
    depth = 1
    for found in re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|[()]').finditer(text, at):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if not depth:
            return found.end()
    return len(text)


def is_text(literal):
    return re.search(r"[a-z]{2,} |^ [a-z]{2,}| [a-z]{2,}$", literal)


def pieces_of(path):
    text = re.sub(r'(?<![\'"\\])"\s+"', "", code(path)).replace('SELF "', '"s6-tls') # strings that stand together are one
    found = {literal for literal in LITERAL.findall(text) if is_text(literal)}
    for call in SAYS.finditer(text):
        found |= set(LITERAL.findall(text[call.end():end_of_call(text, call.end())]))
    return {piece for piece in found if re.search(r"[A-Za-z]{2}", piece) and not OTHER.search(piece)}


def pieces():
    """{piece: the files that have it}"""
    found = {}
    for path in sorted(path for folder in ("core", "applets") for path in (TOP / folder).rglob("*.[ch]")):
        for piece in pieces_of(path):
            found.setdefault(piece.replace("\\n", ""), []).append(str(path.relative_to(TOP)))
    return found


if __name__ == "__main__":
    for piece, files in sorted(pieces().items()):
        print(f"{piece!r} {' '.join(files)}")
