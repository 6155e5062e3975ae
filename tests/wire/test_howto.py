"""docs/howto.md, from its first command to its last, in an empty directory: what it says serves serves, and what it says is refused is
refused, for the reason that it tells."""

import os
import re
import shutil
import subprocess

import pytest

from features import TOP, have, needs
from harness import eventually
from service import BARE, listens

pytestmark = [pytest.mark.xdist_group("documents"), # its port is fixed
              pytest.mark.skipif(os.geteuid() != 0, reason="needs root"), needs("CLIENT_CERTS", "SNI_CERTS", "KEY_EC")]

HOWTO = (TOP / "docs/howto.md").read_text()
BLOCKS = dict(re.findall(r"^```sh (\S+)\n(.*?)^```$", HOWTO, re.M | re.S))
# The last "...": what the text before a block says that the service says.
REASONS = {name: re.search(r"`([^`]+)`\.\n\n```sh " + name, HOWTO)[1] for name in BLOCKS if name.startswith("refuse-")}
SHOWN = {"ask-one": "this is one", "ask-two": "this is two", "ask-tlsclient": "this is one"}


@pytest.fixture
def place(launch, world_dir):
    made = world_dir / "howto"
    made.mkdir()
    launch.dir = made
    yield made
    shutil.rmtree(made)


@pytest.fixture
def shell(launch, place):
    def run(name):
        env = launch.environment({**BARE, "no_proxy": "*"})
        return subprocess.run(["sh", "-c", BLOCKS[name]], cwd=place, env=env, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=60)
    return run


def test_every_block_is_run_here():
    assert re.findall(r"^```.+$", HOWTO, re.M) == [f"```sh {name}" for name in BLOCKS]
    ran = {"authority", "servers", "clients", "site", "run", "check", "start", *SHOWN, *REASONS}
    assert set(BLOCKS) == ran and len(REASONS) == 4


MADE = ("authority", "servers", "clients", "site", "run")


def make(shell):
    for name in MADE:
        done = shell(name)
        assert done.returncode == 0, done.stderr


@needs("CHECK")
def test_a_wrong_file_is_told_by_check_and_else_by_the_first_connection(launch, shell, place):
    make(shell)
    (place / "two.example.org.key").unlink()
    why = "unable to read two.example.org.key: No such file or directory"
    done = shell("check")
    assert done.returncode == 96 and why in done.stdout and re.search(r"\nresult +would fail\n$", done.stdout)
    service = launch.program(["sh", "-c", BLOCKS["start"]], {**BARE})
    assert eventually(lambda: listens(8443)), service.stderr()
    assert why not in service.stderr().split("allow")[0]
    assert shell("ask-one").returncode != 0
    assert eventually(lambda: why in service.stderr()), service.stderr()


def test_a_word_of_the_supervisor_s_is_not_passed_on(launch, shell, place):
    make(shell)
    service = launch.program(["./run", "name-of-the-service"], {**BARE})
    assert eventually(lambda: listens(8443)), service.stderr()
    assert eventually(lambda: "listening on 127.0.0.1:8443" in service.stderr())


def test_the_service_of_the_howto_serves_and_refuses(launch, shell, place):
    make(shell)
    if have("CHECK"):
        done = shell("check")
        assert done.returncode == 0 and re.search(r"\nresult +ok\n$", done.stdout), done.stdout + done.stderr
        assert re.search(r"^pair 2 for +two.example.org$", done.stdout, re.M)
        assert not listens(8443)
    service = launch.program(["sh", "-c", BLOCKS["start"]], {**BARE})
    assert eventually(lambda: listens(8443)), service.stderr()
    for name, shown in SHOWN.items():
        done = shell(name)
        assert done.returncode == 0 and shown in done.stdout, done.stderr + service.stderr()
    assert "two.example.org for CN=alice from 127.0.0.1\n" in service.stderr()
    for name, reason in REASONS.items():
        assert reason not in service.stderr()
        done = shell(name)
        assert done.returncode != 0 and "this is" not in done.stdout, name
        told = re.compile(f"^s6-tlsd: fatal: remote=127.0.0.1 port=[0-9]+: .*{re.escape(reason)}", re.M)
        assert eventually(lambda line=told: line.search(service.stderr())), f"{name}: {service.stderr()}"
    assert oct((place / "one.example.org.key").stat().st_mode)[-3:] == "600"
