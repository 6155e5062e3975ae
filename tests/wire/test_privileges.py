"""Privileges, as root: the engine runs under TLS_UID and TLS_GID with no supplementary group, prog as the
caller or as s6-applyuidgid makes it, and the key is root's alone."""

import os
import socket
import subprocess

import pytest

from harness import comm, eventually, exe, is_over, status
from peer import Tls, context

ENGINE_UID, ENGINE_GID, PROG_UID, PROG_GID = 60001, 60002, 60003, 60004
ENGINE = {"TLS_UID": ENGINE_UID, "TLS_GID": ENGINE_GID}

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="needs root")


def groups_of_the_caller():
    os.setgroups([4, 24, 27])


def ids(pid):
    """Real, effective, saved and filesystem ids, and the groups, of a process."""
    seen = status(pid)
    uids, gids = ([int(word) for word in seen[name].split()] for name in ("Uid", "Gid"))
    return uids, gids, seen["Groups"].split()


def ours(run):
    """The pids of our own processes: the engine and its helpers, not prog."""
    return [pid for pid in run.processes() if exe(pid).endswith("/s6-tls") or "/qemu-" in exe(pid)]


def holds_for_ours(run, holds):
    """Whether there are any and it holds for each, but for one that ends meanwhile: the key process, after the handshake."""
    def one(pid):
        try:
            return bool(holds(pid))
        except (FileNotFoundError, ProcessLookupError):
            return False
    found = {pid: one(pid) for pid in ours(run)}
    return any(found.values()) and all(held or is_over(pid) for pid, held in found.items())


@pytest.mark.parametrize("env, uid, gid", [
    (ENGINE, ENGINE_UID, ENGINE_GID),
    ({"TLS_UID": ENGINE_UID}, ENGINE_UID, 0), ({"TLS_GID": ENGINE_GID}, 0, ENGINE_GID)])
def test_engine_drops_what_it_is_told_and_every_group(link, env, uid, gid):
    run, tls = link("", ["cat"], env=env, preexec_fn=groups_of_the_caller)
    assert run.prog()
    assert holds_for_ours(run, lambda pid: ids(pid) == ([uid] * 4, [gid] * 4, []))


def test_engine_keeps_what_it_has_without_them_but_no_group_in_its_cage(link, caged):
    run, tls = link("", ["cat"], preexec_fn=groups_of_the_caller)
    assert run.prog()
    assert ids(run.pid) == ([0] * 4, [0] * 4, [] if caged else ["4", "24", "27"])


def test_engine_has_dropped_before_the_first_byte_of_the_network(link):
    run, _ = link.start("", "cat", env=ENGINE, preexec_fn=groups_of_the_caller)
    assert eventually(lambda: ids(run.pid) == ([ENGINE_UID] * 4, [ENGINE_GID] * 4, []), 5)


@pytest.mark.parametrize("script", ["exec s6-tlsd-io 8 9 8</dev/null 9>/dev/null",
                                    "exec s6-tlsc-io -k localhost 8 9 8<&0 9>&1 0</dev/null 1>/dev/null",
                                    'exec s6-ucspitlsd sh -c \'eval "printf y >&$SSLCTLFD"; exec sleep 60\'',
                                    'exec s6-ucspitlsc -k localhost -6 0 -7 1 sh -c \'eval "printf y >&$SSLCTLFD"; exec sleep 60\''])
def test_so_it_has_where_it_is_alone_or_begins_later(launch, script):
    run = launch.on_stdio(["sh", "-c", script], ENGINE, preexec_fn=groups_of_the_caller)

    def dropped():
        return holds_for_ours(run, lambda pid: ids(pid) == ([ENGINE_UID] * 4, [ENGINE_GID] * 4, []))
    assert eventually(dropped), [(pid, ids(pid)) for pid in ours(run)]


def test_others_of_the_engine_s_user_cannot_look_into_it(link):
    """As the engine of another connection would, when it has been broken into."""
    run, tls = link("", ["cat"], env=ENGINE)
    assert run.prog()

    def is_refused(path):
        done = subprocess.run(["head", "-c", "1", path], capture_output=True, text=True,
                              user=ENGINE_UID, group=ENGINE_GID, extra_groups=[])
        return done.returncode and "Permission denied" in done.stderr
    for file in ("mem", "environ", "maps"):
        assert holds_for_ours(run, lambda pid: is_refused(f"/proc/{pid}/{file}")), file


