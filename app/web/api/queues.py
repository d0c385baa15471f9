"""/api/v1/queues: what is wanted, what is under way, what is late, and what Redis carries."""

from __future__ import annotations

from typing import Any

from app.errors import KurasyncError
from app.setup import carrier
from app.store import reports, waiting
from app.web import access
from app.web.access import needs
from app.web.api import named
from app.web.api.places import place, target_after
from app.web.api.resource import page, resource
from app.words import queues as words
from schemas.api.queues import QueuesSchema, WorkPage, WorkQuery

blueprint = resource("queues", "Work: wanted, under way, late.")

@blueprint.route("")
@needs("viewer")
@blueprint.response(200, QueuesSchema)
def overview() -> dict[str, Any]:
    """Show how late work is, and what Redis carries; for keys of every site."""
    named.everywhere()
    kit = access.kit()
    with kit.database.reading() as tx:
        found = reports.queue_overview(tx, kit.database.now(tx))
    states = [{"kind": kind, "state": state, "rows": n} for (kind, state), n in sorted(found.states.items())]
    return {"late_seconds": found.late, "due": found.due, "states": states, "redis": _redis()}


@blueprint.route("/work")
@needs("viewer")
@blueprint.arguments(WorkQuery, location="query")
@blueprint.response(200, WorkPage)
def work(query: dict[str, Any]) -> dict[str, Any]:
    """List the rows of the worklist that concern somebody: wanted, under way, failing or in the way of work."""
    kit, limit = access.kit(), query["limit"]
    with kit.database.reading() as tx:
        now = kit.database.now(tx)
        found = waiting.concerning(
            tx,
            now,
            query.get("concern"),
            site_id=access.principal().site_id,
            after=target_after(query.get("cursor")),
            limit=limit + 1,
        )
    return page(
        found, limit, lambda each: place(each.row.mapping_id, each.row.kind), lambda each: words.placed(each, now)
    )


def _redis() -> dict[str, Any]:
    try:
        found = carrier.overview(access.kit().settings)
    except KurasyncError as error:
        return {"queues": [], "workers": [], "trouble": error.message}
    loads, workers = map(words.load, found.loads), map(words.worker, found.workers)
    return {"queues": list(loads), "workers": list(workers), "trouble": None}
