"""/api/v1/holds: what waits for a person, to be looked at, approved or rejected."""

from __future__ import annotations

from typing import Any

from flask import Response

from app.errors import NotFound
from app.setup.obstacles import obstacle
from app.store import holds as rows
from app.store import mappings, reports
from app.store.holds import WAITING, Hold
from app.sync import bypass as bypasses
from app.sync import holds as verbs
from app.web import access
from app.web.access import needs
from app.web.api.resource import after, located, page, resource, visible
from app.words import holds as words
from schemas.api import holds as said
from schemas.api.holds import DigestBody, HoldPage, HoldQuery, HoldSchema, WholeHoldSchema
from schemas.api.mappings import AskedSchema

blueprint = resource("holds", "What waits for approval.")


@blueprint.route("")
@needs("viewer")
@blueprint.arguments(HoldQuery, location="query")
@blueprint.response(200, HoldPage)
def every(query: dict[str, Any]) -> dict[str, Any]:
    """List holds, the newest first; those that wait, unless asked otherwise."""
    state = query["state"]
    with access.kit().database.reading() as tx:
        found = rows.search(
            tx,
            mapping_id=query.get("mapping"),
            kind=query.get("kind"),
            states=WAITING if state == said.WAITING else None if state == "any" else (state,),
            site_id=access.principal().site_id,
            before_id=after(query.get("cursor")),
            limit=query["limit"] + 1,
        )
        followed = rows.successors(tx, [hold.id for hold in found])
        courses = reports.courses(tx, [hold.mapping_id for hold in found])
    return page(found, query["limit"], lambda hold: hold.id, lambda hold: words.line(hold, courses, followed))


@blueprint.route("/<int:number>")
@needs("viewer")
@blueprint.response(200, WholeHoldSchema)
@blueprint.problem(404)
def one(number: int) -> dict[str, Any]:
    """Show what a hold would do, why it waits, and the digest that approves just this."""
    hold = _hold(number)
    lifts = bypasses.lifts(hold.items, hold.kind)
    return {**words.facts(access.kit(), hold), "items": hold.items, "bypass_lifts": lifts}


@blueprint.route("/<int:number>/approve", methods=["POST"])
@needs("operator")
@blueprint.arguments(DigestBody)
@blueprint.response(200, HoldSchema)
@blueprint.problem(404, 409)
def approve(body: dict[str, Any], number: int) -> dict[str, Any]:
    """Let a hold go ahead, as far as a fresh plan still contains it; anything new is held anew.

    Approving twice is refused with the reason `hold_approved`, a hold that changed with `stale_digest`.
    """
    _hold(number)
    decided = verbs.approve(access.kit(), number, body["digest"], access.principal().actor)
    return words.facts(access.kit(), decided)


@blueprint.route("/<int:number>/reject", methods=["POST"])
@needs("operator")
@blueprint.response(200, HoldSchema)
@blueprint.problem(404, 409)
def reject(number: int) -> dict[str, Any]:
    """Turn a hold down; it is not asked again until what waits has changed."""
    _hold(number)
    return words.facts(access.kit(), verbs.reject(access.kit(), number, access.principal().actor))


@blueprint.route("/<int:number>/bypass", methods=["POST"])
@needs("operator")
@blueprint.arguments(DigestBody)
@blueprint.response(202, AskedSchema)
@blueprint.problem(404, 409)
def bypass(body: dict[str, Any], number: int) -> Response:
    """Lift the limits on how much is done unasked, for the next run of this hold's mapping and kind, and ask for it.

    That run does as much as it finds then. What waits for any other reason goes on waiting.
    """
    hold = _hold(number)
    generation = bypasses.bypass(
        access.kit(), hold.mapping_id, hold.kind, body["digest"], access.principal().actor
    )
    in_the_way = obstacle(access.kit(), hold.mapping_id, hold.kind)
    asked = {"mapping": hold.mapping_id, "kind": hold.kind, "generation": generation, "obstacle": in_the_way}
    return located(AskedSchema(), asked, 202, f"runs?mapping={hold.mapping_id}&kind={hold.kind}")


def _hold(number: int) -> Hold:
    absent = f"There is no hold {number}."
    with access.kit().database.reading() as tx:
        found = rows.get(tx, number)
        mapping = mappings.get(tx, found.mapping_id) if found else None
    if found is None:
        raise NotFound(absent)
    visible(mapping.site_id if mapping else None, absent)
    return found
