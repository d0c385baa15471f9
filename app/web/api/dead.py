"""/api/v1/dead: work that gave up, and trying it again."""

from __future__ import annotations

from typing import Any

from app.setup import deaths
from app.setup.deaths import Chosen
from app.store.reports import DeadLine
from app.store.worklist import Target
from app.web import access
from app.web.access import needs
from app.web.api import named
from app.web.api.places import place, target_after
from app.web.api.resource import invalid, page, resource
from app.words import deaths as words
from schemas.api.queues import DeadList, DeadPage, DeadQuery, RequeueDeadBody

blueprint = resource("dead", "Work that gave up after a day of failures.")

_FILTERS = ("mappings", "site", "kind", "reason")


@blueprint.route("")
@needs("viewer")
@blueprint.arguments(DeadQuery, location="query")
@blueprint.response(200, DeadPage)
@blueprint.problem(404)
def every(query: dict[str, Any]) -> dict[str, Any]:
    """List what gave up, by mapping."""
    limit, begins = query["limit"], target_after(query.get("cursor"))
    found = sorted(deaths.found(access.kit(), _chosen(query)), key=_key)
    rest = [each for each in found if begins is None or _key(each) > begins]
    return page(rest[: limit + 1], limit, lambda each: place(*_key(each)), words.line)


@blueprint.route("/requeue", methods=["POST"])
@needs("operator")
@blueprint.arguments(RequeueDeadBody)
@blueprint.response(200, DeadList)
@blueprint.problem(404)
def requeue(body: dict[str, Any]) -> dict[str, Any]:
    """Try again what gave up, with its failures forgotten; says what that was."""
    if not body["all"] and not any(name in body for name in _FILTERS):
        raise invalid("all", "choose by mappings, site, kind or reason, or say all")
    kit, chosen = access.kit(), _chosen(body)
    gone = deaths.found(kit, chosen) if body["dry_run"] else deaths.requeue(kit, chosen, access.principal().actor)
    return {"items": [words.line(each) for each in gone]}


def _key(each: DeadLine) -> Target:
    return each.mapping_id, each.kind


def _chosen(given: dict[str, Any]) -> Chosen:
    return Chosen(
        mapping_ids=frozenset(given["mappings"]) if "mappings" in given else None,
        site=named.site_name(given.get("site")),
        kind=given.get("kind"),
        reason=given.get("reason"),
    )
