"""page: puts what was measured into docs/benchmarks.md, around what is written there by hand."""

from pathlib import Path


def put(file: Path, begin, end, text):
    """The text takes the place of what stands between the two lines."""
    before, _, rest = file.read_text().partition(begin)
    file.write_text(f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}")


def table(unit, rows):
    """rows: pairs of a label and a dictionary of values by kind, the same kinds in each; their sum comes last."""
    kinds = list(rows[0][1])
    lines = [f"| {unit} | " + " | ".join([*kinds, "sum"]) + " |", "| --- |" + " ---: |" * (len(kinds) + 1)]
    for label, values in rows:
        lines.append(f"| {label} | " + " | ".join(f"{value:.0f}" for value in [*values.values(), sum(values.values())]) + " |")
    return "\n".join(lines)
