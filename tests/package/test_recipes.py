"""The recipes for Alpine, OpenWrt and Buildroot: their commands are run with what stands in for the build systems around them,
and give a binary with its applets. Whether those systems themselves take them is not seen here."""

import re

import pytest

from conftest import TOP, VERSION, run

PACKAGING = TOP / "build/packaging"
NAMES = sorted(path.stem for path in (TOP / "applets").glob("*.c"))


def works(top):
    """The binary below usr/bin, by the name of an applet."""
    assert sorted(path.name for path in (top / "usr/bin").iterdir()) == sorted(["s6-tls", *NAMES])
    assert run(top / "usr/bin/s6-tlsd", "--help").startswith("usage: s6-tlsd ")


VERSIONS = {"debian/changelog": r"^s6-tls \((.*)\) ", "alpine/s6-tls/APKBUILD": r"^pkgver=(.*)$",
            "openwrt/s6-tls/Makefile": r"^PKG_VERSION:=(.*)$", "buildroot/package/s6-tls/s6-tls.mk": r"^S6_TLS_VERSION = (.*)$"}


@pytest.mark.parametrize("file", VERSIONS)
def test_recipe_is_of_this_version(file):
    assert re.search(VERSIONS[file], (PACKAGING / file).read_text(), re.M)[1] == VERSION


def test_tarball_has_what_is_committed(tmp_path):
    run("make", f"O={tmp_path}", "dist")
    names = run("tar", "-tzf", tmp_path / f"s6-tls-{VERSION}.tar.gz").split()
    committed = run("git", "ls-tree", "-r", "--name-only", "HEAD").splitlines()
    assert [name for name in names if not name.endswith("/")] == [f"s6-tls-{VERSION}/{name}" for name in committed]


def test_alpine(source, tmp_path):
    script = f'. {PACKAGING}/alpine/s6-tls/APKBUILD && [ "$source" = s6-tls-{VERSION}.tar.gz ] && build && package'
    run("sh", "-e", "-c", script, cwd=source, env={"pkgdir": str(tmp_path / "root"), "CFLAGS": "-O0", "MAKEFLAGS": "-j2"})
    works(tmp_path / "root")
    assert (tmp_path / "root/usr/share/man/man8/s6-tlsd.8").exists()
    assert (tmp_path / "root/usr/share/licenses/s6-tls/LICENSE").exists()


OPENWRT = r"""
define BuildPackage
configure: ; $$(Build/Configure)
compile: ; $$(Build/Compile)
install: ; $$(call Package/$(1)/install,$$(ROOT))
show: ; @echo '$$(PKG_SOURCE)$$(call Package/$(1))'
endef
"""


def test_openwrt(source, tmp_path):
    (tmp_path / "rules.mk").write_text(f"INCLUDE_DIR := {tmp_path}\n")
    (tmp_path / "package.mk").write_text(OPENWRT)
    variables = {"TOPDIR": tmp_path, "PKG_BUILD_DIR": source, "PKG_INSTALL_DIR": tmp_path / "installed", "ROOT": tmp_path / "root",
                 "TARGET_CC": "gcc", "TARGET_AR": "ar", "TARGET_CFLAGS": "-O0", "STAGING_DIR": "/nowhere",
                 "INSTALL_DIR": "mkdir -p", "CP": "cp -fpR"}
    given = [f"{name}={value}" for name, value in variables.items()]
    for goal in ("configure", "compile", "install"):
        run("make", "-j2", "-f", PACKAGING / "openwrt/s6-tls/Makefile", *given, goal)
    works(tmp_path / "root")


BUILDROOT = """
BR2_EXTERNAL_S6_TLS_PATH := {packaging}/buildroot
include $(BR2_EXTERNAL_S6_TLS_PATH)/external.mk
show: ; @cd $(S6_TLS_SITE) && pwd
{tree}/.stamp: ; $(S6_TLS_CONFIGURE_CMDS)
\t$(S6_TLS_BUILD_CMDS)
\t$(S6_TLS_INSTALL_TARGET_CMDS)
"""


def test_buildroot(source, tmp_path):
    (tmp_path / "Makefile").write_text(BUILDROOT.format(packaging=PACKAGING, tree=source))
    given = ["TARGET_MAKE_ENV=PATH=$(PATH)", "TARGET_CONFIGURE_OPTS=CC=gcc AR=ar CFLAGS=-O0", "TARGET_LDFLAGS=",
             "STAGING_DIR=/nowhere", f"TARGET_DIR={tmp_path / 'root'}"]
    assert run("make", "-s", *given, "show", cwd=tmp_path).strip() == str(TOP)
    run("make", "-j2", *given, source / ".stamp", cwd=tmp_path)
    works(tmp_path / "root")


def test_symbols_that_buildroot_is_asked_for_are_told_apart(tmp_path):
    """kconfig-conf takes the file, among symbols of Buildroot's names, and selects the libraries."""
    names = ["BR2_USE_MMU", "BR2_TOOLCHAIN_HAS_THREADS", "BR2_STATIC_LIBS", "BR2_PACKAGE_S6_NETWORKING", "BR2_PACKAGE_SKALIBS",
             "BR2_PACKAGE_WOLFSSL", "BR2_PACKAGE_WOLFSSL_ALL"]
    around = "".join(f'config {name}\n\tbool "{name}"\n' for name in names)
    (tmp_path / "Kconfig").write_text(around + f'source "{PACKAGING}/buildroot/package/s6-tls/Config.in"\n')
    wanted = ["BR2_USE_MMU", "BR2_TOOLCHAIN_HAS_THREADS", "BR2_PACKAGE_S6_TLS"]
    (tmp_path / ".config").write_text("".join(f"CONFIG_{name}=y\n" for name in wanted))
    run("kconfig-conf", "--olddefconfig", "Kconfig", cwd=tmp_path)
    chosen = (tmp_path / ".config").read_text()
    assert all(f"CONFIG_{name}=y" in chosen for name in [*wanted, "BR2_PACKAGE_SKALIBS", "BR2_PACKAGE_WOLFSSL_ALL"])
