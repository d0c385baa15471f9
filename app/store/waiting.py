"""What pages read of the worklist: rows that concern somebody, with the courses that they are of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, or_, select, tuple_

from app.store.tables import mappings, worklist
from app.store.worklist import Row as WorkRow
from app.store.worklist import Target

Concern = Literal["late", "failing", "running", "wanted", "parked", "paused", "dead"]
CONCERNS: tuple[Concern, ...] = get_args(Concern)

_ROW = worklist.c
_KEY = (_ROW.mapping_id, _ROW.kind)
_PLACED = select(worklist, mappings.c.course_name).join(mappings, mappings.c.id == _ROW.mapping_id)


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
    which = _which(now)
    query = _PLACED.where(which[concern] if concern else or_(*which.values())).order_by(*_KEY)
    query = query if site_id is None else query.where(mappings.c.site_id == site_id)
    return _placed(tx, (query if after is None else query.where(tuple_(*_KEY) > after)).limit(limit))


def latest(tx: Connection, now: float, limit: int) -> list[Placed]:
    """The rows that are late, the longest first."""
    return _placed(tx, _PLACED.where(_which(now)["late"]).order_by(_ROW.due_at).limit(limit))


def _which(now: float) -> Mapping[Concern, ColumnElement[bool]]:
    free = and_(_ROW.lease_owner.is_(None), _ROW.gate == "open")
    return {
        "late": and_(free, _ROW.due_at <= now),
        "failing": and_(_ROW.gate == "open", _ROW.failing_since.is_not(None)),
        "running": _ROW.lease_owner.is_not(None),
        "wanted": and_(free, _ROW.wanted > _ROW.seen),
        "parked": _ROW.gate == "parked",
        "paused": _ROW.gate == "paused",
        "dead": _ROW.gate == "dead",
    }


def _placed(tx: Connection, query: Select[Any]) -> list[Placed]:
    return [_one(row) for row in tx.execute(query)]


def _one(row: Row[Any]) -> Placed:
    values = dict(row._mapping)
    course = values.pop("course_name")
    return Placed(WorkRow(**values), course)
