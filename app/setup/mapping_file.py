"""Files of mappings, CSV or JSON: what `mapping export` writes and `mapping import` reads (docs/many-mappings.md)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from itertools import zip_longest
from typing import Any

from app import sheets
from app.errors import Refused
from app.kit import Kit
from app.planning.rules import Rules, from_settings
from app.store import instances, mappings, sites
from schemas.api.paging import is_storable
from schemas.mapping_file import INFORMATION, NAMES

RULES = tuple(each.name for each in fields(Rules))
COLUMNS = ("mapping", "site", "course", "course_name", "instance", "kura_course", "kura_course_name", *RULES)
_DELIMITERS = ",;\t"
_NO_LIST = "The file must be a list of objects, one a mapping, as `kurasync mapping export` writes it."

Values = Mapping[str, Any]
"""A line of a file: column -> value, a text where it came from CSV."""


def exported(kit: Kit) -> list[dict[str, Any]]:
    """Every mapping with all its rules, by number; the keys are COLUMNS."""
    with kit.database.reading() as tx:
        found = mappings.every(tx)
        site_names = {each.id: each.name for each in sites.every(tx)}
        instance_names = {each.id: each.name for each in instances.every(tx)}
    return [
        {
            "mapping": each.id,
            "site": site_names[each.site_id],
            "course": each.courseid,
            "course_name": each.course_name,
            "instance": instance_names[each.instance_id],
            "kura_course": each.kura_courseid,
            "kura_course_name": each.kura_course_name,
            **asdict(from_settings(each.settings)),
        }
        for each in found
    ]


def as_csv(lines: Iterable[Values], columns: Sequence[str] = COLUMNS) -> Iterator[str]:
    """The file as CSV, line by line; no cell is a formula to a spreadsheet."""
    yield sheets.line(columns)
    for values in lines:
        yield sheets.line(_cell(values[column]) for column in columns)


def numbered(text: str) -> list[tuple[int, Values]]:
    """The lines of a file, CSV or JSON, with the number of each: of the row in a spreadsheet, of the object in a list.

    Raises Refused where the file as a whole cannot be used: what is wrong with single lines is found later.
    """
    found = _of_json(text) if text.lstrip()[:1] in ("[", "{") else _of_csv(text)
    if not found:
        raise Refused("There is no mapping in the file.")
    return found


def _of_json(text: str) -> list[tuple[int, Values]]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise Refused(f"The file begins like JSON and is none: {error}.") from None
    except RecursionError:
        raise Refused(_NO_LIST) from None
    if not isinstance(document, list) or not all(isinstance(each, dict) for each in document):
        raise Refused(_NO_LIST)
    if not is_storable(document):
        raise Refused("The file holds a number or a character that cannot be stored.")
    for each in document:
        _refuse_unknown(each)
    return list(enumerate(document, start=1))


def _of_csv(text: str) -> list[tuple[int, Values]]:
    try:
        rows = list(sheets.rows(io.StringIO(text, newline=""), _delimiter(text)))
    except csv.Error as error:
        raise Refused(f"The file is no CSV that can be read: {error}.") from None
    names = _without_blank_end([cell.strip() for cell in rows[0]] if rows else [])
    _refuse_header(names)
    filled = [(number, row) for number, row in enumerate(rows[1:], start=2) if any(cell.strip() for cell in row)]
    return [(number, _values(names, row)) for number, row in filled]


def _delimiter(text: str) -> str:
    """What stands between the cells of the first line most often: spreadsheets of many countries write semicolons."""
    first = text.partition("\n")[0]
    return max(_DELIMITERS, key=first.count)


def _refuse_header(names: list[str]) -> None:
    missing = [name for name in NAMES if name not in names]
    if missing:
        raise Refused(
            f"The file's first line must name its columns, and there is no {missing[0]}. Columns that must be there: "
            f"{', '.join(NAMES)}; `kurasync mapping export` writes a file with all."
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Refused(f"The file has the column {twice[0]!r} twice.")
    _refuse_unknown(dict.fromkeys(names))


def _refuse_unknown(values: Values) -> None:
    unknown = sorted(set(values) - {*NAMES, *INFORMATION, *RULES})
    if unknown:
        raise Refused(f"{unknown[0]!r} is no column of a file of mappings. There are: {', '.join(COLUMNS)}.")


def _values(names: list[str], row: list[str]) -> Values:
    """What stands right of the last column gets none for its name, with which the line is refused later."""
    beyond = "".join(_without_blank_end(row)[len(names) :])
    found = dict(zip_longest(names, row[: len(names)], fillvalue=""))
    return {**found, **({"": beyond} if beyond else {})}


def _without_blank_end(cells: list[str]) -> list[str]:
    """Spreadsheets write as many cells as the longest row has."""
    filled = [place for place, cell in enumerate(cells, start=1) if cell.strip()]
    return cells[: max(filled, default=0)]


def _cell(value: Any) -> Any:
    match value:
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(value)
    return value
