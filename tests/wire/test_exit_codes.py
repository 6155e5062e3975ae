"""Exit codes and messages: each way to fail has its code, and a line on stderr that names the culprit."""

import re
import resource
import subprocess

import pytest

import peer
from features import HAS_FDS, needs
from harness import command, reset
from pki import PAST, openssl

pytestmark = pytest.mark.quick

APPLETS = ["s6-tlsd", "s6-tlsc"]
ON_STDIO = [("s6-tlsd", ""), ("s6-tlsc", "-6 0 -7 1")]


def refused(run, code, *named):
    """The applet ended with code, on its own, and said why in one line that names the culprit."""
    assert run.wait() == code, run.stderr()
    first = run.stderr().splitlines()[0]
    assert first.startswith(("s6-tlsd: ", "s6-tlsc: ")), first
    assert all(str(word) in first for word in named), first
    assert "started" not in run.stderr()
    return first


def start(launch, applet, opts="", env=None, **more):
    """Nothing is ever sent to it: what is wrong must show before the first client byte."""
    return getattr(launch, applet[3:])(opts, "echo started >&2", env, **more)


# prog's own


@pytest.mark.parametrize("script, code", [
    ("exit 0", 0), ("exit 1", 1), ("exit 96", 96), ("exit 127", 127), ("exit 128", 128), ("exit 200", 128),
    ("exit 255", 128), ("kill -9 $$", 137), ("kill -15 $$", 143), ("kill -1 $$", 129),
    ("kill -ALRM $$", 142)])
def test_prog_s_end_gives_the_exit_code(link13, script, code):
    run, tls = link13("", script)
    tls.recv_all()
    tls.fin()
    assert run.wait() == code


def test_exit_code_is_passed_on_by_both_applets_in_both_versions(link):
    run, tls = link("", "exit 42")
    tls.recv_all()
    tls.fin()
    assert run.wait() == 42
    assert run.stderr() == ""


def test_prog_not_found_is_127_and_named(link):
    run, tls = link("", ["no-such-prog-anywhere"])
    assert tls.recv_all() == b""
    tls.fin()
    assert run.wait() == 127
    assert run.stderr().startswith(f"{link.side}: fatal: unable to ")
    assert "no-such-prog-anywhere" in run.stderr()


@pytest.mark.parametrize("prog", ["/tmp", "./not-executable", "./no-format"])
def test_prog_not_executable_is_126_and_named(link13, tmp_path, prog):
    (tmp_path / "not-executable").write_text("#!/bin/sh\n")
    (tmp_path / "no-format").write_bytes(b"\x7fELF nonsense")
    (tmp_path / "no-format").chmod(0o755)
    run, tls = link13("", [prog])
    assert tls.recv_all() == b""
    tls.fin()
    assert run.wait() == 126
    assert prog in run.stderr()


# 100: usage, variables, numbers


@pytest.mark.parametrize("applet", APPLETS)
@pytest.mark.parametrize("opts", [
    "-X", "--no-such-option", "-K abc", "-K -1", "-K 12x", "-K ''", "-K 99999999999999999999", "-I abc",
    "-v x", "--handshake-timeout=abc", "--verbosity=x"])
def test_bad_option_is_100_and_named(launch, applet, opts):
    line = refused(start(launch, applet, opts), 100)
    option = opts.split("=")[0].split()[0]
    assert option.lstrip("-") in line.partition(": ")[2]


@needs("SNI_CERTS")
@pytest.mark.parametrize("opts", ["-k 3", "-k x", "-k -1", "--sni-level=7"])
def test_bad_sni_level_is_100(launch, pki, opts):
    """Where there are pairs for each level."""
    line = refused(start(launch, "s6-tlsd", opts, pki.issue().env("a.example.com")), 100)
    assert f" for option {opts.split()[0]}" in line


@pytest.mark.parametrize("opts", ["-6 x", "-7 x", "-6 -1", "--read-fd=x", "--write-fd=99999999999"])
def test_bad_fd_is_100(launch, opts):
    refused(start(launch, "s6-tlsc", opts), 100)


@pytest.mark.parametrize("applet", APPLETS)
@pytest.mark.parametrize("args", [[], ["--"], ["-K"], ["-v", "1"]])
def test_missing_prog_or_argument_is_100(launch, applet, args):
    run = launch.program([applet, *args], stdin=subprocess.DEVNULL)
    assert run.wait() == 100
    assert run.stderr().startswith(applet)


