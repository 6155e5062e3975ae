"""How a connection ends: who closes which direction how, what still arrives then, and the exit code.
Not the time limits: test_timeouts.py."""

import pytest

from harness import eventually, reset

pytestmark = pytest.mark.quick

LIVES_ON = "exec 1>&-; cat >got; exit 5"


def usual_end(version):
    return "fin" if version == "1.2" else "close_notify"


# prog ends its direction


@pytest.mark.parametrize("opts", ["", "-s", "-S"])
def test_end_of_prog_is_close_notify_or_bare_fin_as_the_options_say(link, opts):
    run, tls = link(opts, "echo done")
    assert tls.recv_all() == b"done\n"
    assert tls.end == {"-s": "fin", "-S": "close_notify", "": usual_end(link.version)}[opts]
    assert tls.after_end() == "fin"
    tls.sock.close()
    assert run.wait() == 0


@pytest.mark.parametrize("opts", ["", "-s", "-S"])
def test_closed_stdout_of_a_living_prog_ends_our_direction(link, opts):
    run, tls = link(opts, "echo done; exec 1>&-; cat >/dev/null; exit 5")
    assert tls.recv_all() == b"done\n"
    assert tls.end == {"-s": "fin", "-S": "close_notify", "": usual_end(link.version)}[opts]
    tls.fin()
    assert run.wait() == 5


@pytest.mark.parametrize("opts", ["", "-s"])
def test_peer_can_go_on_sending_after_the_end_of_prog_s_direction(link, opts, tmp_path):
    run, tls = link(opts, LIVES_ON)
    assert tls.recv_all() == b""
    assert tls.after_end() == "fin"
    tls.send(b"still ")
    tls.send(b"here")
    tls.fin()
    assert run.wait() == 5
    assert (tmp_path / "got").read_bytes() == b"still here"


def test_prog_reads_nothing_more_once_it_closed_under_S(link, tmp_path):
    run, tls = link("-S", "head -c 5 >got; exec 1>&-; cat >>got; exit 5")
    tls.send(b"early")
    assert tls.recv_all() == b"" and tls.end == "close_notify"
    tls.send(b"late")
    tls.fin()
    assert run.wait() == 5
    assert (tmp_path / "got").read_bytes() == b"early"


def test_prog_gets_eof_as_soon_as_it_closed_under_S(link):
    run, tls = link("-S", "exec 1>&-; cat >/dev/null; echo eof >&2; exit 5")
    assert eventually(lambda: "eof" in run.stderr(), 3)
    tls.sock.close()
    assert run.wait() == 5


def test_peer_is_awaited_after_the_end_under_S(link):
    """A peer that is still sending when our end comes must get all of it, not a reset."""
    run, tls = link("-S", "echo done")
    tls.send(b"x" * 5000)
    assert tls.recv_all() == b"done\n"
    tls.send(b"y" * 5000)
    assert tls.after_end() == "fin"
    assert run.alive()
    tls.sock.close()
    assert run.wait() == 0


# the peer ends its direction


@pytest.mark.parametrize("opts", ["", "-s", "-S"])
@pytest.mark.parametrize("how", ["fin", "close_notify"])
def test_prog_s_answer_to_the_end_of_the_peer_still_goes_out(link, opts, how):
    """Then comes our end. A TLS 1.2 peer that said close_notify expects ours in return (RFC 5246 7.2.1)."""
    run, tls = link(opts, "cat >/dev/null; echo answer; exit 3")
    tls.send(b"question")
    getattr(tls, how)()
    assert tls.recv_all() == b"answer\n"
    usual = "close_notify" if how == "close_notify" else usual_end(link.version)
    assert tls.end == {"-s": "fin", "-S": "close_notify", "": usual}[opts]
    tls.sock.close()
    assert run.wait() == 3


def test_long_answer_after_the_end_of_the_peer_arrives_whole(link):
    run, tls = link("", "cat >/dev/null; head -c 3000000 /dev/zero")
    tls.close_notify()
    tls.fin()
    assert len(tls.recv_all()) == 3000000
    assert run.wait() == 0


@pytest.mark.parametrize("opts", ["-j", "-J"])
def test_close_notify_in_the_same_segment_as_data_loses_nothing(link, opts):
    run, tls = link(opts, "cat")
    tls.sock.sendall(tls.seal(b"data") + tls.seal_close())
    tls.fin()
    assert tls.recv_all() == b"data"
    assert run.wait() == 0


def test_data_after_close_notify_is_ignored(link):
    run, tls = link("", "cat")
    flight = tls.seal(b"before") + tls.seal_close()
    tls.reopen()
    flight += tls.seal(b"after")
    tls.sock.sendall(flight)
    tls.fin()
    assert tls.recv_all() == b"before"
    assert run.wait() == 0


def test_garbage_after_close_notify_is_ignored(link):
    run, tls = link("-J", "cat")
    tls.sock.sendall(tls.seal(b"before") + tls.seal_close() + b"no record at all" * 100)
    assert tls.recv_all() == b"before"
    tls.fin()
    assert run.wait() == 0


