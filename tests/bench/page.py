"""page: puts what was measured into docs/benchmarks.md, around what is written there by hand."""

from pathlib import Path


def put(file: Path, begin, end, text):
    """The text takes the place of what stands between the two lines."""
    before, _, rest = file.read_text().partition(begin)
    file.write_text(f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}")
