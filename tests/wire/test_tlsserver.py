"""s6-tlsserver: the whole chain in action, and what it refuses before it listens. The words of its command line are
looked at in tests/unit/test_tlsserver.c."""

import os
import shutil
import signal

import pytest

from chains import TOOLS, TlsServer, needs_super_server
from features import require
from harness import comm, command, eventually, status
from peer import Ended, Tls, context
from tcp import Refusal, Server

root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")


def variables(text):
    return dict(line.split("=", 1) for line in text.decode().splitlines() if "=" in line)


@pytest.fixture
def serve(launch):
    """Starts s6-tlsserver and returns it."""
    return lambda *args, **more: TlsServer(launch, *args, **more)


def ask(server, send=b"", name=None, cert=None):
    """What a client of the server gets; it sends this first, if anything."""
    with server.connect() as sock:
        tls = Tls(sock, context(cert=cert), name=name)
        tls.handshake()
        if send:
            tls.send(send)
            tls.close_notify()
            tls.fin()
        return tls.recv_all()


def refused(launch, opts, code, *words, env=None, operands="127.0.0.1 0"):
    run = launch.program(command("s6-tlsserver", f"{opts} {operands}", ["cat"] if operands else []), env)
    assert run.wait() == code
    said = run.stderr()
    assert said.startswith("s6-tlsserver: fatal: ") and said.count("\n") == 1
    for word in words:
        assert word in said


# in action


@needs_super_server
@pytest.mark.parametrize("opts", ["", "-S", "-s -J -K 5000 -I 0", "--close-notify --handshake-timeout=5000"])
def test_bytes_go_through(serve, opts):
    assert ask(serve(opts), b"hello") == b"hello"


@needs_super_server
def test_it_needs_nothing_but_the_binary(serve, lone):
    """No symlink in PATH, every sibling from the binary itself."""
    server = serve("-u 1001 -g 1002 -G 1003" if os.geteuid() == 0 else "-G ''", "env", {"PATH": TOOLS}, lone)
    seen = variables(ask(server))
    assert seen["SSL_PROTOCOL"] == "TLSv1.3" and seen["TCPREMOTEIP"] == "127.0.0.1"
    assert eventually(lambda: comm(server.run.pid) == "s6-tcpserver")


@needs_super_server
def test_prog_sees_both_ends_and_no_key(serve):
    server = serve("", "env")
    seen = variables(ask(server, name="localhost"))
    assert (seen["PROTO"], seen["TCPLOCALIP"], seen["TCPLOCALPORT"]) == ("TCP", "127.0.0.1", str(server.port))
    assert seen["SSL_TLS_SNI_SERVERNAME"] == "localhost"
    assert not {"KEYFILE", "CERTFILE", "CAFILE"} & set(seen)


@needs_super_server
def test_Z_keeps_the_variables_of_TLS(serve):
    assert "CERTFILE" in variables(ask(serve("-Z", "env")))


@needs_super_server
@root
def test_the_program_is_another_user_and_the_server_is_not(serve, pki):
    env = {"UID": 1001, "GID": 1002, "GIDLIST": "1003,1004", "TLS_UID": 65533, "TLS_GID": 65533}
    server = serve("-U", "id -u; id -g; id -G; echo ${UID-none}${GID-none}${GIDLIST-none}", env)
    assert ask(server) == b"1001\n1002\n1002 1003 1004\nnonenonenone\n"
    assert status(server.run.pid)["Uid"].split() == ["0"] * 4


@needs_super_server
@root
def test_an_option_after_U_overrides(serve):
    env = {"UID": 1001, "GID": 1002, "GIDLIST": ""}
    assert ask(serve("-U -u 2001", "id -u; id -g", env)) == b"2001\n1002\n"


@needs_super_server
def test_certificates_by_name(serve, pki):
    other = pki.issue(subject="/CN=b", san="DNS:b.example")
    server = serve("-k 2", "echo hi", other.env("b.example"))
    assert ask(server, name="b.example") == b"hi\n"
    with pytest.raises(Ended):
        ask(server, name="c.example")


@needs_super_server
def test_client_certificates(serve, pki):
    server = serve("-y", "echo $SSL_PEER_CERT_SUBJECT")
    assert b"alice" in ask(server, cert=pki.client())


