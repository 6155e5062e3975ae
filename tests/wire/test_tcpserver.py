"""s6-tcpserver: whom it serves and whom not, what prog is given, and that nothing stops it but its signals."""

import errno
import os
import re
import resource
import select
import signal
import socket
import subprocess
import sys
import time

import pytest

from features import words
from harness import eventually, reset, stat, status
from tcp import ROOT, Server, all_of, connect, deaf_to, echoes, is_silent, variables

as_root = pytest.mark.skipif(not ROOT, reason="only root may become another user")
SLEEP = ["sleep", "1000"]


@pytest.fixture
def server(launch):
    """Starts super-servers: server(opts, prog, ip=…)."""
    made = []

    def start(*args, **more):
        made.append(Server(launch, *args, **more))
        return made[-1]
    yield start
    for one in made:
        one.__exit__()


@pytest.fixture(params=["127.0.0.1", "::1"])
def ip(request):
    return request.param


def bits(mask):
    """The signals in a mask of /proc/PID/status."""
    return {number for number in range(1, 65) if int(mask, 16) >> (number - 1) & 1}


# serving


def test_the_port_is_announced_and_stdout_closed(server, ip):
    s = server(ip=ip)
    assert s.announced == b"%d\n" % s.port and s.port > 0
    assert s.run.process.stdout.read() == b""
    assert echoes(s.connect())


