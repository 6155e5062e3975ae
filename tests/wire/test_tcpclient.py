"""s6-tcpclient: which of a host's addresses it takes and when, what prog is given, and how long it may take."""

import errno
import os
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

from features import have, words
from harness import command, eventually
from tcp import ROOT, BlackHole, Dns, Refusal, Server, Service, all_of, can_unshare, deaf_to, variables, with_files

as_root = pytest.mark.skipif(not ROOT, reason="only root may bind to a port of a system's service")
own_files = pytest.mark.skipif(not can_unshare(), reason="files of its own need a mount namespace")

TIMED_OUT = words(errno.ETIMEDOUT)
SO_ERROR = pytest.mark.not_watched("qemu does not translate what SO_ERROR tells", by="foreign")


def greet(sock, _peer):
    sock.sendall(b"hello\n")
    while sock.recv(4096):
        pass


@pytest.fixture
def service():
    """A server on 127.0.0.1 that greets and waits for the end."""
    with Service(greet) as made:
        yield made


@pytest.fixture
def client(launch):
    """Runs s6-tcpclient to its end: its exit code, and prog's stdout; .err is its stderr."""
    class Done:
        def __init__(self, opts, host, port, prog="head -n 1 <&6", prefix=(), within=60, **more):
            argv = command("s6-tcpclient", opts, [host, port])
            argv += ["sh", "-c", prog] if isinstance(prog, str) else prog
            options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, **more}
            began = time.monotonic()
            self.run = launch.program([*prefix, *argv], **options)
            self.out = self.run.process.stdout.read() if self.run.process.stdout else b""
            self.code = self.run.wait(within)
            self.took = time.monotonic() - began
            self.err = self.run.stderr()
            self.env = variables(self.out.decode(errors="replace"))
    return Done


def unused_port(ip="127.0.0.1"):
    with socket.create_server((ip, 0)) as sock:
        return sock.getsockname()[1]


# the connection


def test_prog_reads_on_6_and_writes_on_7(client, service):
    done = client("-H", "127.0.0.1", service.port, "read x <&6; echo $x; echo bye >&7")
    assert (done.code, done.out, done.err) == (0, b"hello\n", "")


def test_both_are_one_blocking_socket_and_nothing_else_is_open(client, service):
    done = client("-H", "127.0.0.1", service.port, "ls -l /proc/$$/fd; cat /proc/$$/fdinfo/6")
    found = dict(re.findall(r" (\d+) -> (.*)", done.out.decode()))
    assert set(found) == {"0", "1", "2", "6", "7"}
    assert found["6"] == found["7"] and found["6"].startswith("socket:")
    assert not int(re.search(rb"flags:\s+(\d+)", done.out)[1], 8) & os.O_NONBLOCK


def test_the_last_of_opposite_options_counts(client, service):
    done = client("-v -Q -r -R -h -H", "127.0.0.1", service.port)
    assert (done.code, done.out, done.err) == (0, b"hello\n", "")


def test_it_is_prog_in_the_same_process(client, service):
    done = client("-H", "127.0.0.1", service.port, "echo $$; exit 42")
    assert (int(done.out), done.code) == (done.run.pid, 42)


def test_prog_is_told_both_ends(client, service):
    old = {"TCPREMOTEHOST": "old", "TCPREMOTEINFO": "old", "TCPLOCALHOST": "old"}
    done = client("-H", "127.0.0.1", service.port, "env", env=old)
    told = {name: value for name, value in done.env.items() if name == "PROTO" or name.startswith("TCP")}
    assert told == {"PROTO": "TCP", "TCPREMOTEIP": "127.0.0.1", "TCPREMOTEPORT": str(service.port),
                    "TCPLOCALIP": "127.0.0.1", "TCPLOCALPORT": str(eventually(lambda: service.seen)[0][1])}


def test_ipv6_too(client, launch):
    with Server(launch, "", "env", ip="::1") as server:
        done = client("-H", "::1", server.port, "cat <&6; env")
        assert done.env["TCPREMOTEIP"] == done.env["TCPLOCALIP"] == "::1"


@pytest.mark.parametrize("opts, value", [("", b"0"), ("-D", b"1"), ("-Dd", b"0")])
def test_nagle_is_off_when_asked(client, service, opts, value):
    ask = "import socket; s = socket.socket(fileno=6); print(int(s.getsockopt(6, 1) != 0))"
    assert client(f"-H {opts}", "127.0.0.1", service.port, [sys.executable, "-S", "-c", ask]).out.strip() == value