@pytest.mark.parametrize("name", ["KEYFILE", "CERTFILE"])
@pytest.mark.parametrize("opts", ["", "-k 0", "-k 1"])
def test_server_without_key_or_certificate_is_100(launch, name, opts):
    refused(start(launch, "s6-tlsd", opts, {name: None}), 100, name)


@pytest.mark.parametrize("name", ["KEYFILE", "CERTFILE"])
def test_client_without_key_or_certificate_is_100_under_y(launch, name):
    refused(start(launch, "s6-tlsc", "-y", {name: None}), 100, name)


@pytest.mark.parametrize("applet, opts", [("s6-tlsd", "-y"), ("s6-tlsd", "-Y"), ("s6-tlsc", "")])
def test_verifying_without_trust_anchors_is_100(launch, applet, opts):
    refused(start(launch, applet, opts, {"CAFILE": None}), 100, "CADIR", "CAFILE")


@pytest.mark.parametrize("name", ["TLS_UID", "TLS_GID"])
@pytest.mark.parametrize("value", ["", "abc", "-1", "12x", " 12", "4294967295", "4294967296",
                                   "99999999999999999999"])
def test_invalid_uid_or_gid_is_100(launch, name, value):
    refused(start(launch, "s6-tlsd", "", {name: value}), 100, name)


@pytest.mark.parametrize("name", ["TLS_UID", "TLS_GID"])
def test_invalid_uid_or_gid_is_100_in_the_client_too(launch, name):
    refused(start(launch, "s6-tlsc", "", {name: "abc"}), 100, name)


# 96: files


