"""What every part of the simulated Moodle shares: its tables, its clock, its events and its lock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from sandbox.moodle.events import ACTOR, Event, event
from sandbox.moodle.records import Context
from sandbox.moodle.rights import Rights
from sandbox.moodle.state import Site
from sandbox.moodle.switches import Switches

P = ParamSpec("P")
R = TypeVar("R")
Acting = TypeVar("Acting", bound="Core")


class Listener(Protocol):
    """Who is told of events: a sender. `in_transaction`: not of those in a transaction that is rolled back."""

    in_transaction: bool

    def accept(self, event: Event, wwwroot: str) -> None:
        """Take an event over; must not wait for anything."""

    def close(self) -> None:
        """Stop sending."""


class Core(Switches):
    """The simulator without its actions and without its web service.

    `now` gives seconds since the epoch and may be replaced. `events` are all events since the start, as get_data()
    dicts; each sender in `senders` is told of every new one. `wwwroot` is Moodle's own address, "" for any.
    `service_functions` are the functions of the service that `token` is for. `has_plugin`: ours is installed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.RLock()
        self.now: Callable[[], float] = time.time
        self.site = Site()
        self.rights = Rights()
        self.events: list[Event] = []
        self.senders: list[Listener] = []
        self.wwwroot = ""
        self.token = "sandbox-moodle-token"
        self.service_functions: set[str] = set()
        self.has_plugin = False

    def _time(self) -> int:
        return int(self.now())

    def _raise_event(
        self,
        name: str,
        context: Context,
        objectid: int | str | None,
        relateduserid: int | str | None = None,
        other: object = None,
        userid: int | str = str(ACTOR),
    ) -> None:
        happened = event(name, context, objectid, self._time(), relateduserid, other, userid)
        self.events.append(happened)
        for sender in list(self.senders):
            sender.accept(happened, self.wwwroot)


def action(method: Callable[Concatenate[Acting, P], R]) -> Callable[Concatenate[Acting, P], R]:
    """Make a method one step of Moodle: nobody reads or changes anything while it runs."""

    @wraps(method)
    def locked(self: Acting, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.lock:
            return method(self, *args, **kwargs)

    return locked