def test_it_connects_from_where_it_is_told_to(client, service):
    port = unused_port("127.0.0.5")
    done = client(f"-H -i 127.0.0.5 -p {port}", "127.0.0.1", service.port, "env")
    assert eventually(lambda: service.seen) == [("127.0.0.5", port)]
    assert (done.env["TCPLOCALIP"], done.env["TCPLOCALPORT"]) == ("127.0.0.5", str(port))


def test_a_port_without_an_address_is_enough(client, service):
    port = unused_port()
    assert client(f"-H -p {port}", "127.0.0.1", service.port).code == 0
    assert eventually(lambda: service.seen) == [("127.0.0.1", port)]


@pytest.mark.not_watched("qemu has handlers of its own", by="foreign")
def test_prog_s_signals_are_the_caller_s(client, service):
    ask = ["grep", "^Sig[BI]", "/proc/self/status"]
    done = client("", "127.0.0.1", service.port, ask, restore_signals=False,
                  preexec_fn=deaf_to(signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE))
    seen = {name: int(mask, 16) for name, mask in re.findall(r"(\w+):\t(\w+)", done.out.decode())}
    assert seen["SigBlk"] == 1 << signal.SIGUSR1 - 1
    assert all(seen["SigIgn"] >> number - 1 & 1 for number in (signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE))


@pytest.mark.parametrize("closed", ["<&-", "2>&-", "<&- 2>&-"])
def test_fds_that_are_closed_stay_so(client, service, closed):
    prefix = ["bash", "-c", f'exec "$@" {closed}', "bash"]
    got = client("-H", "127.0.0.1", service.port, "ls /proc/$$/fd", prefix=prefix).out.split()
    gone = [number for number, word in ((b"0", "<&-"), (b"2", "2>&-")) if word in closed]
    assert sorted([*got, *gone]) == [b"0", b"1", b"2", b"6", b"7"]


def test_its_own_words_never_go_to_the_network(client):
    heard = []
    with Service(lambda sock, _peer: heard.append(all_of(sock))) as service:
        prefix = ["bash", "-c", 'exec "$@" 2>&-', "bash"]
        assert client("-vH", "127.0.0.1", service.port, ["true"], prefix=prefix).code == 0
        assert eventually(lambda: heard == [b""])


@pytest.mark.parametrize("taken", [6, 7])
def test_fds_6_and_7_of_the_caller_are_replaced(client, service, taken):
    prefix = ["bash", "-c", f'exec {taken}</dev/null; exec "$@"', "bash"]
    assert client("-H", "127.0.0.1", service.port, prefix=prefix).out == b"hello\n"


def test_the_socket_may_be_number_6_already(client, service):
    prefix = ["bash", "-c", 'exec 3</dev/null 4<&3 5<&3; exec "$@"', "bash"]
    assert client("-H", "127.0.0.1", service.port, prefix=prefix).out == b"hello\n"


# several addresses


def test_after_a_refusal_the_next_one_is_taken(client, service):
    done = client("-H", "127.0.0.2,127.0.0.3,127.0.0.1", service.port, "env")
    assert (done.code, done.env["TCPREMOTEIP"], done.err) == (0, "127.0.0.1", "")


def test_one_that_is_silent_costs_a_quarter_of_a_second(client, service):
    with BlackHole("127.0.0.2", service.port):
        done = client("-HT 30+30", "127.0.0.2,127.0.0.1", service.port, "env")
    assert done.env["TCPREMOTEIP"] == "127.0.0.1"
    assert 0.25 <= done.took < 15


def test_of_two_families_the_other_one_is_tried_second(client, service):
    with BlackHole("127.0.0.2", service.port), BlackHole("127.0.0.3", service.port):
        with socket.create_server(("::1", service.port), family=socket.AF_INET6):
            done = client("-HT 30+30", "127.0.0.2,127.0.0.3,127.0.0.1,::1", service.port, "env")
    assert done.env["TCPREMOTEIP"] == "::1"


def test_those_that_lost_are_closed(client):
    with Service(greet) as slow_to_lose:
        with BlackHole("127.0.0.2", slow_to_lose.port):
            done = client("-HT 30+30", "127.0.0.2,127.0.0.1", slow_to_lose.port, "ls /proc/$$/fd")
    assert done.out.split() == [b"0", b"1", b"2", b"6", b"7"]


