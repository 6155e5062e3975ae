"""The build: what is selected is in the binary and nothing else is, a change rebuilds what it must, and the generated
files say what the sources say. Every build here goes to a temporary directory."""

import glob
import os
import re
import shutil
import subprocess

import pytest

pytestmark = pytest.mark.not_watched("its builds are others")
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
pytestmark = pytest.mark.xdist_group("build") # they share builds
NEEDED = ["Makefile", "Kconfig", "applets", "build/configs", "core", *glob.glob("build/*", root_dir=TOP)]
HELLO = """/* s6-hello: says hello.
 * It must not say more.
 *
 * config S6_HELLO
 *     bool "s6-hello: says hello"
 *     default y
 *
 * usage: s6-hello name
 *     -"\\n"   50% \\ of ??= it
 *
 *     the end
 */

#include <stdio.h>

int s6_hello_main(int argc, char const *const *argv, char const *const *envp) {
    (void)envp;
    return argc == 2 && printf("hello, %s\\n", argv[1]) > 0 ? 7 : 1;
}
"""


def run(*argv, cwd=TOP, env=None, code=0):
    """(stdout, stderr) of a command that has to exit with this code."""
    done = subprocess.run(argv, cwd=cwd, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == code, f"{argv}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout, done.stderr


def make(out, *argv, **options):
    return run("make", "-j2", f"O={out}", *argv, **options)


def read(path):
    with open(path) as file:
        return file.read()


def file_times(out):
    return {path: os.stat(path).st_mtime_ns for path in glob.glob(f"{out}/**/*", recursive=True)
            if os.path.isfile(path)}


def products_in_tree():
    """Files in the source tree that only a build makes."""
    return {path for path in glob.glob(TOP + "/**/*", recursive=True)
            if re.search(r"\.(o|a|d)$|config\.h$|applets\.h$|/\.config", path)
            and not path.startswith((TOP + "/build/out", TOP + "/sources/"))}


@pytest.fixture(scope="module")
def without_kconfig(tmp_path_factory):
    """The environment of a machine where no tool of Kconfig is installed."""
    path = tmp_path_factory.mktemp("bin")
    for tool in glob.glob("/usr/bin/*"):
        if not os.path.basename(tool).startswith("kconfig"):
            os.symlink(tool, path / os.path.basename(tool))
    return {"PATH": str(path)}


@pytest.fixture(scope="module")
def built(tmp_path_factory, without_kconfig):
    """The default build, out of the tree, with no Kconfig tool, any warning an error; and what make printed."""
    out = tmp_path_factory.mktemp("default") / "deep" / "out"
    return out, make(out, "WERROR=1", env=without_kconfig)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A copy of the tree with one applet more, s6-hello, and of the others s6-applyuidgid alone."""
    top = tmp_path_factory.mktemp("small")
    for path in NEEDED:
        if os.path.isdir(f"{TOP}/{path}"):
            if not path.startswith("build/out"):
                shutil.copytree(f"{TOP}/{path}", top / path, dirs_exist_ok=True)
        else:
            os.makedirs(os.path.dirname(top / path), exist_ok=True)
            shutil.copy(f"{TOP}/{path}", top / path)
    (top / "applets" / "s6-hello.c").write_text(HELLO)
    make("out", "defconfig", cwd=top)
    config = top / "out" / ".config"
    text = re.sub(r"^(CONFIG_S6_(?!APPLYUIDGID)\w+)=y$", r"# \1 is not set", read(config), flags=re.M)
    config.write_text(text)
    make("out", "olddefconfig", cwd=top)
    make("out", cwd=top)
    return top


def symbols(binary):
    return {line.split()[-1] for line in run("nm", binary)[0].splitlines() if " U " not in line}


def test_the_default_build_has_no_warning_and_needs_no_kconfig_tool(built):
    out, (stdout, stderr) = built
    assert stderr == "" and "warning" not in stdout
    assert os.access(out / "s6-tls", os.X_OK)


def test_the_build_leaves_nothing_in_the_source_tree(built):
    assert products_in_tree() == set()


def test_a_second_make_does_nothing(built):
    out, _ = built
    before = file_times(out)
    assert before and not re.search(r"^ +(CC|AR|LD) ", make(out, "WERROR=1")[0], re.M)
    assert file_times(out) == before


def test_a_touched_header_rebuilds_its_readers(tmp_path, small):
    os.utime(small / "core" / "ids.h")
    stdout, _ = make("out", cwd=small)
    assert re.findall(r"CC  (\S+)", stdout) and "CC  core/ids.c" in stdout
    assert "CC  applets/s6-applyuidgid.c" in stdout and "CC  core/multicall.c" not in stdout


def test_other_flags_rebuild_everything(small):
    stdout, _ = make("out", "-n", "CPPFLAGS=-DOTHER", cwd=small)
    assert "-DOTHER" in stdout and "core/ids.c" in stdout


def test_an_applet_left_out_is_not_in_the_binary(small):
    binary = small / "out" / "s6-tls"
    assert run(binary, "--list")[0] == "s6-applyuidgid\ns6-hello\n"
    there = symbols(binary)
    assert {"s6_applyuidgid_main", "ids_apply"} <= there
    assert not {name for name in there if re.match(r"s6_tls|relay_|engine_|chain_|x509_|key|wolf|wc_", name)}
    assert "wolfssl" not in run("readelf", "-d", binary)[0]
    assert "wolfSSL" not in run(binary, "--version")[0]


def test_the_default_binary_has_every_applet_and_the_engine(built):
    there = symbols(built[0] / "s6-tls")
    mains = {os.path.basename(path)[:-2].replace("-", "_") + "_main" for path in glob.glob(TOP + "/applets/*.c")}
    assert mains <= there and "engine_version_running" in there
    assert "wolfssl" in run("readelf", "-d", built[0] / "s6-tls")[0]


def test_without_the_key_process_none_of_it_is_in_the_binary(tmp_path, built):
    out, wanted = tmp_path / "out", {"keyproc_run", "keyproc_sign", "keyring_keep_secret"}
    assert wanted <= symbols(built[0] / "s6-tls")
    shutil.copytree(built[0], out)
    config = out / ".config"
    config.write_text(config.read_text().replace("CONFIG_KEY_PROCESS=y", "# CONFIG_KEY_PROCESS is not set"))
    make(out, "WERROR=1")
    there = symbols(out / "s6-tls")
    assert not {name for name in there if name.startswith("keyproc")} | wanted & there
    assert "KEY_PROCESS=n\n" in run(out / "s6-tls", "--version")[0]


def test_an_applet_is_one_file_more(small):
    binary = small / "out" / "s6-tls"
    assert run(binary, "s6-hello", "world", code=7)[0] == "hello, world\n"
    assert "CONFIG_S6_HELLO=y" in read(small / "out" / ".config")


def test_the_usage_is_the_comment_letter_by_letter(small):
    shown = run(small / "out" / "s6-tls", "s6-hello", "--help")[0]
    assert shown == 'usage: s6-hello name\n    -"\\n"   50% \\ of ??= it\n\n    the end\n'


@pytest.mark.parametrize("spoilt, message", [("config S6_HELLO", "config S6_HELLO"), ("usage:", '"usage:"')])
@pytest.mark.parametrize("what", ["kconfig", "table"])
def test_an_applet_without_entry_or_usage_is_an_error(tmp_path, what, spoilt, message):
    (tmp_path / "s6-hello.c").write_text(HELLO.replace(spoilt, "nothing"))
    _, stderr = run("sh", "build/gen-applets", what, tmp_path / "s6-hello.c", code=1)
    assert stderr.startswith(f"{tmp_path}/s6-hello.c: ") and message in stderr


def test_a_generator_that_fails_leaves_no_file(tmp_path):
    run("sh", "build/keep", tmp_path / "file", "false", code=1)
    assert os.listdir(tmp_path) == []


def test_applets_have_no_writable_static_data(built):
    for path in glob.glob(f"{built[0]}/applets/*.o"):
        sections = re.findall(r"^ +\d+ (\S+) +([0-9a-f]{8})", run("objdump", "-h", path)[0], re.M)
        assert [name for name, size in sections if int(size, 16)
                and re.match(r"\.(data|bss)(?!\.rel\.ro)", name)] == [], path


def test_only_the_engine_s_files_include_a_header_of_wolfssl():
    including = {os.path.basename(path) for path in glob.glob(f"{TOP}/[ac]*/*.[ch]")
                 if re.search(r"#include <(wolfssl|cyassl)", read(path))}
    assert including and {name for name in including if "_wolfssl" not in name} == set()


def test_the_binary_is_hardened(built):
    binary = built[0] / "s6-tls"
    assert "DYN" in run("readelf", "-h", binary)[0]
    dynamic = run("readelf", "-d", binary)[0]
    assert "BIND_NOW" in dynamic or "NOW" in dynamic
    assert "GNU_RELRO" in run("readelf", "-l", binary)[0]
    assert "__stack_chk_fail" in run("nm", "-D", binary)[0]


def test_defconfig_is_the_default_config(tmp_path):
    (tmp_path / ".config").write_text("# CONFIG_S6_TLSD is not set\n")
    make(tmp_path, "defconfig")
    assert read(tmp_path / ".config") == read(TOP + "/build/configs/default")


def test_make_never_writes_a_config_that_is_there(tmp_path):
    shutil.copy(TOP + "/build/configs/default", tmp_path / ".config")
    os.utime(tmp_path / ".config", (1, 1))
    make(tmp_path, f"{tmp_path}/include/config.h")
    assert os.stat(tmp_path / ".config").st_mtime == 1


def test_what_the_kconfig_tool_complains_of_is_a_failure_and_changes_nothing(tmp_path):
    config = tmp_path / ".config"
    config.write_text(read(TOP + "/build/configs/default").replace("LINGER=5000", "LINGER=soon"))
    before = read(config)
    _, stderr = make(tmp_path, "olddefconfig", code=2)
    assert "soon" in stderr and "is as it was" in stderr
    assert read(config) == before


@pytest.mark.parametrize("target", ["menuconfig", "olddefconfig"])
def test_a_missing_kconfig_tool_is_named_with_its_package(tmp_path, without_kconfig, target):
    _, stderr = make(tmp_path, target, env=without_kconfig, code=2)
    assert "kconfig-frontends-nox" in stderr


def test_install_leaves_out_what_is_not_selected(tmp_path, small):
    make("out", "install", f"DESTDIR={tmp_path}", cwd=small)
    assert sorted(os.listdir(tmp_path / "usr/local/bin")) == ["s6-applyuidgid", "s6-hello", "s6-tls"]
    assert "s6-tlsd.8" not in os.listdir(tmp_path / "usr/local/share/man/man8")


def test_clean_removes_what_was_built(tmp_path):
    make(tmp_path / "out", "defconfig")
    make(tmp_path / "out", "clean")
    assert not os.path.exists(tmp_path / "out")


def multiarch():
    return run("gcc", "-print-multiarch")[0].strip()


def test_libraries_at_another_prefix_are_those_linked(tmp_path):
    """The system's own, shown to make as wolfSSL at one prefix, and static skalibs at another."""
    for name in ("wolfssl/include", "wolfssl/lib", "skalibs/include", "skalibs/lib"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "wolfssl/include/wolfssl").symlink_to("/usr/include/wolfssl")
    (tmp_path / "wolfssl/lib/libwolfssl.so").symlink_to(f"/usr/lib/{multiarch()}/libwolfssl.so")
    (tmp_path / "skalibs/include/skalibs").symlink_to(f"/usr/include/{multiarch()}/skalibs")
    (tmp_path / "skalibs/lib/libskarnet.a").symlink_to(f"/usr/lib/{multiarch()}/libskarnet.a")
    make(tmp_path / "out", f"WOLFSSL_PREFIX={tmp_path}/wolfssl", f"SKALIBS_PREFIX={tmp_path}/skalibs", "WERROR=1")
    dynamic = run("readelf", "-d", tmp_path / "out/s6-tls")[0]
    assert f"{tmp_path}/wolfssl/lib" in dynamic and "skarnet" not in dynamic
    assert f"{tmp_path}/wolfssl/include/wolfssl/ssl.h" in read(tmp_path / "out/core/engine_wolfssl.d")
    assert "wolfSSL" in run(tmp_path / "out/s6-tls", "--version")[0]


def test_a_wolfssl_without_its_options_is_refused(tmp_path):
    _, stderr = make(tmp_path / "out", f"WOLFSSL_PREFIX={tmp_path}", code=2)
    assert f"{tmp_path}/include/wolfssl/options.h is missing" in stderr


def test_need_tells_others_than_root_what_is_missing(tmp_path):
    query = tmp_path / "dpkg-query"
    query.write_text('#!/bin/sh\ncase $3 in curl) exit 1 ;; make) echo not-installed ;; *) echo installed ;; esac\n')
    query.chmod(0o755)
    with open(TOP + "/scripts/packages") as file:
        assert {"curl\n", "make\n"} <= set(file)
    (tmp_path / "id").write_text("#!/bin/sh\necho 1000\n")
    (tmp_path / "id").chmod(0o755)
    _, stderr = run("sh", TOP + "/scripts/need", env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, code=1)
    assert re.fullmatch(r"need: .*apt-get install (make curl|curl make) ?\n", stderr)


def test_the_demo_fetches_its_page_twice(built):
    stdout, stderr = run("sh", "scripts/demo", env={"O": str(built[0]), "WERROR": "1"})
    pages = re.findall(r"^demo: (curl|s6-tlsc) read: +You read this through TLS, (.*)$", stdout, re.M)
    assert [name for name, _ in pages] == ["curl", "s6-tlsc"] and pages[0][1] == pages[1][1]
    assert len(re.findall("protocol=TLSv1.3", stdout)) == 2 and stderr == ""
