"""A newcomer's session: make menuconfig in a terminal, three changes by keys, then what was built does what was chosen."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from features import APPLETS
from harness import eventually, members

TOP = Path(__file__).resolve().parent.parent.parent


def run(*argv, **options):
    return subprocess.run([str(word) for word in argv], cwd=TOP, capture_output=True, text=True, timeout=300, **options)


class Terminal:
    """tmux with one window of 80 columns and 40 lines, on a socket of its own."""

    def __init__(self, socket, command):
        self.socket = socket
        environment = {**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8"}
        self.tmux("new-session", "-d", "-x", "80", "-y", "40", command, env=environment)
        self.session = int(self.tmux("display-message", "-p", "#{pane_pid}"))

    def tmux(self, *words, **options):
        done = run("tmux", "-f", "/dev/null", "-S", self.socket, *words, **options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def shows(self, pattern):
        assert eventually(lambda: re.search(pattern, self.screen(), re.M), 60), f"{pattern} in\n{self.screen()}"

    def press(self, *keys):
        self.tmux("send-keys", *keys)

    def selected(self):
        """The line that the cursor is on."""
        x, y = map(int, self.tmux("display-message", "-p", "#{cursor_x} #{cursor_y}").split())
        return self.screen().splitlines()[y]

    def go_to(self, text):
        """Down the menu until the cursor is on the line."""
        for _ in range(30):
            if eventually(lambda: text in self.selected(), 1):
                return
            self.press("Down")
        raise AssertionError(f"{text} not found in\n{self.screen()}")

    def ended(self):
        return run("tmux", "-S", self.socket, "has-session").returncode != 0

    def end(self):
        """All that runs in it too: kconfig-mconf does not end with its terminal, it reads on in a loop."""
        for pid in members(self.session):
            os.kill(pid, signal.SIGKILL)
        run("tmux", "-S", self.socket, "kill-server")


@pytest.fixture
def session(tmp_path):
    made = Terminal(tmp_path / "tmux", f"make O={tmp_path}/out menuconfig")
    yield made
    made.end()


def change(terminal):
    terminal.shows("Applets")
    terminal.go_to("Applets")
    terminal.press("Enter")
    terminal.shows("s6-tlsc: ")
    terminal.go_to("s6-tlsc: ")
    terminal.press("n")
    terminal.shows(r"\[ \] s6-tlsc: ")
    terminal.press("Escape", "Escape")
    terminal.shows("Hardening|Engine")
    terminal.go_to("Engine")
    terminal.press("Enter")
    terminal.shows("TLS 1.3 is always there")
    terminal.go_to("client certificates")
    terminal.press("n")
    terminal.shows(r"\[ \] client certificates")
    terminal.go_to("limit of the handshake")
    terminal.press("Enter")
    terminal.shows("Please enter|30000")
    terminal.press(*["BSpace"] * 5, "4", "0", "0", "Enter")
    terminal.shows(r"\(400\) limit of the handshake")


def save_and_leave(terminal):
    for _ in range(2):
        terminal.press("Escape", "Escape")
        time.sleep(0.5)
    terminal.shows("save your new configuration")
    terminal.press("Enter")
    assert eventually(terminal.ended, 60)


def test_a_newcomer_s_choice_in_menuconfig_is_what_is_built_and_run(session, tmp_path, launch):
    out = tmp_path / "out"
    change(session)
    save_and_leave(session)
    before = (TOP / "build/configs/default").read_text().splitlines()
    after = (out / ".config").read_text().splitlines()
    assert set(before) ^ set(after) == {
        "CONFIG_S6_TLSC=y", "# CONFIG_S6_TLSC is not set",
        "CONFIG_CLIENT_CERTS=y", "# CONFIG_CLIENT_CERTS is not set",
        "CONFIG_HANDSHAKE_LIMIT=30000", "CONFIG_HANDSHAKE_LIMIT=400"}

    done = run("make", "-s", "-j2", f"O={out}", "WERROR=1", env={**os.environ, "CFLAGS": "-O0"})
    assert done.returncode == 0 and done.stderr == ""
    assert set(run(out / "s6-tls", "--list").stdout.split()) == set(APPLETS) - {"s6-tlsc"}
    assert run(out / "s6-tls", "s6-tlsc", "true").returncode == 100
    refused = run(out / "s6-tls", "s6-tlsd", "-y", "true")
    assert refused.returncode == 100 and "client certificates are not built in" in refused.stderr


    start = time.monotonic()
    silent = launch.on_stdio([out / "s6-tls", "s6-tlsd", "true"])
    assert silent.wait() == 98 and 0.4 <= time.monotonic() - start < 15
    assert "TLS handshake not done in time" in silent.stderr()