def test_all_that_are_silent_are_tried_twice_for_as_long_as_told(client):
    with BlackHole("127.0.0.2") as first, BlackHole("127.0.0.3", first.port):
        done = client("-vHT 1+2", "127.0.0.2,127.0.0.3", first.port, "true")
    assert done.code == 111
    assert 3.5 <= done.took < 30
    attempts = re.findall(r"warning: unable to connect to (\S+) port \d+: (.*)", done.err)
    assert attempts == [("127.0.0.2", TIMED_OUT), ("127.0.0.3", TIMED_OUT)] * 2
    assert done.err.endswith(f"fatal: unable to connect to 127.0.0.2,127.0.0.3 port {first.port}: 127.0.0.3: {TIMED_OUT}\n")


def test_unless_told_each_has_two_seconds_at_first(launch):
    """A limit of 0 for all of it is none."""
    with BlackHole("127.0.0.2") as first, BlackHole("127.0.0.3", first.port):
        began = time.monotonic()
        run = launch.program(["s6-tcpclient", "-vHt", "0", "127.0.0.2,127.0.0.3", first.port, "true"])
        assert eventually(lambda: f"connect to 127.0.0.2 port {first.port}: {TIMED_OUT}\n" in run.stderr())
        assert 2 <= time.monotonic() - began < 15
        assert run.alive()


@pytest.mark.not_watched("strace: there can be one tracer")
def test_unless_told_a_single_one_has_a_minute(launch, tmp_path):
    """How long it would wait is told to the kernel, in seconds or milliseconds."""
    trace = tmp_path / "trace"
    with BlackHole("127.0.0.2") as hole:
        run = launch.program(["strace", "-o", trace, "-e", "trace=poll,ppoll", "s6-tcpclient", "-H", "127.0.0.2", hole.port, "true"])
        found = eventually(lambda: trace.exists() and re.search(r"POLLOUT\}\], 1, (?:\{tv_sec=)?(\d+)", trace.read_text()))
        assert found and found[1][:2] in ("59", "60")
        assert run.alive()


def test_a_single_one_is_tried_once_for_both_times_together(client):
    with BlackHole("127.0.0.2") as hole:
        done = client("-vHT 1+1", "127.0.0.2", hole.port, "true")
    assert done.code == 111 and 2 <= done.took < 20
    assert done.err.count("warning:") == 1


def test_the_timeout_ends_all_of_it(client):
    with BlackHole("127.0.0.2") as first, BlackHole("127.0.0.3", first.port):
        done = client("-Ht 1", "127.0.0.2,127.0.0.3", first.port, "true")
    assert done.code == 111 and 1 <= done.took < 20
    assert TIMED_OUT in done.err


@SO_ERROR
def test_a_refusal_is_111_and_named(client):
    with Refusal() as closed:
        done = client("-H", "127.0.0.1", closed.port, "true")
    assert done.code == 111
    assert done.err == f"s6-tcpclient: fatal: unable to connect to 127.0.0.1 port {closed.port}: 127.0.0.1: Connection refused\n"


@pytest.mark.parametrize("opts, ip", [("-4", "127.0.0.1"), ("-6", "::1"), ("-64", "127.0.0.1"), ("-i ::1", "::1")])
def test_one_family_alone_may_be_asked_for(client, service, opts, ip):
    with socket.create_server(("::1", service.port), family=socket.AF_INET6):
        done = client(f"-H {opts}", "::1,127.0.0.1", service.port, "env")
    assert done.env["TCPREMOTEIP"] == ip


# names


HOSTS = "127.0.0.1 localhost\n127.0.0.2 many\n127.0.0.3 many\n127.0.0.1 many\n::1 both\n127.0.0.1 both\n127.0.0.9 here.example\n"
NO_DNS = "nameserver 127.0.0.1\n"


@own_files
def test_all_addresses_of_a_name_are_tried(client, service, tmp_path):
    done = client("", "many", service.port, "env", prefix=with_files(tmp_path, hosts=HOSTS, resolv_conf=NO_DNS))
    assert done.env["TCPREMOTEIP"] == "127.0.0.1"


@own_files
@pytest.mark.parametrize("opts, ip", [("-4", "127.0.0.1"), ("-6", "::1")])
def test_a_name_is_looked_up_in_one_family(client, service, tmp_path, opts, ip):
    with socket.create_server(("::1", service.port), family=socket.AF_INET6):
        done = client(opts, "both", service.port, "env", prefix=with_files(tmp_path, hosts=HOSTS, resolv_conf=NO_DNS))
    assert done.env["TCPREMOTEIP"] == ip


@own_files
def test_prog_is_told_the_names_of_both_ends(client, service, tmp_path):
    prefix = with_files(tmp_path, hosts=HOSTS.replace("localhost", "there.example"), resolv_conf=NO_DNS)
    done = client("-i 127.0.0.9", "127.0.0.1", service.port, "env", prefix=prefix)
    assert (done.env["TCPREMOTEHOST"], done.env["TCPLOCALHOST"]) == ("there.example", "here.example")


