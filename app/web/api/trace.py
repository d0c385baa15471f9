"""/api/v1/trace: why something happened: to a person, in a run, after an event. Personal."""

from __future__ import annotations

from typing import Any

from app.store import events, mappings, runs
from app.sync import trace as tracing
from app.web import access
from app.web.access import needs
from app.web.api import named
from app.web.api.resource import resource, visible
from app.words import traced
from schemas.api.people import TraceList, TraceSchema, WhomBody

blueprint = resource("trace", "Why something happened: to a person, in a run, after an event.")


@blueprint.route("", methods=["POST"])
@needs("operator")
@blueprint.arguments(WhomBody)
@blueprint.response(200, TraceList)
@blueprint.problem(404)
def of_person(body: dict[str, Any]) -> dict[str, Any]:
    """Tell everything about a Moodle user, or about everybody who has or had an address.

    An address is looked for everywhere, which takes seconds in a large audit; a key for one site names a user.
    """
    kit = access.kit()
    if "user" in body:
        found = [tracing.of_user(kit, named.site(body["user"]["site"]).name, body["user"]["userid"])]
    else:
        named.everywhere()
        found = tracing.of_email(kit, body["email"])
    return {"items": [traced.document(each) for each in found]}


@blueprint.route("/events/<int:number>")
@needs("viewer")
@blueprint.response(200, TraceSchema)
@blueprint.problem(404)
def of_event(number: int) -> dict[str, Any]:
    """Tell what came of an event; of one that was forgotten, the calls that name it."""
    with access.kit().database.reading() as tx:
        event = events.get(tx, number)
    visible(event.site_id if event else None, f"There is no event {number}, or it was forgotten with age.")
    return traced.document(tracing.of_event(access.kit(), number))


@blueprint.route("/runs/<int:number>")
@needs("viewer")
@blueprint.response(200, TraceSchema)
@blueprint.problem(404)
def of_run(number: int) -> dict[str, Any]:
    """Tell what a run planned, did and left, and why; of one that was forgotten, what the audit says."""
    with access.kit().database.reading() as tx:
        run = runs.get(tx, number)
        mapping = mappings.get(tx, run.mapping_id) if run else None
    visible(mapping.site_id if mapping else None, f"There is no run {number}, or it was forgotten with age.")
    return traced.document(tracing.of_run(access.kit(), number))


