"""Deliveries that arrive together share one commit: a disk makes only so many of them a second."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as WaitedTooLong

from app.kit import Kit
from app.sync.intake import Accepted, Parcel, accept


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A parcel that waits for its commit, and what will have come of it."""

    parcel: Parcel
    outcome: Future[Accepted] = field(default_factory=Future)


class Intake:
    """Accepts the parcels of many threads: whoever finds nobody committing commits for all who wait."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._committing = threading.Lock()
        self._waiting: deque[_Waiting] = deque()

    def accept(self, parcel: Parcel) -> Accepted:
        """Committed when it returns; raises what kept it from being committed."""
        mine = _Waiting(parcel)
        self._waiting.append(mine)
        with self._committing:
            if not mine.outcome.done():
                self._commit(self._everybody())
        return mine.outcome.result(timeout=0)

    def _everybody(self) -> list[_Waiting]:
        # Others may join meanwhile: they are not counted, and are next.
        return [self._waiting.popleft() for _ in range(len(self._waiting))]

    def _commit(self, group: Sequence[_Waiting]) -> None:
        try:
            accepted = accept(self._kit, [each.parcel for each in group])
        except (OperationalError, InterfaceError, WaitedTooLong) as error:
            _fail(group, error)
        except Exception as error:
            if len(group) == 1:
                _fail(group, error)
            else:
                self._one_by_one(group)
        else:
            for each, result in zip(group, accepted, strict=True):
                each.outcome.set_result(result)

    def _one_by_one(self, group: Sequence[_Waiting]) -> None:
        """Nobody suffers from what is in somebody else's parcel."""
        for each in group:
            self._commit([each])


def _fail(group: Sequence[_Waiting], error: Exception) -> None:
    for each in group:
        each.outcome.set_exception(error)
