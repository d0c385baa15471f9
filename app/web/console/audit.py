"""Who wrote what, where, and how it ended; whether it still is as it was written; and all of it as a file."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from flask import Response
from werkzeug.wrappers import Response as Redirect

from app.errors import NotFound
from app.setup import auditing, tasks
from app.setup.tasks import AUDIT_CHECK
from app.store import audit as rows
from app.store import tasks as task_rows
from app.store.audit import Entry
from app.web import access
from app.web.access import needs
from app.web.console import asked
from app.web.console.page import back, section, show
from app.web.console.paged import LIMIT, page
from app.words import audit as words
from app.words import verdict as verdicts
from app.words.audit import FORMATS
from app.words.moments import moment

blueprint = section("audit")

_SYSTEMS = ("kuracloud", "moodle", "kurasync")
_FILTERS = ("mapping", "run", "actor", "operation", "system", "since", "until")
_TYPES = {"jsonl": "application/jsonl", "csv": "text/csv; charset=utf-8"}
_CHUNK = 200  # lines that are sent at once


@blueprint.get("/audit")
@needs("viewer")
def audit() -> str:
    """Rows, the newest first, of whatever was asked for."""
    kit = access.kit()
    with kit.database.reading() as tx:
        found = rows.search(tx, **_which(), before_id=asked.number("before"), limit=LIMIT + 1)
        checks = task_rows.search(tx, kind=AUDIT_CHECK, limit=1)
    shown, following = page(found, lambda entry: entry.id)
    lines = [{**words.line(each), "ended": each.outcome or "begun"} for each in shown]
    last = checks[0] if checks else None
    return show("audit.html", lines=lines, following=following, given=asked.given(*_FILTERS), last=last)


@blueprint.get("/audit/<int:number>")
@needs("viewer")
def row(number: int) -> str:
    """One row with all that was sent, and the other row of its call."""
    with access.kit().database.reading() as tx:
        found = rows.search(tx, before_id=number + 1, limit=1)
        if not found or found[0].id != number:
            raise NotFound(f"There is no row {number} in the audit.")
        call = rows.search(tx, call_uid=found[0].call_uid)
    return show("audit_row.html", row=words.line(found[0]), call=[_said(each) for each in reversed(call)])


@blueprint.post("/audit/verify")
@needs("operator")
def verify() -> Redirect:
    """Have every row verified; a worker does it."""
    number = tasks.ask(access.kit(), AUDIT_CHECK, None, access.principal().actor)
    return back(".verified", number=number)


@blueprint.get("/audit/verified/<int:number>")
@needs("viewer")
def verified(number: int) -> str:
    """What was found, as soon as it is."""
    task = tasks.found(access.kit(), number, access.principal())
    if task.kind != AUDIT_CHECK:
        raise NotFound(f"Task {number} verified no audit.")
    verdict = verdicts.kept(task.result) if task.state == "done" else None
    said = list(verdicts.told(verdict)) if verdict else []
    return show("audit_verified.html", task=task, asked_at=moment(task.asked_at), verdict=verdict, said=said)


@blueprint.get("/audit/export")
@needs("viewer")
def export() -> Response:
    """The whole audit, or that of a mapping or since a day, as a file; read and sent piece by piece."""
    how = asked.one_of("format", FORMATS) or "jsonl"
    found = auditing.exported(access.kit(), asked.number("mapping"), asked.begin_of_day("since"))
    headers = {"Content-Disposition": f'attachment; filename="kurasync-audit.{how}"'}
    pieces = _pieces(words.lines(found, how))
    first = next(pieces, b"")  # before anything is answered: what goes wrong by then is told on a page
    return Response(chain([first], pieces), headers=headers, content_type=_TYPES[how])


def _which() -> dict[str, Any]:
    return {
        "mapping_id": asked.number("mapping"),
        "run_id": asked.number("run"),
        "actor": asked.text("actor"),
        "operation": asked.text("operation"),
        "system": asked.one_of("system", _SYSTEMS),
        "since": asked.begin_of_day("since"),
        "until": asked.begin_of_day("until", days_later=1),
    }


def _said(entry: Entry) -> dict[str, Any]:
    """A row of a call with what was sent, in words."""
    others = words.others(entry)
    titles = {name: name.replace("_", " ") for name in others}
    return {**words.line(entry), "records": words.records(entry), "others": others, "titles": titles}


def _pieces(lines: Iterator[str]) -> Iterator[bytes]:
    """Lines as bytes, many at once; a database may hold what UTF-8 has no signs for."""
    while piece := "".join(islice(lines, _CHUNK)):
        yield piece.encode("utf-8", "replace")
