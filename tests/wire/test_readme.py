"""The chains of README.md, run as they stand there: each serves its own directory to curl."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from harness import eventually
from service import BARE, listens, serves

pytestmark = pytest.mark.xdist_group("documents") # their ports are fixed

README = (Path(__file__).parents[2] / "README.md").read_text()


def block(name):
    """The text of the code block with this name."""
    return re.search(rf"^```\w+ {re.escape(name)}\n(.*?)^```$", README, re.M | re.S)[1]


@pytest.mark.parametrize("name, port", [("tcpserver", 8443), ("tcpserver-root", 8444), ("tcpsvd", 8445)])
def test_the_shell_chains_of_the_readme_serve(launch, site, name, port):
    serves(site, launch.program(["sh", "-c", block(name)], BARE), port)


def test_the_execline_chain_of_the_readme_serves(launch, site):
    script = site / "run"
    script.write_text(block("s6-tcpserver").replace("/usr/bin/execlineb", shutil.which("execlineb")))
    script.chmod(0o755)
    serves(site, launch.program([script], BARE), 8446)


def test_the_systemd_unit_of_the_readme_serves(launch, site):
    unit = dict(line.split("=", 1) for line in block("hello@.service").splitlines() if "=" in line)
    assert unit["StandardInput"] == "socket"
    variables = [word for setting in unit["Environment"].split() for word in ("-E", setting)]
    argv = ["systemd-socket-activate", "-E", "PATH", *variables, "-l", "127.0.0.1:8447", "--accept", "--inetd"]
    serves(site, launch.program(argv + unit["ExecStart"].split(), BARE), 8447)


def test_the_client_chain_of_the_readme_reads_what_the_server_chain_serves(launch, site):
    launch.program(["sh", "-c", block("tcpserver")], BARE)
    assert eventually(lambda: listens(8443))
    client = launch.program(["sh", "-c", block("tcpclient")], BARE, stdout=subprocess.PIPE)
    got = client.process.communicate(timeout=30)[0].decode()
    assert got.endswith((site / "cert.pem").read_text()), client.stderr()