def test_end_of_file_without_close_notify_is_normal_by_default(link):
    run, tls = link("", "cat; exit 7")
    tls.fin()
    assert tls.recv_all() == b""
    assert run.wait() == 7


def test_j_takes_J_back(link):
    run, tls = link("-J -j", "cat; exit 7")
    tls.fin()
    assert run.wait() == 7


def test_end_of_file_without_close_notify_is_98_under_J(link):
    run, tls = link("-J", "cat; exit 7")
    tls.send(b"data")
    assert tls.recv_exactly(4) == b"data"
    tls.fin()
    assert run.wait() == 98
    assert run.stderr().startswith(f"{link.side}: fatal: ")


def test_close_notify_then_end_of_file_is_normal_under_J(link):
    run, tls = link("-J", "cat; exit 7")
    tls.close_notify()
    tls.fin()
    assert tls.recv_all() == b""
    assert run.wait() == 7


@pytest.mark.parametrize("opts", ["-j", "-J"])
@pytest.mark.parametrize("cut", [1, 5, 20, -1])
def test_end_of_file_inside_a_record_is_98(link, opts, cut, tmp_path):
    run, tls = link(opts, "cat >got; exit 7")
    tls.sock.sendall(tls.seal(b"whole") + tls.seal(b"cut in two" * 10)[:cut])
    tls.fin()
    assert run.wait() == 98
    assert (tmp_path / "got").read_bytes() == b"whole"


def test_prog_is_awaited_before_98(link, tmp_path):
    run, tls = link("-J", "cat; sleep 0.5; echo late >got; exit 7")
    tls.fin()
    assert run.wait() == 98
    assert (tmp_path / "got").read_text() == "late\n"


def test_prog_can_write_no_more_after_98(link):
    run, tls = link("", "cat >/dev/null; sleep 0.3; echo x; echo written=$? >&2", restore_signals=False)
    tls.sock.sendall(b"\x17\x03\x03\x00\x20" + b"z" * 32)
    tls.fin()
    assert run.wait() == 98
    assert "written=0" not in run.stderr() and "written=" in run.stderr()


# failures of the connection


def test_bad_record_is_98_and_an_alert(link):
    run, tls = link("", "cat; exit 7")
    record = bytearray(tls.seal(b"data"))
    record[-1] ^= 1
    tls.sock.sendall(record)
    tls.recv_all()
    assert tls.end in ("SSLV3_ALERT_BAD_RECORD_MAC", "TLSV1_ALERT_DECRYPT_ERROR")
    tls.sock.close()
    assert run.wait() == 98
    assert run.stderr().startswith(f"{link.side}: fatal: ")


def test_fatal_alert_of_the_peer_is_98(link):
    run, tls = link("", "cat; exit 7")
    tls.inc.write(b"\x17\x03\x03\x00\x20" + b"z" * 32)
    tls.recv()
    tls.fin()
    assert run.wait() == 98


def test_reset_by_the_peer_in_mid_transfer_is_98(link):
    run, tls = link("", "cat /dev/zero; exit 7")
    tls.recv_exactly(100000)
    reset(tls.sock)
    assert run.wait() == 98
    assert run.left() == []


def test_reset_by_the_peer_while_all_is_quiet_is_98(link):
    run, tls = link("", "cat; exit 7")
    tls.send(b"x")
    tls.recv_exactly(1)
    reset(tls.sock)
    assert run.wait() == 98


# once everything is said


@pytest.mark.parametrize("opts", ["", "-s", "-S"])
def test_reset_after_our_end_is_a_normal_end(link, opts):
    run, tls = link(opts, "echo done; exit 3")
    assert tls.recv_all() == b"done\n"
    reset(tls.sock)
    assert run.wait() == 3


def test_alert_after_our_bare_fin_is_a_normal_end(link):
    """OpenSSL 3 answers a FIN without close_notify with a fatal decode_error."""
    run, tls = link("-s", "echo done; exit 3")
    assert tls.recv_all() == b"done\n" and tls.end == "fin"
    tls.inc.write_eof()
    tls.read_decrypted()
    tls.flush()
    tls.fin()
    assert run.wait() == 3


def test_prog_s_exit_code_comes_as_soon_as_the_peer_closes(link):
    run, tls = link("", "echo done; exit 3")
    assert tls.recv_all() == b"done\n"
    tls.close_notify()
    tls.fin()
    assert run.wait(3) == 3


# SIGTERM


def test_sigterm_ends_it_without_close_notify_and_prog_sees_eof(link):
    run, tls = link("", "cat; echo eof >&2")
    tls.send(b"x")
    tls.recv_exactly(1)
    run.process.terminate()
    assert run.wait() == -15
    tls.recv_all()
    assert tls.end in ("fin", "reset")
    assert run.left() == []
    assert "eof" in run.stderr()
