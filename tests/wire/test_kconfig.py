"""The configuration: its targets, its checked-in files, what a symbol leaves out of the binary and what it makes again,
and the ways to install. The builds share folders and are not optimised where that does not matter."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import hello
from features import APPLETS, symbol

TOP = Path(__file__).resolve().parent.parent.parent
CONFIGS = sorted(path.name for path in TOP.glob("build/configs/*"))
pytestmark = pytest.mark.xdist_group("kconfig") # they share builds
UNOPTIMISED = {"CFLAGS": "-O0"}


def run(*argv, env=None, code=0, **options):
    """(stdout, stderr) of a command that has to exit with this code."""
    done = subprocess.run([str(word) for word in argv], cwd=TOP, env={**os.environ, **(env or {})},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, **options)
    assert done.returncode == code, f"{argv}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout, done.stderr


def make(out, *goals, env=None, **options):
    return run("make", "-j2", f"O={out}", "WERROR=1", *goals, env={**UNOPTIMISED, **(env or {})}, **options)


def choose(config, **symbols):
    """Changes symbols of a file: None means not set."""
    text = config.read_text()
    for name, value in symbols.items():
        line = f"# CONFIG_{name} is not set" if value is None else f"CONFIG_{name}={value}"
        text, count = re.subn(rf"^(# CONFIG_{name} is not set|CONFIG_{name}=.*)$", line, text, flags=re.M)
        assert count == 1, name
    config.write_text(text)


def values(config):
    return dict(re.findall(r"^CONFIG_(\w+)=(.*)$", config.read_text(), re.M))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("kconfig") / "out"


@pytest.fixture
def built(folder):
    """A build of the default configuration; what the test before changed is made again."""
    make(folder, "default_defconfig", "all")
    return folder


def made(stdout):
    """What a make has made, each by the name that it says."""
    return {words[1] for words in map(str.split, stdout.splitlines()) if words and words[0] in ("CC", "AR", "LD")}


# configurations


def test_the_checked_in_configurations_are_there():
    assert {"default", "tiny", "client", "static", "fast", "pq"} <= set(CONFIGS)
    chosen = {name: values(TOP / "build/configs" / name) for name in CONFIGS}
    applets = {name: [key for key in chosen[name] if key.startswith("S6_")] for name in CONFIGS}
    assert applets["tiny"] == ["S6_TLSD"] and "TLS12" not in chosen["tiny"]
    assert applets["client"] == ["S6_TLSC"]


@pytest.mark.parametrize("name", CONFIGS)
def test_a_named_configuration_is_a_target_and_a_whole_file(tmp_path, name):
    make(tmp_path, f"{name}_defconfig")
    wanted = (TOP / "build/configs" / name).read_text()
    assert (tmp_path / ".config").read_text() == wanted
    make(tmp_path, "olddefconfig")
    assert (tmp_path / ".config").read_text() == wanted


def test_savedefconfig_is_what_differs_and_gives_the_whole_back(tmp_path):
    make(tmp_path, "tiny_defconfig")
    make(tmp_path, "savedefconfig")
    short = (tmp_path / "defconfig").read_text()
    assert "# CONFIG_TLS12 is not set\n" in short and "LINGER" not in short
    (tmp_path / ".config").write_text(short)
    make(tmp_path, "olddefconfig")
    assert (tmp_path / ".config").read_text() == (TOP / "build/configs/tiny").read_text()


def test_randconfig_repeats_itself_by_its_seed(tmp_path):
    chosen = {}
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        make(tmp_path / name, "randconfig", f"SEED={seed}")
        chosen[name] = (tmp_path / name / ".config").read_text()
    assert chosen["a"] == chosen["b"] != chosen["c"]
    make(tmp_path / "a", "olddefconfig")
    assert (tmp_path / "a" / ".config").read_text() == chosen["a"]


def test_randconfig_links_nothing_statically_where_a_library_for_that_is_missing(tmp_path):
    chosen = set()
    for seed in range(1, 4):
        make(tmp_path, "randconfig", f"SEED={seed}", "LIBS=-lnowhere")
        chosen.add(values(tmp_path / ".config").get("LINK_STATIC"))
    assert chosen == {None}


def test_listconfig_shows_each_symbol_with_value_type_and_prompt(tmp_path):
    make(tmp_path, "tiny_defconfig")
    lines = make(tmp_path, "listconfig")[0].splitlines()
    shown = {line.split("=")[0]: line.split(maxsplit=2) for line in lines}
    assert shown["TLS12"] == ["TLS12=n", "bool", "TLS 1.2 beside 1.3"]
    assert shown["LINGER"][:2] == ["LINGER=5000", "int"] and shown["PREFIX"] == ['PREFIX="/usr/local"', "string", "prefix"]
    assert shown["SUITES_AES_CBC"][0] == "SUITES_AES_CBC=-" # depends on TLS12
    mentioned = set(re.findall(r"CONFIG_(\w+)", (TOP / "build/configs/default").read_text()))
    assert mentioned <= set(shown)


@pytest.mark.parametrize("last", ["KEY_EC KEY_RSA KEY_ED25519", "SUITES_AES_GCM SUITES_CHACHA20",
                                  "GROUP_P256 GROUP_X25519 GROUP_P384"])
def test_the_last_of_its_kind_cannot_be_dropped(tmp_path, last):
    make(tmp_path, "default_defconfig")
    choose(tmp_path / ".config", TLS12=None, **dict.fromkeys(last.split()))
    make(tmp_path, "olddefconfig")
    assert [name for name in last.split() if name in values(tmp_path / ".config")] == [last.split()[0]]


def test_help_lists_every_target():
    files = [TOP / "Makefile", *TOP.glob("build/*.mk")]
    text = "\n".join(path.read_text() for path in files)
    targets = {word for line in re.findall(r"^\.PHONY: (.*)$", text, re.M) for word in line.split()}
    targets |= {f"{name}_defconfig" for name in CONFIGS} | {"menuconfig", "nconfig", "olddefconfig", "savedefconfig",
                                                           "randconfig", "listconfig"}
    targets = {name for name in targets if not name.startswith("$")} - {"FORCE"}
    assert {"install", "check", "defconfig", "randcheck"} <= targets
    shown = set(re.findall(r"^make (\S+)", run("make", "help")[0], re.M))
    assert shown == targets


# building again


SOURCES = re.compile(r"(core|applets)/\S+\.c")


def mentions(symbol):
    """The sources that mention a symbol, by themselves or by a header of ours that they include."""
    found, files = set(), {path: path.read_text() for path in TOP.glob("[ca]*/**/*.[ch]")}
    while True:
        names = "|".join(re.escape(path.name) for path in found if path.suffix == ".h") or "(?!)"
        more = {path for path, text in files.items()
                if re.search(rf'\bCONFIG_{symbol}\b|^#include "({names})"', text, re.M)}
        if more == found:
            return {str(path.relative_to(TOP)) for path in found if path.suffix == ".c"}
        found = more


@pytest.mark.parametrize("symbol, value", [("LINGER", "4999"), ("CLIENT_CERTS", None), ("KEY_RSA", None), ("S6_TLSC", None),
                                           ("NO_EXEC", "y")])
def test_one_changed_symbol_makes_again_what_mentions_it_and_no_more(built, symbol, value):
    choose(built / ".config", **{symbol: value})
    again = {name for name in made(make(built)[0]) if SOURCES.fullmatch(name)}
    assert again == mentions(symbol) | {"core/multicall.c"} # that one tells all symbols, and has the table of applets
    assert made(make(built)[0]) == set()


def test_a_symbol_of_the_linker_makes_the_binary_again_alone(built):
    choose(built / ".config", RELRO=None)
    assert made(make(built)[0]) == {"core/multicall.c", str(built / "s6-tls")}
    assert "GNU_RELRO" not in run("readelf", "-l", built / "s6-tls")[0]


BUILD = [("STACK_PROTECTOR", "-fstack-protector-strong", "-fno-stack-protector"), ("FORTIFY", "-D_FORTIFY_SOURCE=2", ""),
         ("PIE", "-fPIE", "-fno-pie"), ("RELRO", "-Wl,-z,relro,-z,now", "-Wl,-z,norelro"), ("DEBUG", " -g ", ""),
         ("LTO", "-flto=auto", ""), ("STRIP", " -s ", ""), ("OPTIMIZE_SIZE", "-Os", "-O2"), ("LINK_STATIC", "-static", "")]


def test_each_symbol_of_the_build_is_a_flag(tmp_path):
    """First with the defaults, then with every one of them the other way."""
    chosen = values(TOP / "build/configs/default")
    flipped = {name: None if name in chosen else "y" for name, _, _ in BUILD}
    without = {name: text for name, text in os.environ.items() if name != "CFLAGS"}
    for other in ({}, {**flipped, "OPTIMIZE_SPEED": None, "LINK_SHARED": None}):
        make(tmp_path, "default_defconfig")
        choose(tmp_path / ".config", **other)
        shown = subprocess.run(["make", "-n", f"O={tmp_path}"], cwd=TOP, env=without, capture_output=True, text=True).stdout
        for name, on, off in BUILD:
            is_on = other.get(name, chosen.get(name)) == "y"
            assert (on in shown) == is_on and (off in shown or is_on), name


def test_another_configuration_file_in_the_same_folder_is_noticed(built):
    """An older file too: what counts is what it says."""
    other = built.parent / "other.config"
    other.write_text((built / ".config").read_text())
    choose(other, LINGER="1234")
    os.utime(other, (1, 1))
    assert "core/conn.c" in made(make(built, f"KCONFIG_CONFIG={other}")[0])
    assert "\nLINGER=1234\n" in run(built / "s6-tls", "--version")[0]
    assert "LINGER=5000" in (built / ".config").read_text()


# what has a value


def test_a_configuration_of_an_older_version_gets_what_it_lacks(tmp_path):
    make(tmp_path, "default_defconfig")
    config, header = tmp_path / ".config", tmp_path / "include/config.h"
    config.write_text(re.sub("^(CONFIG_(RECORD_SIZE|HEAP_LIMIT|TICKET_LIFETIME)=|# CONFIG_SUITES_AES_CCM ).*\\n", "",
                             config.read_text(), flags=re.M))
    make(tmp_path, header)
    for line in ("CONFIG_RECORD_SIZE 16384", "CONFIG_HEAP_LIMIT 0", "CONFIG_SUITES_AES_CCM 0"):
        assert f"#define {line}\n" in header.read_text()
    assert "CONFIG_TICKET_LIFETIME " not in header.read_text() # depends on TICKETS


def test_records_and_memory_have_the_limits_of_the_configuration(built, launch, ends):
    choose(built / ".config", RECORD_SIZE="1000", HEAP_LIMIT="65536")
    make(built, "all")
    run = launch.on_stdio([built / "s6-tls", "s6-tlsd", "sh", "-c", "head -c 50000 /dev/zero; exec cat"])
    ends(run).handshake()
    left, lengths = 50000, []
    while left:
        length = int.from_bytes(hello.receive(run.sock, 5)[3:], "big")
        hello.receive(run.sock, length)
        lengths.append(length)
        left -= length - 17
    assert max(lengths) == 1017
    assert re.search(r"^Max data size +67108864 +67108864 ", Path(f"/proc/{run.pid}/limits").read_text(), re.M)


# what is left out


def symbols_of(binary):
    """The names in a binary, and those that it takes from libraries; each with its size."""
    lines = run("nm", "-S", binary)[0].splitlines()
    return {line.split()[-1]: int(line.split()[1], 16) if len(line.split()) == 4 else 0 for line in lines}


# Each is left out in one build of the server or the client; those of a row together.
ROWS = {"server": [("TLS12", "KEY_RSA", "SUITES_CHACHA20", "ALPN"),
                   ("CLIENT_CERTS", "KEY_EC", "SUITES_AES_GCM", "GROUP_X25519", "CHECK"),
                   ("SNI_CERTS", "KEY_ED25519", "SUITES_AES_CBC", "GROUP_P384", "CRL", "OCSP_STAPLE", "TICKETS")],
        "client": [("TLS12", "CLIENT_CERTS", "GROUP_P521")]}


class Side:
    """A folder with one TLS applet, built again for each choice of symbols."""

    def __init__(self, out, name):
        self.out, self.name, self.seen = out, name, {}

    def build(self, *dropped):
        """The symbols of the binary without these, and the binary's bytes."""
        if dropped not in self.seen:
            make(self.out, "default_defconfig")
            applets = dict.fromkeys({symbol(name) for name in APPLETS} - {{"server": "S6_TLSD", "client": "S6_TLSC"}[self.name]})
            choose(self.out / ".config", **applets, **dict.fromkeys(dropped))
            make(self.out, "olddefconfig", "all", env={"CFLAGS": "-O1"})
            assert not set(dropped) & set(values(self.out / ".config"))
            self.seen[dropped] = symbols_of(self.out / "s6-tls"), (self.out / "s6-tls").read_bytes()
        return self.seen[dropped]

    def without(self, symbol):
        return self.build(*next(row for row in ROWS[self.name] if symbol in row))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    return Side(tmp_path_factory.mktemp("server"), "server")


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    return Side(tmp_path_factory.mktemp("client"), "client")


