"""watch: what the sanitizers or valgrind have to say of the processes of a test. Knows nothing of what they do.

Where WATCHED is "sanitize" the binary itself writes its reports into the directory "reports" beside it; where it is
"valgrind" a program of the binary's name runs it so that each process has a log there. As a program,
`watch.py DIRECTORY` prints what is wrong in the reports there and exits 1 if anything is; `watch.py` alone prints
valgrind's command for a unit test (whose children leave fds of the test's own open).
Where it is "foreign" the binary is for another machine, and something like qemu-user runs it, which reports nothing."""

import atexit
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
WATCHED = os.environ.get("WATCHED", "")
SLOWNESS = {"sanitize": 2, "valgrind": 5, "foreign": 5}.get(WATCHED, 1)
APPLETS = tuple(sorted(path.stem for path in (Path(__file__).parents[2] / "applets").glob("*.c")))
# Debian's valgrind is a script of sh, which drops variables such as KEYFILE:x
VALGRIND = shutil.which("valgrind.bin") or shutil.which("valgrind") or "valgrind"
KINDS = "definite,indirect,possible"
ERROR = re.compile(r"Invalid |Use of uninit|Conditional jump|Syscall param|Source and dest|Mismatched"
                   r"|Jump to the invalid|Argument '.*' of function|.*lost in loss record")
# Of the signals that end a process those that a fault of its own gives it: SIGILL, ABRT, BUS, FPE, SEGV, SYS.
CRASHED = re.compile(r"Process terminating with default action of signal (4|6|7|8|11|31) ")
KILLED = re.compile(r"Process terminating with default action")
# The sanitizers, of a process that was killed while they looked for leaks in it.
GONE = re.compile(r"==\d+==Unable to get registers from thread \d+\.\n")
OPEN_FD = re.compile(r"Open (?:file descriptor|\S+ socket) (\d+)")


def valgrind(reports, fds="yes"):
    """valgrind's command for a process whose log goes to that directory; fds="no": it may leave what it likes open."""
    return [VALGRIND, "--error-exitcode=77", "--leak-check=full", f"--show-leak-kinds={KINDS}",
            f"--errors-for-leak-kinds={KINDS}", f"--track-fds={fds}", "--trace-children=no", "--vgdb=no",
            f"--suppressions={HERE.parent}/valgrind.supp", f"--log-file={reports}/%p"]


def blocks(text):
    """The paragraphs of a log of valgrind, without the process in front of each line."""
    lines = [re.sub(r"^==\d+== ?", "", line) for line in text.splitlines()]
    return [block for block in "\n".join(lines).split("\n\n") if block.strip()]


def left_open(block):
    """Tells of an open fd that is neither a standard one nor the caller's, nor of those that the waiter holds for prog."""
    fd = OPEN_FD.search(block)
    return fd and int(fd[1]) > 2 and "<inherited from parent>" not in block and "waiter_run" not in block


def wrong(log):
    """The paragraphs of a log that tell of an error, a leak or a fd left open; who is killed cannot close any."""
    killed = KILLED.search(log)
    for block in blocks(log):
        error = any(ERROR.match(line.strip()) or CRASHED.match(line.strip()) for line in block.splitlines())
        if error or (left_open(block) and not killed):
            yield block


def findings(reports):
    """What is wrong in the reports of that directory, as text; removes them."""
    found = []
    for path in sorted(Path(reports).iterdir()):
        text = GONE.sub("", path.read_text(errors="backslashreplace"))
        path.unlink()
        if text.startswith("==") and "Memcheck" in text:
            found += [f"{path.name}: {block}" for block in wrong(text)]
        elif text.strip():
            found.append(text)
    return "\n\n".join(found)


def place(binary):
    """A directory that every user can enter, with the binary, or what stands for it under valgrind, and room for
    the reports of every user."""
    top = Path(tempfile.mkdtemp(prefix="s6-tls-watched."))
    atexit.register(shutil.rmtree, top, ignore_errors=True)
    top.chmod(0o755)
    (top / "reports").mkdir()
    (top / "reports").chmod(0o1777)
    shutil.copy(Path(binary).parent / ".config", top)
    if WATCHED == "valgrind":
        (top / "real").mkdir()
        for name in APPLETS:
            (top / "real" / name).symlink_to("s6-tls")
        shutil.copy(binary, top / "real")
        words = ", ".join(f'"{word}"' for word in valgrind(top / "reports"))
        subprocess.run(["cc", "-O1", "-o", top / "s6-tls", f"-DVALGRIND={words}", f'-DREAL="{top}/real"',
                        HERE / "under_valgrind.c"], check=True)
    else:
        shutil.copy(binary, top)
    return top / "s6-tls"


def main():
    if len(sys.argv) == 1:
        return print(*valgrind(os.environ["REPORTS"], fds="no"))
    found = findings(sys.argv[1])
    print(found)
    return sys.exit(found != "")


if __name__ == "__main__":
    main()
