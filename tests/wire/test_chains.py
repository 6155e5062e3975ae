"""The files of docs/chains, run as they stand there: services that curl fetches from, and clients."""

import re
import shutil
import smtplib
import ssl
import subprocess
from pathlib import Path

import pytest

from harness import eventually
from service import BARE, fetch, listens, serves

pytestmark = pytest.mark.xdist_group("documents") # their ports are fixed

CHAINS = Path(__file__).parents[2] / "docs/chains"


@pytest.fixture
def chains(site):
    """A copy of docs/chains in the directory that they want to be run in."""
    return Path(shutil.copytree(CHAINS, site / "chains"))


def test_every_chain_is_run_here():
    told = set(re.findall(r"^\| (`.*?`) \|", (CHAINS / "README.md").read_text(), re.M))
    files = {str(file.relative_to(CHAINS)) for file in CHAINS.rglob("*") if file.is_file()} - {"README.md"}
    assert {name for row in told for name in re.findall("`(.*?)`", row)} == files
    tests = Path(__file__).read_text()
    assert [file for file in files if f'"{file.split("/")[0]}"' not in tests] == []


@pytest.mark.parametrize("name, port", [("execline", 8452), ("execline-long", 8453), ("sh", 8454),
                                        ("tcpserver", 8455), ("tcpsvd", 8456)])
def test_chain_serves(launch, chains, site, name, port):
    serves(site, launch.program([chains / name], BARE), port)


def test_s6_supervises_the_service_and_keeps_its_log(launch, chains, site, bin_dir):
    """s6-svscan starts it and its log, tells when it is ready, and ends both."""
    scan = site / "scan"
    scan.mkdir()
    service = Path(shutil.move(chains / "s6", scan / "https"))
    for name in ("key.pem", "cert.pem"):
        shutil.copy(site / name, service)
    run = launch.program(["s6-svscan", scan], BARE)
    assert eventually((service / "supervise/control").exists)
    wait = ["s6-svwait", "-U", "-t", "20000", service]
    assert subprocess.run(wait, timeout=30, check=False).returncode == 0
    assert fetch(service, 8451, site / "ca.pem").stdout == (service / "cert.pem").read_text()
    log = service / "log/main/current"
    assert eventually(lambda: log.exists() and "protocol=TLSv1.3" in log.read_text())
    assert subprocess.run(["s6-svscanctl", "-t", scan], timeout=10, check=False).returncode == 0
    assert run.wait() == 0
    assert run.left() == []


def test_systemd_finds_nothing_wrong_with_the_units(chains, site, bin_dir):
    """systemd-analyze wants programs by their whole path."""
    units = sorted((chains / "systemd").iterdir())
    service = next(unit for unit in units if unit.suffix == ".service")
    service.write_text(service.read_text().replace("ExecStart=", f"ExecStart={bin_dir}/"))
    for unit in units:
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, timeout=60)
        said = [line for line in done.stderr.splitlines() if str(unit.name) in line]
        assert (done.returncode, said) == (0, [])


def settings(unit):
    return dict(line.split("=", 1) for line in unit.read_text().splitlines() if "=" in line)


def test_systemd_unit_serves(launch, chains, site):
    service = settings(chains / "systemd/s6-tlsd@.service")
    socket = settings(chains / "systemd/s6-tlsd.socket")
    assert (service["StandardInput"], socket["Accept"]) == ("socket", "yes")
    variables = [word for setting in service["Environment"].split() for word in ("-E", setting)]
    argv = ["systemd-socket-activate", "-E", "PATH", *variables, "-l", socket["ListenStream"], "--accept", "--inetd"]
    port = int(socket["ListenStream"].split(":")[1])
    serves(site, launch.program(argv + service["ExecStart"].split(), BARE), port)


def test_client_reads_what_the_execline_chain_serves(launch, chains, site):
    launch.program([chains / "execline"], BARE)
    assert eventually(lambda: listens(8452))
    client = launch.program([chains / "client"], BARE, stdout=subprocess.PIPE)
    got = client.process.communicate(timeout=30)[0].decode()
    assert got.endswith((site / "cert.pem").read_text()), client.stderr()


def test_mail_service_starts_tls_when_asked(launch, chains, site):
    run = launch.program([chains / "starttls"], BARE)
    assert eventually(lambda: listens(8458)), run.stderr()
    with smtplib.SMTP("127.0.0.1", 8458, "here", timeout=20) as smtp:
        smtp.ehlo()
        assert smtp.has_extn("starttls")
        smtp.starttls(context=ssl.create_default_context(cafile=site / "ca.pem"))
        assert smtp.ehlo()[0] == 250