RSA = {"wc_RsaPrivateKeyDecode", "wc_RsaSSL_Sign", "wc_RsaPSS_Sign", "wolfSSL_CTX_SetRsaSignCb"}
EC = {"wc_EccPrivateKeyDecode", "wc_ecc_sign_hash", "wolfSSL_CTX_SetEccSignCb"}
ED25519 = {"wc_Ed25519PrivateKeyDecode", "wc_ed25519_sign_msg", "wolfSSL_CTX_SetEd25519SignCb"}
TICKETS = {"keyring_ticket", "ticketfd_read", "creds_find_tickets", "wolfSSL_CTX_set_TicketEncCtx", "wc_ChaCha20Poly1305_Encrypt"}
ANCHORS = {"creds_find_anchors", "engine_add_anchors", "engine_trust", "x509_name_text", "wolfSSL_CTX_load_verify_buffer",
           "wolfSSL_CTX_UnloadCAs"}


@pytest.mark.parametrize("symbol, names", [
    ("TLS12", {"wolfSSLv23_server_method", "wolfSSL_CTX_SetMinVersion", "wolfSSL_CTX_NoTicketTLSv12"}),
    ("CLIENT_CERTS", ANCHORS), ("SNI_CERTS", {"hostname_matches"}), ("TICKETS", TICKETS), ("KEY_RSA", RSA), ("KEY_EC", EC),
    ("KEY_ED25519", ED25519), ("ALPN", {"alpn_is_list", "alpn_choose", "wolfSSL_UseALPN"}),
    ("CRL", {"engine_add_crls", "wolfSSL_CTX_EnableCRL"}), ("OCSP_STAPLE", {"engine_set_staple", "wolfSSL_CTX_DisableOCSPStapling"}),
    ("CHECK", {"check_run", "check_say", "engine_verify_chain", "keyring_describe", "wolfSSL_CertManagerNew"}),
    ("SUITES_AES_GCM", {"cpu_has_aes"}), ("SUITES_CHACHA20", {"cpu_has_aes"})])
