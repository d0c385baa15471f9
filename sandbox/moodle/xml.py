"""Moodle's XML answers, which come when the caller forgets moodlewsrestformat=json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from sandbox.moodle.errors import MoodleError

_HEAD = '<?xml version="1.0" encoding="UTF-8" ?>\n'


def answer(value: object, keys: Mapping[str, bool]) -> str:
    """An answer; `keys` are those of each row of a list: missing ones are null, or an empty list where True."""
    rows = [{**_blank(keys), **row} for row in value] if keys and isinstance(value, list) else value
    return f"{_HEAD}<RESPONSE>\n{_element(rows)}</RESPONSE>\n"


def error(problem: MoodleError, debugging: bool) -> str:
    """An exception."""
    debuginfo = f"<DEBUGINFO>{escape(problem.debuginfo)}</DEBUGINFO>\n" if debugging else ""
    code = f"<ERRORCODE>{escape(problem.errorcode or '')}</ERRORCODE>\n"
    message = f"<MESSAGE>{escape(problem.message)}</MESSAGE>\n"
    return f'{_HEAD}<EXCEPTION class="{escape(problem.exception)}">\n{code}{message}{debuginfo}</EXCEPTION>'


def _blank(keys: Mapping[str, bool]) -> dict[str, Any]:
    return {name: [] if is_list else None for name, is_list in keys.items()}


def _element(value: object) -> str:
    if isinstance(value, dict):
        keys = "".join(f'<KEY name="{escape(str(name))}">{_element(item)}</KEY>\n' for name, item in value.items())
        return f"<SINGLE>\n{keys}</SINGLE>\n"
    if isinstance(value, list):
        return f"<MULTIPLE>\n{''.join(_element(item) for item in value)}</MULTIPLE>\n"
    if value is None:
        return '<VALUE null="null"/>\n'
    return f"<VALUE>{escape(str(int(value) if isinstance(value, bool) else value))}</VALUE>\n"