@own_files
def test_the_local_name_may_be_given(client, service, tmp_path):
    prefix = with_files(tmp_path, hosts=HOSTS, resolv_conf=NO_DNS)
    for opts in ("-l mine", "-H -l mine"):
        done = client(opts, "127.0.0.1", service.port, "env", prefix=prefix)
        assert done.env["TCPLOCALHOST"] == "mine"
        assert ("TCPREMOTEHOST" in done.env) == ("-H" not in opts)


@own_files
def test_a_name_server_that_is_silent_does_not_outlast_the_timeout(client, service, tmp_path):
    with Dns("127.53.0.1", {"silent.example": None}):
        prefix = with_files(tmp_path, hosts="", resolv_conf="nameserver 127.53.0.1\noptions timeout:30\n")
        done = client("-t 1", "silent.example", service.port, "true", prefix=prefix)
    assert done.code == 111 and 1 <= done.took < 20
    assert done.err == f"s6-tcpclient: fatal: unable to find an address of silent.example: {TIMED_OUT}\n"
    assert done.run.left() == []


@own_files
def test_a_name_that_does_not_exist_is_100(client, service, tmp_path):
    with Dns("127.53.0.2", {}):
        prefix = with_files(tmp_path, hosts="", resolv_conf="nameserver 127.53.0.2\n")
        done = client("", "nowhere.example", service.port, "true", prefix=prefix)
    assert done.code == 100
    assert done.err.startswith("s6-tcpclient: fatal: unable to find an address of nowhere.example: ")


@own_files
def test_a_name_is_completed_only_when_asked(client, service, tmp_path):
    """But by musl, which completes a name that has no dot in any case."""
    with Dns("127.53.0.3", {"short.example": "127.0.0.1"}) as dns:
        prefix = with_files(tmp_path, hosts=HOSTS, resolv_conf="nameserver 127.53.0.3\nsearch example\n")
        done = client("-4N", "short", service.port, "true", prefix=prefix)
        if not have("LIBC_MUSL"):
            assert done.code == 100
            assert "short" in dns.asked and "short.example" not in dns.asked
        assert client("-4n", "short", service.port, "true", prefix=prefix).code == 0
        assert "short.example" in dns.asked


@own_files
def test_when_it_is_killed_nothing_of_it_goes_on_asking(launch, tmp_path):
    with Dns("127.53.0.4", {"silent.example": None}) as dns:
        prefix = with_files(tmp_path, hosts="", resolv_conf="nameserver 127.53.0.4\noptions timeout:30\n")
        run = launch.program([*prefix, "s6-tcpclient", "silent.example", "80", "true"])
        assert eventually(lambda: dns.asked)
        assert len(run.processes()) == 2
        os.kill(run.pid, signal.SIGKILL)
        assert run.wait() == -9
        assert run.left() == []


def test_without_lookups_a_name_is_refused(client, service):
    done = client("-H", "localhost", service.port, "true")
    assert (done.code, service.seen) == (100, [])
    assert done.err == "s6-tcpclient: fatal: unable to find an address of localhost: it is not an address\n"


# who owns it


def ident(answer):
    """A server of IDENT; {} in the answer is the question, without its end."""
    def serve(sock, _peer):
        question = b""
        while not question.endswith(b"\r\n"):
            question += sock.recv(100)
        for part in answer.replace(b"{}", question[:-2]).split(b"|"):
            sock.sendall(part)
            time.sleep(0.05)
    return serve


def asked(client, ip, answer, opts=""):
    with Service(greet, ip) as service, Service(ident(answer), ip, 113) as owner:
        done = client(f"-Hr {opts}", ip, service.port, "env")
        assert [peer[0] for peer in owner.seen] == [done.env["TCPLOCALIP"]]
        return done


@as_root
def test_the_owner_is_told_when_asked_for(client):
    assert asked(client, "127.113.0.1", b"{} : USERID : UNIX : me\r\n").env["TCPREMOTEINFO"] == "me"


@as_root
def test_an_answer_in_pieces_is_one(client):
    assert asked(client, "127.113.0.2", b"{} : USE|RID : UNIX : |me|\r|\n").env["TCPREMOTEINFO"] == "me"


@as_root
def test_what_the_host_calls_its_user_is_escaped(client):
    done = asked(client, "127.113.0.3", b"{} : USERID : UNIX : a\x1bb\xff\\\r\n")
    assert done.env["TCPREMOTEINFO"] == "a\\1bb\\ff\\\\"


