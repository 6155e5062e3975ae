"""NO_EXEC: an applet that calls the next one is what one that executes it is. Two binaries that differ in that alone do
the same, and whoever looks sees the same: names, file descriptors, exit codes, and all that prog finds of itself."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import test_untouched as untouched
from chains import TOOLS, TlsServer, needs_super_server, needs_tcp_client
from features import have, needs
from harness import comm, eventually
from hello import ask
from peer import Tls, context
from tcp import Refusal
from test_kconfig import choose, make

pytestmark = [pytest.mark.xdist_group("no_exec"), # they share a build
              pytest.mark.not_watched("the other binary is this machine's", by="foreign")]
reporter = untouched.reporter
ECHO = "/bin/echo"
OWN_GROUP = f"-g {os.getgid()}" # an option that brings in s6-applyuidgid


@pytest.fixture(scope="module")
def binaries(world_dir, tmp_path_factory):
    """The binary that executes applets and the one that calls them, each alone in a directory: one is the binary under
    test, the other is made for this."""
    given, out = Path(os.environ["S6TLS_BIN"]), tmp_path_factory.mktemp("no-exec")
    shutil.copy(given.parent / ".config", out)
    calls = "CONFIG_NO_EXEC=y\n" in (out / ".config").read_text()
    choose(out / ".config", NO_EXEC=None if calls else "y")
    make(out)
    made = []
    for name, binary in (("exec", out if calls else given.parent), ("no-exec", given.parent if calls else out)):
        (world_dir / name).mkdir()
        made.append(Path(shutil.copy(binary / "s6-tls", world_dir / name)))
    return made


def trimmed(words):
    """Of a command line what is not the room that a longer one has left behind it."""
    return words.rstrip("\0").split("\0")


# who is executed


def executed(trace):
    """argv[0] of each that was executed."""
    return re.findall(r'execve\("[^"]*", \["([^"]*)"', trace.read_text())


def traced(trace):
    return ["strace", "-f", "-o", trace, "-e", "trace=execve"]


@pytest.mark.not_watched("strace: there can be one tracer")
@needs_super_server
@needs("S6_TLSD", "S6_APPLYUIDGID")
def test_between_accept_and_prog_there_is_no_exec_but_prog_s(launch, binaries, tmp_path):
    def seen(binary):
        server = TlsServer(launch, OWN_GROUP, [ECHO, "hi"], binary=binary, before=traced(tmp_path / "trace"))
        with server.connect() as sock:
            assert Tls(sock, context()).handshake().recv_all() == b"hi\n"
        server.run.end()
        return executed(tmp_path / "trace")
    assert seen(binaries[0])[1:] == ["s6-tcpserver", "s6-tlsd", "s6-applyuidgid", ECHO]
    assert seen(binaries[1])[1:] == [ECHO]


@pytest.mark.not_watched("strace: there can be one tracer")
@needs_super_server
@needs_tcp_client
@needs("S6_TLSD", "S6_TLSC")
def test_nor_in_a_client(launch, binaries, tmp_path):
    server = TlsServer(launch, "", ["cat"])
    shell = shutil.which("sh")
    for binary, before in zip(binaries, (["s6-tcpclient", "s6-tlsc"], [])):
        client = launch.program([*traced(tmp_path / "trace"), binary, "s6-tlsclient", "-H", "-k", "localhost", "127.0.0.1",
                                 server.port, shell, "-c", "echo hi >&7; exec 7>&-; read x <&6; echo $x"],
                                stdout=subprocess.PIPE)
        assert client.process.stdout.read() == b"hi\n" and client.wait() == 0
        assert executed(tmp_path / "trace")[1:] == [*before, shell]


# what others see of the processes


def fds(pid, run):
    """fd -> what it is open on, and its flags."""
    found = {}
    for name in os.listdir(f"/proc/{pid}/fd"):
        target = os.readlink(f"/proc/{pid}/fd/{name}").replace(str(run.err), "stderr")
        flags = re.search(r"^flags:\s*(\d+)", Path(f"/proc/{pid}/fdinfo/{name}").read_text(), re.M)[1]
        found[int(name)] = re.sub(r":\[\d+\]", "", target), flags
    return found


def processes(run):
    """Of each process of a session its names and its fds; None where one ends meanwhile."""
    try:
        return sorted((comm(pid), trimmed(Path(f"/proc/{pid}/cmdline").read_text()), sorted(fds(pid, run).items()))
                      for pid in run.processes())
    except OSError:
        return None


@pytest.fixture
def pair(launch, binaries):
    """A chain of each binary. Its long options become short ones: the room of the command line is enough for both."""
    long = "--global-max-connections=9 --local-max-connections=9 --backlog=9 --no-close-notify"
    return [TlsServer(launch, long, ["cat"], binary=binary) for binary in binaries]


def seen_alike(servers, names):
    """That the two chains come to have processes of these names, and that all of these look the same; name -> argv."""
    def both():
        seen = [processes(server.run) for server in servers]
        return seen if None not in seen and seen[0] == seen[1] and {entry[0] for entry in seen[0]} == names else None
    if not eventually(both):
        assert processes(servers[0].run) == processes(servers[1].run)
    return {entry[0]: entry[1] for entry in both()[0]}


@needs_super_server
@needs("S6_TLSD")
def test_names_command_lines_and_fds_are_the_same(pair):
    socks = [server.connect() for server in pair]
    keys = {"s6-tlsd: key"} if have("KEY_PROCESS") else set()
    seen = seen_alike(pair, {"s6-tcpserver", "s6-tlsd"} | keys)
    assert seen["s6-tlsd"] == ["s6-tlsd", "-s", "--", "cat"]
    assert seen["s6-tcpserver"][0] == "s6-tcpserver" and seen["s6-tcpserver"][-4:] == seen["s6-tlsd"]
    for sock in socks:
        tls = Tls(sock, context()).handshake()
        tls.send(b"hello")
        assert tls.recv_exactly(5) == b"hello"
    assert seen_alike(pair, {"s6-tcpserver", "s6-tlsd", "cat"})["cat"] == ["cat"]
    for sock in socks:
        sock.close()


# what prog finds


def report(launch, binary, reporter, opts, states, env):
    """What prog tells of itself at the end of a chain that a caller in such a state has started."""
    path = {"PATH": f"{binary.parent}:{TOOLS}"}
    server = TlsServer(launch, opts, [reporter, "1"], {**env, **path}, "s6-tls", [*untouched.CALLER, *states, "--"])
    with server.connect() as sock:
        text = Tls(sock, context()).handshake().recv_all().decode()
    text = re.sub(r"(PORT=)\d+", r"\1", text.replace(str(binary.parent), "bin"))
    return untouched.comparable(text, server.run)


ROOT_ENV = {"TLS_UID": 60001, "UID": 60003, "GID": 60004, "GIDLIST": "60005,60006"}


@needs_super_server
@needs("S6_TLSD")
@pytest.mark.parametrize("states", [
    [], ["some_signals", "limits", "umask", "directory", "priorities", "memory", "fds", "environment", "relations"],
    pytest.param(["all_signals", "closed=2"], marks=untouched.HANDLED)])
def test_prog_is_the_same(launch, binaries, bin_dir, reporter, states):
    one, other = [report(launch, binary, bin_dir / reporter, OWN_GROUP, states, {}) for binary in binaries]
    assert len(one[0]) > 250
    assert untouched.differences(one[0], other[0]) == [] and one == other


@untouched.AS_ROOT
@needs_super_server
@needs("S6_TLSD")
def test_prog_of_another_user_is_the_same(launch, binaries, bin_dir, reporter):
    one, other = [report(launch, binary, bin_dir / reporter, "-U", ["privileges"], ROOT_ENV) for binary in binaries]
    assert "status Groups:\t60005 60006 " in one[0]
    assert untouched.differences(one[0], other[0]) == [] and one == other


# how it ends


BY = "s6-applyuidgid"


@pytest.mark.parametrize("argv, changes, code", [
    ([BY, "-x", "true"], {}, 100), (["s6-tlsd", "cat"], {"KEYFILE": None}, 100), (["s6-tlsd", "cat"], {}, 98),
    (["s6-tlsd", "cat"], {"CERTFILE": "/dev/null"}, 96), (["s6-tcpclient", "127.0.0.1", "PORT", "true"], {}, 111),
    (["s6-tcpserver", "127.0.0.1", "PORT", "true"], {}, 111), (["s6-tcpserver", "127.0.0.1", "x", "true"], {}, 100),
    (["s6-tlsserver", "-i", "rules", "127.0.0.1", "0", "cat"], {"PATH": "/nowhere"}, 127),
    (["s6-tlsclient", "-H", "127.0.0.1", "PORT", "true"], {}, 111), (["s6-ucspitlsd", "/nowhere"], {}, 127),
    ([BY, "/nowhere"], {}, 127), ([BY, "/etc/passwd"], {}, 126), ([BY, "sh", "-c", "echo hi; exit 7"], {}, 7),
    ([BY, "sh", "-c", "kill -9 $$"], {}, -9), ([BY, "--help"], {}, 0), ([BY, "sh", "-c", "exec >&-"], {}, 0)])
@needs("S6_APPLYUIDGID")
def test_exit_codes_and_messages_are_the_same(launch, binaries, argv, changes, code):
    with Refusal() as refusal:
        argv = [str(refusal.port) if word == "PORT" else word for word in argv]
        for binary in binaries:
            run = launch.program([binary, BY, *argv], changes, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
            said = run.process.stdout.read(), run.wait(), run.stderr()
            if binary == binaries[0]:
                expected = said
        assert said == expected and said[1] == code


@needs("S6_TLSD", "S6_APPLYUIDGID")
@pytest.mark.parametrize("words, code", [(["-x"], 100), (["/nowhere"], 127), (["sh", "-c", "exit 7"], 7)])
def test_so_they_are_behind_s6_tlsd(launch, ends, binaries, words, code):
    said = []
    for binary in binaries:
        run = launch.on_stdio([binary, "s6-tlsd", BY, *words])
        tls = ends(run).handshake()
        assert tls.recv_all() == b""
        tls.fin()
        said.append((run.wait(), run.stderr(), run.left()))
    assert said[0] == said[1] and said[0][0] == code and said[0][2] == []


# what forks have in common


@needs_super_server
@needs("S6_TLSD")
def test_no_two_connections_have_the_same_random_numbers(launch, binaries):
    server, seen = TlsServer(launch, "", ["cat"], binary=binaries[1]), set()
    for _ in range(3):
        with server.connect() as sock:
            seen.add(ask(sock, version="1.3").random)
    assert len(seen) == 3 and None not in seen
