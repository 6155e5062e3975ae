"""The cage on other machines: its filter, built here with their kernel headers, and judged by the unit test of it.
Runs nothing of theirs."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
OUT = Path(os.environ["S6TLS_BIN"]).parent
CC = shlex.split(os.environ.get("CC", "cc"))

NOT_64 = "-U__LP64__ -U_LP64 -U__SIZEOF_LONG__ -D__SIZEOF_LONG__=4"
MIPS = f"{NOT_64} -D__mips__ -D_ABIO32=1 -D_MIPS_SIM=1 -D_MIPS_SZLONG=32"
BIG = "-U__BYTE_ORDER__ -D__BYTE_ORDER__=__ORDER_BIG_ENDIAN__"
# name, where its kernel headers are, what its compiler would define
MACHINES = [
    ("i386", "", f"{NOT_64} -D__i386__"),
    ("aarch64", "aarch64-linux-gnu", "-D__aarch64__"),
    ("riscv64", "riscv64-linux-gnu", "-D__riscv -D__riscv_xlen=64"),
    ("arm", "arm-linux-gnueabihf", f"{NOT_64} -D__arm__ -D__ARM_EABI__"),
    ("mips", "mips-linux-gnu", f"{MIPS} {BIG} -D__MIPSEB__"),
    ("mipsel", "mips-linux-gnu", f"{MIPS} -D__MIPSEL__"),
]


pytestmark = pytest.mark.not_watched("its programs are others")


def compiler_s(what):
    return subprocess.check_output([*CC, f"-print-{what}"], text=True).strip()


def headers(triplet):
    """Only these: none of the C library's. i386 shares those of x86_64."""
    if triplet:
        found = [f"/usr/{triplet}/include"]
    else:
        found = [f"/usr/include/{compiler_s('multiarch')}", "/usr/include"]
    if not Path(found[0], "asm/unistd.h").exists():
        pytest.skip(f"no kernel headers in {found[0]}")
    own = compiler_s("file-name=include")
    return ["-nostdinc", *(word for directory in [own, *found] for word in ("-isystem", directory))]


def compile_for(flags, name, directory):
    made = directory / f"{Path(name).stem}.o"
    plain = ["-std=c11", "-O1", "-Wall", "-Wextra", "-Wundef", "-Werror", "-ffreestanding", "-U__x86_64__", "-U__x86_64"]
    where = [f"-I{OUT}/include", f"-I{TOP}/core", "-c", "-o", made, TOP / name]
    subprocess.run([*CC, *plain, *flags, *where], check=True)
    return made


@pytest.mark.parametrize("machine, triplet, defines", MACHINES, ids=[name for name, *_ in MACHINES])
def test_filter_does_what_its_table_says_on(machine, triplet, defines, tmp_path):
    if os.uname().machine != "x86_64":
        pytest.skip("the compiler's own machine is taken away by name: x86_64")
    flags = [*shlex.split(defines), *headers(triplet)]
    parts = [compile_for(flags, f"core/{name}.c", tmp_path) for name in ("cage_filter", "cage_rules")]
    test = tmp_path / "test"
    source = TOP / "tests/unit/test_cage_filter.c"
    subprocess.run([*CC, "-D_GNU_SOURCE", f"-I{OUT}/include", f"-I{TOP}/core", "-o", test, source, *parts, "-lcmocka"],
                   check=True)
    env = {**os.environ, "S6TLS_CAGE_ARCH": machine}
    seen = subprocess.run([test], env=env, capture_output=True, text=True)
    assert seen.returncode == 0, seen.stdout + seen.stderr
    assert "[  PASSED  ] 9 test(s)" in seen.stdout + seen.stderr


def test_machine_without_a_cage_is_told_at_compile_time(tmp_path):
    """With CONFIG_CAGE: an explanation. Without: it compiles."""
    if os.uname().machine != "x86_64":
        pytest.skip("the compiler's own machine is taken away by name: x86_64")
    for wanted in (1, 0):
        config = tmp_path / "config.h"
        config.write_text(f"#define CONFIG_CAGE {wanted}\n")
        argv = [*CC, "-c", "-o", "/dev/null", f"-I{tmp_path}", f"-I{TOP}/core", "-U__x86_64__", "-D__s390x__",
                "-ffreestanding", *headers(""), TOP / "core/cage_filter.c"]
        seen = subprocess.run(argv, capture_output=True, text=True)
        assert (seen.returncode != 0) == bool(wanted), seen.stderr
        assert ("turn CONFIG_CAGE off" in seen.stderr) == bool(wanted)
