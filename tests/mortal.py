"""A process that something happens to at a chosen point: it is killed, told to stop, or overtaken by people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from app.store.db import Database


class Killed(BaseException):
    """What SIGKILL is to a process; nothing in the program catches it."""


class Fate:
    """Counts the points that a run passes, and does its deed at one of them.

    Points are: before each remote request, and before, within and after each transaction.
    """

    def __init__(self) -> None:
        self._left = -1
        self._deed: Callable[[], None] = lambda: None

    def arm(self, points: int, deed: Callable[[], None]) -> None:
        """Let the deed be done at the point after so many others."""
        self._left, self._deed = points, deed

    def disarm(self) -> None:
        """Let nothing happen."""
        self._left = -1

    def pass_by(self) -> None:
        """Another point."""
        self._left -= 1
        if self._left == -1:
            self._deed()


def die() -> None:
    """The deed of SIGKILL."""
    raise Killed


class MortalDatabase(Database):
    """A database that a process uses which may die around and inside each transaction."""

    fate: Fate

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """As Database.transaction, with three points: before it, before its commit, and after that."""
        self.fate.pass_by()
        with super().transaction() as connection:
            yield connection
            self.fate.pass_by()
        self.fate.pass_by()