def test_without_announcement_stdin_and_stdout_are_closed_all_the_same(launch):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    run = launch.program(["s6-tcpserver", "127.0.0.1", port, "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert run.process.stdout.read() == b""
    assert eventually(lambda: os.readlink(f"/proc/{run.pid}/fd/0") == "/dev/null")
    with connect(port) as sock:
        assert echoes(sock)


def test_connections_are_served_side_by_side(server):
    s = server()
    socks = [s.connect() for _ in range(10)]
    assert all(echoes(sock, b"%d" % n) for n, sock in reversed(list(enumerate(socks))))
    assert len(s.children()) == 10


def test_prog_has_the_connection_on_0_and_1_and_no_other_fd(server):
    got = all_of(server("", "ls -l /proc/$$/fd").connect()).decode()
    found = dict(re.findall(r" (\d+) -> (.*)", got))
    assert set(found) == {"0", "1", "2"}
    assert found["0"] == found["1"] and found["0"].startswith("socket:")


def test_prog_s_socket_blocks(server):
    flags = all_of(server("", "cat /proc/$$/fdinfo/0").connect())
    assert not int(re.search(rb"flags:\s+(\d+)", flags)[1], 8) & os.O_NONBLOCK


def test_prog_keeps_what_the_caller_passed_on(server, tmp_path):
    (tmp_path / "note").write_text("for you")
    with open(tmp_path / "note") as note:
        s = server("", f"cat /proc/self/fd/{note.fileno()}", pass_fds=(note.fileno(),))
    assert all_of(s.connect()) == b"for you"


def test_prog_is_told_both_ends(server, ip):
    s = server("", "env", ip=ip, env={"TCPREMOTEHOST": "old", "TCPREMOTEINFO": "old", "KEPT": "yes"})
    sock = s.connect()
    port = sock.getsockname()[1]
    told = variables(all_of(sock).decode())
    ucspi = {name: value for name, value in told.items() if name == "PROTO" or name.startswith("TCP")}
    assert ucspi == {"PROTO": "TCP", "TCPREMOTEIP": ip, "TCPREMOTEPORT": str(port), "TCPLOCALIP": ip,
                     "TCPLOCALPORT": str(s.port), "TCPCONNNUM": "1"}
    assert told["KEPT"] == "yes"


def test_on_all_addresses_prog_is_told_which_was_called(server):
    s = server("", "echo $TCPLOCALIP", ip="0.0.0.0")
    assert all_of(s.connect(host="127.0.0.3")) == b"127.0.0.3\n"


def test_all_of_ipv6_is_nothing_of_ipv4(server):
    s = server(ip="::")
    assert echoes(s.connect(host="::1"))
    with pytest.raises(ConnectionRefusedError):
        s.connect(host="127.0.0.1")


def test_connections_are_numbered_by_host(server):
    s = server("", "echo $TCPCONNNUM; exec cat")
    first = [s.connect(source="127.0.0.1").recv(10) for _ in range(3)]
    other = s.connect(source="127.0.0.2").recv(10)
    assert first == [b"1\n", b"2\n", b"3\n"] and other == b"1\n"


@pytest.mark.parametrize("opts, value", [("", 0), ("-d", 0), ("-D", 1), ("-Dd", 0)])
def test_nagle_is_off_when_asked(server, opts, value):
    ask = [sys.executable, "-S", "-c", "import socket; s = socket.socket(fileno=0); print(int(s.getsockopt(6, 1) != 0), flush=True)"]
    assert all_of(server(opts, ask).connect()) == b"%d\n" % value


def test_the_port_can_be_taken_again_at_once(launch, server):
    s = server("", ["cat"])
    sock = s.connect()
    assert echoes(sock)
    os.kill(s.children().pop(), signal.SIGKILL)  # its side closes first: the address is in TIME_WAIT there
    assert all_of(sock) == b""
    s.signal(signal.SIGTERM)
    assert s.run.wait() == 0
    run = launch.program(["s6-tcpserver", "-1", "127.0.0.1", s.port, "cat"], stdout=subprocess.PIPE)
    assert run.process.stdout.readline() == b"%d\n" % s.port


# limits


def test_at_the_limit_more_wait_and_are_not_lost(server):
    s = server("-c 2 -v")
    first, second = s.connect(), s.connect()
    assert echoes(first) and echoes(second)
    third = s.connect()
    third.sendall(b"later")
    assert is_silent(third)
    assert len(s.children()) == 2
    first.close()
    assert third.recv(10) == b"later"
    assert "status: 2/2" in s.run.stderr() and "3/2" not in s.run.stderr() and "deny" not in s.run.stderr()


@pytest.mark.parametrize("opts, room", [("-b 2", 3), ("-b 0", 1), ("", 20)])
def test_so_many_wait_as_the_backlog_lets(server, opts, room):
    """The kernel takes one more than it is told; the next ones get no answer."""
    s = server(f"-c 1 {opts}", ["cat"])
    assert echoes(s.connect())
    waiting = [socket.socket() for _ in range(20)]
    for sock in waiting:
        s.socks.append(sock)
        sock.setblocking(False)
        sock.connect_ex(("127.0.0.1", s.port))
    time.sleep(0.5)
    assert len(select.select([], waiting, [], 0)[1]) == room


def test_waiting_at_the_limit_costs_no_cpu(server):
    s = server("-c 1", ["cat"])
    assert echoes(s.connect())
    waits = s.connect()
    assert is_silent(waits)
    before = stat(s.pid)["ticks"]
    time.sleep(1)
    assert stat(s.pid)["ticks"] - before <= 5


def test_too_many_of_one_host_are_closed_and_others_served(server):
    s = server("-C 2 -v")
    mine = [s.connect(source="127.0.0.1") for _ in range(2)]
    assert all(map(echoes, mine))
    assert all_of(s.connect(source="127.0.0.1")) == b""
    assert echoes(s.connect(source="127.0.0.2"))
    assert s.says("deny 127.0.0.1:") and s.says(" count 2/2")
    mine[0].close()
    assert s.served(2)
    assert echoes(s.connect(source="127.0.0.1"))


@pytest.mark.parametrize("opts, total, of_host", [("", 40, 40), ("-c 100", 100, 40), ("-c 100 -C 200", 100, 100),
                                                  ("-c 5", 5, 5), ("-c 0 -C 0", 1, 1), ("-c 99999", 16384, 40)])
def test_the_limits_are_those_of_the_documentation(server, opts, total, of_host):
    s = server(f"-v {opts}")
    assert echoes(s.connect())
    assert s.says(f"status: 0/{total}\n") and s.says(f" count 1/{of_host}\n")


def test_forty_are_served_and_the_next_waits(server):
    s = server("", ["cat"])
    socks = [s.connect() for _ in range(40)]
    assert all(map(echoes, socks))
    extra = s.connect()
    assert is_silent(extra)
    socks[7].close()
    assert echoes(extra)


def test_five_hundred_connections_leave_nothing(server):
    s = server("-c 20 -v", ["/bin/echo", "done"])
    before = s.fds()
    for _ in range(50):
        socks = [s.connect() for _ in range(10)]
        assert [all_of(sock) for sock in socks] == [b"done\n"] * 10
        for sock in socks:
            sock.close()
        del s.socks[:]
    assert s.served(0)
    assert s.fds() == before
    log = s.run.stderr()
    assert log.count("allow ") == log.count("end pid ") == 500
    assert log.endswith("status: 0/20\n")


# what goes wrong


def test_a_prog_that_is_not_there_ends_the_connection_alone(server):
    s = server("-v", ["no-such-program"])
    for _ in range(2):
        assert all_of(s.connect()) == b""
    assert s.says("exitcode 127") and "no-such-program" in s.run.stderr()
    assert s.run.alive()


def test_without_fds_a_connection_waits_for_better_times(server):
    s = server("", ["cat"])
    assert echoes(s.connect())
    room = max(s.fds()) + 1
    resource.prlimit(s.pid, resource.RLIMIT_NOFILE, (room, 1024))
    late = s.connect()
    late.sendall(b"patience")
    assert s.says(f"warning: unable to accept a connection: it waits: {words(errno.EMFILE)}")
    before = stat(s.pid)["ticks"]
    assert is_silent(late, 1.5)
    assert stat(s.pid)["ticks"] - before <= 10
    assert s.run.stderr().count("Too many") <= 4
    resource.prlimit(s.pid, resource.RLIMIT_NOFILE, (1024, 1024))
    assert late.recv(100) == b"patience"


def test_quiet_it_does_not_say_so(server):
    s = server("-q", ["cat"])
    assert echoes(s.connect())
    resource.prlimit(s.pid, resource.RLIMIT_NOFILE, (max(s.fds()) + 1, 1024))
    assert is_silent(s.connect(), 1)
    assert s.run.stderr() == ""


@as_root
@pytest.mark.not_watched("qemu has threads, which count", by="foreign")
def test_without_processes_a_connection_is_closed_and_the_next_served(launch, server):
    nobody_else = {"user": 61299, "group": 61299, "extra_groups": []}
    other = launch.program(["sleep", "1000"], **nobody_else)
    two = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_NPROC, (2, 2))}
    s = server("-u 61299 -g 61299 -G ''", ["/bin/cat"], **two)
    assert all_of(s.connect()) == b""
    assert s.says("warning: unable to fork: connection closed: Resource temporarily unavailable")
    other.end()
    assert echoes(s.connect())


