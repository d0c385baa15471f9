"""Times as lists and programs get them."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(epoch: float | None) -> datetime | None:
    """A time (seconds since the epoch; None: never) as lists hold it."""
    return None if epoch is None else datetime.fromtimestamp(epoch, UTC)
