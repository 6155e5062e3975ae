"""SECURITY.md names the test that shows each claim: each has to be there."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
WORDS = re.findall(r"`(test_\w+(?:\.\w+)?)`", (TESTS.parent / "SECURITY.md").read_text())


def source(file):
    return (TESTS / ("unit" if file.endswith(".c") else "wire") / file).read_text()


def test_every_test_that_is_named_is_in_the_file_before_it():
    file = ""
    for word in WORDS:
        if "." in word:
            file = source(word)
        else:
            assert re.search(rf"^def {word}\(", file, re.M), word
    assert len(WORDS) > 20
