"""What templates ask about values in order to draw them: the filters, tests and functions of `_macros.html`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from flask import Flask, request, url_for
from markupsafe import Markup, escape

from app.web.console import charts, menu
from app.words import moments
from app.words.cells import cell
from app.words.section import Row

_NOTHING: tuple[object, ...] = (None, "", [], {}, ())
_MAY_BREAK = re.compile(r"(?<=\S{24}[@._-])|(?<=\S{60})")


def register(app: Flask) -> None:
    """Give them to the templates of an application."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        cell=readable, moment=moment, filled=filled, numeric=numeric, capital=capital, pairs=pairs
    )
    app.jinja_env.tests["moment_value"] = is_moment
    app.jinja_env.globals.update(here=here, shown_menu=menu.shown, drawn=charts.drawn)


def moment(at: datetime | float) -> datetime:
    """A time as a datetime, also one in seconds since the epoch."""
    if isinstance(at, datetime):
        return at
    made = moments.moment(at)
    assert made is not None
    return made


def readable(value: object) -> Markup:
    """A value as people read it on a page, with places where a very long address may go on in the next line."""
    return Markup("<wbr>").join(escape(piece) for piece in _MAY_BREAK.split(_arrows(cell(value))))


def is_moment(value: object) -> bool:
    """Whether a value is a time that says so by its type."""
    return isinstance(value, datetime)


def filled(rows: Sequence[Row], titles: Mapping[str, str]) -> list[str]:
    """The columns in which any row has something."""
    return [key for key in titles if any(row.get(key) not in _NOTHING for row in rows)]


def numeric(rows: Sequence[Row], key: str) -> bool:
    """Whether a column holds amounts, which stand to the right; numbers that are names do not."""
    values = [row.get(key) for row in rows]
    return any(_is_amount(each) for each in values) and not _names(key)


def capital(text: str) -> str:
    """The text with a capital letter at its beginning; names such as kuraCloud keep theirs."""
    shown = _arrows(text)
    return shown if shown.startswith("kura") else shown[:1].upper() + shown[1:]


def pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    """Names as options of a choice."""
    return [(name, name) for name in names]


def here(**changed: object) -> str:
    """The address of this page with other query parameters; None leaves one out."""
    asked = {**request.args.to_dict(), **changed}
    given = {name: value for name, value in asked.items() if value is not None}
    return url_for(request.endpoint or "", **{**(request.view_args or {}), **given})


def _arrows(text: str) -> str:
    return text.replace(" -> ", " → ")


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _names(key: str) -> bool:
    return key == "id" or key.endswith("id") or key in ("mapping", "run", "hold", "event", "user", "student")
