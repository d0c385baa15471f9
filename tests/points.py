"""The steps of a run, of the receiver and of the clock, by name: something can be made to happen at each of them.

`before X` and `after X` are around a call, `in X` just before its transaction commits. The product knows nothing of
it: its functions are wrapped where they are looked up.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from sqlalchemy import Engine, event

from app import queues
from app.clients.kuracloud import KuraCloudClient
from app.clients.moodle import MoodleClient
from app.store import worklist
from app.sync import bonds, roster, together, turn
from app.sync.apply import Apply
from app.sync.record import Record

Passing = Callable[[str], None]
Patch = Callable[[Any, str, Any], None]

WRITES = ("restore_students", "edit_students", "add_students", "delete_students")
"""The operations of a run, in its order."""

_CALLS: tuple[tuple[Any, str, str], ...] = (
    (turn, "_claim", "claim"),
    (MoodleClient, "gradable", "reading Moodle"),
    (roster, "read_kuracloud", "reading kuraCloud"),
    (roster, "_look", "look"),
    (bonds, "tie", "linking"),
    (Apply, "_shown", "read-back"),
    (bonds, "settle", "linking the new"),
    (roster, "_end", "holding"),
    (worklist, "release", "release"),
    (turn, "settle", "settling"),
    (together, "accept", "intake"),
)
"""(where it is looked up, its name there, its name as a step)."""

_thread = threading.local()


def install(patch: Patch, passing: Passing) -> None:
    """Call `passing` with the name of each step; `patch` is setattr, or pytest's."""
    for owner, name, step in _CALLS:
        patch(owner, name, _wrapped(getattr(owner, name), step, passing))
    for operation in WRITES:
        patch(KuraCloudClient, operation, _wrapped(getattr(KuraCloudClient, operation), operation, passing))
    patch(Record, "_begin", _of_a_write(Record._begin, "writing down", passing))
    patch(Record, "_end", _of_a_write(Record._end, "writing the end of", passing))
    patch(worklist, "reap", _reap(worklist.reap, passing))
    patch(queues, "enqueue", _enqueue(queues.enqueue, passing))


@contextmanager
def committing(passing: Passing) -> Iterator[None]:
    """As long as the block runs, each commit inside a step is a step: `in X`."""

    def commits(_connection: object) -> None:
        if step := getattr(_thread, "step", ""):
            passing(f"in {step}")

    event.listen(Engine, "commit", commits)
    yield
    event.remove(Engine, "commit", commits)


def _wrapped(original: Callable[..., Any], step: str, passing: Passing) -> Callable[..., Any]:
    @wraps(original)
    def passed(*given: Any, **named: Any) -> Any:
        passing(f"before {step}")
        outer, _thread.step = getattr(_thread, "step", ""), step
        try:
            result = original(*given, **named)
        finally:
            _thread.step = outer
        passing(f"after {step}")
        return result

    return passed


def _of_a_write(original: Callable[..., Any], doing: str, passing: Passing) -> Callable[..., Any]:
    """The record of one request: which one is in the first argument of its beginning, and nowhere in its end."""

    def passed(record: Record[Any], first: str, *given: Any, **named: Any) -> Any:
        if first in WRITES:
            _thread.operation = first
        return _wrapped(original, f"{doing} {_thread.operation}", passing)(record, first, *given, **named)

    return passed


# The clock looks each tick: its steps are only those where there is something to do.


def _reap(original: Callable[..., Any], passing: Passing) -> Callable[..., Any]:

    def passed(*given: Any, **named: Any) -> Any:
        taken = original(*given, **named)
        if taken:
            passing("in reaping")
        return taken

    return passed


def _enqueue(original: Callable[..., Any], passing: Passing) -> Callable[..., Any]:
    def passed(redis: Any, targets: Any, *, timeout: int) -> None:
        enqueue = _wrapped(original, "enqueuing", passing) if targets else original
        enqueue(redis, targets, timeout=timeout)

    return passed
