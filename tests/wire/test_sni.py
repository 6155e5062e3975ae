"""Certificates by server name: which pair a name gets at each -k level, and names that nobody should send."""

import subprocess

import pytest

import hello
from peer import Ended, Tls, context

pytestmark = pytest.mark.quick

FATAL = 2


@pytest.fixture
def chosen(launch, pki, version):
    """chosen(level, pairs, name) -> the common name of the certificate that a client asking for name is
    given, or None if its handshake fails. The plain pair's is "plain", a named pair's is its name."""
    def ask(opts, pairs, name, plain=True, key="p256"):
        env = pki.issue("/CN=plain").env() if plain else {"KEYFILE": None, "CERTFILE": None}
        for pair in pairs:
            env.update(pki.issue(f"/CN={pair}", key=key).env(pair))
        run = launch.tlsd(opts, "env | grep ^SSL_TLS_SNI; cat", env)
        tls = Tls(run.sock, context(version=version, trust=pki.root().cert))
        if name is not None:
            tls.server_name(name.encode())
        try:
            tls.handshake()
        except Ended:
            tls.sock.close()
            assert run.wait() == 98, run.stderr()
            return None
        tls.close_notify()
        tls.fin()
        told = tls.recv_all().decode()
        assert run.wait() == 0, run.stderr()
        return dict(part[0] for part in tls.obj.getpeercert()["subject"])["commonName"], told
    return ask


A, B, WILD = "a.example.com", "b.example.com", "*.example.com"


def test_name_chooses_its_pair(chosen):
    assert chosen("-k 1", [A, B], A)[0] == A
    assert chosen("-k 1", [A, B], B)[0] == B
    assert chosen("-k 2", [A, B], B)[0] == B


def test_name_is_told_to_prog(chosen):
    assert chosen("-k 1", [A], A) == (A, f"SSL_TLS_SNI_SERVERNAME={A}\n")


def test_level_0_ignores_the_named_pairs(chosen):
    assert chosen("-k 0", [A], A)[0] == "plain"
    assert chosen("", [A], A)[0] == "plain"


@pytest.mark.parametrize("name", [None, "c.example.org", "a.example.com.example.org", "example.com", "com"])
def test_plain_pair_is_the_fallback_at_level_1(chosen, name):
    assert chosen("-k 1", [A, B], name)[0] == "plain"


@pytest.mark.parametrize("name", [None, "c.example.org", "example.com"])
@pytest.mark.parametrize("plain", [True, False])
def test_unknown_name_fails_at_level_2(chosen, name, plain):
    assert chosen("-k 2", [A, B], name, plain) is None


def test_plain_pair_is_not_needed_at_level_2(chosen):
    assert chosen("-k 2", [A], A, plain=False)[0] == A


def test_plain_pair_is_ignored_at_level_2_even_if_it_is_bad(launch, ends, pki):
    env = {"KEYFILE": "/nowhere", "CERTFILE": "/nowhere", **pki.issue().env(A)}
    run = launch.tlsd("-k 2", "echo hi", env)
    tls = ends(run, name=A)
    tls.handshake()
    assert tls.recv_all() == b"hi\n"


@pytest.mark.parametrize("name", ["A.EXAMPLE.COM", "A.example.Com"])
def test_case_does_not_count(chosen, name):
    assert chosen("-k 1", [A], name)[0] == A
    assert chosen("-k 2", [A.upper()], name.lower())[0] == A.upper()


@pytest.mark.parametrize("level", ["-k 1", "-k 2"])
def test_trailing_dot_is_dropped(chosen, level):
    assert chosen(level, [A], A + ".")[0] == A


def test_wildcard_matches_one_label(chosen):
    assert chosen("-k 2", [WILD], A)[0] == WILD
    assert chosen("-k 2", [WILD], "B.Example.COM")[0] == WILD


@pytest.mark.parametrize("name", ["example.com", "x.a.example.com", "aexample.com", "a.example.org",
                                  ".example.com"])
def test_wildcard_matches_no_other_number_of_labels(chosen, name):
    assert chosen("-k 2", [WILD], name) is None


@pytest.mark.parametrize("pair, name", [("*.com", "example.com"), ("*", "localhost"), ("*", "a.example.com"),
                                        ("*.", "com"), ("*.com", "com")])
def test_wildcard_never_matches_under_a_bare_tld(chosen, pair, name):
    assert chosen("-k 2", [pair, B], name) is None


def test_wildcard_is_only_the_whole_first_label(chosen):
    assert chosen("-k 2", ["a*.example.com", "x.*.com", B], "ab.example.com") is None
    assert chosen("-k 2", ["a*.example.com", "x.*.com", B], "x.example.com") is None


def test_exact_name_wins_against_the_wildcard(chosen):
    assert chosen("-k 1", [WILD, A], A)[0] == A
    assert chosen("-k 1", [A, WILD], A)[0] == A


