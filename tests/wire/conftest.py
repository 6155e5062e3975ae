"""conftest: the fixtures of the wire tests. Holds no test and no expectation."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import features
import peer
import service
import watch
from harness import Launcher
from pki import Pki

sys.dont_write_bytecode = True
site = service.site # a fixture
if watch.WATCHED: # before the test files are read, which look there too; in each worker of xdist anew
    built = os.environ.setdefault("S6TLS_BUILT", os.environ["S6TLS_BIN"])
    os.environ["S6TLS_BIN"] = str(watch.place(built))


def pytest_configure(config):
    config.addinivalue_line("markers", "quick: the part of the tests that is run where each run takes long")
    config.addinivalue_line("markers", "from_source: of what only a build has that compiles wolfSSL from source")
    config.addinivalue_line("markers", "not_watched(reason, by=None): cannot hold under sanitizers, valgrind or qemu (by one)")


def unwatchable(item):
    """Why a test cannot be run under what watches it: its reasons."""
    marks = [mark for mark in item.iter_markers("not_watched")]
    assert all(mark.args[0] for mark in marks), f"{item.nodeid}: not_watched without a reason"
    return [mark.args[0] for mark in marks if watch.WATCHED in mark.kwargs.get("by", watch.WATCHED).split()]


def pytest_collection_modifyitems(config, items):
    """Leaves out what cannot be watched (under qemu it is told) or is not in this kind of build, and of the others all but
    each n-th where SAMPLE is n, from number SAMPLE_FIRST on."""
    kept = [item for item in items if watch.WATCHED in ("", "foreign") or not unwatchable(item)]
    for item in kept if watch.WATCHED else []:
        for reason in unwatchable(item):
            item.add_marker(pytest.mark.skip(reason=reason))
    kept = [item for item in kept if features.have("WOLFSSL_SOURCE") or not item.get_closest_marker("from_source")]
    sample, first = (int(os.environ.get(name) or 0) for name in ("SAMPLE", "SAMPLE_FIRST"))
    if sample > 1: # what -m leaves out must not be counted
        wanted = config.getoption("markexpr") == "quick"
        kept = [item for item in kept if not wanted or item.get_closest_marker("quick")][first % sample::sample]
    chosen = set(kept)
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = kept


@pytest.fixture(autouse=True)
def nothing_reported():
    """Around every other fixture: no process of the test has given the sanitizers or valgrind reason to report."""
    yield
    if watch.WATCHED:
        found = watch.findings(Path(os.environ["S6TLS_BIN"]).parent / "reports")
        if found:
            pytest.fail(found, pytrace=False)


@pytest.fixture(scope="session")
def world_dir():
    """A directory that every user can enter: other users run the applets and read the certificates here."""
    made = Path(tempfile.mkdtemp(prefix="s6-tls-wire."))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="session")
def bin_dir(world_dir):
    """The binary under test and a symlink for each applet."""
    made = world_dir / "bin"
    made.mkdir()
    if watch.WATCHED:
        (made / "s6-tls").symlink_to(os.environ["S6TLS_BIN"])
    else:
        shutil.copy(os.environ["S6TLS_BIN"], made / "s6-tls")
    for name in features.BUILT_IN:
        (made / name).symlink_to("s6-tls")
    return made


@pytest.fixture(scope="session")
def lone(world_dir):
    """The binary under test, and no symlink beside it."""
    made = world_dir / "lone"
    made.mkdir()
    return shutil.copy(os.environ["S6TLS_BIN"], made / "s6-tls")


@pytest.fixture(scope="session")
def pki(world_dir):
    made = world_dir / "pki"
    made.mkdir()
    return Pki(made)


@pytest.fixture(scope="session")
def caged(bin_dir):
    """Whether this build has the cage."""
    return "CAGE=y" in subprocess.check_output([bin_dir / "s6-tls", "--version"], text=True).split()


@pytest.fixture
def launch(bin_dir, pki, tmp_path):
    """Starts applets, with a good certificate and its authority in their environment, and ends them."""
    env = {"PATH": f"{bin_dir}:{os.environ['PATH']}", **pki.issue().env(), "CAFILE": str(pki.root().cert)}
    made = Launcher(tmp_path, env)
    yield made
    made.end()


@pytest.fixture
def ends(pki):
    """Makes the Python end of TLS on a Run's connection: ends(run, "1.3", cert=…)."""
    def make(run, version=None, name=None, server=False, **options):
        return peer.Tls(run.sock, peer.context(server, version, **options), server, name)
    return make


class Link:
    """s6-tlsd, or s6-tlsc with its network on 0 and 1 too, over one version of TLS. Calling it starts prog
    behind it and gives the Run and the Python end after the handshake."""

    def __init__(self, launch, ends, pki, side, version):
        self.launch, self.ends, self.pki, self.side, self.version = launch, ends, pki, side, version

    def start(self, opts="", prog="cat", **more):
        if self.side == "s6-tlsd":
            run = self.launch.tlsd(opts, prog, **more)
            return run, self.ends(run, self.version)
        run = self.launch.tlsc_on_stdio(f"-k localhost {opts}", prog, **more)
        return run, self.ends(run, self.version, server=True, cert=self.pki.issue())

    def __call__(self, opts="", prog="cat", **more):
        run, tls = self.start(opts, prog, **more)
        tls.handshake()
        return run, tls


@pytest.fixture(params=["s6-tlsd", "s6-tlsc"])
def side(request):
    features.require(features.symbol(request.param))
    return request.param


@pytest.fixture(params=["1.2", "1.3"])
def version(request):
    features.require(*["TLS12"] if request.param == "1.2" else [])
    return request.param


@pytest.fixture
def link(launch, ends, pki, side, version):
    return Link(launch, ends, pki, side, version)


@pytest.fixture
def link13(launch, ends, pki):
    """A link of s6-tlsd and TLS 1.3, for what depends on neither."""
    return Link(launch, ends, pki, "s6-tlsd", "1.3")
