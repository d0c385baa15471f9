"""Rows of the audit as lists, programs and files get them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Literal, get_args

from app import sheets
from app.planning.verification import Link
from app.setup import archive
from app.store.audit import Entry, filled
from app.words.cells import cell
from app.words.moments import moment
from app.words.section import Section

Format = Literal["jsonl", "csv"]
"""JSON lines, which can be verified (app.setup.archive); or a table for spreadsheets."""

FORMATS: tuple[Format, ...] = get_args(Format)

_COLUMNS = ("id", "at", "call_uid", "phase", "actor", "mapping_id", "run_id", "system", "operation", "outcome")


def line(entry: Entry) -> dict[str, Any]:
    """A row; its `subject` is personal."""
    return {
        "id": entry.id,
        "at": moment(entry.at),
        "call": entry.call_uid,
        "phase": entry.phase,
        "actor": entry.actor,
        "system": entry.system,
        "operation": entry.operation,
        "outcome": entry.outcome,
        "mapping": entry.mapping_id,
        "run": entry.run_id,
        "subject": entry.subject,
        "detail": entry.detail,
    }


def records(entry: Entry) -> Section:
    """Whom a row is about, and what was sent of each of them; personal."""
    found = [each for each in entry.subject.get("records", ()) if isinstance(each, dict)]
    rows = [{name: flat(value) for name, value in each.items()} for each in found]
    return Section("Who and what", rows, {name: _title(name) for row in rows for name in row})


def others(entry: Entry) -> dict[str, str]:
    """What else a row says, by name."""
    return {name: flat(value) for name, value in entry.subject.items() if name != "records"}


def _title(name: str) -> str:
    return {"userid": "Moodle id", "studentid": "student id", "email": "address"}.get(name, name.replace("_", " "))


def flat(value: object) -> str:
    """A value of any depth on one line: names before what they hold."""
    match value:
        case dict():
            return ", ".join(f"{name}: {flat(moment(each) if name == 'at' else each)}" for name, each in value.items())
        case list() | tuple():
            return "; ".join(map(flat, value))
        case int() | float():
            return str(value) if not isinstance(value, bool) else cell(value)
    return cell(value)


def lines(found: Iterable[Link], how: Format) -> Iterator[str]:
    """The lines of a file with these rows, each with its end; personal."""
    if how == "csv":
        yield sheets.line((*_COLUMNS, "detail", "subject", "seq", "seal"))
    for link in found:
        yield _cells(link) if how == "csv" else archive.line(link) + "\n"


def _cells(link: Link) -> str:
    """A row for spreadsheets, its people's values in their places."""
    row = link.row or {}
    people = {each.place: each.personal for each in link.people}
    subject = row.get("subject")
    whole = filled(subject, people) if isinstance(subject, dict) and "records" in subject else subject
    cells = [row.get(name) for name in _COLUMNS]
    cells[1] = moment(row["at"]) if isinstance(row.get("at"), float) else row.get("at")
    seal = (link.head.seq, link.head.seal) if link.head else (None, None)
    return sheets.line((*cells, row.get("detail"), json.dumps(whole, ensure_ascii=False, default=repr), *seal))
