"""Keeps child processes running until a signal says stop: the processes of `kurasync up`, and the workers."""

from __future__ import annotations

import os
import selectors
import signal
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import IO

from app.children import Child
from app.forks import freeze

_RESPAWN = 1.0
_LOOK = 0.1
_CHUNK = 65536

Died = Callable[[Child, int], None]
Show = Callable[[str, str], None]


class Supervisor:
    """Starts tiers of children in order, restarts those that end, stops the tiers in reverse order.

    `patience` is how many seconds a tier has to stop before it is killed. `died` is told (child, exit status) each
    time one ends before its time. `show` gets (name, line) of what piped children write.
    """

    def __init__(
        self, tiers: Sequence[Sequence[Child]], *, patience: float, died: Died, show: Show | None = None
    ) -> None:
        self._tiers = tiers
        self._patience = patience
        self._died = died
        self._lines = _Lines(show) if show else None
        self._ended: set[Child] = set()
        self._stopping = False

    def run(self) -> None:
        """Returns after SIGTERM, SIGINT or SIGHUP, when every child has ended.

        Raises what a child's `ready` raises; no child is left then either.
        """
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)
        freeze()
        try:
            self._start()
            while not self._stopping:
                self._pause(_LOOK)
                for child in self._children():
                    self._look_after(child)
        finally:
            for tier in reversed(self._tiers):
                self._end(tier)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _children(self) -> list[Child]:
        return [child for tier in self._tiers for child in tier]

    def _start(self) -> None:
        for child in self._children():
            if self._stopping:
                return
            self._spawn(child)
            if child.ready:
                child.ready(child)

    def _spawn(self, child: Child) -> None:
        child.start()
        self._ended.discard(child)
        if self._lines and child.output:
            self._lines.follow(child.name, child.output)

    def _look_after(self, child: Child) -> None:
        status = child.status
        if status is None or self._stopping:
            return
        if child not in self._ended:
            self._ended.add(child)
            child.kill()  # whatever it left behind in its process group
            self._died(child, status)
        if time.monotonic() - child.started_at >= _RESPAWN:
            self._spawn(child)

    def _end(self, tier: Sequence[Child]) -> None:
        for child in tier:
            child.send(signal.SIGTERM)
        deadline = time.monotonic() + self._patience
        while any(child.status is None for child in tier) and time.monotonic() < deadline:
            self._pause(_LOOK)
        for child in tier:
            child.kill()
        if self._lines:
            self._lines.read_all()

    def _pause(self, seconds: float) -> None:
        if self._lines:
            self._lines.read(seconds)
        else:
            time.sleep(seconds)


class _Lines:
    """Whole lines from the pipes of several children, as they come."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self._pipes = selectors.DefaultSelector()
        self._begun: dict[IO[bytes], bytes] = {}

    def follow(self, name: str, pipe: IO[bytes]) -> None:
        """Show what comes out of this pipe until it is closed."""
        self._begun[pipe] = b""
        self._pipes.register(pipe, selectors.EVENT_READ, (name, pipe))

    def read_all(self) -> None:
        """Show everything that was written so far."""
        while self.read(0):
            pass

    def read(self, seconds: float) -> bool:
        """Show what there is, waiting for it up to this time; whether there was anything."""
        readable = self._pipes.select(seconds)
        for key, _ in readable:
            name, pipe = key.data
            self._take(name, pipe, os.read(key.fd, _CHUNK))
        return bool(readable)

    def _take(self, name: str, pipe: IO[bytes], chunk: bytes) -> None:
        *lines, rest = (self._begun[pipe] + chunk).split(b"\n")
        if not chunk:
            lines, rest = [rest] if rest else [], b""
            self._pipes.unregister(pipe)
            del self._begun[pipe]
            pipe.close()
        else:
            self._begun[pipe] = rest
        for line in lines:
            self._show(name, line.decode(errors="replace"))
