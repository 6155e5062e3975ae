"""Builds for other machines: what CROSS_COMPILE names, what is refused, and how tests get their programs run.
Needs no compiler for another machine: what stands for one here is the machine's own."""

import os
import shutil
import struct
from pathlib import Path

import pytest

from test_kconfig import choose, run
from test_source import fake_wolfssl

TOP = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.not_watched("its builds are others")

COMPILER = """#!/bin/sh
echo gcc >>{log}
case "$*" in
*-dumpmachine*) echo {machine} ;;
*-print-file-name=rcrt1.o*) echo rcrt1.o ;;
*) exec cc "$@" ;;
esac
"""


class Toolchain:
    """make, with a compiler and its tools under the names of a toolchain for that machine."""

    def __init__(self, where, machine):
        self.out, self.log, self.prefix = where / "out", where / "log", f"{machine}-"
        self.tool("gcc", COMPILER.format(log=self.log, machine=machine), where)
        for name in ("ar", "gcc-ar"):
            self.tool(name, f'#!/bin/sh\necho {name} >>{self.log}\nexec {name} "$@"\n', where)
        self.env = {"PATH": f"{where}:{os.environ['PATH']}"}

    def tool(self, name, text, where):
        path = where / f"{self.prefix}{name}"
        path.write_text(text)
        path.chmod(0o755)

    def make(self, *words, **options):
        return run("make", f"O={self.out}", f"CROSS_COMPILE={self.prefix}", *words, env=self.env, **options)

    def used(self):
        return set(self.log.read_text().split())


@pytest.fixture
def sources(tmp_path):
    """Words for make: libraries to be compiled, as far as that is looked at before it is done."""
    skalibs = tmp_path / "skalibs/src/include/skalibs/strerr.h"
    skalibs.parent.mkdir(parents=True)
    skalibs.touch()
    return [f"WOLFSSL_SRC={fake_wolfssl(tmp_path / 'wolfssl', '5.9.2')}", f"SKALIBS_SRC={tmp_path / 'skalibs'}"]


@pytest.fixture
def glibc(tmp_path):
    return Toolchain(tmp_path, "other-linux-gnu")


@pytest.fixture
def musl(tmp_path):
    return Toolchain(tmp_path, "other-linux-musl")


@pytest.mark.parametrize("config", ["tiny", "static", "cross"])
def test_its_compiler_is_taken_for_every_configuration(musl, config):
    choice = ["LIBC_MUSL"] if config != "cross" else ["LIBC_HOST"]
    musl.make(f"{config}_defconfig")
    assert f"CONFIG_{choice[0]}=y" in (musl.out / ".config").read_text()
    choose(musl.out / ".config", WOLFSSL_SOURCE=None, SKALIBS_SOURCE=None) # the machine's own do here
    musl.make(musl.out / "core/escape.o", musl.out / "core/escape.o.a", "--eval=%.o.a: %.o ; $(AR) rcs $@ $<")
    assert musl.used() == {"gcc", "gcc-ar"}


def test_its_ar_is_taken_where_there_is_no_lto(glibc):
    glibc.make("default_defconfig")
    glibc.make(glibc.out / "core/escape.o.a", "--eval=%.o.a: %.o ; $(AR) rcs $@ $<")
    assert glibc.used() == {"gcc", "ar"}


def test_libraries_are_asked_of_its_pkg_config_alone(glibc):
    glibc.make("default_defconfig")
    glibc.tool("pkg-config", '#!/bin/sh\necho "-DOF_THAT_MACHINE -l$4"\n', glibc.log.parent)
    stdout, _ = glibc.make("-n", "V=1", glibc.out / "core/escape.o")
    assert "-DOF_THAT_MACHINE" in stdout
    glibc.tool("pkg-config", "#!/bin/sh\nexit 1\n", glibc.log.parent)
    assert "-DOF_THAT_MACHINE" not in glibc.make("-n", "V=1", glibc.out / "core/escape.o")[0]


# what is refused


def test_musl_is_refused_where_the_compiler_is_for_another_library(glibc):
    glibc.make("static_defconfig")
    _, stderr = glibc.make(glibc.out / "flags", code=2)
    assert "LIBC_MUSL is chosen, and other-linux-gnu-gcc is not for musl" in stderr


def test_static_pie_is_refused_where_the_library_has_none(glibc, sources):
    glibc.make("cross_defconfig")
    glibc.make(*sources, glibc.out / "flags")
    choose(glibc.out / ".config", PIE="y")
    _, stderr = glibc.make(*sources, glibc.out / "flags", code=2)
    assert "has no rcrt1.o, which a static PIE begins with: leave PIE out" in stderr


