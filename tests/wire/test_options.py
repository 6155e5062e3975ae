"""Options by their long names, and what -v says. What each option does is tested by its letter elsewhere."""

import re

import pytest

from features import require
from peer import Tls, context
from pki import FUTURE, PAST

pytestmark = pytest.mark.quick


@pytest.mark.parametrize("option, end", [("--close-notify", "close_notify"), ("--no-close-notify", "fin"),
                                         ("--no-close-notify --close-notify", "close_notify"),
                                         ("--close-notify --no-close-notify", "fin"), ("-S -s", "fin"),
                                         ("-s -S", "close_notify")])
def test_close_notify(link, option, end):
    run, tls = link(option, "echo done")
    assert tls.recv_all() == b"done\n"
    assert tls.end == end


@pytest.mark.parametrize("option, code", [("--enforce-close-notify", 98), ("--no-enforce-close-notify", 7),
                                          ("--enforce-close-notify --no-enforce-close-notify", 7)])
def test_enforce_close_notify(link, option, code):
    run, tls = link(option, "cat; exit 7")
    tls.fin()
    assert run.wait() == code


@pytest.mark.parametrize("option, told", [("--keep", True), ("--no-keep", False), ("-Z", True),
                                          ("--keep --no-keep", False)])
def test_keep(link, option, told):
    run, tls = link(option, "env")
    assert (b"CERTFILE=" in tls.recv_all()) == told


@pytest.mark.parametrize("option", ["--handshake-timeout=400", "--handshake-timeout 400", "-K400", "-K 400"])
def test_handshake_timeout(link, option):
    run, _ = link.start(option)
    assert run.wait(8) == 98


@pytest.mark.parametrize("option", ["--verbosity=0", "--verbosity 0", "-v0", "-v 0"])
def test_verbosity(link, option):
    run, tls = link.start(option)
    tls.fin()
    assert run.wait() == 98
    assert run.stderr() == ""


def test_options_may_be_bundled(link):
    run, tls = link("-SJZv0", "env")
    assert b"CERTFILE=" in tls.recv_all() and tls.end == "close_notify"


def test_options_end_at_prog(link):
    """prog's own options are prog's."""
    run, tls = link("-S", ["echo", "-S", "-K", "--no-such-option"])
    assert tls.recv_all() == b"-S -K --no-such-option\n"


def test_two_dashes_end_the_options(link):
    run, tls = link("-s --", ["echo", "-S"])
    assert tls.recv_all() == b"-S\n" and tls.end == "fin"


def test_thousands_of_arguments_reach_prog(link):
    words = [f"word {i}" for i in range(5000)]
    run, tls = link("", ["printf", "%s\\n", *words])
    assert tls.recv_all().decode().splitlines() == words


# -v


def logged(launch, ends, opts, **more):
    run = launch.tlsd(opts, "head -c 5; printf 1234567; exit 3")
    tls = ends(run, name="a.example.com", **more)
    tls.handshake()
    tls.send(b"hello")
    tls.recv_all()
    tls.fin()
    assert run.wait() == 3
    return run.stderr()


@pytest.mark.parametrize("opts", ["", "-v 1"])
def test_a_good_connection_is_silent_by_default(launch, ends, opts):
    assert logged(launch, ends, opts) == ""


def test_one_line_a_connection_at_2(launch, ends, version):
    lines = logged(launch, ends, "-v 2", version=version).splitlines()
    told = [line for line in lines if f"TLSv{version}" in line]
    assert len(told) == 1
    assert re.search(r"TLS_\w+", told[0]) and "a.example.com" in told[0]
    assert re.search(r" received=5 sent=12 seconds=\d\.\d{3}$", told[0])
    assert all(line.startswith("s6-tlsd: ") for line in lines)


def test_line_of_the_connection_has_the_client_s_subject(launch, pki):
    run = launch.tlsd("-v 2 -y", "echo hi")
    tls = Tls(run.sock, context(cert=pki.client()))
    tls.handshake()
    tls.recv_all()
    tls.fin()
    run.wait()
    assert "alice" in run.stderr()


