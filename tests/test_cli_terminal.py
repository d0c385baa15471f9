"""What is asked on a terminal, and what never appears on one."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.fixtures_desk import Desk
from tests.fixtures_processes import ROOT


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, process: subprocess.Popen[bytes], descriptor: int) -> None:
        self._process = process
        self._descriptor = descriptor
        self.shown = ""

    def wait_for(self, words: str) -> None:
        """Read until the words are shown."""
        deadline = time.monotonic() + 20
        while words not in self.shown:
            assert time.monotonic() < deadline, self.shown
            self._read()

    def type(self, text: str) -> None:
        """Type something and press Enter; "\\x03" is Ctrl-C."""
        os.write(self._descriptor, text.encode() if text == "\x03" else f"{text}\n".encode())

    def end(self) -> int:
        """The exit code, once the command has ended and everything was read."""
        while self._process.poll() is None:
            self._read()
        self._read()
        return self._process.returncode

    def _read(self) -> None:
        if select.select([self._descriptor], [], [], 0.05)[0]:
            with suppress(OSError):  # the other end is closed
                self.shown += os.read(self._descriptor, 65536).decode()


@contextmanager
def terminal(desk: Desk, *arguments: str, columns: int = 200) -> Iterator[Terminal]:
    """`kurasync` with these arguments on a terminal; killed at the end if it is still there."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", "from app.cli import main; main()", *arguments],
        cwd=ROOT,
        env={**os.environ, **desk.environ, "PYTHONPATH": str(ROOT), "COLUMNS": str(columns), "TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: _take_terminal(theirs),
    )
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def _take_terminal(descriptor: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # ignored where the suite itself runs in the background
    fcntl.ioctl(descriptor, termios.TIOCSCTTY, 0)


def test_a_token_is_asked_for_and_not_shown(desk: Desk) -> None:
    with terminal(desk, "site", "add", "uni", desk.moodle.url) as shown:
        shown.wait_for("Token of the service user")
        shown.type(desk.moodle.token)
        assert shown.end() == 0
    assert "Added uni" in shown.shown
    assert desk.moodle.token not in shown.shown


def test_ctrl_c_at_a_question_is_quiet_and_changes_nothing(desk: Desk) -> None:
    with terminal(desk, "site", "add", "uni", desk.moodle.url) as shown:
        shown.wait_for("Token of the service user")
        shown.type("\x03")
        assert shown.end() == 130
    assert "Traceback" not in shown.shown
    assert desk.json("site", "list") == []


def test_a_hold_is_shown_before_its_approval_is_asked_for(desk: Desk) -> None:
    desk.enrol(2)
    desk.map()
    desk.work()
    with terminal(desk, "holds", "approve", "1") as shown:
        shown.wait_for("Approve these 2 actions? [y/N]")
        assert re.search("Given1 Family1 .*not there -> invited", shown.shown)
        shown.type("n")
        assert shown.end() == 1
    assert "Nothing was changed." in shown.shown
    with terminal(desk, "holds", "approve", "1") as shown:
        shown.wait_for("[y/N]")
        shown.type("y")
        assert shown.end() == 0
    assert desk.json("holds", "list")[0]["state"] == "approved"


def test_a_removal_is_asked_for(desk: Desk) -> None:
    desk.map()
    with terminal(desk, "mapping", "remove", "1") as shown:
        shown.wait_for("Its students stay in kuraCloud and can be edited there again. [y/N]")
        shown.type("y")
        assert shown.end() == 0
    assert desk.json("mapping", "list") == []


def test_ctrl_c_while_waiting_for_a_run_is_quiet(desk: Desk) -> None:
    desk.map()
    with terminal(desk, "sync", "1", "--wait") as shown:
        shown.wait_for("Waiting for a worker.")
        shown.type("\x03")
        assert shown.end() == 130
    assert "Traceback" not in shown.shown


def test_sentences_break_between_words_and_what_is_to_be_typed_does_not(desk: Desk) -> None:
    desk.map()
    with terminal(desk, "site", "secret", "add", "uni", columns=60) as shown:
        assert shown.end() == 0
    lines = shown.shown.splitlines()
    assert all(len(line) <= 60 for line in lines if not line.startswith(" ") and "http" not in line)
    assert any(re.fullmatch(r"    Authorization: Bearer whsec_\w{40}", line) for line in lines)


def test_an_error_breaks_between_words_too(desk: Desk) -> None:
    with terminal(desk, "plan", "nowhere", columns=40) as shown:
        assert shown.end() == 1
    assert max(map(len, shown.shown.splitlines())) <= 40
    assert "names no mapping" in " ".join(shown.shown.split())
