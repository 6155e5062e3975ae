"""What the binary weighs (make size): the parts of a file add up, growth is told, and more of it than the limit fails. Its build is
in a folder that the tests of this file share."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parent.parent.parent
NAME = "client" # with the distribution's libraries: soon built
pytestmark = [pytest.mark.xdist_group("size"), pytest.mark.not_watched("its builds are others")]
sys.path.insert(0, str(TOP / "tests/size"))

import size  # noqa: E402


def weigh(out, table, code=0, **env):
    """What make size says of the configuration, compared with the table."""
    done = subprocess.run([sys.executable, "-B", size.__file__, table, NAME], env={**os.environ, "O": str(out), "SAVE": "", **env},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=600)
    assert done.returncode == code, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The folder of the build, and the table that was written of it, which had a column of another configuration."""
    where = tmp_path_factory.mktemp("size")
    (where / "table").write_text(size.write_tables({"tiny": {"file": 12345, "text": 11111, "core/relay": 678}}))
    assert weigh(where / "out", where / "table", SAVE="1").endswith("1 passed, 0 failed\n")
    return where / "out", (where / "table").read_text()


@pytest.fixture
def against(saved, tmp_path):
    """Compares the build with a table in which one number is another."""
    def compare(what, factor, **options):
        weights = size.read_tables(saved[1])
        weights[NAME][what] = int(weights[NAME][what] * factor)
        (tmp_path / "table").write_text(size.write_tables(weights))
        return weigh(saved[0], tmp_path / "table", **options)
    return compare


def test_the_table_in_the_tree_has_every_configuration_and_its_parts_add_up():
    weights = size.read_tables((TOP / "docs/sizes.md").read_text())
    assert sorted(weights) == size.CONFIGS
    for name, found in weights.items():
        assert sum(found.get(part, 0) for part in size.PARTS) == found[size.WHOLE], name
        assert sum(number for what, number in found.items() if what.startswith("core/")) == found["core"], name


def test_the_parts_of_a_file_add_up_to_it_and_modules_to_their_parts(saved):
    found = size.read_tables(saved[1])[NAME]
    assert sum(found.get(part, 0) for part in size.PARTS) == found[size.WHOLE] == found["file"]
    assert sum(number for what, number in found.items() if what.startswith("core/")) == found["core"]
    assert found["applets"] == found["applets/s6-tlsc"] and "applets/s6-tlsd" not in found


def test_a_module_has_the_bytes_of_its_functions(saved):
    """Those of its code, as another tool tells them; constants are more."""
    out = saved[0].with_name("out-size") / f"{NAME}-map"
    ours = set(re.findall(r" [tT] (\w+)$", size.run("nm", out / "core/relay_in.o"), re.M))
    sizes = re.findall(r"^\w+ (\w+) [tT] (\w+)$", size.run("nm", "-S", out / "s6-tls"), re.M)
    code = sum(int(number, 16) for number, function in sizes if function in ours)
    assert 0 < code <= size.read_tables(saved[1])[NAME]["core/relay_in"] < code * 1.5


def test_columns_of_other_configurations_are_kept(saved):
    assert size.read_tables(saved[1])["tiny"] == {"file": 12345, "text": 11111, "core/relay": 678}


def test_what_has_not_changed_passes_without_a_difference(saved, against):
    said = against("file", 1)
    assert said.endswith("1 passed, 0 failed\n") and not re.search(r"[+-]\d+$", said, re.M)


def test_growth_of_more_than_two_per_cent_fails(against):
    said = against("text", 1 / 1.04, code=1)
    assert "client has grown by 3." in said and said.endswith("0 passed, 1 failed\n")


def test_growth_of_less_is_told(against):
    assert re.search(r"^text +\d+ +\+\d+$", against("text", 1 / 1.01), re.M)


def test_a_file_that_has_a_page_more_is_told_and_no_failure(against):
    assert re.search(r"^file +\d+ +\+\d+$", against("file", 1 / 1.03), re.M)


def test_each_module_that_has_grown_or_shrunk_is_told(against):
    said = against("core/relay_in", 2)
    assert [line.split()[0] for line in said.splitlines() if re.search(r" [+-]\d+$", line)] == ["core/relay_in"]


def test_a_configuration_that_is_not_in_the_table_fails(saved, tmp_path):
    assert "client was not in the table" in weigh(saved[0], tmp_path / "none", code=1)
