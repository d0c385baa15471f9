"""Lists that are read on by the number of their last row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Row = TypeVar("Row")

LIMIT = 50
"""Rows of a page."""


def page(found: Sequence[Row], key: Callable[[Row], object], limit: int = LIMIT) -> tuple[Sequence[Row], object]:
    """The rows of a page and what the next one begins after, None: this was all; `found` has one more than `limit`."""
    shown = found[:limit]
    return shown, key(shown[-1]) if len(found) > limit else None
