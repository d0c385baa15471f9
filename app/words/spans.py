"""Lengths of time as people say them."""

from __future__ import annotations

_UNITS = ((172_800.0, 86_400.0, "days"), (7200.0, 3600.0, "hours"), (120.0, 60.0, "minutes"))


def span(seconds: float) -> str:
    """`0.4 s`, `42 s`, `5 minutes`, `3 hours`, `9 days`."""
    for least, unit, name in _UNITS:
        if seconds >= least:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
