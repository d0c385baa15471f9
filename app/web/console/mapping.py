"""One mapping: how it stands, what waits, what was done, and the buttons for what can be done."""

from __future__ import annotations

from typing import Any

from flask import request
from werkzeug.wrappers import Response

from app.errors import Refused
from app.setup import looking, tasks
from app.setup import mappings as verbs
from app.store import holds, runs
from app.store.worklist import GRADES, KINDS, ROSTER, Kind
from app.sync import standing
from app.web import access
from app.web.access import needs
from app.web.console.mappings import blueprint as blueprint
from app.web.console.page import back, plain, show
from app.words import mappings as words
from app.words import runs as words_of_runs
from app.words.standings import STUDENTS

_RUNS = 10
_LOOKS: dict[Kind, str] = {ROSTER: "A look at the students", GRADES: "A look at the grades"}


@blueprint.get("/mappings/<int:number>")
@needs("viewer")
def mapping(number: int) -> str:
    """All about one mapping."""
    kit = access.kit()
    found = words.everything(kit, number)
    told = {key: plain(found[key]) for key in ("last_message", "grades_last_message") if found[key]}
    with kit.database.reading() as tx:
        last = [_line(run) for run in runs.search(tx, mapping_id=number, limit=_RUNS)]
        waiting = [holds.waiting(tx, number, kind) for kind in KINDS]
    stands = standing.students(kit, number)
    return show(
        "mapping.html",
        mapping={**found, **told},
        obstacle=said(found["obstacle"]),
        approved=[hold.id for hold in waiting if hold and hold.state == "approved"],
        runs=last,
        stands=stands,
        words=STUDENTS,
    )


@blueprint.post("/mappings/<int:number>/preview")
@needs("operator")
def preview(number: int) -> Response:
    """Ask what a run would do."""
    return _begun(tasks.PLANS[_kind()], number)


@blueprint.post("/mappings/<int:number>/check")
@needs("operator")
def check(number: int) -> Response:
    """Ask whether everything about the mapping is right."""
    return _begun(tasks.MAPPING_CHECK, number)


@blueprint.post("/mappings/<int:number>/sync")
@needs("operator")
def sync(number: int) -> Response:
    """Look at the students, or the grades, now."""
    kind = _kind()
    asked = looking.ask_now(access.kit(), number, kind, access.principal().actor)
    return back(".mapping", looked(kind, asked.obstacle), number=number)


@blueprint.post("/mappings/<int:number>/pause")
@needs("operator")
def pause(number: int) -> Response:
    """Stop all work on it."""
    verbs.pause(access.kit(), number, access.principal().actor)
    return back(".mapping", "The mapping is paused. What Moodle reports meanwhile is kept.", number=number)


@blueprint.post("/mappings/<int:number>/resume")
@needs("operator")
def resume(number: int) -> Response:
    """Go on with it."""
    verbs.resume(access.kit(), number, access.principal().actor)
    return back(".mapping", "The mapping goes on, and is looked at now.", number=number)


def looked(kind: Kind, obstacle: str | None) -> str:
    """What is said after a look was asked for."""
    if obstacle:
        return f"{_LOOKS[kind]} was asked for, but nothing is done yet: {said(obstacle)}"
    return f"{_LOOKS[kind]} was asked for: it begins in a moment."


def said(obstacle: str | None) -> str | None:
    """What keeps a mapping from being looked at, as a sentence without commands."""
    if not obstacle:
        return None
    sentence = plain(obstacle)
    return f"{sentence[0].upper()}{sentence[1:]}"


def facts(number: int) -> dict[str, Any]:
    """What every page about a mapping is headed by; raises NotFound."""
    return words.now(access.kit(), number)


def _line(run: runs.Run) -> dict[str, Any]:
    return {**words_of_runs.line(run), "message": plain(run.message or "")}


def _begun(kind: str, number: int) -> Response:
    return back(".task", number=tasks.ask(access.kit(), kind, number, access.principal().actor))


def _kind() -> Kind:
    given = request.form.get("kind", ROSTER)
    for kind in KINDS:
        if given == kind:
            return kind
    raise Refused(f"There is no such kind of work: {given!r}.")
