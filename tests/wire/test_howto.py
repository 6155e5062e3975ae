"""docs/howto.md, from its first command to its last, in an empty directory: what it says serves serves, and what it says is refused is
refused, for the reason that it tells."""

import os
import re
import shutil
import subprocess

import pytest

from features import TOP, needs
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
    ran = {"authority", "servers", "clients", "site", "run", "start", *SHOWN, *REASONS}
    assert set(BLOCKS) == ran and len(REASONS) == 4


def test_the_service_of_the_howto_serves_and_refuses(launch, shell, place):
    for name in ("authority", "servers", "clients", "site", "run"):
        done = shell(name)
        assert done.returncode == 0, done.stderr
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
        assert eventually(lambda why=reason: why in service.stderr()), f"{name}: {service.stderr()}"
    assert oct((place / "one.example.org.key").stat().st_mode)[-3:] == "600"
