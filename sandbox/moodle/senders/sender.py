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


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for a post; `status` None: no answer. `retry_after` is in seconds, 0 for none."""

    status: int | None
    body: str = ""
    retry_after: float = 0.0
    is_page: bool = False

    @property
    def is_received(self) -> bool:
        """2xx, and not the page of a login or a proxy."""
        return self.status is not None and 200 <= self.status < 300 and not self.is_page


class Sender(ABC):
    """Posts events to `url`, either when `flush()` is called, or, with `background`, from a thread as soon as it can.

    `retry_after` is how long the thread waits before it tries again what failed, in seconds. `answers` are the status
    codes received so far, None where no answer came. `in_transaction`: what a transaction that is rolled back told it
    of, it has not been told of.
    """

    in_transaction = False

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
        self._reply = Reply(None)
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

    def _told_of(self) -> list[Occurrence]:
        """What it was told of and has not tried to post."""
        with self._news:
            return list(self._queue)

    def _pause(self) -> float:
        """How many seconds the thread waits after a failure."""
        return self._retry_after

    def _post(self, body: str, headers: dict[str, str]) -> int | None:
        """Post a body; the status code, or None when no answer came."""
        self._reply = self._posted(body, headers)
        self.answers.append(self._reply.status)
        return self._reply.status

    def _reply_to(self, body: str, headers: dict[str, str]) -> Reply:
        """Post a body; all that came back."""
        status = self._post(body, headers)
        return self._reply if self._reply.status == status else Reply(status)

    def _posted(self, body: str, headers: dict[str, str]) -> Reply:
        try:
            answer = self._session.post(
                self.url, body.encode(), headers=headers, timeout=_TIMEOUT, allow_redirects=False
            )
        except requests.RequestException:
            return Reply(None)
        asked = answer.headers.get("Retry-After", "")
        page = answer.headers.get("Content-Type", "").startswith("text/html")
        return Reply(answer.status_code, answer.text, float(asked) if asked.isdigit() else 0.0, page)

    def _run(self) -> None:
        while not self._is_closed():
            done = self.flush()
            with self._news:
                if not done:
                    self._news.wait_for(self._is_closed, self._pause())
                elif not self._queue and not self._is_closed():
                    self._news.wait()

    def _is_closed(self) -> bool:
        return self._closed
