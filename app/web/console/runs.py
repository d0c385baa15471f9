"""What was done for each mapping, how it ended, and what it said."""

from __future__ import annotations

from typing import Any

from app.setup import finding
from app.store import reports
from app.store import runs as rows
from app.store.runs import OUTCOMES, Run
from app.store.worklist import KINDS
from app.web import access
from app.web.access import needs
from app.web.console import asked
from app.web.console.page import plain, section, show
from app.web.console.paged import LIMIT, page
from app.words import plan as plans
from app.words import runs as words

blueprint = section("runs")


@blueprint.get("/runs")
@needs("viewer")
def runs() -> str:
    """The newest first, of one mapping, kind or outcome where wanted."""
    with access.kit().database.reading() as tx:
        found = rows.search(
            tx,
            mapping_id=asked.number("mapping"),
            kind=asked.one_of("kind", KINDS),
            outcome=asked.one_of("outcome", OUTCOMES),
            before_id=asked.number("before"),
            limit=LIMIT + 1,
        )
        shown, following = page(found, lambda run: run.id)
        courses = reports.courses(tx, [each.mapping_id for each in shown])
    lines = [_line(each) for each in shown]
    outcomes = [(each, each) for each in OUTCOMES]
    return show("runs.html", lines=lines, courses=courses, following=following, outcomes=outcomes)


@blueprint.get("/runs/<int:number>")
@needs("viewer")
def run(number: int) -> str:
    """One run with its plan: what it did, what it held, and what it left to people."""
    with access.kit().database.reading() as tx:
        found = finding.run(tx, number)
        courses = reports.courses(tx, [found.mapping_id])
    plan = found.plan or {}
    return show(
        "run.html",
        run={**_line(found), "course": courses.get(found.mapping_id, "")},
        going=plans.going(found.kind, plan),
        held=list(plans.held(found.kind, plan.get("held", []))),
        others=list(plans.others(found.kind, plan)),
        nothing=plans.nothing(found.kind) if found.plan is not None and not any(plan.values()) else "",
    )


def _line(found: Run) -> dict[str, Any]:
    counts = plans.named(found.kind, found.counts or {})
    return {**words.line(found), "counts": counts, "said": plain(found.message or "")}