def test_what_was_refused_once_is_not_for_ever(glibc, sources, tmp_path):
    """make reads what it has made of the configuration before, too."""
    glibc.make("cross_defconfig")
    old = [*sources, f"WOLFSSL_SRC={fake_wolfssl(tmp_path / 'old', '5.8.4')}"]
    assert "GROUP_X25519MLKEM768 needs wolfSSL 5.9.0" in glibc.make(*old, glibc.out / "flags", code=2)[1]
    choose(glibc.out / ".config", GROUP_X25519MLKEM768=None)
    glibc.make(*old, glibc.out / "flags")


def test_assembly_is_refused_where_there_is_none(glibc, sources):
    glibc.make("cross_defconfig")
    choose(glibc.out / ".config", WOLFSSL_ASM="y")
    _, stderr = glibc.make(*sources, glibc.out / "flags", code=2)
    assert "WOLFSSL_ASM is for x86_64 and aarch64, and other-linux-gnu-gcc is not" in stderr


def test_assembly_that_asks_for_no_instruction_before_it_uses_it_is_refused(tmp_path, sources):
    aarch64 = Toolchain(tmp_path, "aarch64-linux-gnu")
    aarch64.make("cross_defconfig")
    choose(aarch64.out / ".config", WOLFSSL_ASM="y")
    aarch64.make(*sources, aarch64.out / "flags")
    old = [*sources, f"WOLFSSL_SRC={fake_wolfssl(tmp_path / 'old', '5.9.1')}"]
    _, stderr = aarch64.make(*old, aarch64.out / "flags", code=2)
    assert f"WOLFSSL_ASM needs wolfSSL 5.9.2 or newer, and {tmp_path / 'old'} is 5.9.1" in stderr


# 32 bits


def test_times_have_64_bits_where_the_libraries_are_compiled_with_them(glibc, sources):
    glibc.make("cross_defconfig")
    wide = {"-D_FILE_OFFSET_BITS=64", "-D_TIME_BITS=64"}
    files = [glibc.out / name for name in ("flags", "skalibs.flags", "wolfssl/flags")]
    glibc.make(*sources, *files)
    assert all(wide <= set(path.read_text().split()) for path in files)
    choose(glibc.out / ".config", SKALIBS_SOURCE=None)
    glibc.make(*sources, glibc.out / "flags")
    assert not wide & set(files[0].read_text().split())


# running the programs of another machine


NO_MACHINE = 0xFFF1
AS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="needs root")


def foreign_program(path):
    """The head of an ELF file of a machine that there is not."""
    path.write_bytes(struct.pack(">4s4B8xHH", b"\x7fELF", 2, 2, 1, 0, 2, NO_MACHINE) + bytes(108))
    path.chmod(0o755)
    return path


def foreign(wrapper, program, *command, code=0):
    return run("sh", TOP / "tests/foreign", wrapper, program, *command, code=code)


@AS_ROOT
def test_programs_of_another_machine_are_run_by_their_wrapper_until_the_command_has_ended(tmp_path):
    program = foreign_program(tmp_path / "program")
    wrapper = shutil.which("echo")
    script = 'import os, sys; os.execve(sys.argv[1], ["name", "word"], {})'
    python = ["/usr/bin/python3", "-c", script, program]
    assert foreign(wrapper, program, *python)[0] == f"{program} name word\n"
    assert "Exec format error" in run(*python, code=1)[1]


@AS_ROOT
def test_other_programs_run_as_ever_and_the_exit_code_is_the_command_s(tmp_path):
    program = foreign_program(tmp_path / "program")
    stdout, _ = foreign(shutil.which("false"), program, "sh", "-c", "/bin/echo ran; exit 7", code=7)
    assert stdout == "ran\n"


def test_what_the_machine_runs_itself_needs_no_wrapper():
    assert foreign(shutil.which("false"), shutil.which("true"), "/bin/echo", "ran")[0] == "ran\n"


def test_a_wrapper_that_is_missing_is_named(tmp_path):
    _, stderr = foreign("qemu-nowhere", foreign_program(tmp_path / "program"), "true", code=1)
    assert "foreign: qemu-nowhere is missing" in stderr


@pytest.mark.parametrize("prefix, wrapper", [
    ("mips-linux-gnu-", "qemu-mips"), ("/opt/x/arm-linux-gnueabihf-", "qemu-arm"), ("armv7-linux-musleabihf-", "qemu-arm"),
    ("powerpc64-linux-gnu-", "qemu-ppc64"), ("i586-linux-musl-", "qemu-i386"), (f"{os.uname().machine}-linux-musl-", ""), ("", "")])
def test_the_wrapper_is_found_by_the_compiler_s_name(tmp_path, prefix, wrapper):
    stdout, _ = run("make", f"O={tmp_path}", f"CROSS_COMPILE={prefix}", "wrapper", "--eval=wrapper:; @echo '<$(EXEC_WRAPPER)>'")
    assert f"<{wrapper}>\n" in stdout
