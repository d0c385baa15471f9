"""The header Retry-After: how long the other side wants to be left alone."""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

LONGEST = 86_400.0
"""Seconds; nobody means more, and a mistake there must not stop a connection for good."""


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from a number or an HTTP date; None when it is absent or unreadable."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdecimal():
        return min(float(text), LONGEST)
    then = _moment(text)
    if then is None:
        return None
    # Their clock is compared with their clock, where they say what it shows.
    now = _moment(headers.get("Date", "")) or time.time()
    return min(max(then - now, 0.0), LONGEST)


def _moment(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None
