"""What was asked for and takes its time: waiting for it, reading the plan that came of it, and going on from it."""

from __future__ import annotations

from typing import Any

from flask import request
from werkzeug.wrappers import Response

from app.errors import NotFound, Refused
from app.setup import tasks as verbs
from app.setup.obstacles import obstacle
from app.store.tasks import Task
from app.store.worklist import GRADES, ROSTER, Kind
from app.sync.going_on import go_on
from app.web import access
from app.web.access import needs
from app.web.console.mapping import facts, said
from app.web.console.mappings import blueprint as blueprint
from app.web.console.page import back, plain, show
from app.words import plan as words

_TITLES = {
    verbs.ROSTER_PLAN: "Preview of the students",
    verbs.GRADES_PLAN: "Preview of the grades",
    verbs.MAPPING_CHECK: "Check",
}
_KINDS: dict[str, Kind] = {verbs.ROSTER_PLAN: ROSTER, verbs.GRADES_PLAN: GRADES}
_IN_STEP: dict[Kind, str] = {
    ROSTER: "Enrolments are in step: nothing to change.",
    GRADES: "Grades are in step: nothing to change.",
}


@blueprint.get("/tasks/<int:number>")
@needs("viewer")
def task(number: int) -> str:
    """How far it is, and what came of it."""
    found = verbs.found(access.kit(), number, access.principal())
    if found.kind not in _TITLES or found.mapping_id is None:
        raise NotFound(f"Task {number} is no preview and no check of a mapping.")
    return show(
        "task.html",
        task=found,
        title=_TITLES[found.kind],
        mapping=facts(found.mapping_id),
        failed=plain(found.message or "") if found.state == "failed" else "",
        **_result(found),
    )


@blueprint.post("/tasks/<int:number>/continue")
@needs("operator")
def carry_on(number: int) -> Response:
    """Let the plan be carried out; a second click finds that it is, and does nothing."""
    kit, whose = access.kit(), access.principal()
    found = verbs.found(kit, number, whose)
    try:
        gone = go_on(kit, found, request.form.get("digest", ""), whose.actor)
    except Refused as error:
        if error.reason != "used":
            raise
        return back(".mapping", "It is being carried out already, once.", number=found.mapping_id)
    why_not = said(obstacle(kit, gone.mapping_id, gone.kind))
    begun = f"It is carried out as soon as nothing is in the way: {why_not}" if why_not else "It is carried out now."
    return back(".mapping", begun, number=gone.mapping_id)


def _result(found: Task) -> dict[str, Any]:
    if found.result is None:
        return {}
    if "checks" in found.result:
        checks = [{**each, "message": plain(each["message"])} for each in found.result["checks"]]
        return {"checks": checks, "wrong": sum(each["state"] == "fail" for each in checks)}
    kind = _KINDS.get(found.kind)
    return {} if kind is None else _plan(kind, found.result)


def _plan(kind: Kind, result: dict[str, Any]) -> dict[str, Any]:
    plan = result["plan"]
    everything = [*plan["go"], *plan["held"]]
    return {
        "plan": plan,
        "digest": result["digest"],
        "counts": words.counted(kind, everything),
        "going": list(words.going_by_action(kind, plan)),
        "held": list(words.held(kind, plan["held"])),
        "others": list(words.others(kind, plan)),
        "in_step": "" if everything else _IN_STEP[kind],
        "kind": kind,
    }
