"""A value as people read it."""

from __future__ import annotations

from datetime import datetime


def cell(value: object) -> str:
    """A value as people read it: times in local time, yes and no, lists with commas."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.1f}"
        case datetime():
            return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        case list() | tuple():
            return ", ".join(cell(each) for each in value)
        case dict():
            return ", ".join(f"{cell(each)} {key}" for key, each in value.items())
    return str(value)
