"""Events: what Moodle reported, without anything personal; each once."""

from __future__ import annotations

from collections.abc import Collection, Container, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from app.store.dialect import chosen, per_dialect
from app.store.filters import newest
from app.store.tables import event_requests, events
from app.store.worklist import Claim
from schemas.events import MoodleEvent


@dataclass(frozen=True, slots=True)
class Event:
    """An accepted event; `wanted` says whether it asked for a look at one mapping at least."""

    id: int
    site_id: int
    event_uid: str | None
    way: str
    name: str
    courseid: int
    relateduserid: int | None
    objectid: int | None
    contextlevel: int | None
    contextinstanceid: int | None
    timecreated: int | None
    received_at: float
    wanted: bool
    delivery: str | None


@dataclass(frozen=True, slots=True)
class Request:
    """An event that asked for the generation `gen` of a row of the worklist."""

    gen: int
    name: str
    relateduserid: int | None


_INSERT_ONCE = per_dialect(
    lambda insert: insert(events)
    .on_conflict_do_nothing(index_elements=["site_id", "event_uid"])
    .returning(events.c.id, events.c.event_uid)
)
_INSERT = events.insert().returning(events.c.id)
_MARK = update(events).where(events.c.id.in_(bindparam("b_ids", expanding=True))).values(wanted=True)
_GET = select(events).where(events.c.id == bindparam("b_id"))
_FIRST_BEHIND = (
    select(event_requests.c.event_id)
    .where(
        event_requests.c.mapping_id == bindparam("b_mapping"),
        event_requests.c.kind == bindparam("b_kind"),
        event_requests.c.gen > bindparam("b_from"),
        event_requests.c.gen <= bindparam("b_to"),
    )
    .order_by(event_requests.c.gen, event_requests.c.event_id)
)
_BEHIND = (
    select(event_requests.c.gen, events.c.name, events.c.relateduserid)
    .join(events, events.c.id == event_requests.c.event_id)
    .where(
        event_requests.c.mapping_id == bindparam("b_mapping"),
        event_requests.c.kind == bindparam("b_kind"),
        event_requests.c.gen > bindparam("b_from"),
        event_requests.c.gen <= bindparam("b_to"),
    )
)


def insert(
    tx: Connection,
    now: float,
    site_id: int,
    way: str,
    delivery: str | None,
    batch: Sequence[MoodleEvent],
    wanted: Container[int] = (),
) -> list[int | None]:
    """Store a delivery's events; returns their ids in order, None for one that was there already.

    An event with a uid is a duplicate when its site sent that uid before, in this delivery or any other. One without
    a uid is always new. `wanted`: the places in the batch of those that ask for a look at one mapping at least.
    """
    rows = [_values(now, site_id, way, delivery, each, place in wanted) for place, each in enumerate(batch)]
    fresh = _insert_once(tx, _first_of_each(rows))
    return [fresh.pop(row["event_uid"], None) if row["event_uid"] is not None else _insert_one(tx, row) for row in rows]


def mark_wanted(tx: Connection, ids: Collection[int]) -> None:
    """These events asked for a look at one mapping at least."""
    if ids:
        tx.execute(_MARK, {"b_ids": list(ids)})


def get(tx: Connection, event_id: int) -> Event | None:
    """The event with this number."""
    return _event(tx.execute(_GET, {"b_id": event_id}).first())


def first_behind(tx: Connection, claim: Claim, most: int) -> list[int]:
    """The ids of the first events that asked for what a run covers."""
    values = {"b_mapping": claim.mapping_id, "b_kind": claim.kind, "b_from": claim.gen_from, "b_to": claim.gen_to}
    return list(tx.execute(_FIRST_BEHIND.limit(most), values).scalars())


def behind(tx: Connection, claim: Claim) -> list[Request]:
    """The events that asked for what a run covers; a person or a clock that asked leaves none."""
    values = {
        "b_mapping": claim.mapping_id,
        "b_kind": claim.kind,
        "b_from": claim.gen_from,
        "b_to": claim.gen_to,
    }
    return [Request(*row) for row in tx.execute(_BEHIND, values)]


def reported(tx: Connection, site_id: int, name: str, courseid: int) -> bool:
    """Whether a site reported this of a course, so lately that it is not forgotten."""
    which = (events.c.site_id == site_id, events.c.name == name, events.c.courseid == courseid)
    return tx.execute(select(events.c.id).where(*which).limit(1)).first() is not None


def last_received(tx: Connection, site_id: int) -> float | None:
    """When a site was heard last; None: never, or so long ago that it is forgotten."""
    query = select(events.c.received_at).where(events.c.site_id == site_id).order_by(events.c.id.desc()).limit(1)
    found: float | None = tx.execute(query).scalar()
    return found


def search(
    tx: Connection,
    *,
    site_id: int | None = None,
    courseid: int | None = None,
    userid: int | None = None,
    name: str | None = None,
    wanted: bool | None = None,
    before_id: int | None = None,
    limit: int = 100,
) -> list[Event]:
    """Events that fit every given filter, the newest first; `before_id` pages on."""
    given = {"site_id": site_id, "courseid": courseid, "relateduserid": userid, "name": name, "wanted": wanted}
    query = newest(events, given, before_id=before_id, limit=limit)
    return [Event(**row._mapping) for row in tx.execute(query)]


def _values(
    now: float, site_id: int, way: str, delivery: str | None, event: MoodleEvent, wanted: bool
) -> dict[str, Any]:
    return {
        "site_id": site_id,
        "event_uid": event.uid,
        "way": way,
        "name": event.name,
        "courseid": event.courseid,
        "relateduserid": event.relateduserid,
        "objectid": event.objectid,
        "contextlevel": event.contextlevel,
        "contextinstanceid": event.contextinstanceid,
        "timecreated": event.timecreated,
        "received_at": now,
        "wanted": wanted,
        "delivery": delivery,
    }


def _first_of_each(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    firsts: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row["event_uid"] is not None:
            firsts.setdefault(row["event_uid"], row)
    return list(firsts.values())


def _insert_once(tx: Connection, rows: list[dict[str, Any]]) -> dict[str, int]:
    if not rows:
        return {}
    parameters = rows[0] if len(rows) == 1 else rows
    return {row.event_uid: row.id for row in tx.execute(chosen(tx, _INSERT_ONCE), parameters)}


def _insert_one(tx: Connection, row: dict[str, Any]) -> int:
    # One by one: a multi-row insert does not promise to return its ids in order, and these have no uid to match by.
    return int(tx.execute(_INSERT, row).scalar_one())


def _event(row: Row[Any] | None) -> Event | None:
    return None if row is None else Event(**row._mapping)