@pytest.fixture
def bad(pki, tmp_path):
    """Files that are no key, no certificate and no trust anchor, by name."""
    good = pki.issue()
    text = good.leaf.read_text()
    made = {
        "junk": b"certainly not a PEM file\n" * 20, "zeros": bytes(4000), "empty": b"",
        "short DER": good.der()[:100],
        "broken base64": text.replace(text[80:90], "!!!!!!!!!!").encode(),
        "half": text[:len(text) // 2].encode(),
        "no DER in it": b"-----BEGIN CERTIFICATE-----\naGVsbG8gd29ybGQ=\n-----END CERTIFICATE-----\n",
        "no key in it": b"-----BEGIN PRIVATE KEY-----\naGVsbG8gd29ybGQ=\n-----END PRIVATE KEY-----\n",
        "broken chain": text.encode() + b"-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n",
        "other END": text.replace("END CERTIFICATE", "END X").encode(), "eleven": text.encode() * 11,
        "DER and more": good.der() + b"\x30\x03\x02\x01\x01",
        "key": good.key.read_bytes(), "certificate": text.encode(), "expired": pki.issue(dates=PAST).der(),
        "encrypted key": openssl("pkey", "-in", good.key, "-aes-256-cbc", "-passout", "pass:x"),
    }
    paths = {}
    for name, content in made.items():
        paths[name] = tmp_path / name.replace(" ", "-")
        paths[name].write_bytes(content)
    return {**paths, "missing": tmp_path / "not-there", "directory": tmp_path}


KEY_FAULTS = ["junk", "zeros", "empty", "short DER", "no key in it", "certificate", "encrypted key",
              "missing", "directory"]
CERT_FAULTS = ["junk", "zeros", "empty", "short DER", "broken base64", "half", "no DER in it", "broken chain",
               "other END", "eleven", "DER and more", "key", "missing", "directory"]
ANCHOR_FAULTS = ["junk", "zeros", "empty", "short DER", "broken base64", "half", "no DER in it", "broken chain", "other END",
                 "key", "expired", "missing", "directory"]


@pytest.mark.parametrize("fault", KEY_FAULTS)
@pytest.mark.parametrize("applet, opts", [("s6-tlsd", ""), ("s6-tlsc", "-y")])
def test_bad_key_file_is_96_before_the_first_byte(launch, bad, fault, applet, opts):
    refused(start(launch, applet, opts, {"KEYFILE": bad[fault]}), 96, bad[fault])


@pytest.mark.parametrize("fault", CERT_FAULTS)
@pytest.mark.parametrize("applet, opts", [("s6-tlsd", ""), ("s6-tlsc", "-y")])
def test_bad_certificate_file_is_96_before_the_first_byte(launch, bad, fault, applet, opts):
    refused(start(launch, applet, opts, {"CERTFILE": bad[fault]}), 96, bad[fault])


@pytest.mark.parametrize("form", ["PEM", "DER"])
def test_chain_of_ten_certificates_is_taken(launch, ends, pki, tmp_path, form):
    pair = pki.issue()
    (tmp_path / "ten").write_bytes((pair.leaf.read_bytes() if form == "PEM" else pair.der()) * 10)
    run = launch.tlsd("", ["printf", "x"], env={**pair.env(), "CERTFILE": tmp_path / "ten"})
    tls = ends(run)
    tls.handshake()
    assert tls.recv_all() == b"x"


@pytest.mark.parametrize("fault", ANCHOR_FAULTS)
@pytest.mark.parametrize("applet, opts", [("s6-tlsd", "-y"), ("s6-tlsd", "-Y"), ("s6-tlsc", "")])
def test_bad_anchor_file_is_96_before_the_first_byte(launch, bad, fault, applet, opts):
    refused(start(launch, applet, opts, {"CAFILE": bad[fault]}), 96, bad[fault])


@pytest.fixture
def unknown(pki):
    return pki.of_unknown_kind()


@pytest.mark.parametrize("applet, opts", [("s6-tlsd", "-y"), ("s6-tlsc", ""), ("s6-tlsc", "-y")])
def test_anchor_of_an_unknown_kind_is_96(launch, unknown, applet, opts):
    assert "invalid trust anchor: " in refused(start(launch, applet, opts, {"CAFILE": unknown}), 96, unknown)


def test_client_looks_into_anchors_while_the_server_makes_its_answer(launch, unknown):
    run = start(launch, "s6-tlsc", "", {"CAFILE": unknown})
    assert run.sock.recv(3) == b"\x16\x03\x03"
    refused(run, 96, unknown)


@needs("CRL")
def test_client_looks_into_anchors_before_it_speaks_if_they_are_to_verify_lists(launch, unknown):
    run = start(launch, "s6-tlsc", "", {"CAFILE": unknown, "CRLFILE": "/nowhere"})
    assert run.sock.recv(1) == b""
    refused(run, 96, unknown)


@pytest.mark.parametrize("applet, opts", [("s6-tlsd", "-y"), ("s6-tlsc", "")])
def test_missing_anchor_directory_is_96(launch, bad, applet, opts):
    refused(start(launch, applet, opts, {"CADIR": bad["missing"], "CAFILE": None}), 96, bad["missing"])


@pytest.mark.parametrize("applet, opts", [("s6-tlsd", "-y"), ("s6-tlsc", "")])
def test_anchor_directory_without_an_anchor_is_96(launch, tmp_path, applet, opts):
    (tmp_path / "anchors").mkdir()
    (tmp_path / "anchors" / "README").write_text("none here\n")
    refused(start(launch, applet, opts, {"CADIR": tmp_path / "anchors"}), 96, tmp_path / "anchors")


def test_message_of_a_missing_file_has_the_system_s_reason(launch, bad):
    line = refused(start(launch, "s6-tlsd", "", {"KEYFILE": bad["missing"]}), 96)
    assert re.fullmatch(rf"s6-tlsd: fatal: unable to \w+ {bad['missing']}: No such file or directory", line)


@pytest.mark.parametrize("kinds", [("p256", "p256"), ("p256", "rsa"), ("rsa", "p256"), ("rsa", "rsa"),
                                   ("ed25519", "p256"), ("ed25519", "ed25519"), ("p384", "p256")])
@pytest.mark.parametrize("applet, opts", [("s6-tlsd", ""), ("s6-tlsc", "-y")])
def test_key_and_certificate_that_do_not_match_are_96(launch, pki, kinds, applet, opts):
    key, cert = pki.key(kinds[0], "another"), pki.issue(key=kinds[1]).cert
    line = refused(start(launch, applet, opts, {"KEYFILE": key, "CERTFILE": cert}), 96)
    assert str(key) in line or str(cert) in line


@pytest.mark.parametrize("name", ["KEYFILE", "CERTFILE"])
@pytest.mark.parametrize("opts", ["-k 1", "-k 2"])
def test_bad_file_of_a_named_pair_is_96(launch, bad, pki, name, opts):
    env = {**pki.issue().env("a.example.com"), f"{name}:a.example.com": bad["junk"]}
    refused(start(launch, "s6-tlsd", opts, env), 96, bad["junk"])


@pytest.mark.parametrize("name", ["KEYFILE", "CERTFILE"])
@pytest.mark.parametrize("opts", ["-k 1", "-k 2"])
def test_named_pair_without_its_other_half_is_refused(launch, pki, name, opts):
    env = {**pki.issue().env("a.example.com"), f"{name}:a.example.com": None}
    run = start(launch, "s6-tlsd", opts, env)
    assert run.wait() in (96, 100)
    assert "a.example.com" in run.stderr()


def test_unreadable_key_is_96(launch, world_dir, pki):
    """Read by a user who is not root, the key file is out of reach."""
    run = start(launch, "s6-tlsd", user=65534)
    refused(run, 96, pki.issue().key, "Permission denied")


# 98


@pytest.mark.parametrize("sent", [b"", b"\x16", b"\x16\x03\x01\x00\x50\x01", b"GET / HTTP/1.0\r\n\r\n",
                                  b"\0" * 300])
def test_end_of_file_or_garbage_in_the_handshake_is_98(launch, sent):
    run = start(launch, "s6-tlsd")
    run.sock.sendall(sent)
    run.sock.shutdown(1)
    refused(run, 98)


@pytest.mark.parametrize("sent", [b"", b"\x16", b"\x16\x03\x03\x00\x50\x02", b"SSH-2.0-OpenSSH\r\n",
                                  b"\0" * 300])
def test_end_of_file_or_garbage_in_the_client_s_handshake_is_98(launch, sent):
    run = start(launch, "s6-tlsc")
    run.sock.sendall(sent)
    run.sock.shutdown(1)
    refused(run, 98)


def test_reset_in_the_handshake_is_98(link):
    run, tls = link.start("", "echo started >&2")
    reset(tls.sock)
    refused(run, 98)


def test_alert_in_the_handshake_is_98(link):
    run, tls = link.start("", "echo started >&2")
    tls.sock.sendall(b"\x15\x03\x03\x00\x02\x02\x28")
    tls.fin()
    refused(run, 98)


def test_no_version_in_common_is_98(launch, ends):
    run = start(launch, "s6-tlsd")
    with pytest.raises(peer.Ended, match="PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|fin"):
        ends(run, "1.1", ciphers="ALL:@SECLEVEL=0").handshake()
    run.sock.close()
    refused(run, 98)


# 97


@pytest.mark.not_watched("strace: what looks for leaks is a tracer too, and there can be one")
@pytest.mark.parametrize("applet, opts", ON_STDIO)
def test_engine_without_randomness_is_97(launch, applet, opts):
    """strace takes the system call away that seeds are made by."""
    inject = ["-e", "inject=getrandom:error=ENOSYS"]
    argv = ["strace", "-f", "-o", "/dev/null", *inject, *command(applet, opts, "echo started >&2")]
    refused(launch.on_stdio(argv), 97)


# 111


@pytest.mark.not_watched("what watches needs fds of its own")
@pytest.mark.parametrize("applet, opts", ON_STDIO)
def test_too_few_fds_are_111(launch, applet, opts):
    """One fd beyond 0, 1 and 2 is enough to load the program, not for a pipe."""
    refused(launch.on_stdio(["prlimit", "--nofile=4", *command(applet, opts, "echo started >&2")]), 111)


@pytest.mark.not_watched("what looks for leaks forks")
@pytest.mark.parametrize("applet, opts", ON_STDIO)
def test_failed_fork_is_111(launch, pki, applet, opts):
    """Of a user who may have no process more."""
    key = pki.write(pki.issue().key.read_bytes())
    limit = lambda: resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    argv = command(applet, opts, "echo started >&2")
    refused(launch.on_stdio(argv, {"KEYFILE": key}, user=60009, preexec_fn=limit), 111)


@HAS_FDS
@pytest.mark.parametrize("fd", [0, 1])
def test_closed_network_fd_is_an_error(launch, fd):
    run = launch.on_stdio(["sh", "-c", f"exec {fd}<&-; exec s6-tlsd sh -c 'echo started >&2'"])
    run.sock.sendall(b"x")
    refused(run, 111)


@pytest.mark.parametrize("fds", ["6>&-", "7>&-", "6>&- 7>&-"])
def test_closed_network_fd_of_the_client_is_an_error(launch, fds):
    script = f"exec 6</dev/null 7>/dev/null; exec s6-tlsc sh -c 'echo started >&2' {fds}"
    run = launch.program(["sh", "-c", script])
    refused(run, 111)


# verbosity


@pytest.mark.parametrize("env, sent, code", [({"KEYFILE": "/nowhere"}, b"", 96), ({}, b"junk" * 50, 98)])
def test_v0_is_quiet(launch, env, sent, code):
    run = start(launch, "s6-tlsd", "-v0", env)
    run.sock.sendall(sent)
    run.sock.shutdown(1)
    assert run.wait() == code
    assert run.stderr() == ""


def test_v0_says_nothing_of_a_bad_end(link):
    run, tls = link("-v 0 -J", "cat")
    tls.fin()
    assert run.wait() == 98
    assert run.stderr() == ""
