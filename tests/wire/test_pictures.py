"""The pictures of README.md: that they are those of their sources, and the recording one of the demo as it is."""

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from features import TOP

sys.path.append(str(TOP / "scripts"))
import picture
import record

DOCS = TOP / "docs"
LAYOUT = (DOCS / "layout.txt").read_text()


def texts(svg):
    return [element.text for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_layout_is_that_of_its_text():
    assert (DOCS / "layout.svg").read_text() == picture.svg(LAYOUT)


def test_layout_has_every_line_of_its_text_and_every_process_of_security_md():
    shown = texts((DOCS / "layout.svg").read_text())
    assert shown == [line.strip() for line in LAYOUT.splitlines() if line.startswith(" ")]
    part = (TOP / "SECURITY.md").read_text().split("## The processes of one connection")[1].split("They are forks")[0]
    processes = re.findall(r"^\| ([a-z ]+?)(?: \(.*?\))? \|", part, re.M)[1:]
    assert len(processes) == 4 and all(any(line.startswith(name) for line in shown) for name in processes)


def test_lines_of_the_layout_fit_into_their_boxes():
    """As wide as a wide font makes them."""
    for (what, *words), lines in picture.things(LAYOUT):
        if what == "box":
            box = picture.Box(*words[1:])
            assert all(len(line) * 7.5 < box.width for line in lines) and len(lines) * picture.LINE < box.height


def test_recording_is_one_of_the_demo():
    cast = (DOCS / "demo.cast").read_text()
    header, *events = map(json.loads, cast.splitlines())
    assert header["version"] == 2 and header["width"] == record.COLUMNS
    assert [at for at, _, _ in events] == sorted(at for at, _, _ in events) and events[-1][0] < 30
    said = "".join(text for _, kind, text in events if kind == "o")
    assert said.startswith(f"$ {record.COMMAND}\r\n")
    wanted = re.findall(r'echo "(demo: [\w -]+:)', (TOP / "scripts/demo").read_text())
    assert len(wanted) == 4 and [line for line in wanted if line not in said] == []
    assert said.count("protocol=TLSv1.3") == 2


def test_recording_for_browsers_is_that_of_the_cast():
    cast, svg = (DOCS / "demo.cast").read_text(), (DOCS / "demo.svg").read_text()
    assert svg == "\n".join(record.svg(cast))
    assert [line or "" for line in texts(svg)] == [line for _, line in record.screen(cast)]
    assert all(len(line) <= record.COLUMNS for _, line in record.screen(cast))


@pytest.mark.parametrize("file", ["docs/layout.svg", "docs/demo.svg", "docs/demo.cast"])
def test_readme_shows_it(file):
    assert f"({file})" in (TOP / "README.md").read_text()


def test_a_demo_that_fails_is_not_recorded(tmp_path):
    (tmp_path / "scripts").mkdir()
    (tmp_path / "docs").mkdir()
    (tmp_path / "scripts/demo").write_text("echo something is wrong; exit 3\n")
    (tmp_path / "scripts/record.py").write_text((TOP / "scripts/record.py").read_text())
    done = subprocess.run([sys.executable, "-B", tmp_path / "scripts/record.py"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "ended with 3" in done.stderr and "something is wrong" in done.stderr
    assert list((tmp_path / "docs").iterdir()) == []