def test_engine_has_no_capability_left(link):
    run, tls = link("", ["cat"], env=ENGINE)
    assert run.prog()
    assert {int(status(run.pid)[name], 16) for name in ("CapPrm", "CapEff", "CapAmb")} == {0}


def test_prog_keeps_the_caller_s_privileges(link):
    run, tls = link("", ["cat"], env=ENGINE, preexec_fn=groups_of_the_caller)
    assert ids(run.prog()) == ([0] * 4, [0] * 4, ["4", "24", "27"])


def test_key_of_mode_600_is_read_before_the_drop(link, pki):
    key = pki.issue().key
    assert (key.stat().st_mode & 0o777, key.stat().st_uid) == (0o600, 0)
    run, tls = link("", "cat", env=ENGINE)
    tls.send(b"x")
    assert tls.recv_exactly(1) == b"x"
    assert (key.stat().st_mode & 0o777, key.stat().st_uid) == (0o600, 0)


def test_anchors_and_named_pairs_are_read_before_the_drop(launch, ends, pki):
    anchors = pki.write(pki.root().cert.read_bytes())
    anchors.chmod(0o600)
    env = {**pki.issue().env("a.example.com"), "CAFILE": anchors, **ENGINE}
    run = launch.tlsd("-y -k 2", "echo hi", env)
    tls = ends(run, name="a.example.com", cert=pki.client())
    tls.handshake()
    assert tls.recv_all() == b"hi\n"


def test_both_are_ignored_by_a_caller_who_is_not_root(launch, ends, pki):
    key = pki.write(pki.issue().key.read_bytes())
    env = {"KEYFILE": key, "TLS_UID": "not a number", "TLS_GID": ENGINE_GID}
    run = launch.tlsd("", ["cat"], env, user=PROG_UID, group=PROG_GID, extra_groups=[PROG_GID])
    tls = ends(run)
    tls.handshake()
    tls.send(b"x")
    assert tls.recv_exactly(1) == b"x"
    assert ids(run.pid) == ids(run.prog()) == ([PROG_UID] * 4, [PROG_GID] * 4, [str(PROG_GID)])


def test_applyuidgid_drops_prog_after_the_handshake(link):
    env = {**ENGINE, "UID": PROG_UID, "GID": PROG_GID, "GIDLIST": ""}
    prog = ["s6-applyuidgid", "-Uz", "sh", "-c", "env; exec cat"]
    run, tls = link("", prog, env=env, preexec_fn=groups_of_the_caller)
    told = tls.recv().decode().splitlines()
    assert ids(run.prog()) == ([PROG_UID] * 4, [PROG_GID] * 4, [])
    removed = ("UID=", "GID=", "GIDLIST=", "TLS_UID=", "TLS_GID=")
    assert not [line for line in told if line.startswith(removed)]


def test_the_whole_chain_under_a_super_server(launch, pki):
    """tcpserver stays root; engine and prog are two other users; no group is left over; the key is root's."""
    env = {**ENGINE, "UID": PROG_UID, "GID": PROG_GID, "GIDLIST": "60005,60006"}
    argv = "tcpserver -1 -HRl0 127.0.0.1 0 s6-tlsd s6-applyuidgid -Uz sleep 60".split()
    server = launch.program(argv, env, stdout=subprocess.PIPE, preexec_fn=groups_of_the_caller)
    with server.process.stdout as out, socket.create_connection(("127.0.0.1", int(out.readline()))) as sock:
        tls = Tls(sock, context())
        tls.handshake()
        prog = eventually(lambda: next((p for p in server.processes() if comm(p) == "sleep"), None), 5)
        assert ids(prog) == ([PROG_UID] * 4, [PROG_GID] * 4, ["60005", "60006"])
        assert holds_for_ours(server, lambda pid: ids(pid) == ([ENGINE_UID] * 4, [ENGINE_GID] * 4, []))
        assert ids(server.pid)[0] == [0] * 4
    key = pki.issue().key
    assert (key.stat().st_mode & 0o777, key.stat().st_uid) == (0o600, 0)
