"""Events as lists and programs get them."""

from __future__ import annotations

from typing import Any

from app.store.events import Event
from app.store.runs import Run
from app.words.moments import moment


def line(event: Event, names: dict[int, str]) -> dict[str, Any]:
    """An event; `names` of sites by number."""
    return {
        "id": event.id,
        "site": names.get(event.site_id, ""),
        "way": event.way,
        "name": event.name,
        "courseid": event.courseid,
        "userid": event.relateduserid,
        "objectid": event.objectid,
        "wanted": event.wanted,
        "received_at": moment(event.received_at),
        "timecreated": moment(event.timecreated),
        "event_uid": event.event_uid,
        "delivery": event.delivery,
    }


def short(name: str) -> str:
    r"""An event's name without the component: user_enrolment_created of \core\event\user_enrolment_created."""
    return name.rpartition("\\")[2]


def looked(run: Run) -> dict[str, Any]:
    """A run that looked because of an event."""
    return {
        "run": run.id,
        "mapping": run.mapping_id,
        "outcome": run.outcome or "running",
        "ended_at": moment(run.ended_at),
        "message": run.message,
    }
