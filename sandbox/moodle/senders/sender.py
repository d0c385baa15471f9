"""What all senders share: a queue of events, and somebody who empties it."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from time import time
from uuid import uuid4

import requests

from sandbox.moodle.events import Event
from sandbox.moodle.senders.disorder import Disorder

_TIMEOUT = 10.0
THREAD = "sandbox-moodle-sender"
"""The name of the threads of senders in the background."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event on its way. `number` counts what the sender was told of, from 1; `wwwroot` is the Moodle it comes from.

    `id` is the event's own, the same whenever and however often it is sent.
    """

    number: int
    event: Event
    wwwroot: str
    id: str = field(default_factory=lambda: str(uuid4()))


class Sender(ABC):
    """Posts events to `url`, either when `flush()` is called, or, with `background`, from a thread as soon as it can.

    `retry_after` is how long the thread waits before it tries again what failed, in seconds. `answers` are the status
    codes received so far, None where no answer came.
    """

    def __init__(
        self, url: str, disorder: Disorder | None = None, background: bool = False, retry_after: float = 0.2
    ) -> None:
        self.url = url
        self.answers: list[int | None] = []
        self.clock: Callable[[], float] = time
        self.disorder = disorder or Disorder()
        self._retry_after = retry_after
        self._session = requests.Session()
        self._session.trust_env = False
        self._told = 0
        self._queue: list[Occurrence] = []
        self._news = threading.Condition()
        self._posting = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=THREAD, daemon=True) if background else None
        if self._thread:
            self._thread.start()

    def accept(self, event: Event, wwwroot: str) -> None:
        """Take an event over."""
        with self._news:
            self._told += 1
            self._queue.append(Occurrence(self._told, event, wwwroot))
            self._news.notify()

    def flush(self) -> bool:
        """Post what is waiting, each thing once; True when nothing is left to be tried again."""
        with self._posting:
            with self._news:
                told, self._queue = self._queue, []
            self._deliver(self.disorder.applied([(item.number - 1, item) for item in told]))
            return not self._unsent()

    def close(self) -> None:
        """Stop the thread, if there is one. What was not sent stays unsent."""
        with self._news:
            self._closed = True
            self._news.notify()
        if self._thread:
            self._thread.join()
        self._session.close()

    @abstractmethod
    def _deliver(self, occurrences: list[Occurrence]) -> None:
        """Post new events, and again what failed before."""

    def _unsent(self) -> int:
        """How much is kept to be tried again."""
        return 0

    def _post(self, body: str, headers: dict[str, str]) -> int | None:
        """Post a body; the status code, or None when no answer came."""
        try:
            answer = self._session.post(
                self.url, body.encode(), headers=headers, timeout=_TIMEOUT, allow_redirects=False
            )
            status: int | None = answer.status_code
        except requests.RequestException:
            status = None
        self.answers.append(status)
        return status

    def _run(self) -> None:
        while not self._is_closed():
            done = self.flush()
            with self._news:
                if not self._queue and not self._is_closed():
                    self._news.wait(None if done else self._retry_after)

    def _is_closed(self) -> bool:
        return self._closed