@needs_super_server
@pytest.mark.parametrize("opts, lines", [("-q", 0), ("", 0), ("-v", 1)])
def test_quiet_and_verbose_are_for_all(serve, opts, lines):
    server = serve(opts, "echo hi")
    assert ask(server) == b"hi\n"
    told = eventually(lambda: server.run.stderr().count("protocol=TLSv1.3"), 10 if lines else 1)
    assert told == lines
    assert server.run.stderr().count("s6-tcpserver: info: allow 127.0.0.1:") == lines


@needs_super_server
def test_one_line_a_connection_is_to_be_had_by_hand(launch):
    with Server(launch, "", ["s6-tlsd", "-v", "2", "true"]) as server:
        tls = Tls(server.connect(), context()).handshake()
        assert tls.recv_all() == b""
        tls.fin()
        assert server.served(0)
    lines = [line for line in server.run.stderr().splitlines() if ": warning: " not in line]
    assert len(lines) == 1 and lines[0].startswith("s6-tlsd: info: ") and " remote=127.0.0.1 " in lines[0]


@needs_super_server
def test_a_failed_handshake_is_quiet_under_q_alone(serve):
    for opts, said in (("-q", False), ("", True)):
        server = serve(opts)
        with server.connect() as sock:
            sock.sendall(b"no TLS\r\n\r\n")
            while sock.recv(4096):
                pass
        assert bool(eventually(lambda: "s6-tlsd: fatal" in server.run.stderr(), 2)) == said


@needs_super_server
def test_it_ends_on_SIGTERM(serve):
    server = serve()
    os.kill(server.run.pid, signal.SIGTERM)
    assert server.run.wait() == 0
    assert server.run.left() == []


@needs_super_server
@pytest.mark.parametrize("env, prog, code", [({"KEYFILE": "/nowhere"}, ["cat"], 96), ({}, ["no-such-program"], 127)])
def test_what_is_not_looked_for_before_it_listens_fails_with_each_connection(serve, env, prog, code):
    server = serve("-v", prog, env)
    for n in (1, 2):
        try:
            assert ask(server) == b"" and code == 127
        except Ended:
            assert code == 96
        assert eventually(lambda n=n: server.run.stderr().count(f" exitcode {code} ") == n), server.run.stderr()


@needs_super_server
def test_a_renewed_certificate_is_that_of_the_next_connection(serve, pki, tmp_path):
    """Nothing is started again; the key goes first, as docs/howto.md has it."""
    names = {"KEYFILE": tmp_path / "key.pem", "CERTFILE": tmp_path / "cert.pem"}

    def renew(pair):
        for name, file in pair.env().items():
            shutil.copy(file, tmp_path / "new")
            (tmp_path / "new").rename(names[name])

    def subject():
        with server.connect() as sock:
            tls = Tls(sock, context(trust=pki.root().cert))
            tls.handshake()
            return dict(part[0] for part in tls.obj.getpeercert()["subject"])["commonName"]

    require("KEY_ED25519")
    renew(pki.issue("/CN=old"))
    server = serve("", "cat", names)
    assert subject() == "old"
    renew(pki.issue("/CN=new", key="ed25519"))
    assert subject() == "new"


ACCESS = """#!/bin/sh
while [ "$1" != -- ]; do words="$words $1"; shift; done
shift
exec env "TOLD=$words" "KEYFILE=$RULE_KEY" "CERTFILE=$RULE_CERT" "$@"
"""


@pytest.fixture
def access(tmp_path):
    """A directory with a s6-tcpserver-access that has one rule: the key and certificate of RULE_KEY and RULE_CERT."""
    made = tmp_path / "access"
    made.mkdir()
    (made / "s6-tcpserver-access").write_text(ACCESS)
    (made / "s6-tcpserver-access").chmod(0o755)
    return made


@needs_super_server
def test_rules_may_choose_the_key(serve, pki, access, lone):
    """The program in between is not ours, and yet its next one is s6-tlsd out of this binary."""
    pair = pki.issue()
    env = {"PATH": f"{access}:{TOOLS}", "KEYFILE": None, "CERTFILE": None, "RULE_KEY": pair.key, "RULE_CERT": pair.cert}
    server = serve("-i rules -H -l me", "echo $TOLD", env, lone)
    assert ask(server) == b"-H -l me -i rules\n"


