"""size: what configurations weigh, file by file of the source, compared with a table of what they weighed.

Arguments: the table, then names of build/configs, without any all of them. With SAVE=1 the table is written, but for the columns
of other configurations; else what differs is told, and text and data that have grown by more than 2 % are a failure: a file grows
by pages, of which one may be more than that. MODULES=0: without modules.
Builds are below O-size, or that of NAME in O-NAME, if one of this configuration is there. Ends with "N passed, N failed".

What an object adds is read from the map of the linker. An object that is optimised at link time is not in such a map: where
the configuration has LTO, the modules are those of a second build, without."""

import os
import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
OUT = Path(os.environ.get("O") or TOP / "build/out").resolve()
CONFIGS = sorted(path.name for path in TOP.glob("build/configs/*") if path.name != "cross") # that one is for other machines
MOST = 1.02
KINDS = ("file", "text", "data", "bss")
WHOLE = "file, without LTO"
REST = "compiler and linker"
PARTS = {"applets": "applets/", "core": "core/", "wolfSSL": "wolfssl/", "skalibs": "", "C library": "", REST: ""}
# What the linker itself makes, although its map gives it to an object.
TABLES = re.compile(r"\.(rela|hash|gnu|dyn|got|plt|interp|note)")
SECTION = re.compile(r" *\[ *\d+\] (\S+) +(\S+) +[0-9a-f]+ [0-9a-f]+ ([0-9a-f]+) \S+ +(\w*)")
PIECE = re.compile(r"^ \S+\n? +0x[0-9a-f]+ +0x([0-9a-f]+) (\S.*)", re.M)


def run(*argv):
    """Without variables of a make that called this, or what would change a build."""
    ours = {name: value for name, value in os.environ.items()
            if not re.match("MAKE|MFLAGS|CC$|AR$|[A-Z]*FLAGS$|SANITIZE|VALGRIND|COVERAGE|CROSS_COMPILE|O$", name)}
    return subprocess.run([str(word) for word in argv], cwd=TOP, env={**ours, "LC_ALL": "C"}, stdout=subprocess.PIPE, text=True,
                          check=True).stdout


# building


def folder(name):
    """Where the configuration is built: there, if it is already."""
    beside, wanted = OUT.with_name(f"{OUT.name}-{name}"), (TOP / "build/configs" / name).read_text()
    there = (beside / ".config").exists() and (beside / ".config").read_text() == wanted
    return beside if there else OUT.with_name(f"{OUT.name}-size") / name


def build(out, text, *words):
    out.mkdir(parents=True, exist_ok=True)
    if not (out / ".config").exists() or (out / ".config").read_text() != text:
        (out / ".config").write_text(text)
    run("make", "-s", "-j2", f"O={out}", *words)
    run("strip", "-s", "-o", out / "stripped", out / "s6-tls")
    return out / "stripped"


def weigh(name, with_modules):
    """What a configuration has: {kind or module: bytes}."""
    text = (TOP / "build/configs" / name).read_text()
    found, lto = {}, "CONFIG_LTO=y" in text
    if lto or not with_modules:
        found = of_file(build(folder(name), text))
    if with_modules:
        out = OUT.with_name(f"{OUT.name}-size") / f"{name}-map"
        binary = build(out, text.replace("CONFIG_LTO=y", "# CONFIG_LTO is not set"), f"LDFLAGS=-Wl,-Map={out}/map")
        modules = modules_of((out / "map").read_text(), run("readelf", "-SW", binary), out)
        found = (found or of_file(binary)) | with_sums(modules, binary.stat().st_size)
    return found


def of_file(binary):
    numbers = run("size", "-B", binary).splitlines()[1].split()
    return dict(zip(KINDS, [binary.stat().st_size, *map(int, numbers[:3])]))


def with_sums(modules, whole):
    """The parts of a file, which add up to all of it, and the modules."""
    sums = {part: sum(size for module, size in modules.items() if module == part or (path and module.startswith(path)))
            for part, path in PARTS.items()}
    sums[REST] += whole - sum(sums.values())
    return {WHOLE: whole, **{part: size for part, size in sums.items() if size},
            **{module: modules[module] for module in sorted(modules) if "/" in module}}


# the map of the linker


def module_of(object_file, out):
    """The module that an object file is of, as the linker names it: an archive's with the member in parentheses."""
    file, _, member = object_file.partition("(")
    stem = (member or Path(file).name).rpartition(".")[0]
    archive = Path(file).name
    if archive in ("libapplets.a", "libcore.a") or file == f"{out}/core/multicall.o":
        top = archive[3:-2] if member else "core"
        found = sorted(TOP.glob(f"{top}/**/{stem}.c"))
        return str(found[0].relative_to(TOP).with_suffix("")) if found else f"{top}/{stem}"
    wholes = {"libskarnet.a": "skalibs", "libc.a": "C library", "libm.a": "C library"}
    return f"wolfssl/{stem}" if archive == "libwolfssl.a" else wholes.get(archive, REST)


