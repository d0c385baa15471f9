"""Why something happened: after an event, in a run, or to a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import request

from app.errors import Refused
from app.planning.sameness import is_address
from app.store import sites
from app.sync import trace as tracing
from app.sync.story import Moment
from app.sync.trace import Trace
from app.web import access
from app.web.access import needs
from app.web.console import asked
from app.web.console.page import section, show
from app.words import traced
from app.words.moments import moment

blueprint = section("trace")

_SHOWN = 200
_ALL = "all"


@dataclass(frozen=True, slots=True)
class Told:
    """A trace in words; `lines` are the moments, the newest `_SHOWN` of them unless all are wanted."""

    about: str
    places: list[tuple[int, str]]
    removals: list[str]
    is_person: bool
    lines: list[dict[str, Any]]
    left_out: int
    waiting: list[tuple[str, int | None]]
    lost: list[str]


@blueprint.get("/trace")
@needs("viewer")
def trace() -> str:
    """What came of an event, what a run did, or everything about a Moodle user, by their numbers."""
    return _page(_found())


@blueprint.post("/trace")
@needs("operator")
def of_email() -> str:
    """Everything about who has or had an address; it comes in the body, and stands in no address."""
    email = request.form.get("email", "").strip()
    if not is_address(email):
        raise Refused("That is no e-mail address.")
    return _page(tracing.of_email(access.kit(), email), whole=True)


def _found() -> list[Trace]:
    kit = access.kit()
    event, run, site, user = asked.text("event"), asked.number("run"), asked.text("site"), asked.number("user")
    if event is not None:
        return [tracing.of_event(kit, number) for number in tracing.event_numbers(kit, event)]
    if run is not None:
        return [tracing.of_run(kit, run)]
    if site is not None and user is not None:
        return [tracing.of_user(kit, site, user)]
    if user is not None:
        raise Refused("Which site's user is it? Choose one.")
    return []


def _page(found: Sequence[Trace], *, whole: bool = False) -> str:
    kit = access.kit()
    with kit.database.reading() as tx:
        called = [(each.name, each.name) for each in sites.every(tx)]
    shown = [_told(each, kit.settings.retention_days, whole or asked.text("show") == _ALL) for each in found]
    return show("trace.html", found=shown, sites=called)


def _told(found: Trace, days: float, whole: bool) -> Told:
    courses = {place["mapping"]: place.get("course") or f"mapping {place['mapping']}" for place in found.places}
    moments = found.moments if whole else found.moments[-_SHOWN:]
    return Told(
        about=traced.about(found.about),
        places=[(place["mapping"], traced.place(place, found)) for place in found.places],
        removals=[
            traced.why(each, courses.get(each.mapping_id, f"mapping {each.mapping_id}")) for each in found.removals
        ],
        is_person="users" in found.about,
        lines=[_line(each) for each in moments],
        left_out=len(found.moments) - len(moments),
        waiting=[(traced.waits(row), row.get("hold")) for row in found.waiting],
        lost=list(traced.no_longer_kept(found, days)),
    )


def _line(one: Moment) -> dict[str, Any]:
    label, text = traced.line(one)
    numbers = {name: one.facts.get(name) for name in ("run", "event", "hold")}
    return {"at": moment(one.at), "label": label, "text": text, **numbers}