def test_an_option_left_out_leaves_no_code_in_the_server(server, symbol, names):
    there, gone = server.build()[0], server.without(symbol)[0]
    assert names <= set(there) and not names & set(gone)


@pytest.mark.parametrize("symbol, names", [
    ("TLS12", {"wolfSSLv23_client_method", "wolfSSL_CTX_SetMinVersion"}),
    ("CLIENT_CERTS", {"keyring_new", "keyring_sign", "engine_add_chain"} | RSA | EC | ED25519)])
def test_an_option_left_out_leaves_no_code_in_the_client(client, symbol, names):
    there, gone = client.build()[0], client.without(symbol)[0]
    assert names <= set(there) and not names & set(gone)


@pytest.mark.parametrize("symbol, text", [("SUITES_AES_GCM", b"AES_128_GCM"), ("SUITES_CHACHA20", b"CHACHA20_"),
                                          ("SUITES_AES_CBC", b"AES_256_CBC")])
def test_suites_left_out_are_not_named_in_the_binary(server, symbol, text):
    assert text in server.build()[1] and text not in server.without(symbol)[1]


@pytest.mark.parametrize("side, symbol, number", [("server", "GROUP_X25519", 3), ("server", "GROUP_P384", 3),
                                                  ("client", "GROUP_P521", 4)])