@needs_super_server
@pytest.mark.not_watched("strace: there can be one tracer")
def test_without_proc_the_program_in_between_gets_the_path_that_was_started(launch, access, lone, tmp_path):
    trace = tmp_path / "trace"
    argv = ["strace", "-v", "-s", "500", "-o", trace, "--quiet=path-resolution", "-P", "/proc/self/exe", "-e",
            "trace=readlink,readlinkat,execve", "-e", "inject=readlink,readlinkat:error=ENOENT", lone, "s6-tlsserver", "-x", "rules"]
    with Refusal() as taken:
        run = launch.program([*argv, "127.0.0.1", taken.port, "cat"], {"PATH": f"{access}:{TOOLS}"})
        assert run.wait() == 111
    assert f'"s6-tcpserver-access", "-x", "rules", "--", "{lone}", "s6-tlsd"' in trace.read_text()


# refused before it listens


@pytest.mark.parametrize("opts, changes, words", [
    ("", {"KEYFILE": None}, "KEYFILE not set"), ("", {"CERTFILE": None}, "CERTFILE not set"),
    ("-q", {"KEYFILE": None}, "KEYFILE not set"), ("-y", {"CAFILE": None}, "CADIR or CAFILE not set"),
    ("-Y", {"CAFILE": None}, "CADIR or CAFILE not set"), ("-k 2", {}, "KEYFILE:x not set"),
    ("-k 1", {"KEYFILE:a": "/x"}, "CERTFILE:a not set"),
    ("-U", {"GID": 1, "GIDLIST": ""}, "UID not set"), ("-U", {"UID": "x", "GID": 1, "GIDLIST": ""}, "UID"),
    ("-h", {"KEYFILE": None}, "KEYFILE not set")])
def test_a_variable_that_each_connection_would_miss(launch, opts, changes, words):
    refused(launch, opts, 100, words, env=changes)


@root
@pytest.mark.parametrize("name", ["TLS_UID", "TLS_GID"])
def test_a_bad_user_of_the_engine(launch, name):
    refused(launch, "", 100, name, env={name: "nobody"})


@pytest.mark.parametrize("opts, word", [("-u x", "-u"), ("-g -1", "-g"), ("-G 1,", "-G"), ("-K x", "-K"), ("-k x", "-k"), ("-k 3", "-k"),
                                        ("-t x", "-t"), ("-L", "-L"), ("--nonsense", "--nonsense")])
def test_wrong_options(launch, opts, word):
    refused(launch, opts, 100, word)


@pytest.mark.parametrize("operands", ["", "127.0.0.1", "127.0.0.1 443"])
def test_too_few_operands(launch, operands):
    run = launch.program(["s6-tlsserver", *operands.split()])
    assert run.wait() == 100
    assert run.stderr().startswith("s6-tlsserver: fatal: no ")


@pytest.mark.parametrize("opts", ["-h", "-r", "-p", "-w", "-l x", "-B x", "-t 5", "-i x", "-x x", "-e"])
def test_a_program_that_is_not_installed_is_127(launch, lone, tmp_path, opts):
    (tmp_path / "s6-tcpserver").touch(0o755)  # for a build that has none
    env = {"PATH": f"{tmp_path}:{TOOLS}"}
    run = launch.program([lone, *command("s6-tlsserver", f"{opts} 127.0.0.1 0", "cat")], env)
    assert run.wait() == 127
    assert run.stderr() == "s6-tlsserver: fatal: s6-tcpserver-access is neither built in nor in PATH\n"


# what its log tells


@needs_super_server
def test_whose_connection_failed_is_told(serve):
    server = serve()
    with server.connect() as sock:
        port = sock.getsockname()[1]
        sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
        told = f"s6-tlsd: fatal: remote=127.0.0.1 port={port}: peer does not speak TLS\n"
        assert eventually(lambda: told in server.run.stderr()), server.run.stderr()


@needs_super_server
@pytest.mark.parametrize("opts, warned", [("-k 1 -v", True), ("-k 1", False), ("-v", False)])
def test_level_1_without_a_pair_for_a_name_is_warned_of_before_it_listens(serve, opts, warned):
    require("SNI_CERTS")
    server = serve(opts)
    assert ("s6-tlsserver: warning: no KEYFILE:x is set" in server.run.stderr()) == warned
