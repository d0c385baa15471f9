"""Child processes that never outlive their parent, however it ends."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import IO

# Looked up before any fork: between fork and exec nothing may be imported or allocated needlessly.
_prctl: Callable[[int, int], int] | None = getattr(ctypes.CDLL(None), "prctl", None)
_PR_SET_PDEATHSIG = 1


def tether(parent: int) -> None:
    """Let the kernel kill this process as soon as the thread that started it, of the process `parent`, is gone."""
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


class Child:
    """One command that is kept running: start it from the main thread, ask whether it ended, stop it.

    It has a session of its own, so that Ctrl+C in a terminal reaches its parent alone. `ready` is called after the
    first start and returns when the child can be used.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environ: Mapping[str, str] | None = None,
        descriptors: Sequence[int] = (),
        piped: bool = False,
        ready: Callable[[Child], None] | None = None,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.ready = ready
        self.started_at = 0.0
        self._environ = environ
        self._descriptors = descriptors
        self._piped = piped
        self._process: subprocess.Popen[bytes] | None = None

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
        """Start the command; raises OSError when there is no such program."""
        self.started_at = time.monotonic()
        self._process = subprocess.Popen(
            self.command,
            env=None if self._environ is None else {**os.environ, **self._environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if self._piped else None,
            stderr=subprocess.STDOUT if self._piped else None,
            pass_fds=tuple(self._descriptors),
            start_new_session=True,
            preexec_fn=partial(tether, os.getpid()),
        )

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        if self._process is not None and self.status is None:
            self._process.send_signal(number)

    def wait(self, seconds: float) -> bool:
        """Whether it ended within this time."""
        if self._process is None:
            return True
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self.status is not None

    def kill(self) -> None:
        """End it and its whole process group at once."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
