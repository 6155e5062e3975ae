"""s6-applyuidgid: who the program is that it executes, and what it says when that cannot be. The kernel's word counts:
the program executed prints its /proc/self/status."""

import os
import re
import shutil
import subprocess
import tempfile

import pytest

from features import needs
from watch import WATCHED

pytestmark = [pytest.mark.quick, needs("S6_APPLYUIDGID"),
              pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")]
BIN = os.environ["S6TLS_BIN"]
STATUS = ["cat", "/proc/self/status"]
ALL_THREE = {"UID": "1001", "GID": "1002", "GIDLIST": "1003,1004"}


def apply(*argv, env=None, binary=BIN, **options):
    """Runs it with this environment alone, and PATH."""
    return subprocess.run([binary, "s6-applyuidgid", *argv], env={"PATH": "/usr/bin:/bin", **(env or {})},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, **options)


def who(*argv, **options):
    """(uids, gids, groups): real, effective, saved and file system's, each once if they are all the same."""
    done = apply(*argv, *STATUS, **options)
    assert (done.returncode, done.stderr) == (0, "")
    found = [re.search(rf"^{key}:(.*)$", done.stdout, re.M).group(1).split() for key in ("Uid", "Gid", "Groups")]
    return tuple([int(n) for n in (numbers if key == 2 else dict.fromkeys(numbers))]
                 for key, numbers in enumerate(found))


def with_groups(*groups):
    """For Popen: the caller has these supplementary groups."""
    return {"preexec_fn": lambda: os.setgroups(groups)}


def refused(done, code, *words):
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("s6-applyuidgid: fatal: ") and done.stderr.count("\n") == 1
    for word in words:
        assert word in done.stderr


def test_uid_gid_and_groups_are_set():
    assert who("-u", "1001", "-g", "1002", "-G", "1003,1004") == ([1001], [1002], [1003, 1004])


def test_without_options_nothing_changes():
    assert who(**with_groups(7, 8)) == ([0], [0], [7, 8])


def test_each_is_set_alone():
    assert who("-u", "1001", **with_groups(7, 8)) == ([1001], [0], [7, 8])
    assert who("-g", "1002", **with_groups(7, 8)) == ([0], [1002], [7, 8])
    assert who("-G", "9", **with_groups(7, 8)) == ([0], [0], [9])


def test_an_empty_list_clears_the_groups():
    assert who("-u", "1001", "-G", "", **with_groups(7, 8)) == ([1001], [0], [])


def test_groups_that_were_there_do_not_stay_beside_a_list():
    assert who("-U", env={**ALL_THREE, "GIDLIST": "5"}, **with_groups(7, 8)) == ([1001], [1002], [5])


def test_U_takes_all_three_from_the_environment():
    assert who("-U", env=ALL_THREE) == ([1001], [1002], [1003, 1004])
    assert who("-U", env={**ALL_THREE, "GIDLIST": ""}, **with_groups(7)) == ([1001], [1002], [])


def test_s6_envuidgid_sets_what_U_takes():
    done = subprocess.run(["s6-envuidgid", "daemon", BIN, "s6-applyuidgid", "-Uz", "id", "-un"], capture_output=True, text=True,
                          timeout=20)
    assert (done.returncode, done.stdout) == (0, "daemon\n")


def test_options_after_U_override():
    assert who("-U", "-u", "2001", env=ALL_THREE) == ([2001], [1002], [1003, 1004])
    assert who("-U", "-g", "2002", env=ALL_THREE) == ([1001], [2002], [1003, 1004])
    assert who("-U", "-G", "", env=ALL_THREE) == ([1001], [1002], [])


def test_options_before_U_are_overridden():
    assert who("-u", "2001", "-g", "2002", "-G", "9", "-U", env=ALL_THREE) == ([1001], [1002], [1003, 1004])


def test_the_last_of_an_option_counts():
    assert who("-u", "1", "-u", "1001", "-G", "1", "-G", "2") == ([1001], [0], [2])


@pytest.mark.parametrize("missing", ["UID", "GID", "GIDLIST"])
def test_U_with_an_unset_variable_is_100_and_names_it(missing):
    env = {name: value for name, value in ALL_THREE.items() if name != missing}
    refused(apply("-U", "true", env=env), 100, f"{missing} not set")
    refused(apply("-U", "-u", "1", "-g", "1", "-G", "1", "true", env=env), 100, f"{missing} not set")


@pytest.mark.parametrize("value", ["", "x", "-1", "+1", " 1", "1 ", "0x1", "root", "4294967295", "4294967296",
                                   "18446744073709551617", "1\t"])
def test_what_is_no_number_is_100(value):
    refused(apply("-u", value, "true"), 100, "-u")
    refused(apply("-g", value, "true"), 100, "-g")
    refused(apply("-U", "true", env={**ALL_THREE, "UID": value}), 100, "invalid UID")
    refused(apply("-U", "true", env={**ALL_THREE, "GID": value}), 100, "invalid GID")


@pytest.mark.parametrize("value", [",", "1,", ",1", "1,,2", "1, 2", "1;2", "1,x", "1,4294967295", "1 ", "0x1"])
def test_junk_in_a_list_is_100(value):
    refused(apply("-G", value, "true"), 100, "-G")
    refused(apply("-U", "true", env={**ALL_THREE, "GIDLIST": value}), 100, "invalid GIDLIST")


def test_a_thousand_groups_arrive():
    groups = list(range(1, 1001))
    assert who("-G", ",".join(map(str, groups))) == ([0], [0], groups)


def environment(*argv, entries):
    """What prog sees, when the caller's environment is these entries, those that repeat a name too."""
    script = 'import ctypes, sys\n' \
             'args, entries = eval(sys.argv[1])\n' \
             'c = lambda l: (ctypes.c_char_p * (len(l) + 1))(*[s.encode() for s in l], None)\n' \
             'ctypes.CDLL(None).execve(args[0].encode(), c(args), c(entries))'
    command = [BIN, "s6-applyuidgid", *argv, "cat", "/proc/self/environ"]
    done = subprocess.run(["/usr/bin/python3", "-c", script, repr((command, ["PATH=/usr/bin:/bin", *entries]))],
                          capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split("\0")[1:-1]


@pytest.mark.not_watched("qemu has another order", by="foreign")
def test_z_removes_the_three_variables_and_every_duplicate():
    entries = ["UID=1", "A=b", "UID=2", "GID=3", "GID=4", "UIDX=5", "GIDLIST=", "XUID=6", "GIDLIST=7", "UID=8"]
    assert environment("-z", entries=entries) == ["A=b", "UIDX=5", "XUID=6"]


@pytest.mark.not_watched("valgrind leaves an empty LD_PRELOAD, qemu another order", by="valgrind foreign")
def test_without_z_the_environment_is_prog_s_as_it_was():
    entries = ["UID=1", "A=b", "GID=3", "GIDLIST="]
    assert environment("-U", entries=entries) == entries


def test_Uz_takes_the_variables_and_then_removes_them():
    done = apply("-Uz", "sh", "-c", "id -u; id -g; id -G; echo ${UID-none}${GID-none}${GIDLIST-none}", env=ALL_THREE)
    assert done.stdout == "1001\n1002\n1002 1003 1004\nnonenonenone\n"


@pytest.mark.parametrize("argv, word", [(["-x", "true"], "-x"), (["-u"], "-u"), (["--user", "1", "true"], "--user"),
                                        (["-zq", "true"], "-q"), ([], "no program"), (["-z"], "no program"),
                                        (["--"], "no program")])
def test_wrong_usage_is_100_and_says_what(argv, word):
    refused(apply(*argv), 100, word)


def test_options_of_prog_are_prog_s():
    assert apply("-u", "1001", "echo", "-z", "-u").stdout == "-z -u\n"
    assert apply("--", "sh", "-c", "echo $0", "--help").stdout == "--help\n"


def test_prog_not_found_is_127_and_not_executable_126(tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("no program")
    refused(apply("s6-no-such-program"), 127, "s6-no-such-program", "No such file")
    refused(apply(str(tmp_path / "absent")), 127, "absent")
    refused(apply(str(plain)), 126, str(plain), "Permission denied")
    refused(apply(str(tmp_path)), 126, str(tmp_path))


def test_the_exit_code_is_prog_s():
    assert apply("sh", "-c", "exit 42").returncode == 42


def test_it_is_prog_in_the_same_process():
    process = subprocess.Popen([BIN, "s6-applyuidgid", "-u", "1001", "sh", "-c", "echo $$"], stdout=subprocess.PIPE)
    assert int(process.communicate(timeout=20)[0]) == process.pid


def not_root():
    os.setgroups([])
    os.setresgid(1002, 1002, 1002)
    os.setresuid(1001, 1001, 1001)


@pytest.fixture
def for_anyone():
    """A copy of the binary where every user can execute it, wherever the build is."""
    with tempfile.TemporaryDirectory(dir="/tmp") as top:
        os.chmod(top, 0o755)
        yield BIN if WATCHED else shutil.copy(BIN, top)


@pytest.mark.parametrize("argv, what", [(["-u", "0"], "set uid"), (["-g", "0"], "set gid"),
                                        (["-G", "0"], "set supplementary groups"), (["-G", ""], "supplementary")])
def test_a_call_that_fails_is_111_and_prog_does_not_run(for_anyone, argv, what):
    done = apply(*argv, "echo", "ran", binary=for_anyone, preexec_fn=not_root)
    refused(done, 111, what, "Operation not permitted")


def test_a_user_may_become_who_he_is(for_anyone):
    assert who("-u", "1001", "-g", "1002", binary=for_anyone, preexec_fn=not_root) == ([1001], [1002], [])


def test_a_real_or_saved_root_does_not_stay(for_anyone):
    becoming = who("-u", "1001", binary=for_anyone, preexec_fn=lambda: os.setresuid(0, 1001, 0))
    assert becoming == ([1001], [0], who()[2])


def keep_capabilities_over_setuid():
    """PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP."""
    import ctypes
    assert ctypes.CDLL(None).prctl(28, 4, 0, 0, 0) == 0


def test_root_that_could_be_had_back_is_111_and_prog_does_not_run():
    done = apply("-u", "1001", "echo", "ran", preexec_fn=keep_capabilities_over_setuid)
    refused(done, 111, "unable to give up root for good")


@pytest.mark.not_watched("strace: there can be one tracer")
def test_groups_go_first_then_gid_then_uid(tmp_path):
    trace = tmp_path / "trace"
    argv = ["strace", "-f", "-o", trace, "-e", "trace=setgroups,setresgid,setgid,setresuid,setuid,execve",
            BIN, "s6-applyuidgid", "-u", "1001", "-g", "1002", "-G", "3", "/bin/true"]
    assert subprocess.run(argv, capture_output=True, timeout=20).returncode == 0
    calls = re.findall(r"^\d+ +(\w+)\(", trace.read_text(), re.M)
    assert calls == ["execve", "setgroups", "setresgid", "setresuid", "setuid", "execve"]
