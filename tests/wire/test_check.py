"""--check: what every TLS applet would do, told without the network; what would fail is 96."""

import datetime
import os
import re
import subprocess


import pytest

from features import KEYS, TOP, built_in, have, needs, require
from harness import members
from pki import Cert, FUTURE, PAST, openssl
from status import EXPIRED, crl, staple
from tcp import Server, all_of

pytestmark = [pytest.mark.quick, needs("CHECK")]

SERVERS = ["s6-tlsd", "s6-tlsd-io", "s6-ucspitlsd"]
CLIENTS = ["s6-tlsc", "s6-tlsc-io", "s6-ucspitlsc"]


class Told:
    """What a check has printed. lines: key and value of each line, in order."""

    def __init__(self, run, out):
        self.code, self.out, self.err = run.wait(), out, run.stderr()
        self.lines = [tuple(line.split("=", 1)) for line in out.splitlines()]

    def __getitem__(self, key):
        found = self.all(key)
        assert len(found) == 1, f"{key}: {found}"
        return found[0]

    def all(self, key):
        return [line[1] for line in self.lines if line[0] == key]

    def warns(self, text):
        return any(text in said for said in self.all("warning"))

    def fails(self, text):
        return self.code == 96 and self["result"] == "would fail" and any(text in said for said in self.all("error"))