@pytest.mark.parametrize("key", ["rsa", "ed25519", "p384"])
def test_named_pair_may_have_another_kind_of_key(chosen, key):
    assert chosen("-k 1", [A], A, key=key)[0] == A
    assert chosen("-k 1", [A], B, key=key)[0] == "plain"


@pytest.mark.parametrize("name", ["127.0.0.1", "::1"])
def test_ip_literal_matches_nothing(chosen, name):
    assert chosen("-k 2", ["127.0.0.1", "::1", "*.0.0.1"], name) is None


def test_ip_literal_gets_the_plain_pair_at_level_1(chosen):
    assert chosen("-k 1", ["127.0.0.1"], "127.0.0.1")[0] == "plain"


@pytest.mark.parametrize("option, level", [("--sni", "-k 1"), ("--mandatory-sni", "-k 2"),
                                           ("--sni-level=1", "-k 1"), ("--sni-level 2", "-k 2")])
def test_long_options_mean_the_same(chosen, option, level):
    for name in (A, B, None):
        assert chosen(option, [A], name) == chosen(level, [A], name)


@pytest.mark.parametrize("shell", [["dash"], ["busybox", "sh"]])
def test_shells_of_which_the_page_warns_lose_the_variables_of_a_pair(shell):
    env = {"PATH": "/usr/bin:/bin", "KEYFILE:x": "/x", "KEPT": "yes"}
    seen = subprocess.check_output([*shell, "-c", "env"], env=env, text=True)
    assert "KEPT=yes\n" in seen and "KEYFILE:x" not in seen
    assert subprocess.run([*shell, "-c", "KEYFILE:x=/x true"], stderr=subprocess.DEVNULL).returncode == 127


@pytest.mark.parametrize("command", [["env", "KEYFILE:x=/x", "env"], ["execlineb", "-Pc", "export KEYFILE:x /x env"]])
def test_env_and_execline_set_them(command):
    assert "KEYFILE:x=/x\n" in subprocess.check_output(command, text=True)


# names that no client should send


ODD = {
    "empty": [hello.sni(b"")],
    "only a dot": [hello.sni(b".")],
    "NUL": [hello.sni(b"a.example.com\0")],
    "NUL inside": [hello.sni(b"a.example.com\0.evil.example.org")],
    "256 bytes": [hello.sni(b"a." * 122 + b"example.com!")],
    "1000 bytes": [hello.sni(b"abcdefghi." * 100)],
    "two names": [hello.sni(b"a.example.com", b"b.example.com")],
    "one name twice": [hello.sni(b"a.example.com", b"a.example.com")],
    "two extensions": [hello.sni(b"a.example.com"), hello.sni(b"b.example.com")],
    "one extension twice": [hello.sni(b"a.example.com"), hello.sni(b"a.example.com")],
    "no list": [hello.extension(0, b"")],
    "empty list": [hello.extension(0, b"\0\0")],
    "list too long": [hello.extension(0, b"\x00\x20\x00\x00\x0da.example.com")],
    "name too long": [hello.extension(0, b"\x00\x10\x00\x00\x20a.example.com")],
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("opts", ["-k 0", "-k 1", "-k 2"])
def test_odd_name_is_a_fatal_alert(launch, pki, version, odd, opts):
    run = launch.tlsd(opts, "echo started >&2", pki.issue().env(A))
    reply = hello.ask(run.sock, version=version, extra=ODD[odd])
    assert reply.alert and reply.alert[0] == FATAL
    run.sock.close()
    assert run.wait() == 98
    assert "started" not in run.stderr()


@pytest.mark.parametrize("name", [b"a.example.com", b".".join([b"x" * 63, b"y" * 63, b"z" * 63, b"example"])])
@pytest.mark.parametrize("opts", ["-k 0", "-k 1"])
def test_right_name_in_the_same_hello_is_no_alert(launch, pki, version, name, opts):
    run = launch.tlsd(opts, "cat", pki.issue().env(A))
    assert hello.ask(run.sock, version=version, extra=[hello.sni(name)]).suite


def test_control_bytes_of_a_name_never_reach_prog_or_the_log(launch, ends, version):
    run = launch.tlsd("-v 2", ["env", "-0"])
    tls = ends(run, version).server_name(b"evil\n\x1b[31mname\x7f")
    try:
        tls.handshake()
    except Ended:
        pass
    told = tls.recv_all()
    tls.sock.close()
    run.wait()
    names = [line for line in told.split(b"\0") if line.startswith(b"SSL_TLS_SNI")]
    assert not any(byte < 32 or byte == 127 for byte in b"".join(names))
    assert not set(run.stderr()) & set("\x1b\x7f") and "\nname" not in run.stderr()
