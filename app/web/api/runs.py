"""/api/v1/runs: what was done, how it ended, and what it said."""

from __future__ import annotations

from typing import Any

from app.errors import NotFound
from app.store import mappings, runs
from app.web import access
from app.web.access import needs
from app.web.api.resource import after, page, resource, visible
from app.words import runs as words
from schemas.api.runs import RunPage, RunQuery, WholeRunSchema

blueprint = resource("runs", "What was done for each mapping.")


@blueprint.route("")
@needs("viewer")
@blueprint.arguments(RunQuery, location="query")
@blueprint.response(200, RunPage)
def every(query: dict[str, Any]) -> dict[str, Any]:
    """List runs, the newest first."""
    with access.kit().database.reading() as tx:
        found = runs.search(
            tx,
            mapping_id=query.get("mapping"),
            kind=query.get("kind"),
            outcome=query.get("outcome"),
            site_id=access.principal().site_id,
            before_id=after(query.get("cursor")),
            limit=query["limit"] + 1,
        )
    return page(found, query["limit"], lambda run: run.id, words.line)


@blueprint.route("/<int:number>")
@needs("viewer")
@blueprint.response(200, WholeRunSchema)
@blueprint.problem(404)
def one(number: int) -> dict[str, Any]:
    """Show a run with its plan."""
    absent = f"There is no run {number}, or it was forgotten with age."
    with access.kit().database.reading() as tx:
        found = runs.get(tx, number)
        if found is None:
            raise NotFound(absent)
        mapping = mappings.get(tx, found.mapping_id)
    visible(mapping.site_id if mapping else None, absent)
    return {**words.line(found), "plan": found.plan}
