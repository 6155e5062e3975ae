"""watch itself: small programs with one fault each are found out, and one without a fault is not."""

import os
import re
import subprocess

import pytest

import watch

TOP = watch.HERE.parent.parent
MAKEFILES = "".join(path.read_text() for path in [TOP / "Makefile", *TOP.glob("build/*.mk")])
SANITIZERS = [*re.findall(r"-f(?:no-)?sanitize\S*|-static-lib\w+", MAKEFILES), str(TOP / "tests/watched.c")]
PROGRAM = """
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
static int fault(int argc, char *volatile *kept) {
    FAULT;
    return argc;
}
int main(int argc, char **argv) {
    char *volatile kept = malloc(4);
    (void)argv;
    pid_t pid = fork();
    if (!pid) _exit(!fault(argc, &kept));
    free(kept);
    return 0;
}
"""
FAULTS = {"overflow": "return (*kept)[argc + 3]", "leak": "*kept = 0", "undefined": "return argc << (argc + 40)",
          "use of uninitialised": "if (**kept) return 2", "open fd": 'free(*kept); open("/dev/null", 0)',
          "crash": "raise(SIGSEGV)", "none": "free(*kept)", "killed": 'open("/dev/null", 0); raise(SIGTERM)'}
pytestmark = pytest.mark.not_watched("runs both itself")


def reports(directory, fault, flags, prefix=()):
    """What is found after a run of the program, whose child has this fault."""
    found = directory / "reports"
    found.mkdir()
    (directory / "program.c").write_text(PROGRAM.replace("FAULT", FAULTS[fault]))
    command = ["cc", "-O0", "-g", "-w", *flags, "-o", directory / "program", directory / "program.c"]
    subprocess.run(command, check=True)
    subprocess.run([*prefix, directory / "program"], env={}, capture_output=True, timeout=60, check=True)
    assert os.listdir(found) or not prefix
    return watch.findings(found)


@pytest.mark.parametrize("fault, named", [
    ("overflow", "Invalid read"), ("leak", "definitely lost"), ("use of uninitialised", "Conditional jump"),
    ("open fd", "/dev/null"), ("crash", "SIGSEGV")])
def test_valgrind_s_word_on_a_child_is_found(tmp_path, fault, named):
    assert named in reports(tmp_path, fault, [], watch.valgrind(tmp_path / "reports"))


@pytest.mark.parametrize("fault", ["none", "killed"])
def test_valgrind_has_nothing_to_say_of_a_clean_child_and_of_one_that_is_killed(tmp_path, fault):
    assert reports(tmp_path, fault, [], watch.valgrind(tmp_path / "reports")) == ""


@pytest.mark.parametrize("fault, named", [
    ("overflow", "heap-buffer-overflow"), ("leak", "detected memory leaks"), ("undefined", "shift exponent"),
    ("crash", "SEGV")])
def test_a_sanitizer_s_word_on_a_child_is_found(tmp_path, fault, named):
    assert named in reports(tmp_path, fault, SANITIZERS)


@pytest.mark.parametrize("fault", ["none", "killed", "open fd"])
def test_the_sanitizers_have_nothing_to_say_of_a_clean_child(tmp_path, fault):
    assert reports(tmp_path, fault, SANITIZERS) == ""
