"""Form fields as PHP reads them: brackets make arrays, and what is beyond max_input_vars is dropped without a word."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeAlias

Fields: TypeAlias = "dict[str, str | Fields]"

_KEY = re.compile(r"\[([^\]]*)\]")


def parsed(pairs: Iterable[tuple[str, str]], max_input_vars: int) -> Fields:
    """Nest: `a[0][name]=x` gives {"a": {"0": {"name": "x"}}}; `a[]` counts up; of equal names the last counts."""
    fields: Fields = {}
    for number, (name, text) in enumerate(pairs):
        if number >= max_input_vars:
            break
        _put(fields, _path(name), text)
    return fields


def _path(name: str) -> list[str]:
    first, bracket, _ = name.partition("[")
    return [first, *_KEY.findall(name[len(first) :])] if bracket and first else [name]


def _put(fields: Fields, path: list[str], text: str) -> None:
    key = path[0] or _next_index(fields)
    if len(path) == 1:
        fields[key] = text
        return
    below = fields.get(key)
    if not isinstance(below, dict):
        below = fields[key] = {}
    _put(below, path[1:], text)


def _next_index(fields: Fields) -> str:
    return str(max((int(key) for key in fields if key.isdigit()), default=-1) + 1)
