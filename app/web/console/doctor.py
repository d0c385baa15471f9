"""What is right, what is not, and what to do about it: looked at by a worker."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from app.errors import NotFound
from app.setup import tasks
from app.setup.tasks import DOCTOR
from app.store import tasks as rows
from app.web import access
from app.web.access import needs
from app.web.console.page import back, show
from app.web.console.queues import blueprint as blueprint
from app.words.moments import moment

_ORDER = ("fail", "warn", "note", "ok")
_TONES = {"fail": "bad", "warn": "warn", "note": "info", "ok": "good"}
_KEPT = 10


@blueprint.get("/doctor")
@needs("viewer")
def doctor() -> str:
    """Looks that were asked for."""
    with access.kit().database.reading() as tx:
        found = rows.search(tx, kind=DOCTOR, limit=_KEPT)
    lines = [
        {"id": each.id, "asked_at": moment(each.asked_at), "asked_by": each.asked_by, "state": each.state}
        for each in found
    ]
    return show("doctor.html", lines=lines)


@blueprint.post("/doctor")
@needs("operator")
def examine() -> Response:
    """Have everything looked at."""
    number = tasks.ask(access.kit(), DOCTOR, None, access.principal().actor)
    return back(".examined", number=number)


@blueprint.get("/doctor/<int:number>")
@needs("viewer")
def examined(number: int) -> str:
    """What was found, what is wrong first, as soon as it is there."""
    task = tasks.found(access.kit(), number, access.principal())
    if task.kind != DOCTOR:
        raise NotFound(f"Task {number} is no look at everything.")
    checks = sorted(task.result["checks"], key=_place) if task.state == "done" else []
    return show("examined.html", task=task, asked_at=moment(task.asked_at), checks=checks, tones=_TONES)


def _place(check: dict[str, Any]) -> int:
    return _ORDER.index(check["state"])