def test_a_group_left_out_is_not_in_the_table(request, side, symbol, number):
    built = request.getfixturevalue(side)
    assert built.build()[0]["groups"] == number * 24 and built.without(symbol)[0]["groups"] == (number - 1) * 24


def test_one_side_alone_leaves_out_the_other(server, client):
    of_server = {"s6_tlsd_main", "clienthello_read", "wolfSSL_accept", "engine_wolfssl_choose_group"}
    of_client = {"s6_tlsc_main", "wolfSSL_connect", "wolfSSL_UseSNI"}
    assert of_server <= set(server.build()[0]) and not of_client & set(server.build()[0])
    assert of_client <= set(client.build()[0]) and not of_server & set(client.build()[0])


def test_an_applet_that_is_executed_leaves_out_how_one_is_called(built):
    ours = {"become", "title_find", "title_show", "fds_close_on_exec"}
    assert not ours & set(symbols_of(built / "s6-tls"))
    choose(built / ".config", NO_EXEC="y")
    make(built)
    assert ours <= set(symbols_of(built / "s6-tls"))


# the other named configurations, and static


@pytest.mark.parametrize("name, applets", [pytest.param("tiny", "s6-tlsd\n", marks=pytest.mark.from_source),
                                           ("client", "s6-tlsc\n")])
def test_a_named_configuration_builds_in_one_command(folder, name, applets):
    make(folder, f"{name}_defconfig", "all")
    assert run(folder / "s6-tls", "--list")[0] == applets


