"""The manual pages: that they are well formed, that their options and variables, those of README.md and of the usage texts are
what the programs take, and that their examples do what they show."""

import functools
import os
import re
import subprocess
from pathlib import Path

import pytest

from features import BUILT_IN, TOP, built_in, require
from harness import eventually
from service import BARE, listens
from watch import APPLETS

MAN = TOP / "docs/man"
PAGES = sorted(path.stem for path in MAN.glob("*.8"))
README = (TOP / "README.md").read_text()


def source(page):
    """A page with its parts in their places, examples as they are typed."""
    def expand(path):
        return re.sub(r"^\.so (parts/.*)\n", lambda found: expand(MAN / found[1]), path.read_text(), flags=re.M)
    return expand(MAN / f"{page}.8")


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    """The directory of the generated pages, and that of the HTML ones."""
    out = tmp_path_factory.mktemp("pages")
    done = subprocess.run(["make", "-s", f"O={out}", "html"], cwd=TOP, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return out / "man", out / "html"


# form


def test_each_applet_and_the_binary_have_a_page():
    assert PAGES == sorted([*APPLETS, "s6-tls"])


@pytest.mark.parametrize("page", PAGES)
def test_page_is_well_formed(pages, page):
    """lint sees pages that are referred to where they are in the same directory."""
    done = subprocess.run(["mandoc", "-T", "lint", f"{page}.8", *(f"{other}.8" for other in PAGES if other != page)],
                          cwd=pages[0], stdout=subprocess.PIPE, text=True, timeout=60)
    assert [line for line in done.stdout.splitlines() if line.startswith(f"mandoc: {page}.8:")] == []


@pytest.mark.parametrize("page", PAGES)
def test_page_has_its_sections(page):
    wanted = ["NAME", "SYNOPSIS", "DESCRIPTION", "ENVIRONMENT", "EXIT STATUS", "EXAMPLES", "SEE ALSO", "SECURITY CONSIDERATIONS"]
    there = re.findall(r"^\.Sh (.*)$", source(page), re.M)
    assert [name for name in there if name in wanted] == [name for name in wanted if name in there]
    assert set(wanted) - set(there) <= ({"ENVIRONMENT"} if page == "s6-tls" else set())


def test_pages_refer_to_pages_that_are_there():
    referred = {(name, section) for page in PAGES for name, section in re.findall(r"^\.Xr (\S+) (\S+)", source(page), re.M)}
    assert referred == {(page, "8") for page in PAGES}


@pytest.mark.parametrize("page", PAGES)
def test_page_can_be_read_in_a_browser(pages, page):
    text = (pages[1] / f"{page}.html").read_text()
    assert f"<title>{page.upper()}(8)</title>" in text
    for other in set(re.findall(r'<a class="Xr" href="([^"]*)"', text)):
        assert (pages[1] / other).exists()


def test_page_of_the_binary_has_every_symbol_with_its_help(pages):
    symbols = re.findall(r"^\.It Cm ([A-Z0-9_]+) Pq ", (pages[0] / "s6-tls.8").read_text(), re.M)
    prompted = re.findall(r"^config (\w+)\n +(?:bool|int|string) \"", (TOP / "Kconfig").read_text(), re.M)
    assert sorted(symbols) == sorted([*prompted, *(name.upper().replace("-", "_") for name in APPLETS)])
    assert "is spoken.\n.It Cm CLIENT_CERTS" in (pages[0] / "s6-tls.8").read_text().replace("ever spoken", "is spoken")


DEFAULTS = dict(re.findall(r"^CONFIG_(\w+)=(.*)$", (TOP / "build/configs/default").read_text(), re.M))


def test_page_of_the_binary_has_the_defaults_of_its_symbols(pages):
    """Symbols that need one that is off are off whatever they say."""
    text = (pages[0] / "s6-tls.8").read_text()
    for name, body in re.findall(r"^\.It Cm ([A-Z0-9_]+) Pq .*\n((?:(?!\.It|\.El).*\n)*)", text, re.M):
        told = re.search(r"^Default: (.*)\.$", body, re.M)
        off = name == "GROUP_X25519MLKEM768" and "WOLFSSL_SOURCE" not in DEFAULTS
        assert DEFAULTS.get(name, "n") == ("n" if off else told[1] if told else "y"), name


@pytest.mark.parametrize("symbol, value, words", [("HANDSHAKE_LIMIT", "30000", "30 seconds as a rule"),
                                                  ("TICKET_LIFETIME", "7200", "keep the old one for two hours"),
                                                  ("LINGER", "5000", "for 5 seconds without progress at most")])
def test_times_of_the_page_are_those_of_the_default_build(symbol, value, words):
    assert DEFAULTS[symbol] == value and words in source("s6-tlsd")


def test_pages_have_the_name_of_every_group():
    table = re.search(r"^} const groups\[\] = \{(.*?)^};", (TOP / "core/policy.c").read_text(), re.M | re.S)[1]
    told = re.search(r"SSL_GROUP\n.*\n\.Li (.*) \.$", source("s6-tlsd"), re.M)[1]
    assert told.split(" , ") == re.findall(r'^ +\{\d+, \d, "([^"]*)"', table, re.M)


# options


def long_names():
    """Every long name in a table of core/ or applets/."""
    text = "".join(path.read_text() for folder in ("core", "applets") for path in (TOP / folder).glob("*.c"))
    return set(re.findall(r'^ +\{[^{}"]*, (?:[01]|OPTABLE_MAYBE), "([a-z0-9-]+)"\},$', text, re.M))


def takes(applet, option):
    """None if the program does not know the option, else whether it wants an argument. Nothing is run: there is no operand."""
    done = subprocess.run([os.environ["S6TLS_BIN"], applet, option], capture_output=True, text=True, env={}, timeout=20)
    assert done.returncode in (96, 100), done.stderr
    if "unknown option" in done.stderr:
        return None
    return "no argument to option" in done.stderr


@functools.lru_cache(maxsize=None)
def options_of(applet):
    """What the program takes: {"-S": False, "--close-notify": False, "-v": True, ...}"""
    letters = [f"-{letter}" for letter in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"]
    found = {option: takes(applet, option) for option in [*letters, *(f"--{name}" for name in sorted(long_names()))]}
    return {option: argument for option, argument in found.items() if argument is not None}


def documented(applet):
    """The same from the items of the page's lists of options."""
    items = re.findall(r"^\.It (Fl .*)$", source(applet), re.M)
    words = [word.split() for item in items for word in re.split(r"(?:^| , )Fl ", item)[1:]]
    return {f"-{name}": "Ar" in rest for name, *rest in words}


def usage(applet):
    return subprocess.check_output([os.environ["S6TLS_BIN"], applet, "--help"], text=True)


@pytest.mark.parametrize("applet", BUILT_IN)
def test_page_has_the_options_that_the_program_takes(applet):
    taken = options_of(applet)
    assert len(taken) > 4 and documented(applet) == taken


@pytest.mark.parametrize("applet", BUILT_IN)
def test_usage_has_the_options_that_the_program_takes(applet):
    """Of the long names only those that have no letter need be there, and not all of them; but none that is not."""
    taken, shown = options_of(applet), usage(applet)
    letters = set(re.findall(r"(?<![\w-])-\w(?!\w)", shown)) - {"-Uz"}
    assert letters == {option for option in taken if len(option) == 2}
    assert {name for name in re.findall(r"(?<!\S)--[a-z][a-z-]+", shown)} <= set(taken)


@pytest.mark.parametrize("applet", BUILT_IN)
def test_synopsis_has_the_letters_that_the_program_takes(applet):
    lines = re.search(r"^\.Sh SYNOPSIS\n(.*?)^\.Sh", source(applet), re.M | re.S)[1]
    if ".Op Ar options" in lines:
        return
    flags = [words.split(" Ar")[0] for words in re.findall(r"^\.Op Fl (.*)$", lines, re.M)]
    shown = {f"-{letter}" for words in flags for letter in re.findall(r"(?<!\S)(\w)(?!\S)", words)}
    assert shown == {option for option in options_of(applet) if len(option) == 2}


def test_readme_has_every_long_name_and_no_other():
    require(*[applet.upper().replace("-", "_") for applet in APPLETS])
    taken = {option for applet in APPLETS for option in options_of(applet) if len(option) > 2}
    part = README[README.index("### Options of s6-tlsd"):README.index("### Variables")]
    shown = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", part))
    assert taken - shown <= {"--dns", "--no-hosts"} # the opposites of -H and -h
    assert shown <= taken


SECTIONS = {"s6-tlsd and s6-tlsc": ("s6-tlsd", "s6-tlsc"), "s6-tlsserver and s6-tlsclient": ("s6-tlsserver", "s6-tlsclient"),
            "s6-tcpserver and s6-tcpclient": ("s6-tcpserver", "s6-tcpclient")}


@pytest.mark.parametrize("section", SECTIONS)
def test_readme_has_the_letters_that_the_programs_take(section):
    require(*[applet.upper().replace("-", "_") for applet in SECTIONS[section]])
    taken = {option for applet in SECTIONS[section] for option in options_of(applet) if len(option) == 2}
    part = re.search(rf"^### Options of {section}\n(.*?)^###", README, re.M | re.S)[1]
    shown = set(re.findall(r"(?<![\w-])-\w(?!\w)", " ".join(re.findall("`(.*?)`", part))))
    assert taken <= shown and shown - taken <= {"-7"} # "no -6 and -7"


def test_readme_has_the_letters_of_applyuidgid():
    require("S6_APPLYUIDGID")
    part = re.search(r"^Options of `s6-applyuidgid`(.*?)\n\n", README, re.M | re.S)[1]
    assert set(re.findall(r"(?<![\w-])-\w(?!\w)", part)) == {option for option in options_of("s6-applyuidgid") if len(option) == 2}


# variables


def names(text):
    return set(re.findall(r"\b[A-Z][A-Z0-9_]{3,}\b", text))


def told():
    """The variables of the code: those that configure TLS, and those that prog is told."""
    code = (TOP / "core/peerenv.c").read_text()
    read = re.search(r"tls_names\[\] = \{(.*?)\};", code, re.S)[1]
    never = re.findall(r'"(TLS_TICKETFD)"', code) # which prog does not see with -Z either
    return {*re.findall(r'"([A-Z_]+):?"', read), *never}, set(re.findall(r'^ +\{"(SSL_\w+)", ', code, re.M))


@pytest.mark.parametrize("applet", sorted({name for name in APPLETS if "tls" in name}))
def test_page_has_every_variable_of_tls(applet):
    read, written = told()
    part = re.search(r"^\.Sh ENVIRONMENT\n(.*?)^\.Sh", source(applet), re.M | re.S)[1]
    items = {name for item in re.findall(r"^\.It Ev (.*)$", part, re.M) for name in names(item)}
    assert items - {"UID", "GID", "GIDLIST"} == read | written


def test_readme_has_every_variable_of_tls():
    read, written = told()
    part = README[README.index("### Variables"):README.index("### Exit codes")]
    assert read | written <= names(part)


# examples


def examples(page):
    """(what is expected, the script) of each example of a page, in their order."""
    part = re.search(r"^\.Sh EXAMPLES\n(.*?)^\.Sh", source(page), re.M | re.S)[1]
    blocks = re.findall(r'^(?:\.\\" run: (.*)\n)?\.Bd -literal.*\n((?:.*\n)*?)\.Ed$', part, re.M)
    assert all(expected for expected, _ in blocks), "an example that is not run"
    return blocks


def needed(expected):
    """The words at the end: root, or symbols. Returns the rest."""
    words = expected.split()
    while words[-1] == "root" or words[-1] in built_in():
        word = words.pop()
        if word == "root" and os.geteuid():
            pytest.skip("needs root")
        require(*[] if word == "root" else [word])
    return words


@pytest.fixture
def shell(launch, lone):
    env = {**BARE, "PATH": f"{Path(lone).parent}:{launch.env['PATH']}", "no_proxy": "*"}
    return lambda script, **more: launch.program(["sh", "-c", script], env, **more)


@pytest.mark.xdist_group("documents") # their ports are fixed
@pytest.mark.parametrize("page", [page for page in PAGES if examples(page)])
def test_examples_do_what_they_show(shell, site, page):
    """One after the other, in one directory: a service serves until the page is done."""
    assert (site / "key.pem").exists()
    for expected, script in examples(page):
        verb, *what = needed(expected)
        if verb == "service":
            run = shell(script)
            assert eventually(lambda port=int(what[0]): listens(port)), run.stderr()
            continue
        run = shell(script, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        shown = run.process.communicate(timeout=60)[0].decode()
        assert run.process.returncode == 0, run.stderr()
        assert " ".join(what) in shown, run.stderr()
