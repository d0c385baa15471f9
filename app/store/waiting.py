"""What pages read of the worklist: rows that concern somebody, with the courses that they are of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, or_, select, tuple_

from app.store.tables import mappings, worklist
from app.store.worklist import Row as WorkRow
from app.store.worklist import Target
from app.store.worklist.due import CONNECTED, OPEN_CONNECTIONS, STARTABLE

Concern = Literal["late", "failing", "running", "wanted", "parked", "paused", "dead"]
CONCERNS: tuple[Concern, ...] = get_args(Concern)

_ROW = worklist.c
_KEY = (_ROW.mapping_id, _ROW.kind)
_PLACED = select(worklist, mappings.c.course_name).select_from(CONNECTED)
_WHICH: Mapping[Concern, ColumnElement[bool]] = {
    "late": and_(STARTABLE, OPEN_CONNECTIONS),
    "failing": and_(_ROW.gate == "open", _ROW.failing_since.is_not(None)),
    "running": _ROW.lease_owner.is_not(None),
    "wanted": and_(_ROW.lease_owner.is_(None), _ROW.gate == "open", _ROW.wanted > _ROW.seen),
    "parked": _ROW.gate == "parked",
    "paused": _ROW.gate == "paused",
    "dead": _ROW.gate == "dead",
}


@dataclass(frozen=True, slots=True)
class Placed:
    """A row of the worklist with the name of its Moodle course."""

    row: WorkRow
    course: str


def concerning(
    tx: Connection,
    now: float,
    concern: Concern | None = None,
    *,
    site_id: int | None = None,
    after: Target | None = None,
    limit: int = 100,
) -> list[Placed]:
    """The rows of one concern, or of any, of one site, or of all; by mapping and kind, those after `after`."""
    query = _PLACED.where(_WHICH[concern] if concern else or_(*_WHICH.values())).order_by(*_KEY)
    query = query if site_id is None else query.where(mappings.c.site_id == site_id)
    return _placed(tx, now, (query if after is None else query.where(tuple_(*_KEY) > after)).limit(limit))


def latest(tx: Connection, now: float, limit: int) -> list[Placed]:
    """The rows that are late, which means that they may start, the longest first."""
    return _placed(tx, now, _PLACED.where(_WHICH["late"]).order_by(_ROW.due_at).limit(limit))


def _placed(tx: Connection, now: float, query: Select[Any]) -> list[Placed]:
    return [_one(row) for row in tx.execute(query, {"b_now": now})]


def _one(row: Row[Any]) -> Placed:
    values = dict(row._mapping)
    course = values.pop("course_name")
    return Placed(WorkRow(**values), course)
