"""Child processes that never outlive their parent, however it ends: programs, and copies of this process."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import IO, Any, Protocol

# Looked up before any fork: between fork and exec nothing may be imported or allocated needlessly.
_prctl: Callable[..., int] | None = getattr(ctypes.CDLL(None), "prctl", None)
_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15
_LOOK = 0.02


def tether(parent: int) -> None:
    """Let the kernel kill this process as soon as the thread that started it, of the process `parent`, is gone."""
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def show_as(name: str) -> None:
    """The name, of 15 letters at most, under which `top`, `pgrep` and `ps -e` know this process: copies look alike."""
    if _prctl is not None:
        _prctl(_PR_SET_NAME, name.encode())


class Process(Protocol):
    """A process that was started; subprocess.Popen is one."""

    @property
    def pid(self) -> int: ...

    @property
    def stdout(self) -> IO[Any] | None: ...

    def poll(self) -> int | None: ...

    def wait(self) -> object: ...


Start = Callable[[], Process]


class Child:
    """One process that is kept running: start it from the main thread, ask whether it ended, stop it.

    `start` makes it: `program` below, or app.forks.copy. It has a session of its own, so that Ctrl+C in a terminal
    reaches its parent alone. `ready` is called after the first start and returns when the child can be used.
    """

    def __init__(self, name: str, start: Start, *, ready: Callable[[Child], None] | None = None) -> None:
        self.name = name
        self.ready = ready
        self.started_at = 0.0
        self._start = start
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        """The process id of the last start, 0 before the first."""
        return self._process.pid if self._process else 0

    @property
    def output(self) -> IO[bytes] | None:
        """What a piped child writes to standard output and standard error."""
        return self._process.stdout if self._process else None

    @property
    def status(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self._process.poll() if self._process else 0

    def start(self) -> None:
        """Start it; raises OSError when there is no such program."""
        self.started_at = time.monotonic()
        self._process = self._start()

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        if self.status is None:
            os.kill(self.pid, number)

    def wait(self, seconds: float) -> bool:
        """Whether it ended within this time."""
        deadline = time.monotonic() + seconds
        while self.status is None and time.monotonic() < deadline:
            time.sleep(_LOOK)
        return self.status is not None

    def kill(self) -> None:
        """End it and its whole process group at once."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()


def program(command: Sequence[str]) -> Start:
    """How a program is started, for Child."""

    def start() -> Process:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=partial(tether, os.getpid())
        )

    return start