def modules_of(text, sections, out):
    """{module: bytes that it has in the file}."""
    kept = {name for name, kind, _, flags in SECTION.findall(sections) if "A" in flags and kind != "NOBITS" and not TABLES.match(name)}
    found = {}
    for block in re.split(r"\n(?=\.)", text.partition("\nLinker script and memory map\n")[2]):
        if block.split(None, 1)[0] in kept:
            for size, object_file in PIECE.findall(block):
                module = module_of(object_file, out)
                found[module] = found.get(module, 0) + int(size, 16)
    return {module: size for module, size in found.items() if size}


# the table


def read_tables(text):
    """{configuration: {kind or module: bytes}} of what write_tables made."""
    found, columns = {}, None
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if not cells or cells[0] in ("configuration", "module"):
            columns = cells[1:]
        elif not cells[0].startswith("---"):
            for column, cell in zip(columns, cells[1:]):
                name, what = (cells[0], column) if column in KINDS else (column, cells[0])
                if cell:
                    found.setdefault(name, {})[what] = int(cell)
    return found


def rows(title, columns, table):
    """A table in Markdown; {row: [cells]}."""
    yield f"| {title} | " + " | ".join(columns) + " |"
    yield "| --- |" + " ---: |" * len(columns)
    for name, cells in table.items():
        yield f"| {name} | " + " | ".join(map(str, cells)) + " |"
    yield ""


def write_tables(weights):
    names = sorted(weights)
    files = {name: [weights[name].get(kind, "") for kind in KINDS] for name in names}
    modules = {module for name in names for module in weights[name]} - {*KINDS, WHOLE, *PARTS}
    order = [WHOLE, *PARTS, *sorted(modules)]
    return "\n".join([
        (TOP / "tests/size/head.md").read_text() + tools(), "", *rows("configuration", KINDS, files),
        "By module, without bss, as the map of the linker tells. Where a configuration has LTO, no byte of its file is any one module's:",
        "these are of a build without. `compiler and linker` are the linker's own tables, gaps between pages and libgcc.", "",
        *rows("module", names, {module: [weights[name].get(module, "") for name in names] for module in order})])


def newest(name):
    """The source that make takes: its name and version."""
    found = [path.name.partition("-") for path in (TOP / "sources").glob(f"{name}-*")]
    return " ".join(max(found, key=lambda parts: [int(word) for word in re.findall(r"\d+", parts[2])])[::2]) if found else f"no {name}"


def tools():
    """The versions that matter, one line."""
    gcc = re.search(r"\((.*?)\) (\S+)", run("gcc", "--version"))
    musl = subprocess.run(["/lib/ld-musl-x86_64.so.1"], stderr=subprocess.PIPE, text=True, check=False).stderr
    words = [f"gcc {gcc[2]} ({gcc[1]})", "binutils " + run("ld", "--version").splitlines()[0].split()[-1],
             "musl " + re.search(r"Version (\S+)", musl)[1], newest("wolfssl"), newest("skalibs")]
    return "Made with " + ", ".join(words) + "."


# comparing


def compare(name, old, new):
    """Prints what a configuration has, and how much more than it had; returns whether it keeps to the limit."""
    print(f"== {name}")
    for what in {**new, **old}:
        before, now = old.get(what, 0), new.get(what, 0)
        print(f"{what:36} {now:9}" + f" {now - before:+8}" * (now != before))
    if not old:
        print(f"{name} was not in the table: make size SAVE=1 puts it there")
        return False
    grown = (new["text"] + new["data"]) / (old["text"] + old["data"])
    if grown > MOST:
        print(f"{name} has grown by {100 * (grown - 1):.1f} %: if it is worth that, make size SAVE=1")
    return grown <= MOST


def main():
    table, names = Path(sys.argv[1]), sys.argv[2:] or CONFIGS
    save, with_modules = os.environ.get("SAVE") == "1", os.environ.get("MODULES") != "0"
    text = table.read_text() if table.exists() else ""
    if text and tools() not in text:
        print(f"{table} is of other tools or libraries. {tools()}")
    weights = read_tables(text)
    passed = 0
    for name in names:
        new = weigh(name, with_modules)
        old = weights.get(name, {})
        known = {what: size for what, size in old.items() if with_modules or what in KINDS}
        passed += compare(name, known, new) or save
        weights[name] = {} if with_modules else old
        weights[name] |= new
    if save:
        table.write_text(write_tables(weights))
    print(f"{passed} passed, {len(names) - passed} failed")
    return passed < len(names)


if __name__ == "__main__":
    sys.exit(main())