@pytest.fixture
def check(launch):
    """check(command, env) -> what it tells, as key=value."""
    def run(*words, form="=plain", **env):
        applet, *rest = words
        env = {name.replace("__", ":"): value for name, value in env.items()}
        made = launch.program([applet, f"--check{form}", *rest], env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        out = made.process.stdout.read().decode()
        return Told(made, out)
    return run


# what is told


def test_keys_for_tickets_are_told_of(check, tmp_path):
    require("TICKETS")
    file = tmp_path / "tickets"
    file.write_bytes(b"x" * 80)
    file.chmod(0o600)
    told = check("s6-tlsd", TLS_TICKETKEYS=str(file))
    assert (told.code, told["session_tickets"]) == (0, str(file))
    assert check("s6-tlsd")["session_tickets"] == "none"
    file.chmod(0o644)
    assert check("s6-tlsd", TLS_TICKETKEYS=str(file)).warns(f"the file {file} of keys for tickets can be read by others")
    file.write_bytes(b"x" * 79)
    assert check("s6-tlsd", TLS_TICKETKEYS=str(file)).fails("its length is not a multiple of 80 bytes")


def test_control_bytes_are_not_told(check):
    assert "program=a?b\n" in check("s6-tlsd", "a\nb").out


@needs("S6_TLSSERVER", "S6_TLSD", "S6_TCPSERVER")
def test_control_bytes_are_not_told_of_a_command_either(check):
    assert check("s6-tlsserver", "::1", "443", "sh", "-c", "a\n\x1bb")["command"].endswith("sh -c 'a??b'")


def test_server_tells_what_it_would_do(check, pki):
    cert = pki.issue()
    told = check("s6-tlsd", "cat")
    assert told.code == 0, told.out
    assert told["result"] == "ok"
    assert told["applet"] == "s6-tlsd"
    assert (told["version.min"], told["version.max"]) == ("1.2" if have("TLS12") else "1.3", "1.3")
    assert told["suites"].split(":")[0].startswith("TLS_")
    assert told["groups"]
    assert told["application_protocols"] == "none"
    assert told["client_certificates"] == "none"
    assert told["pair.1.for"] == "every name"
    assert (told["pair.1.key_file"], told["pair.1.certificate_file"]) == (str(cert.key), str(cert.cert))
    assert told["pair.1.subject"] == "CN=localhost"
    assert told["pair.1.issuer"] == told["pair.1.anchor_needed"] == "CN=root"
    assert told["pair.1.names"] == "DNS:localhost,IP:127.0.0.1,IP:::1"
    assert (told["pair.1.not_before"], told["pair.1.not_after"]) == ("2024-01-01T00:00:00Z", "2048-01-01T00:00:00Z")
    assert told["pair.1.chain"] == "verifies"
    assert told["program"] == "cat"
    assert told["engine.cage"] in (["whole", "in part"] if have("CAGE") else ["not built in"])
    assert told.err == ""


def test_days_that_are_left_are_counted(check):
    until = datetime.datetime(2048, 1, 1) - datetime.datetime.utcnow()
    assert int(check("s6-tlsd")["pair.1.days_left"]) in (until.days - 1, until.days)


def test_client_tells_what_it_would_do(check, pki):
    told = check("s6-tlsc", "-k", "www.example.com", "cat")
    assert (told.code, told["result"]) == (0, "ok"), told.out
    assert (told["server.verified"], told["server.name"]) == ("yes", "www.example.com")
    assert told["anchors"] == str(pki.root().cert)
    assert not told.all("pair.1.key")


def keys_of_the_page():
    items = re.findall(r"^\.It Cm (.*)$", (TOP / "docs/man/parts/check").read_text(), re.M)
    for first, *rest in (item.split(" , ") for item in items):
        prefix = "pair.1." if first.startswith("pair.1.") else ""
        yield from [first, *(prefix + word.removeprefix(prefix) for word in rest)]


@needs("S6_TLSSERVER", "S6_TCPSERVER", "OCSP_STAPLE", "CRL", "TICKETS")
def test_the_page_has_every_key_that_is_told_and_no_other(check, pki):
    told = [check("s6-tlsserver", "127.0.0.1", "443", "cat", OCSPFILE=staple(pki, pki.issue(), pki.root())),
            check("s6-tlsc", CRLFILE=crl(pki, pki.root())), check("s6-tlsd", CERTFILE="/nonexistent")]
    assert {key for one in told for key, _ in one.lines} == set(keys_of_the_page())
    assert [one.lines[-1] for one in told] == [("result", "ok"), ("result", "ok"), ("result", "would fail")]


@pytest.mark.parametrize("opts, handshake, idle", [("", None, "0"), ("-K 0", None, "0"), ("-K 5000", "5000", "5000"),
                                                   ("-K 5000 -I 0", "5000", "0"), ("-I 700", None, "700")])
def test_limits_are_told(check, opts, handshake, idle):
    """0 milliseconds for a handshake are those of the build."""
    told = check("s6-tlsd", *opts.split())
    assert (told["handshake_limit"], told["idle_limit"]) == (handshake or built_in()["HANDSHAKE_LIMIT"], idle)


@needs("CLIENT_CERTS")
def test_client_with_a_certificate_tells_of_it(check, pki):
    cert = pki.client()
    told = check("s6-tlsc", "-y", "-k", "localhost", KEYFILE=cert.key, CERTFILE=cert.cert)
    assert told.code == 0
    assert told["pair.1.subject"] == "CN=alice,O=Wire,C=DE"
    assert not told.warns("for no name")


@pytest.mark.parametrize("kind, text", [("p256", "EC, 256 bits"), ("p384", "EC, 384 bits"), ("rsa", "RSA, 2048 bits"),
                                        ("ed25519", "Ed25519, 256 bits")])
def test_kind_and_size_of_a_key_are_told(check, pki, kind, text):
    require(KEYS[kind])
    cert = pki.issue(key=kind)
    assert check("s6-tlsd", **cert.env())["pair.1.key"] == text


def test_policy_is_told_as_the_variables_have_it(check):
    require("TLS12", "ALPN", "SUITES_AES_GCM", "SUITES_CHACHA20", "GROUP_P384", "GROUP_X25519")
    suites = "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256"
    told = check("s6-tlsd", TLS_CIPHERS=suites, TLS_GROUPS="secp384r1:X25519", TLS_ALPN="h2,http/1.1")
    assert told["suites"] == suites
    assert (told["version.min"], told["groups"], told["application_protocols"]) == ("1.3", "P-384:X25519", "h2,http/1.1")


@needs("SNI_CERTS")
def test_names_are_told_with_their_pairs(check, pki):
    cert = pki.issue("/CN=a", san="DNS:a.example.com,DNS:*.b.example.com")
    pair = {"KEYFILE__a.example.com": cert.key, "CERTFILE__a.example.com": cert.cert,
            "KEYFILE__*.b.example.com": cert.key, "CERTFILE__*.b.example.com": cert.cert}
    told = check("s6-tlsd", "-k", "1", **pair)
    assert told.code == 0, told.out
    names = [told[f"pair.{n}.for"] for n in (1, 2, 3)]
    assert names[0] == "every other name" and sorted(names[1:]) == ["*.b.example.com", "a.example.com"]
    assert sorted(check("s6-tlsd", "-k", "2", **pair)[f"pair.{n}.for"] for n in (1, 2)) == sorted(names[1:])


@needs("CLIENT_CERTS")
@pytest.mark.parametrize("opt, word", [("-Y", "optional"), ("-y", "mandatory")])
def test_what_is_asked_of_clients_is_told(check, pki, opt, word):
    told = check("s6-tlsd", opt)
    assert (told["client_certificates"], told["anchors"]) == (word, str(pki.root().cert))


def test_form_for_people_has_the_same_in_words(check):
    plain, words = check("s6-tlsd", "cat"), check("s6-tlsd", "cat", form="")
    assert words.code == 0
    for line in ("pair 1 subject +CN=localhost", "pair 1 chain +verifies", "client certificates +none", "result +ok"):
        assert re.search(f"^{line}$", words.out, re.M)
    assert not re.search(r"^[\w.]+=", words.out, re.M)
    for suite in plain["suites"].split(":"):
        assert re.search(rf" {suite}$", words.out, re.M)


@pytest.mark.parametrize("applet", SERVERS + CLIENTS)
def test_every_applet_has_it_and_needs_no_program_and_no_connection(check, applet):
    told = check(applet, *(["-k", "localhost"] if applet in CLIENTS else []))
    assert (told.code, told["applet"], told["result"]) == (0, applet, "ok"), told.err


# the wrappers


@needs("S6_TLSSERVER", "S6_TLSD", "S6_TCPSERVER")
def test_s6_tlsserver_tells_of_its_whole_chain(check):
    require("S6_APPLYUIDGID")
    told = check("s6-tlsserver", "-u", "1000", "-K", "5000", "127.0.0.1", "443", "cat")
    assert told.code == 0, told.err
    assert re.search("s6-tcpserver -- 127.0.0.1 443 .*s6-tlsd -K5000 .*-- .*s6-applyuidgid -u 1000 -- cat", told["command"])
    assert (told["applet"], told["handshake_limit"], told["result"]) == ("s6-tlsd", "5000", "ok")


@needs("S6_TLSCLIENT", "S6_TLSC", "S6_TCPCLIENT")
def test_s6_tlsclient_tells_of_its_whole_chain(check):
    told = check("s6-tlsclient", "www.example.com", "443", "cat")
    assert told.code == 0, told.err
    assert re.search("s6-tcpclient -- www.example.com 443 .*s6-tlsc -k www.example.com -- cat", told["command"])
    assert (told["applet"], told["server.name"]) == ("s6-tlsc", "www.example.com")


@needs("S6_TLSSERVER", "S6_TLSD", "S6_TCPSERVER")
def test_the_command_can_be_given_to_a_shell(check):
    """Words that a shell would not take as they are come out of one as they went in."""
    require("S6_APPLYUIDGID")
    words = ["sh", "-c", 'echo "$1" \\ `x` | y', "", "it's", "''", "*", "~", "a=b", "#", "ä", "&", "-G,", "$HOME"]
    told = check("s6-tlsserver", "-G", "", "127.0.0.1", "443", *words)
    assert told.code == 0, told.out
    out = subprocess.run(["sh", "-c", f"printf '%s\\n' {told['command']}"], stdout=subprocess.PIPE, text=True, check=True).stdout
    given = out.split("\n")[:-1]
    assert given[-len(words):] == words
    assert given[given.index("-G") + 1] == ""
    assert " -- sh -c 'echo " in told["command"] and " a=b " in told["command"]


@needs("S6_TLSSERVER", "S6_TLSD", "S6_TCPSERVER")
@pytest.mark.parametrize("words, why", [
    (["nowhere", "443"], "invalid IP address: nowhere"), (["127.0.0.1", "65536"], "invalid port: 65536"),
    (["127.0.0.1", "443", "no-such-program"], "unable to execute no-such-program: it is not there"),
    (["-h", "127.0.0.1", "443"], "s6-tcpserver-access is neither built in nor in PATH")])
def test_s6_tlsserver_says_what_would_fail_around_tls(check, words, why):
    told = check("s6-tlsserver", *words)
    assert told.code == 96
    assert why in told.err


@needs("S6_TLSSERVER", "S6_TLSD", "S6_TCPSERVER")
def test_s6_tlsserver_needs_no_program_and_fails_with_its_tls(check):
    told = check("s6-tlsserver", "127.0.0.1", "443", CERTFILE="/nonexistent")
    assert told.fails("unable to read /nonexistent: No such file or directory")


@needs("S6_TCPSERVER")
def test_behind_s6_tcpserver_each_client_is_checked(launch):
    with Server(launch, "", ["s6-tlsd", "--check=plain", "cat"]) as server:
        for _ in range(2):
            assert all_of(server.connect()).endswith(b"\nresult=ok\n")


# what would fail


@pytest.mark.parametrize("dates, word", [(PAST, "has expired"), (FUTURE, "is not yet valid")])
def test_certificate_out_of_its_time_would_fail(check, pki, dates, word):
    assert check("s6-tlsd", **pki.issue(dates=dates).env()).fails(f"the certificate in {pki.issue(dates=dates).cert} {word}")


def test_key_of_another_certificate_would_fail(check, pki):
    told = check("s6-tlsd", KEYFILE=pki.key(name="other"))
    assert told.fails("its key is not the one in the key file")


@pytest.mark.parametrize("variable", ["KEYFILE", "CERTFILE", "CAFILE"])
def test_file_that_is_junk_or_missing_would_fail_and_the_rest_is_told(check, pki, variable):
    applet = ["s6-tlsc", "-k", "localhost"] if variable == "CAFILE" else ["s6-tlsd"]
    for file in (pki.write("junk"), "/nonexistent"):
        told = check(*applet, **{variable: file})
        assert told.fails(str(file))
        assert told["groups"]
        assert told.all("engine.user")


def test_each_pair_is_looked_at(check, pki):
    require("SNI_CERTS")
    told = check("s6-tlsd", "-k", "1", KEYFILE="/nonexistent/1", KEYFILE__a="/nonexistent/2", CERTFILE__a="/nonexistent/3")
    assert all(told.fails(f"/nonexistent/{n}") for n in (1, 2, 3))


@needs("SNI_CERTS")
def test_pair_for_a_name_that_the_certificate_has_not_would_fail(check, pki):
    cert = pki.issue()
    env = {"KEYFILE__a.example.com": cert.key, "CERTFILE__a.example.com": cert.cert}
    assert check("s6-tlsd", "-k", "1", **env).fails(f"the certificate in {cert.cert} is not for a.example.com")


def test_chain_that_does_not_verify_would_fail(check, pki):
    leaf = pki.issue(issuer=pki.intermediate("one"))
    wrong = Cert(leaf.leaf, pki.write(leaf.leaf.read_bytes() + pki.intermediate("two").leaf.read_bytes()), leaf.key)
    told = check("s6-tlsd", **wrong.env())
    assert told.fails("does not verify: the leaf is not signed by the next one in the file")
    good = check("s6-tlsd", **leaf.env())
    assert (good.code, good["pair.1.certificates"], good["pair.1.chain"]) == (0, "2", "verifies")
    old = pki.sign("/CN=old", None, None, pki.key(name="old"), pki.root(), True, dates=PAST)
    under = pki.issue(issuer=old)
    assert check("s6-tlsd", **under.env()).fails(f"the issuer's certificate in {under.cert} has expired")
    upside_down = pki.write(leaf.leaf.read_bytes() + pki.root().leaf.read_bytes() + pki.intermediate("one").leaf.read_bytes())
    assert check("s6-tlsd", KEYFILE=leaf.key, CERTFILE=upside_down).fails("does not verify: ")


@pytest.mark.parametrize("env, why", [({"TLS_GROUPS": "none"}, "unable to use TLS_GROUPS"), ({"KEYFILE": None}, "KEYFILE not set"),
                                      ({"CERTFILE": ""}, "CERTFILE not set")])
def test_wrong_or_missing_variables_are_96(check, env, why):
    told = check("s6-tlsd", **env)
    assert (told.code, told.out) == (96, "")
    assert why in told.err


def test_program_that_is_not_there_would_fail(check, tmp_path):
    assert check("s6-tlsd", "no-such-program").fails("unable to execute no-such-program: it is not there")
    (tmp_path / "plain").write_text("")
    assert check("s6-tlsd", str(tmp_path / "plain")).fails("it is not there")
    assert check("s6-tlsd", "/bin/cat").code == 0


@needs("CRL")
def test_revocation_lists_are_read(check, pki):
    assert check("s6-tlsc", "-k", "x", CRLFILE=crl(pki, pki.root()))["revocation_lists"].endswith(".crl")
    assert check("s6-tlsc", "-k", "x", CRLFILE=pki.write("junk")).fails("unable to use revocation lists of ")


def test_other_forms_and_arguments_are_wrong_usage(check):
    told = check("s6-tlsd", form="=xml")
    assert (told.code, told.out) == (100, "")
    assert "no such form for option --check=xml" in told.err


# what is warned of


def test_nothing_else_is_warned_of_than_the_library_and_root(check):
    said = check("s6-tlsd", TLS_UID="65534" if not os.geteuid() else None).all("warning")
    assert all("wolfSSL" in line or "lacks a part of the cage" in line for line in said)


def test_key_file_that_others_can_read_is_warned_of(check, pki):
    key = pki.write(pki.issue().key.read_bytes(), "key")
    key.chmod(0o604)
    assert check("s6-tlsd", KEYFILE=key).warns(f"the key file {key} can be read by others")
    key.chmod(0o640)
    assert not check("s6-tlsd", KEYFILE=key).warns("can be read by others")


@needs("SNI_CERTS")
def test_level_1_without_a_pair_for_a_name_is_warned_of(check, pki):
    words = "no KEYFILE:x is set: under -k 1 every name gets the certificate of CERTFILE"
    assert check("s6-tlsd", "-k", "1").warns(words)
    assert not check("s6-tlsd").warns(words)
    assert not check("s6-tlsd", "-k", "1", KEYFILE__localhost=pki.issue().key, CERTFILE__localhost=pki.issue().cert).warns(words)


@needs("KEY_RSA")
def test_weak_key_is_warned_of(check, pki):
    key, cert = pki.path("rsa.key"), pki.path("pem")
    openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024", "-out", key)
    openssl("req", "-x509", "-new", "-key", key, "-subj", "/CN=localhost", "-out", cert)
    told = check("s6-tlsd", KEYFILE=key, CERTFILE=cert)
    assert told.warns(f"the key in {key} is weak: RSA, 1024 bits")
    assert told.warns(f"the certificate in {cert} is for no name")


def test_certificate_that_expires_soon_is_warned_of(check, pki):
    now = datetime.datetime.utcnow()
    dates = tuple((now + datetime.timedelta(days=days)).strftime("%Y%m%d%H%M%SZ") for days in (-1, 3))
    told = check("s6-tlsd", **pki.issue(dates=dates).env())
    assert told.code == 0
    assert told.warns("expires soon")
    assert told["pair.1.days_left"] in ("2", "3")


def test_client_that_verifies_too_little_is_warned(check):
    assert check("s6-tlsc").warns("no server name to verify")
    assert check("s6-tlsc", "--no-verify-cert").warns("the server is not verified: it may be anybody")


@needs("OCSP_STAPLE")
def test_response_of_no_use_is_warned_of(check, pki):
    cert = Cert(pki.issue().leaf, pki.write(pki.issue().leaf.read_bytes() + pki.root().leaf.read_bytes()), pki.issue().key)
    told = check("s6-tlsd", OCSPFILE=staple(pki, pki.issue(), pki.root()), **cert.env())
    assert told.code == 0 and not told.warns("is of no use")
    told = check("s6-tlsd", OCSPFILE=staple(pki, pki.issue(), pki.root(), dates=EXPIRED), **cert.env())
    assert told.code == 0 and told.warns("is of no use")
    assert check("s6-tlsd", OCSPFILE=pki.write("junk"), **cert.env()).fails("no successful response of OCSP")


def test_old_library_is_warned_of(check):
    told = check("s6-tlsd")
    version = tuple(map(int, told["wolfssl"].split(".")[:3]))
    assert told.warns("CVE-2024-0901") == (version < (5, 7, 0))
    assert told.warns("CVE-2026-3547") == (version < (5, 9, 0))
    assert not check("s6-tlsc", "-k", "x").warns("CVE-2024-0901")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has users to choose from")
def test_user_of_the_engine_is_told_and_not_taken_on(check, launch):
    told = check("s6-tlsd", TLS_UID="65533", TLS_GID="65532")
    assert told["engine.user"] == "uid 65533, gid 65532"
    assert not told.warns("stays root")
    assert check("s6-tlsd").warns("the engine stays root")


# what it does not do


def test_nothing_is_started_and_nothing_is_left(check, launch, tmp_path):
    told = check("s6-tlsd", "sh", "-c", f"touch {tmp_path}/started")
    assert told.code == 0
    assert not (tmp_path / "started").exists()
    assert members(launch.runs[-1].pid) == set()


@pytest.mark.not_watched("strace: there can be one tracer")
def test_it_makes_no_socket_and_reads_no_input(launch, tmp_path):
    trace = tmp_path / "trace"
    argv = ["strace", "-f", "-e", "trace=socket,connect,bind,accept,execve", "-o", str(trace), "s6-tlsd", "--check", "cat"]
    run = launch.program(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    assert run.wait() == 0
    assert len(re.findall(r"\w+\(", trace.read_text())) == 1 # its own execve


def test_that_it_cannot_be_told_is_111(launch):
    with open("/dev/full", "w") as full:
        run = launch.program(["s6-tlsd", "--check"], stdin=subprocess.DEVNULL, stdout=full)
    assert run.wait() == 111
    assert "unable to write to stdout" in run.stderr()
