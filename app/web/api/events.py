"""/api/v1/events: what Moodle reported, what came of it, and looking again because of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from app.errors import NotFound
from app.setup import finding
from app.store import events as rows
from app.store import runs, sites
from app.store.events import Event
from app.sync import requeue as again
from app.sync.requeue import Which
from app.web import access
from app.web.access import needs
from app.web.api import named
from app.web.api.resource import after, invalid, page, resource
from app.words import events as words
from schemas.api.events import EventPage, EventQuery, RequeuedEventsSchema, RequeueEventsBody, WholeEventSchema

blueprint = resource("events", "What Moodle reported: ids, never names or addresses.")

MOST = 10_000
"""So many events are looked at again at once."""

_FILTERS = ("site", "course", "user", "name", "wanted")
_ONE_OF = "give numbers in events, or filters, or all: one of the three"


@blueprint.route("")
@needs("viewer")
@blueprint.arguments(EventQuery, location="query")
@blueprint.response(200, EventPage)
@blueprint.problem(404)
def every(query: dict[str, Any]) -> dict[str, Any]:
    """List events, the newest first."""
    which, limit = _which(query), query["limit"]
    with access.kit().database.reading() as tx:
        found = rows.search(tx, **asdict(which), before_id=after(query.get("cursor")), limit=limit + 1)
    called = _site_names()
    return page(found, limit, lambda event: event.id, lambda event: words.line(event, called))


@blueprint.route("/<int:number>")
@needs("viewer")
@blueprint.response(200, WholeEventSchema)
@blueprint.problem(404)
def one(number: int) -> dict[str, Any]:
    """Show an event and the runs that looked because of it."""
    found = _event(number)
    with access.kit().database.reading() as tx:
        looked = [words.looked(each) for each in runs.covering(tx, number)]
    return {**words.line(found, _site_names()), "runs": looked}


@blueprint.route("/requeue", methods=["POST"])
@needs("operator")
@blueprint.arguments(RequeueEventsBody)
@blueprint.response(200, RequeuedEventsSchema)
@blueprint.problem(404)
def requeue(body: dict[str, Any]) -> dict[str, Any]:
    """Look again at what events concern. Harmless at any time: an event only says where to look."""
    kit, found = access.kit(), _chosen(body)
    taken = found[:MOST]
    targets = again.asked_for(kit, taken) if body["dry_run"] else again.requeue(kit, taken, access.principal().actor)
    looks = [{"mapping": each, "kind": kind, "events": len(ids)} for (each, kind), ids in sorted(targets.items())]
    return {"events": len(taken), "more": len(found) > MOST, "looks": looks}


def _chosen(body: dict[str, Any]) -> list[Event]:
    """The events that a body chooses, one more than are taken at most."""
    filtered = any(name in body for name in _FILTERS)
    if ["events" in body, filtered, body["all"]].count(True) != 1:
        raise invalid("events", _ONE_OF)
    if "events" in body:
        return [_event(number) for number in dict.fromkeys(body["events"])]
    return list(again.fitting(access.kit(), _which(body), MOST + 1))


def _which(given: dict[str, Any]) -> Which:
    return Which(
        site_id=named.site_id(given.get("site")),
        courseid=given.get("course"),
        userid=given.get("user"),
        name=given.get("name"),
        wanted=given.get("wanted"),
    )


def _event(number: int) -> Event:
    with access.kit().database.reading() as tx:
        found = finding.event(tx, number)
    if not access.principal().sees(found.site_id):
        raise NotFound(f"There is no event {number}, or it was forgotten with age.")
    return found


def _site_names() -> dict[int, str]:
    with access.kit().database.reading() as tx:
        return {each.id: each.name for each in sites.every(tx)}
