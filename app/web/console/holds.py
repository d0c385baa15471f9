"""What waits for a person: looked at, then approved, rejected, or let go by lifting the limits for one run."""

from __future__ import annotations

from collections.abc import Sequence

from flask import request, url_for
from werkzeug.wrappers import Response

from app.errors import NotFound
from app.setup.obstacles import obstacle
from app.store import holds as rows
from app.store import reports
from app.store.holds import WAITING, Hold, State
from app.sync import bypass as bypasses
from app.sync import holds as verbs
from app.web import access
from app.web.access import needs
from app.web.console import asked
from app.web.console.mapping import said
from app.web.console.page import ask, back, section, show
from app.web.console.paged import LIMIT, page
from app.words import holds as words
from app.words import plan

blueprint = section("holds")

_STATES: dict[str, tuple[str, Sequence[State] | None]] = {
    "": ("waiting", WAITING),
    "any": ("Any", None),
    "approved": ("approved, not carried out yet", ("approved",)),
    "applied": ("carried out", ("applied",)),
    "rejected": ("rejected", ("rejected",)),
    "overtaken": ("overtaken", ("overtaken",)),
}
"""The states that the list can be narrowed to, in words and as they are stored."""


@blueprint.get("/holds")
@needs("viewer")
def holds() -> str:
    """Those that wait, the newest first; the others where they were asked for."""
    _, states = _STATES[asked.one_of("state", _STATES) or ""]
    with access.kit().database.reading() as tx:
        found = rows.search(
            tx,
            mapping_id=asked.number("mapping"),
            states=states,
            before_id=asked.number("before"),
            limit=LIMIT + 1,
        )
        shown, following = page(found, lambda hold: hold.id)
        followed = rows.successors(tx, [hold.id for hold in shown])
        courses = reports.courses(tx, [hold.mapping_id for hold in shown])
    lines = [words.line(hold, courses, followed) for hold in shown]
    choices = [(state, text) for state, (text, _) in _STATES.items()]
    return show("holds.html", lines=lines, following=following, states=choices)


@blueprint.get("/holds/<int:number>")
@needs("viewer")
def hold(number: int) -> str:
    """What it would do, why it waits, and what became of it."""
    found = _hold(number)
    return show(
        "hold.html",
        hold=words.facts(access.kit(), found),
        sections=list(plan.held(found.kind, found.items)),
        lifts=bypasses.lifts(found.items, found.kind),
    )


@blueprint.post("/holds/<int:number>/approve")
@needs("operator")
def approve(number: int) -> Response:
    """Let just what was shown go ahead."""
    decided = verbs.approve(access.kit(), number, request.form.get("digest", ""), access.principal().actor)
    return back(".hold", f"Approved. {_when(decided)}", number=number)


@blueprint.post("/holds/<int:number>/reject")
@needs("operator")
def reject(number: int) -> Response:
    """Turn it down."""
    verbs.reject(access.kit(), number, access.principal().actor)
    return back(".hold", "Rejected. It is not asked again until what waits has changed.", number=number)


@blueprint.get("/holds/<int:number>/bypass")
@needs("operator")
def ask_bypass(number: int) -> str:
    """Say what lifting the limits means, and ask."""
    found = _hold(number)
    lines = [
        "For the next run, the limits on how much is done unasked are lifted.",
        words.staying(found),
        words.LIFTED,
    ]
    fields = {"digest": found.digest}
    cancel = url_for(".hold", number=number)
    return ask("Lift the limits for one run?", [line for line in lines if line], "Lift them", cancel, fields=fields)


@blueprint.post("/holds/<int:number>/bypass")
@needs("operator")
def bypass(number: int) -> Response:
    """Lift the limits for the next run."""
    found = _hold(number)
    given = request.form.get("digest", "")
    bypasses.bypass(access.kit(), found.mapping_id, found.kind, given, access.principal().actor)
    return back(".hold", f"The limits are lifted for the next run. {_when(found)}", number=number)


def _when(hold: Hold) -> str:
    why_not = said(obstacle(access.kit(), hold.mapping_id, hold.kind))
    return f"Nothing is done yet: {why_not}" if why_not else "It is carried out now."


def _hold(number: int) -> Hold:
    with access.kit().database.reading() as tx:
        found = rows.get(tx, number)
    if found is None:
        raise NotFound(f"There is no hold {number}.")
    return found