def test_clients_that_have_gone_before_they_were_served_do_no_harm(server):
    s = server("-c 1", ["cat"])
    first = s.connect()
    assert echoes(first)
    for _ in range(5):
        reset(connect(s.port))
    last = s.connect()
    first.close()
    assert echoes(last)


def test_a_log_that_nobody_reads_any_more_does_not_end_it(launch):
    reader, writer = os.pipe()
    s = Server(launch, "-v", "cat", stderr=writer)
    with s:
        os.close(writer)
        os.close(reader)
        for _ in range(3):
            assert echoes(s.connect())


@pytest.mark.parametrize("closed", ["<&-", "2>&-", "<&- 2>&-"])
def test_standard_fds_that_are_closed_are_not_taken_by_others(server, closed):
    s = server("", 'test -e /proc/$$/fd/2 && echo open || echo closed', prefix=["bash", "-c", f'exec "$@" {closed}', "bash"])
    assert all_of(s.connect()) == (b"closed\n" if "2>" in closed else b"open\n")


def test_no_stdout_to_announce_on_is_111(launch):
    run = launch.program(["bash", "-c", "exec s6-tcpserver -1 127.0.0.1 0 cat >&-"])
    assert run.wait() == 111
    assert "unable to write the port to stdout" in run.stderr()


# signals


def test_sigterm_ends_it_and_not_its_children(server):
    s = server("", ["cat"])
    sock = s.connect()
    assert echoes(sock)
    s.signal(signal.SIGTERM)
    assert s.run.wait() == 0
    assert echoes(sock)
    with pytest.raises(ConnectionRefusedError):
        s.connect()


