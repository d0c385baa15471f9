"""What Moodle reported, what came of it, and how to look again because of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from app.setup import finding
from app.store import events as rows
from app.store import reports, runs, sites
from app.store.events import Event
from app.sync import requeue as again
from app.sync.requeue import Which
from app.sync.triggers import NOTHING, TABLE
from app.web import access
from app.web.access import needs
from app.web.console import asked
from app.web.console.page import ask, back, section, show
from app.web.console.paged import LIMIT, page
from app.words import events as words

blueprint = section("events")

_MOST = 1000
"""So many events are looked at again at once."""

_LOOK = {"roster": "The students", "grades": "The grades"}
_FILTERS = ("site", "course", "user", "name", "wanted")


@blueprint.get("/events")
@needs("viewer")
def events() -> str:
    """The newest first, searched by site, course, user, name and whether they asked for a look."""
    with access.kit().database.reading() as tx:
        called = _sites(tx)
        found = rows.search(tx, **asdict(_which(tx)), before_id=asked.number("before"), limit=LIMIT + 1)
    shown, following = page(found, lambda event: event.id)
    return show(
        "events.html",
        lines=[_line(each, called) for each in shown],
        following=following,
        sites=[(name, name) for name in sorted(called.values())],
        names=sorted(((name, words.short(name)) for name in TABLE), key=lambda pair: pair[1]),
    )


@blueprint.get("/events/<int:number>")
@needs("viewer")
def event(number: int) -> str:
    """One event and the runs that looked because of it."""
    with access.kit().database.reading() as tx:
        found = finding.event(tx, number)
        looked = [words.looked(each) for each in runs.covering(tx, number)]
        courses = reports.courses(tx, [each["mapping"] for each in looked])
        line = _line(found, _sites(tx))
    why = TABLE.get(found.name, NOTHING).why
    return show("event.html", event=line, looked=looked, courses=courses, why=why)


@blueprint.get("/events/<int:number>/replay")
@needs("operator")
def ask_one(number: int) -> str:
    """Ask before looking again because of one event."""
    kit = access.kit()
    with kit.database.reading() as tx:
        found = finding.event(tx, number)
        targets = sorted(again.asked_for(kit, [found]))
        courses = reports.courses(tx, [mapping_id for mapping_id, _ in targets])
    looks = [f"{_LOOK[kind]} of {courses.get(each) or f'mapping {each}'} are looked at now." for each, kind in targets]
    harmless = "An event only says where to look: nothing is done that is not needed."
    lines = [*looks, harmless] if looks else ["It concerns no mapping as things are: nothing would be looked at."]
    return ask(f"Replay event {number}?", lines, "Replay", url_for(".event", number=number))


@blueprint.post("/events/<int:number>/replay")
@needs("operator")
def replay_one(number: int) -> Response:
    """Look again because of one event."""
    kit = access.kit()
    with kit.database.reading() as tx:
        found = finding.event(tx, number)
    looks = again.requeue(kit, [found], access.principal().actor)
    return back(".event", _replayed(1, len(looks)), number=number)


@blueprint.get("/events/all/replay")
@needs("operator")
def ask_all() -> str:
    """Ask before looking again because of all that fit."""
    kit, given = access.kit(), asked.given(*_FILTERS)
    with kit.database.reading() as tx:
        fitting = len(rows.search(tx, **asdict(_which(tx)), limit=_MOST + 1))
    chosen = ", ".join(f"{name} {value}" for name, value in given.items()) or "all that are kept"
    lines = [
        f"Chosen: {chosen}. {_fit(fitting)}",
        "Every mapping that they concern is looked at now. An event only says where to look: nothing is done that is "
        "not needed.",
    ]
    return ask("Replay these events?", lines, "Replay", url_for(".events", **given), fields=given)


@blueprint.post("/events/all/replay")
@needs("operator")
def replay_all() -> Response:
    """Look again because of all that fit."""
    kit = access.kit()
    with kit.database.reading() as tx:
        which = _which(tx)
    found = list(again.fitting(kit, which, _MOST))
    looks = again.requeue(kit, found, access.principal().actor)
    return back(".events", _replayed(len(found), len(looks)), **asked.given(*_FILTERS))


def _which(tx: Connection) -> Which:
    """The events that the request is about; raises NotFound for a site that is not there."""
    name = asked.text("site")
    return Which(
        site_id=finding.site(tx, name).id if name else None,
        courseid=asked.number("course"),
        userid=asked.number("user"),
        name=asked.text("name"),
        wanted=asked.yes_or_no("wanted"),
    )


def _line(event: Event, called: dict[int, str]) -> dict[str, Any]:
    return {**words.line(event, called), "short": words.short(event.name)}


def _sites(tx: Connection) -> dict[int, str]:
    return {each.id: each.name for each in sites.every(tx)}


def _replayed(number: int, looks: int) -> str:
    asked_for = f"{looks} {'look' if looks == 1 else 'looks'}" if looks else "nothing: they concern no mapping"
    return f"{number} {_events(number)} asked for {asked_for}."


def _fit(number: int) -> str:
    if number > _MOST:
        return f"More than {_MOST} fit: the newest {_MOST} are replayed."
    return "1 event fits." if number == 1 else f"{number or 'No'} events fit."


def _events(number: int) -> str:
    return "event" if number == 1 else "events"
