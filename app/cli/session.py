"""What a command works with: a kit on a database that is up to date, and the name under which it acts."""

from __future__ import annotations

import functools
import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Concatenate, ParamSpec, TypeVar

from app import kit as kits
from app import settings
from app.kit import Kit
from app.setup import database

P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def opened() -> Iterator[Kit]:
    """A kit for the settings of the environment.

    Raises SettingsError when one cannot be used, Refused when the database has not been brought up to date.
    """
    kit = kits.make(database.usable(settings.load()))
    try:
        database.require_current(kit.database)
        yield kit
    finally:
        kit.close()


def with_kit(command: Callable[Concatenate[Kit, P], R]) -> Callable[P, R]:
    """Give a command a kit as its first argument."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with opened() as kit:
            return command(kit, *args, **kwargs)

    return run


def actor() -> str:
    """Who acts, for the audit log: the user of this machine."""
    try:
        return f"cli:{getpass.getuser()}"
    except (OSError, KeyError):
        return "cli"
