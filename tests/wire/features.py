"""features: what is built into the binary under test; a test that needs more is skipped, and says what it lacks.
Most tests need not be marked: they are skipped where the harness is asked for what is not there. Where a build lacks
nothing, nothing is skipped (make check NO_SKIP=1)."""

import errno
import functools
import os
import re
import subprocess
from pathlib import Path

import pytest

import watch
from watch import APPLETS

# For a test that looks at which fds there are.
HAS_FDS = pytest.mark.not_watched("what runs the program has fds of its own", by="valgrind foreign")
TOP = Path(__file__).resolve().parent.parent.parent
KEYS = {"p256": "KEY_EC", "p384": "KEY_EC", "p521": "KEY_EC", "rsa": "KEY_RSA", "ed25519": "KEY_ED25519"}
GROUPS = {"X25519MLKEM768": "GROUP_X25519MLKEM768",
          "X25519": "GROUP_X25519", "P-256": "GROUP_P256", "P-384": "GROUP_P384", "P-521": "GROUP_P521"}
CLIENT_CERTS = {"s6-tlsd": ("-Y", "-y", "--client-cert", "--mandatory-client-cert"),
                "s6-tlsc": ("-y", "--client-cert")}


VERSION = re.compile(r"wolfSSL [\d.]+ at build, ([\d.]+) at run")


@functools.lru_cache(maxsize=None)
def shown_version():
    return subprocess.run([os.environ["S6TLS_BIN"], "--version"], capture_output=True, text=True, timeout=20).stdout


@functools.lru_cache(maxsize=None)
def built_in():
    """The symbols of --version with their values."""
    return dict(re.findall(r"^([A-Z]\w*)=(.*)$", shown_version(), re.M))


def symbol(applet):
    return applet.upper().replace("-", "_")


def have(*symbols):
    return all(built_in().get(symbol) == "y" for symbol in symbols)


def lacking(symbols):
    return ", ".join(symbol for symbol in symbols if not have(symbol))


def needs(*symbols):
    """The mark of a test, or of all of a file (pytestmark)."""
    return pytest.mark.skipif(bool(lacking(symbols)), reason=f"needs {lacking(symbols)}")


def require(*symbols):
    """The same from within a test."""
    if lacking(symbols):
        pytest.skip(f"needs {lacking(symbols)}")


def require_any(*symbols):
    if symbols and not any(map(have, symbols)):
        pytest.skip(f"needs {' or '.join(symbols)}")


def require_group(names):
    """One in common with a peer that has these groups; a peer that has none of ours is not there for that."""
    require_any(*[GROUPS[name] for name in names if name in GROUPS])


def require_suite(names):
    """One in common with a peer of TLS 1.2 that has these suites (by OpenSSL's names), likewise."""
    families = {"GCM-": "SUITES_AES_GCM", "CHACHA20-": "SUITES_CHACHA20", "AES...-SHA(256|384)$": "SUITES_AES_CBC"}
    require_any(*[family for name in names for shape, family in families.items()
                  if re.search(f"^ECDHE-.*{shape}", name)])


def library_is(*at_least):
    """Whether there is a wolfSSL, and its version is this or a later one."""
    found = VERSION.search(shown_version())
    return bool(found) and tuple(map(int, found[1].split("."))) >= at_least


def cpu_has_aes():
    """Whether the processor has instructions for AES; of those that qemu imitates, those of ARM have."""
    if watch.WATCHED != "foreign":
        return " aes " in Path("/proc/cpuinfo").read_text()
    return elf_machine() in (40, 183)


def elf_machine():
    """The number of the machine that the binary under test is for."""
    head = Path(os.environ["S6TLS_BIN"]).read_bytes()[:20]
    return int.from_bytes(head[18:], "big" if head[5] == 2 else "little")


# musl has words of its own for some errors.
WORDS = {errno.ETIMEDOUT: "Operation timed out", errno.EADDRINUSE: "Address in use",
         errno.EMFILE: "No file descriptors available"}


def words(number):
    """What the C library of the binary under test calls an error."""
    return WORDS.get(number) if have("LIBC_MUSL") and number in WORDS else os.strerror(number)


BUILT_IN = tuple(name for name in APPLETS if have(symbol(name)))


def require_command(argv):
    """That the applets in a command, or in a script that is a word of it, are there, with the options that follow."""
    words = [str(word) for word in argv]
    for at, word in enumerate(words):
        require(*[symbol(name) for name in re.findall(r"(?<![\w/.-])[\w-]+", word) if name in APPLETS])
        if word in APPLETS:
            require_options(word, words[at + 1:])


def require_options(applet, words):
    """A prog that begins with such a word would be a false alarm: that is one test skipped too many, at worst."""
    for at, word in enumerate(words):
        if not word.startswith("-"):
            if not at or not words[at - 1].startswith("-"):
                return
        elif word in CLIENT_CERTS.get(applet, ()):
            require("CLIENT_CERTS")
        elif applet == "s6-tlsd" and re.fullmatch("-k[12]|--sni|--mandatory-sni|--sni-level(=.*)?", word + word_after(words, at)):
            require("SNI_CERTS")


def word_after(words, at):
    return words[at + 1] if words[at] == "-k" and at + 1 < len(words) else ""


def require_keys(env):
    """That keys of the kinds that the environment names can be used; pki puts the kind in the name of the file."""
    for name, value in env.items():
        kind = re.fullmatch(r".*\.(\w+)\.key", value)
        if name.partition(":")[0] == "KEYFILE" and kind:
            require(KEYS[kind.group(1)])


def default_key():
    """The kind of key of tests that do not care."""
    return next(kind for kind in ("p256", "rsa", "ed25519") if have(KEYS[kind]))
