"""What commands print: tables for people, JSON for programs, nothing that could move a terminal's cursor."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import click
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.words.cells import cell
from app.words.section import Row

# Wide enough that a pipe never sees a shortened name.
_PIPE_WIDTH = 100_000
_BETWEEN = 2  # columns of the terminal between two of a table
_NOTHING: tuple[object, ...] = (None, "", [], {})

as_json_option = click.option("--json", "as_json", is_flag=True, help="JSON on standard output, for programs.")


def printable(text: str) -> str:
    """The text without control characters: names come from other systems and may hold escape sequences."""
    return "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text)


def say(text: str = "") -> None:
    """A line for people; on a terminal it breaks between words."""
    click.echo(_broken(printable(text)) if sys.stdout.isatty() else printable(text))


def warn(text: str) -> None:
    """A line for people on standard error, so that it never mixes with JSON."""
    click.echo(_broken(printable(text)) if sys.stderr.isatty() else printable(text), err=True)


def _broken(text: str) -> str:
    """Lines no longer than the terminal, but for indented ones: what is to be typed or copied stays whole."""
    words = textwrap.TextWrapper(shutil.get_terminal_size().columns, break_long_words=False, break_on_hyphens=False)
    return "\n".join(line if line.startswith(" ") else words.fill(line) for line in text.split("\n"))


def print_json(value: object) -> None:
    """One JSON document on standard output; times are RFC 3339 in UTC."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def print_lines(lines: Iterable[str]) -> None:
    """Lines of a file on standard output, as they are; on a terminal without what could move its cursor."""
    for line in lines:
        click.echo(printable(line.replace("\r\n", "\n")) if sys.stdout.isatty() else line, nl=False)


def listing(rows: Sequence[Row], titles: Mapping[str, str], *, as_json: bool, empty: str) -> None:
    """Print all keys of all rows as JSON, or a table of the keys in `titles` under their titles.

    `empty` is what people read instead of a table without rows.
    """
    if as_json:
        print_json(list(rows))
    elif rows:
        table(rows, titles)
    else:
        say(empty)


def table(rows: Sequence[Row], titles: Mapping[str, str]) -> None:
    """A table for people: numbers to the right, columns that are empty left out, no word broken or cut off."""
    shown = [key for key in titles if any(row.get(key) not in _NOTHING for row in rows)]
    columns = [[printable(text) for text in (titles[key], *(cell(row.get(key)) for row in rows))] for key in shown]
    grid = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    for key, texts, width in zip(shown, columns, _widths(columns), strict=True):
        numeric = any(_is_number(row.get(key)) for row in rows)
        grid.add_column(texts[0], justify="right" if numeric else "left", width=width)
    for line in list(zip(*columns, strict=True))[1:]:
        grid.add_row(*(Text(text) for text in line))
    _print(grid, _PIPE_WIDTH)


def _widths(columns: Sequence[Sequence[str]]) -> list[int]:
    """As wide as the texts; if that is too much, the widest columns give way, down to their longest word."""
    widths = [max(cell_len(line) for text in texts for line in text.split("\n")) for texts in columns]
    least = [max(cell_len(word) for text in texts for word in text.split() or [""]) for texts in columns]
    room = (_width() or Console().width) - _BETWEEN * (len(columns) - 1)
    while sum(widths) > room and widths != least:
        widths[max(range(len(widths)), key=lambda at: (widths[at] > least[at], widths[at]))] -= 1
    return widths


def details(row: Row, titles: Mapping[str, str]) -> None:
    """One object for people, a line for each key in `titles` that has a value."""
    grid = Table.grid(padding=(0, 2))
    for key, title in titles.items():
        if row.get(key) not in _NOTHING:
            grid.add_row(Text(title), Text(printable(cell(row[key]))))
    _print(grid, _width())


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _print(grid: Table, width: int | None) -> None:
    console = Console(file=sys.stdout, width=width, highlight=False)
    with console.capture() as captured:
        console.print(grid)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())


def _width() -> int | None:
    """Columns to print in; None: those of the terminal, or of the variable COLUMNS."""
    return None if sys.stdout.isatty() or "COLUMNS" in os.environ else _PIPE_WIDTH


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} has no form in JSON")
