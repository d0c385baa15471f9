"""What is carried out once, though it came twice: a signed request that somebody caught and sends again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from app.web.problems import Refusal
from schemas.problem import Problem

_MOST = 10_000
_REPEATED = "This was carried out before. Look at the page again."


class Once:
    """Remembers for `span` seconds, in this process, what was carried out."""

    def __init__(self, span: float) -> None:
        self._span = span
        self._done: dict[str, float] = {}
        self._lock = threading.Lock()

    @contextmanager
    def only(self, name: str) -> Iterator[None]:
        """Around what is done under this name; refuses a second time. What failed may be tried again."""
        self._begin(name)
        try:
            yield
        except BaseException:
            with self._lock:
                self._done.pop(name, None)
            raise

    def _begin(self, name: str) -> None:
        with self._lock:
            now = time.monotonic()
            self._forget(now - self._span)
            if name in self._done:
                raise Refusal(Problem(409, "repeated", _REPEATED))
            self._done[name] = now

    def _forget(self, before: float) -> None:
        """Those before a time, and the oldest where there are too many."""
        while self._done:
            oldest = next(iter(self._done))
            if self._done[oldest] >= before and len(self._done) < _MOST:
                return
            del self._done[oldest]