def test_a_static_binary_needs_no_library(built, tmp_path):
    choose(built / ".config", LINK_SHARED=None, LINK_STATIC="y")
    make(built)
    shutil.move(built / "s6-tls", tmp_path)
    assert "NEEDED" not in run("readelf", "-d", tmp_path / "s6-tls")[0]
    assert "wolfSSL" in run(tmp_path / "s6-tls", "--version")[0]


def test_a_static_build_that_is_impossible_says_what_is_missing(built):
    choose(built / ".config", LINK_SHARED=None, LINK_STATIC="y")
    _, stderr = make(built, "LIBS=-lwolfssl -lnowhere", code=2)
    assert "a static build is impossible here, there is no static library for -lnowhere\n" in stderr


# installing


def names_of(out):
    return run(out / "s6-tls", "--list")[0].split()


MODES = ("SYMLINKS", "HARDLINKS", "SCRIPTS", "NONE")


@pytest.fixture
def install(built, tmp_path):
    """Installs in one of the modes, with other variables of make; gives the directory of the binary."""
    def installed(mode, *variables, prefix=tmp_path / "usr"):
        choose(built / ".config", **{f"INSTALL_{other}": "y" if other == mode else None for other in MODES})
        make(built, "install", *(variables or [f"PREFIX={prefix}"]))
        return prefix / "bin"
    return installed


def test_install_takes_the_prefix_of_the_configuration_below_destdir(built, tmp_path):
    choose(built / ".config", PREFIX='"/opt/tls"')
    make(built, "install", f"DESTDIR={tmp_path}")
    assert sorted(os.listdir(tmp_path / "opt/tls/bin")) == sorted(["s6-tls", *names_of(built)])
    assert sorted(os.listdir(tmp_path / "opt/tls/share/man/man8")) == sorted(f"{name}.8" for name in ["s6-tls", *names_of(built)])


def test_installed_symlinks_are_relative(install, built):
    there = install("SYMLINKS")
    assert {name: os.readlink(there / name) for name in names_of(built)} == dict.fromkeys(names_of(built), "s6-tls")


def test_installed_hard_links_are_the_binary(install, built):
    there = install("HARDLINKS")
    assert all((there / name).samefile(there / "s6-tls") for name in names_of(built))
    assert not any((there / name).is_symlink() for name in names_of(built))


def test_installed_scripts_run_the_applet_without_a_shell_and_keep_every_variable(install, built):
    """A shell in between would drop names with a colon."""
    there = install("SCRIPTS")
    assert (there / "s6-tlsd").read_text() == f"#!{there}/s6-tls\n"
    kept, _ = run(there / "s6-applyuidgid", "cat", "/proc/self/environ", env={"KEYFILE:www.example.com": "x"})
    assert "KEYFILE:www.example.com=x" in kept.split("\0")
    assert run(there / "s6-applyuidgid", "--help")[0].startswith("usage: s6-applyuidgid ")
    assert run(there / "s6-applyuidgid", "false", code=1) == ("", "")


def test_scripts_below_destdir_name_the_place_where_the_binary_will_be(built, install, tmp_path):
    install("SCRIPTS", f"DESTDIR={tmp_path}", "PREFIX=/usr")
    assert (tmp_path / "usr/bin/s6-tlsc").read_text() == "#!/usr/bin/s6-tls\n"


def test_installing_no_names_leaves_the_binary_alone(install):
    assert os.listdir(install("NONE")) == ["s6-tls"]


def test_install_replaces_what_another_mode_has_left(built, tmp_path):
    """And writes nothing through a link that is there."""
    there = tmp_path / "bin"
    for mode in ("SYMLINKS", "SCRIPTS", "HARDLINKS", "SCRIPTS", "SYMLINKS", "HARDLINKS", "SYMLINKS"):
        run("sh", "build/install", built, "", there, tmp_path, mode, "s6-tlsd")
        assert (there / "s6-tls").read_bytes()[:4] == b"\x7fELF"
        assert (there / "s6-tlsd").read_bytes()[:2] == (b"#!" if mode == "SCRIPTS" else b"\x7fE")
        assert (there / "s6-tlsd").is_symlink() == (mode == "SYMLINKS")


def test_install_never_runs_the_binary(built, tmp_path):
    """It may be for another machine."""
    binary = built / "s6-tls"
    before = binary.read_bytes()
    binary.write_bytes(b"not for this machine")
    make(built, "install", f"DESTDIR={tmp_path}", "PREFIX=/usr")
    binary.write_bytes(before)
    assert (tmp_path / "usr/bin/s6-tls").read_bytes() == b"not for this machine"