def test_sighup_ends_its_children_and_not_itself(server):
    s = server("-v", SLEEP)
    socks = [s.connect() for _ in range(3)]
    assert s.served(3)
    os.kill(next(iter(s.children())), signal.SIGSTOP)  # needs SIGCONT to see SIGTERM
    assert eventually(lambda: any(stat(pid)["state"] == "T" for pid in s.children()))
    s.signal(signal.SIGHUP)
    assert [all_of(sock) for sock in socks] == [b""] * 3
    assert s.served(0)
    assert s.run.stderr().count("signal 15") == 3
    s.connect()
    assert s.served(1)


def test_sigquit_ends_both(server):
    s = server("", SLEEP)
    sock = s.connect()
    assert s.served(1)
    s.signal(signal.SIGQUIT)
    assert s.run.wait() == 0
    assert all_of(sock) == b"" and s.run.left() == []


def test_sigabrt_kills_what_does_not_hear_sigterm(server):
    s = server("", "trap '' TERM; echo ready; while :; do sleep 0.1; done")
    sock = s.connect()
    assert sock.recv(10) == b"ready\n"
    s.signal(signal.SIGHUP)
    assert is_silent(sock)
    s.signal(signal.SIGABRT)
    assert s.run.wait() == 0
    assert all_of(sock) == b"" and s.run.left() == []


def test_prog_gets_the_caller_s_signals_back(server):
    deaf = (signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE, signal.SIGABRT)
    ask = ["grep", "^Sig[BI]", "/proc/self/status"]
    s = server("", ask, preexec_fn=deaf_to(*deaf), restore_signals=False)
    seen = dict(re.findall(r"(\w+):\t(\w+)", all_of(s.connect()).decode()))
    assert bits(seen["SigBlk"]) == {signal.SIGUSR1}
    assert set(deaf) <= bits(seen["SigIgn"])
    assert not {signal.SIGTERM, signal.SIGQUIT} & bits(seen["SigIgn"])


def test_it_hears_signals_that_the_caller_ignored_and_leaves_no_zombies(server):
    s = server("-v", "read x", preexec_fn=deaf_to(signal.SIGHUP, signal.SIGCHLD), restore_signals=False)
    s.connect().close()
    assert s.says("end pid") and s.served(0)
    sock = s.connect()
    assert s.served(1)
    s.signal(signal.SIGHUP)
    assert all_of(sock) == b"" and s.served(0)


def test_children_that_were_there_before_it_are_not_counted(launch):
    s = Server(launch, "-v", "cat", prefix=["sh", "-c", 'sleep 0.5 & exec "$@"', "sh"])
    with s:
        assert s.served(1) and s.served(0)
        assert echoes(s.connect())
    assert s.says("end pid")
    assert re.findall(r"status: (\d+)", s.run.stderr())[:2] == ["0", "1"]


# words


def test_verbose_it_tells_each_connection(server, ip):
    s = server("-v", "exit 3", ip=ip)
    sock = s.connect()
    port = sock.getsockname()[1]
    assert all_of(sock) == b""
    shown = f"[{ip}]" if ":" in ip else ip
    assert s.says("end pid")
    s.signal(signal.SIGTERM)
    assert s.run.wait() == 0
    lines = [re.sub(r"pid \d+", "pid N", line) for line in s.run.stderr().splitlines()]
    assert lines == [f"s6-tcpserver: info: {rest}" for rest in (
        f"listening on {shown}:{s.port}", "status: 0/40", f"allow {shown}:{port} pid N count 1/40", "status: 1/40",
        "end pid N exitcode 3 count 0/40", "status: 0/40", "received SIGTERM: exiting")]


@pytest.mark.parametrize("opts", ["", "-Q", "-q", "-vQ"])
def test_it_says_nothing_of_connections_unless_asked(server, opts):
    s = server(opts)
    assert echoes(s.connect())
    s.signal(signal.SIGTERM)
    assert s.run.wait() == 0 and s.run.stderr() == ""


@pytest.mark.parametrize("argv", [
    [], ["127.0.0.1"], ["127.0.0.1", "0"], ["localhost", "0", "cat"], ["127.0.0.1", "65536", "cat"],
    ["127.0.0.1", "http", "cat"], ["-c", "x", "::1", "0", "cat"], ["-C", "-1", "::1", "0", "cat"],
    ["-b", "", "::1", "0", "cat"], ["-z", "::1", "0", "cat"], ["-c"], ["--nonsense", "::1", "0", "cat"],
    ["-u", "root", "::1", "0", "cat"], ["-g", "-1", "::1", "0", "cat"], ["-G", "1,,2", "::1", "0", "cat"],
    ["-U", "::1", "0", "cat"]])
