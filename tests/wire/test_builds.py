"""Builds with other libraries and compilers (make matrix): which configuration each is of, and the table that is made of what they
came to. The builds themselves are made by hand."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parent.parent.parent
pytestmark = pytest.mark.not_watched("it has no process of ours")
sys.path.insert(0, str(TOP / "tests/builds"))

import builds  # noqa: E402


@pytest.fixture
def cell(tmp_path, monkeypatch):
    """Makes a cell whose folder is a temporary one."""
    monkeypatch.setattr(builds, "OUT", tmp_path)
    return builds.Cell


def configured(cell):
    """The symbols of a cell, once Kconfig has seen them, and what it had to say."""
    cell.write_config()
    said, code = cell.make("olddefconfig")
    assert code == 0, said
    return set(re.findall(r"^CONFIG_(\w+)=y$", (cell.dir / "out/.config").read_text(), re.M))


@pytest.mark.parametrize("version, there", [("5.9.2", True), ("5.5.4", False)])
def test_a_version_without_ml_kem_is_not_asked_for_it(cell, version, there):
    assert ("GROUP_X25519MLKEM768" in configured(cell(version, "static", "gcc", "musl"))) is there


def test_but_pq_is_nothing_without_it(cell):
    assert "GROUP_X25519MLKEM768" in configured(cell("5.5.4", "pq", "gcc", "musl"))


@pytest.mark.parametrize("libc, link", [("glibc", "LINK_SHARED"), ("musl", "LINK_STATIC")])
def test_the_client_is_of_both_libraries_from_source(cell, libc, link):
    there = configured(cell("5.9.2", "client", "gcc", libc))
    assert {"WOLFSSL_SOURCE", "SKALIBS_SOURCE", "S6_TLSC", "CLIENT_CERTS", link} <= there and ("LIBC_MUSL" in there) == (libc == "musl")


def test_a_client_without_a_key_has_no_certificate_to_show(cell):
    assert not {"CLIENT_CERTS", "OWN_CERTS"} & configured(cell("5.7.2", "client-no-key", "gcc", "glibc"))


def test_the_table_has_what_each_cell_came_to_and_why_it_was_refused(cell, tmp_path):
    for way, said in (("gcc-glibc", "1 passed"), ("gcc-musl", "refused: it lacks x"), ("clang-musl", "refused: it lacks x")):
        (tmp_path / f"5.5.4-tiny-{way}").mkdir()
        (tmp_path / f"5.5.4-tiny-{way}/result").write_text(said + "\n")
    builds.write_table(tmp_path / "table")
    text = (tmp_path / "table").read_text()
    assert "| tiny | 1 passed | refused (1) | not run | refused (1) |\n" in text and text.endswith("\n- (1) it lacks x\n")


def test_a_choice_of_what_is_not_there_is_refused():
    done = subprocess.run([sys.executable, "-B", builds.__file__, "/nowhere"], env={**os.environ, "LIBCS": "bionic"},
                          stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1 and done.stderr == "builds: LIBCS: there is no bionic; there are glibc, musl\n"


def test_the_table_has_a_row_for_each_other_machine(cell, tmp_path):
    (tmp_path / "5.9.2-cross-mips-linux-gnu-glibc").mkdir()
    (tmp_path / "5.9.2-cross-mips-linux-gnu-glibc/result").write_text("2 passed\n")
    builds.write_table(tmp_path / "table")
    assert "| mips-linux-gnu | 2 passed | not run | not run |\n" in (tmp_path / "table").read_text()


def test_another_machine_is_built_for_as_its_file_says(cell):
    target = builds.Target("5.5.4", "mips-linux-gnu")
    there = configured(target)
    assert "LIBC_HOST" in there and "GROUP_X25519MLKEM768" not in there
