"""What the address or the form of a request says, checked."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from flask import request

from app.errors import Refused

Word = TypeVar("Word", bound=str)

_DIGITS = 18  # of the largest number that every database holds


def text(name: str) -> str | None:
    """What was typed; None: nothing."""
    return request.values.get(name, "").strip() or None


def number(name: str) -> int | None:
    """A number; raises Refused where it is something else."""
    given = text(name)
    if given is None:
        return None
    if not (given.isascii() and given.isdecimal() and len(given) <= _DIGITS):
        raise Refused(f"{name.capitalize()} must be a number.")
    return int(given)


def one_of(name: str, known: Collection[Word]) -> Word | None:
    """One of several words; raises Refused where it is another."""
    given = text(name)
    if given is None:
        return None
    for each in known:
        if each == given:
            return each
    raise Refused(f"{name.capitalize()} must be one of: {', '.join(known)}.")


def yes_or_no(name: str) -> bool | None:
    """Yes or no; None: either."""
    given = one_of(name, ("yes", "no"))
    return None if given is None else given == "yes"


def begin_of_day(name: str, days_later: int = 0) -> float | None:
    """When a day (YYYY-MM-DD) begins in UTC, or one so many days later; raises Refused where it is none."""
    given = text(name)
    if given is None:
        return None
    try:
        day = date.fromisoformat(given) + timedelta(days=days_later)
    except (ValueError, OverflowError):
        raise Refused(f"{name.capitalize()} must be a day, as in 2026-01-31.") from None
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def given(*names: str) -> dict[str, Any]:
    """What was given of these, to be carried on."""
    return {name: value for name in names if (value := text(name)) is not None}