@pytest.mark.parametrize("opts, warned", [("-v 2", True), ("-v 1", False)])
def test_key_that_others_can_read_is_warned_of_at_2(launch, ends, pki, opts, warned):
    key = pki.write(pki.issue().key.read_bytes())
    key.chmod(0o644)
    run = launch.tlsd(opts, "echo hi", {"KEYFILE": key})
    tls = ends(run)
    tls.handshake()
    assert tls.recv_all() == b"hi\n"
    assert (str(key) in run.stderr()) == warned
    assert not warned or re.search(r"^s6-tlsd: warning: ", run.stderr(), re.M)


@pytest.mark.parametrize("opts, warned", [("-v 2", True), ("-v 1", False)])
@pytest.mark.parametrize("dates, word", [(PAST, "has expired"), (FUTURE, "is not yet valid")])
def test_own_certificate_out_of_its_time_is_warned_of_at_2_before_a_client_comes(launch, pki, opts, warned, dates, word):
    require("CHECK")
    cert = pki.issue(dates=dates)
    run = launch.tlsd(f"{opts} -K 500", "true", cert.env())
    assert run.wait() == 98
    assert (run.stderr().count(f"s6-tlsd: warning: the certificate in {cert.cert} {word}\n") == 1) == warned
    assert run.stderr().count("warning") == warned


def test_it_is_told_which_of_several_certificates_has_expired(launch, pki):
    require("CHECK", "SNI_CERTS")
    old = pki.issue("/CN=b", dates=PAST)
    env = {**pki.issue().env(), **pki.issue("/CN=a").env("a.example.com"), **old.env("b.example.com")}
    run = launch.tlsd("-k 1 -v 2 -K 500", "true", env)
    assert run.wait() == 98
    assert re.findall("warning: (.*)", run.stderr()) == [f"the certificate in {old.cert} has expired"]


@pytest.mark.parametrize("opts, warned", [("-k 1 -v 2", True), ("-k 1", False), ("-v 2", False)])
def test_level_1_without_a_pair_for_a_name_is_warned_of_at_2(launch, ends, opts, warned):
    require("SNI_CERTS")
    run = launch.tlsd(opts, "echo hi")
    tls = ends(run, name="localhost")
    tls.handshake()
    assert tls.recv_all() == b"hi\n"
    said = "s6-tlsd: warning: no KEYFILE:x is set: under -k 1 every name gets the certificate of CERTFILE\n"
    assert (said in run.stderr()) == warned


def test_key_that_only_its_owner_can_read_is_not_warned_of(launch, ends, pki):
    run = launch.tlsd("-v 2", "echo hi")
    tls = ends(run)
    tls.handshake()
    assert tls.recv_all() == b"hi\n"
    assert "warning" not in run.stderr()


@pytest.mark.parametrize("opts, warned", [("-v 2", True), ("-v 2 -k localhost", False), ("", False)])
def test_no_name_to_verify_is_warned_of_at_2(launch, ends, pki, opts, warned):
    run = launch.tlsc(opts, "echo hi >&7")
    tls = ends(run, server=True, cert=pki.issue())
    tls.handshake()
    assert tls.recv_all() == b"hi\n"
    assert bool(re.search(r"^s6-tlsc: warning: .*name", run.stderr(), re.M)) == warned


def test_debug_has_the_line_of_the_connection_too_and_more(launch, ends):
    said = logged(launch, ends, "-v 3", version="1.3")
    assert "a.example.com" in said and "s6-tlsd: tracing: handshake done, TLS 1.3\n" in said
    assert "tracing" not in logged(launch, ends, "-v 2", version="1.3")


@pytest.mark.parametrize("words, why", [(["-K", "x", "true"], "invalid number for option -K"), ([], "no program to execute")])
def test_wrong_usage_is_told_at_0_too(launch, words, why):
    run = launch.on_stdio(["s6-tlsd", "-v", "0", *words])
    assert run.wait() == 100
    assert run.stderr().startswith(f"s6-tlsd: fatal: {why}")