def test_wrong_usage_is_100(launch, argv):
    run = launch.program(["s6-tcpserver", *argv], env={"UID": None, "GID": None, "GIDLIST": None})
    assert run.wait() == 100
    assert run.stderr().startswith("s6-tcpserver: fatal: ") and run.stderr().count("\n") == 1


@pytest.mark.parametrize("argv, said", [
    (["-c", "x", "::1", "0", "cat"], "invalid number for option -c"),
    (["--backlog=x", "::1", "0", "cat"], "invalid number for option --backlog=x"),
    (["-vu", "root", "::1", "0", "cat"], "invalid -u: it is no number of a user"),
    (["-vC"], "no argument to option -C"),
    (["-vh", "::1", "0", "cat"], "unknown option -h"),
    (["::1"], "no port; --help shows the usage"),
])
def test_what_is_wrong_is_named(launch, argv, said):
    run = launch.program(["s6-tcpserver", *argv])
    assert run.wait() == 100
    assert run.stderr() == f"s6-tcpserver: fatal: {said}\n"


def test_long_names_mean_the_same(server):
    s = server("--verbose --no-nagle --global-max-connections=2 --local-max-connections 1 --backlog=5")
    with s.connect() as sock:
        assert echoes(sock)
        assert s.says("status: 1/2") and s.says("allow ") and s.says("1/1")
        assert all_of(s.connect()) == b""


def test_an_address_in_use_is_111_and_named(launch, server):
    s = server()
    run = launch.program(["s6-tcpserver", "127.0.0.1", s.port, "cat"])
    assert run.wait() == 111
    said = f"s6-tcpserver: fatal: unable to bind to 127.0.0.1 port {s.port}: {words(errno.EADDRINUSE)}\n"
    assert run.stderr() == said


# privileges


def who(pid):
    seen = status(pid)
    return seen["Uid"].split(), seen["Gid"].split(), seen["Groups"].split()


@as_root
@pytest.mark.parametrize("opts, env", [("-u 61234 -g 61235 -G 61236,61237", {}),
                                       ("-U", {"UID": 61234, "GID": 61235, "GIDLIST": "61236,61237"}),
                                       ("-U -u 61234", {"UID": 1, "GID": 61235, "GIDLIST": "61236,61237"})])
def test_it_becomes_another_user_and_prog_is_that_user(server, opts, env):
    s = server(opts, ["/bin/cat"], env=env)
    assert echoes(s.connect())
    expected = (["61234"] * 4, ["61235"] * 4, ["61236", "61237"])
    assert who(s.pid) == expected
    assert who(s.children().pop()) == expected


@as_root
def test_the_port_is_bound_before_privileges_are_dropped(launch):
    # an address that nothing else uses, so that the port may be fixed
    argv = ["s6-tcpserver", "-1", "-u", "61234", "127.9.8.6", "987", "/bin/cat"]
    run = launch.program(argv, stdout=subprocess.PIPE)
    assert run.process.stdout.readline() == b"987\n"
    assert status(run.pid)["Uid"].split() == ["61234"] * 4


@as_root
def test_who_may_not_become_another_user_gets_111(launch, bin_dir):
    def somebody():
        os.setgroups([])
        os.setresgid(61235, 61235, 61235)
        os.setresuid(61234, 61234, 61234)
    run = launch.program([bin_dir / "s6-tcpserver", "-u", "0", "127.0.0.1", "0", "cat"], preexec_fn=somebody)
    assert run.wait() == 111
    assert "unable to set uid: Operation not permitted" in run.stderr()


# memory


def test_memory_stays_where_it_was(server):
    s = server("-c 16384 -C 16384", ["/bin/echo", "done"])

    def resident_after(connections):
        for _ in range(connections):
            with s.connect() as sock:
                assert all_of(sock) == b"done\n"
        assert s.served(0)
        return int(status(s.pid)["VmRSS"].split()[0])

    first = resident_after(10)
    assert resident_after(100) - first <= 512
