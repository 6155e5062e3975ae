"""builds: builds configurations with each version of wolfSSL, compiler and C library, and runs quick tests on each; a table of it.

Argument: the file of the table. O-matrix keeps what each cell came to, whenever it was run, and the log of one that failed; the
table is made of all that. VERSIONS, CONFIGS, COMPILERS, LIBCS and TARGETS choose cells, SAMPLE=n takes of the quick tests each n-th.
The last line is "N passed, N failed": of the cells of this run that make did not refuse."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
OUT = Path(os.environ.get("O") or TOP / "build/out").resolve()
OUT = OUT.with_name(OUT.name + "-matrix")
# Where scripts/fetch-sources may find a version, if it is not below sources/ yet
SUITES = {"5.9.2": "sid", "5.7.2": "trixie", "5.5.4": "bookworm"}
HYBRID = {"GROUP_X25519MLKEM768": None}
FROM_SOURCE = {"WOLFSSL_SOURCE": "y", "SKALIBS_SOURCE": "y"}
# Each is a file of build/configs and what is changed in it; None means not set.
CONFIGS = {"static": {}, "tiny": {}, "fast": {}, "pq": {}, "client": FROM_SOURCE,
           "client-no-key": {**FROM_SOURCE, "CLIENT_CERTS": None}}
LIBCS = {"glibc": {"LIBC_HOST": "y", "LIBC_MUSL": None},
         "musl": {"LIBC_HOST": None, "LIBC_MUSL": "y", "LINK_STATIC": "y", "LINK_SHARED": None}}
COMPILERS = ("gcc", "clang")
# Of the configuration that is for them: other machines, as Debian's compilers call them
CROSS = "cross"
TARGETS = ("aarch64-linux-gnu", "arm-linux-gnueabihf", "mips-linux-gnu", "riscv64-linux-gnu")
NOT_RUN = "not run"
SAMPLE = os.environ.get("SAMPLE") or "6"


def chosen(variable, names):
    """The words of the variable of the environment, which must be among the names; all of these without it."""
    words = os.environ.get(variable, "").split() or list(names)
    for word in words:
        if word not in names:
            sys.exit(f"builds: {variable}: there is no {word}; there are {', '.join(names)}")
    return words


def environment(**more):
    """Without what a make that called this has put there."""
    ours = {name: value for name, value in os.environ.items() if not re.match("MAKE|MFLAGS|SAMPLE|CFLAGS|CROSS_COMPILE", name)}
    return {**ours, "WERROR": "1", "LC_ALL": "C", **more}


def source(version):
    """The directory of this wolfSSL, fetched if need be; None if it cannot be had."""
    where = TOP / "sources" / f"wolfssl-{version}"
    if not where.is_dir():
        subprocess.run(["sh", "scripts/fetch-sources"], cwd=TOP, env=environment(SUITES=SUITES[version]), check=False)
    return where if where.is_dir() else None


def tools(compiler, libc):
    """Variables of make. Debian has no musl-clang: clang is shown where musl is, and finds its own headers itself."""
    if (compiler, libc) != ("clang", "musl"):
        return {"CC": "musl-gcc" if libc == "musl" else compiler}
    musl = "x86_64-linux-musl"
    own = subprocess.run(["clang", "-print-resource-dir"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    return {"CC": f"clang --target={musl} -Wno-unused-command-line-argument -nostdinc -isystem{own}/include "
                  f"-isystem/usr/include/{musl} -B/usr/lib/{musl}", "LDFLAGS": f"-L/usr/lib/{musl}"}


class Cell:
    """One configuration, built in one way. Its folder holds "result", one line, once it was run."""

    def __init__(self, version, config, compiler, libc):
        self.version, self.config, self.compiler, self.libc = version, config, compiler, libc
        self.name = "-".join((version, config, compiler, libc))
        self.dir = OUT / self.name
        self.file = self.dir / "result"

    def result(self):
        return self.file.read_text().strip() if self.file.exists() else NOT_RUN

    def changes(self):
        return {**CONFIGS[self.config], **LIBCS[self.libc]}

    def tools(self):
        return tools(self.compiler, self.libc)

    def write_config(self):
        """The named file with the changes; a version that has no ML-KEM is not asked for it, but by pq."""
        old = self.version < "5.9" and self.config != "pq"
        changes = {**self.changes(), **(HYBRID if old else {})}
        lines = (TOP / "build/configs" / self.config.partition("-")[0]).read_text().splitlines()
        lines = [line for line in lines if not re.fullmatch(r"(# )?CONFIG_(\w+)( is not set|=.*)", line)
                 or re.search(r"CONFIG_(\w+)", line)[1] not in changes]
        lines += [f"CONFIG_{name}=y" if value else f"# CONFIG_{name} is not set" for name, value in changes.items()]
        (self.dir / "out").mkdir(parents=True, exist_ok=True)
        (self.dir / "out/.config").write_text("\n".join(lines) + "\n")

    def make(self, *goals):
        """What make printed, and its exit code."""
        words = [f"{name}={value}" for name, value in self.tools().items()]
        done = subprocess.run(["make", "-j2", f"O={self.dir}/out", f"WOLFSSL_SRC=sources/wolfssl-{self.version}", *words, *goals],
                              cwd=TOP, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.stdout, done.returncode

    def run(self):
        """Builds and tests it. Returns whether that was good, and None where make refuses."""
        self.file.unlink(missing_ok=True)
        self.write_config()
        good, said = self.judge()
        self.file.write_text(said + "\n")
        if good is not False:
            subprocess.run(["rm", "-rf", self.dir / "out"], check=True)
        return good

    def judge(self):
        log, code = self.make("olddefconfig")
        if not code:
            more, code = self.make("all")
            log += more
        (self.dir / "log").write_text(log)
        refused = re.search(r"\*\*\* (.*)\.  Stop\.$", log, re.M)
        warnings = [line for line in log.splitlines() if "warning: " in line and "Using 'getaddrinfo'" not in line]
        if code and refused and "Error" not in refused[1]:
            return None, "refused: " + refused[1].replace("sources/", "")
        if code or warnings:
            return False, "does not build" if code else f"{len(warnings)} warnings"
        return self.test()

    def test(self):
        env = environment(S6TLS_BIN=f"{self.dir}/out/s6-tls", SAMPLE=SAMPLE, PYTHONDONTWRITEBYTECODE="1")
        command = f"{sys.executable} -m pytest -q -p no:cacheprovider -n 4 --dist loadgroup -m quick tests/wire"
        done = subprocess.run(shlex.split(command), cwd=TOP, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        with open(self.dir / "log", "a") as log:
            log.write(done.stdout)
        last = done.stdout.splitlines()[-1]
        passed, failed, errors = (int((re.search(rf"(\d+) {word}", last) or [0, 0])[1]) for word in ("passed", "failed", "error"))
        return outcome(done.returncode, passed, failed + errors)


def outcome(code, passed, failed):
    if code or failed or not passed:
        return False, f"**{failed} failed**, {passed} passed"
    return True, f"{passed} passed"


class Target(Cell):
    """The same for another machine. Its tests are run by qemu-user, as make does it."""

    def __init__(self, version, machine):
        super().__init__(version, CROSS, machine, "glibc")

    def changes(self):
        return {}

    def tools(self):
        return {"CROSS_COMPILE": self.compiler + "-"}

    def test(self):
        said, code = self.make("check", "T=quick", f"SAMPLE={SAMPLE}")
        with open(self.dir / "log", "a") as log:
            log.write(said)
        passed, failed = (re.findall(r"^(\d+) passed, (\d+) failed", said, re.M) or [(0, 0)])[-1]
        return outcome(code, int(passed), int(failed))


def compiler_version(name):
    return subprocess.run([name, "-dumpfullversion" if name == "gcc" else "-dumpversion"], stdout=subprocess.PIPE, text=True,
                          check=True).stdout.strip()


def rows(version, notes):
    """The table of one version."""
    ways = [(compiler, libc) for compiler in COMPILERS for libc in LIBCS]
    yield f"| {version} | " + " | ".join(f"{compiler}, {libc}" for compiler, libc in ways) + " |"
    yield "| --- |" + " --- |" * len(ways)
    for config in CONFIGS:
        yield f"| {config} | " + " | ".join(shown(Cell(version, config, *way).result(), notes) for way in ways) + " |"


def shown(said, notes):
    """The text of a cell; each new reason why make refuses goes to notes."""
    if said.startswith("refused: ") and said not in notes:
        notes.append(said)
    return f"refused ({notes.index(said) + 1})" if said in notes else said


def target_rows(notes):
    yield f"| {CROSS} | " + " | ".join(SUITES) + " |"
    yield "| --- |" + " --- |" * len(SUITES)
    for machine in TARGETS:
        yield f"| {machine} | " + " | ".join(shown(Target(version, machine).result(), notes) for version in SUITES) + " |"


def write_table(file):
    times = [path.stat().st_mtime for path in OUT.glob("*/result")]
    days = sorted({time.strftime("%Y-%m-%d", time.gmtime(when)) for when in times})
    head = (Path(__file__).parent / "head.md").read_text().rstrip() + "\n"
    versions = f"gcc {compiler_version('gcc')}, clang {compiler_version('clang')}"
    lines = [head, f"Run on {' to '.join(days[::len(days) - 1 or 1])}, x86_64, by {versions}.", ""]
    notes = []
    for version in SUITES:
        lines += [*rows(version, notes), ""]
    lines += [*target_rows(notes), ""]
    lines += [f"- ({number}) {text.partition(': ')[2]}" for number, text in enumerate(notes, 1)]
    file.write_text("\n".join(lines).strip() + "\n")


def main():
    file = Path(sys.argv[1]).resolve()
    configs, versions = chosen("CONFIGS", [*CONFIGS, CROSS]), chosen("VERSIONS", SUITES)
    cells = [Cell(version, config, compiler, libc) for version in versions
             for libc in chosen("LIBCS", LIBCS) for compiler in chosen("COMPILERS", COMPILERS)
             for config in configs if config != CROSS]
    if CROSS in configs:
        cells += [Target(version, machine) for version in versions for machine in chosen("TARGETS", TARGETS)]
    counts = {True: 0, False: 0, None: 0}
    for cell in cells:
        if not source(cell.version):
            print(f"{cell.name}: there is no wolfSSL {cell.version} to be had: skipped", flush=True)
            continue
        if cell.config == CROSS and not shutil.which(cell.compiler + "-gcc"):
            print(f"{cell.name}: there is no {cell.compiler}-gcc: skipped", flush=True)
            continue
        start = time.monotonic()
        good = cell.run()
        counts[good] += 1
        print(f"{cell.name}: {cell.result()}, {time.monotonic() - start:.0f} s", flush=True)
        if good is False:
            print(f"FAILED: {cell.dir}/log", flush=True)
        write_table(file)
    print(f"{counts[True]} passed, {counts[False]} failed")
    return bool(counts[False]) or not counts[True] + counts[None]


if __name__ == "__main__":
    sys.exit(main())