@as_root
@pytest.mark.parametrize("n, answer, why", [
    (6, b"{} : ERROR : HIDDEN-USER\r\n", "No such file"), (7, b"1,2:USERID:UNIX:me\r\n", "Protocol error"),
    (8, b"", "Protocol error"), (9, b"x" * 3000, "Protocol error")])
def test_an_owner_that_is_not_told_is_a_warning_and_no_variable(client, n, answer, why):
    done = asked(client, f"127.113.0.{n}", answer)
    assert done.code == 0 and "TCPREMOTEINFO" not in done.env
    assert done.err.startswith("s6-tcpclient: warning: unable to learn who owns the connection: " + why)


def silent(sock, _peer):
    while sock.recv(100):
        pass


@as_root
def test_a_host_that_does_not_say_is_waited_for_ten_seconds(client):
    with Service(greet, "127.113.0.4") as service, Service(silent, "127.113.0.4", 113):
        done = client("-Hr", "127.113.0.4", service.port, "env")
    assert done.code == 0 and "TCPREMOTEINFO" not in done.env and "learn who owns the connection" in done.err
    assert 10 <= done.took < 19


@as_root
def test_a_host_that_does_not_say_is_not_waited_for_longer_than_the_timeout(client):
    with Service(greet, "127.113.0.5") as service, Service(silent, "127.113.0.5", 113):
        done = client("-Hrqt 2", "127.113.0.5", service.port, "env")
    assert done.code == 0 and "TCPREMOTEINFO" not in done.env and done.err == ""
    assert done.took < 9


# words


@SO_ERROR
def test_verbose_it_tells_what_it_tries(client, service):
    done = client("-vH", "127.0.0.2,127.0.0.1", service.port, "true")
    assert done.err == (f"s6-tcpclient: warning: unable to connect to 127.0.0.2 port {service.port}: Connection refused\n"
                        f"s6-tcpclient: info: connected to 127.0.0.1 port {service.port}\n")


@pytest.mark.parametrize("argv", [
    [], ["127.0.0.1"], ["127.0.0.1", "80"], ["127.0.0.1", "65536", "true"], ["127.0.0.1", "http", "true"],
    ["-t", "x", "::1", "1", "true"], ["-T", "2", "::1", "1", "true"], ["-T", "0+0", "::1", "1", "true"],
    ["-T", "2+", "::1", "1", "true"], ["-T", "2+3x", "::1", "1", "true"], ["-i", "x", "::1", "1", "true"],
    ["-p", "65536", "::1", "1", "true"], ["-z", "::1", "1", "true"], ["-T"], ["--nonsense", "::1", "1", "true"],
    ["-6i", "127.0.0.1", "::1", "1", "true"], ["-H4", "::1", "1", "true"]])
def test_wrong_usage_is_100(launch, argv):
    run = launch.program(["s6-tcpclient", *argv])
    assert run.wait() == 100
    assert run.stderr().startswith("s6-tcpclient: fatal: ") and run.stderr().count("\n") == 1


@pytest.mark.parametrize("prog, code", [("no-such-program", 127), ("/", 126)])
def test_a_prog_that_cannot_be_executed_is_126_or_127(client, service, prog, code):
    done = client("-H", "127.0.0.1", service.port, [prog])
    assert done.code == code and prog in done.err


# both of them


def test_the_two_of_them_speak_to_each_other(client, launch):
    with Server(launch, "", "cat") as server:
        done = client("-H", "127.0.0.1", server.port, "head -c 1000000 /dev/zero >&7 & head -c 1000000 <&6 | wc -c")
        assert int(done.out) == 1000000


@pytest.mark.parametrize("opts, said", [
    ("-T 2", "invalid numbers for option -T"), ("--timeout=x", "invalid number for option --timeout=x"),
    ("-vi ::x", "invalid address for option -i"), ("-p 65536", "invalid port for option -p"), ("-4c", "unknown option -c"),
])
def test_what_is_wrong_is_named(client, opts, said):
    done = client(opts, "::1", "1", "true")
    assert (done.code, done.err) == (100, f"s6-tcpclient: fatal: {said}\n")


def test_long_names_mean_the_same(client, service):
    opts = "--verbose --ipv4 --no-nagle --no-ident --hosts --no-hosts --no-qualify --timeout=50 --connection-timeouts 2+5 --local-name here"
    done = client(f"{opts} --local-ip 127.0.0.3 --no-dns --dns", "localhost", service.port, "env")
    assert done.code == 0 and done.env["TCPLOCALHOST"] == "here" and done.env["TCPLOCALIP"] == "127.0.0.3"
