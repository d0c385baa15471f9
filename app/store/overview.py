"""What the overview and the menu of the console read: numbers over everything, none of which counts a big table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, bindparam, case, cast, func, select, text

from app.store.tables import events, holds, runs, sites, worklist
from app.store.worklist import ROSTER
from app.store.worklist.due import CONNECTED, OPEN_CONNECTIONS, STARTABLE

HOUR = 3600.0

# In the words of the partial index: databases use one only for what they see is in it.
_WAITING = text("holds.state IN ('open', 'approved')")
_OPEN_HOLDS = (
    select(func.count().label("number"), func.min(holds.c.created_at).label("oldest"))
    .select_from(holds)
    .where(_WAITING, holds.c.state == "open")
)
_LATE = (
    select(func.count())
    .select_from(CONNECTED)
    .where(STARTABLE, OPEN_CONNECTIONS, worklist.c.due_at < bindparam("b_before"))
)
_LAST_EVENT = (
    select(events.c.received_at)
    .where(events.c.site_id == sites.c.id)
    .order_by(events.c.id.desc())
    .limit(1)
    .scalar_subquery()
)


def _hour(column: Any) -> ColumnElement[int]:
    """Which hour since `b_since` a time is in; `round` alone is the same in both databases."""
    return cast(func.round((column - bindparam("b_since")) / HOUR - 0.5), Integer)


_EVENTS = (
    select(_hour(events.c.received_at).label("hour"), func.count().label("number"))
    .where(events.c.received_at >= bindparam("b_since"))
    .group_by(text("hour"))
)
_ENDED = (
    select(
        _hour(runs.c.ended_at).label("hour"),
        runs.c.outcome,
        func.count().label("number"),
        func.sum(runs.c.drift).label("drift"),
    )
    .where(runs.c.ended_at >= bindparam("b_since"))
    .group_by(text("hour"), runs.c.outcome)
)
_LAGS = (
    select(
        _hour(runs.c.ended_at).label("hour"),
        (runs.c.ended_at - runs.c.asked_at).label("lag"),
    )
    .where(
        runs.c.ended_at >= bindparam("b_since"),
        runs.c.kind == ROSTER,
        runs.c.outcome == "done",
        runs.c.asked_at.is_not(None),
    )
    .subquery("lags")
)
_RANKED = select(
    _LAGS,
    func.row_number().over(partition_by=_LAGS.c.hour, order_by=_LAGS.c.lag).label("rank"),
    func.count().over(partition_by=_LAGS.c.hour).label("number"),
).subquery("ranked")


def _share(percent: int) -> ColumnElement[float | None]:
    """The lag that so many of a hundred runs stay within (nearest rank)."""
    nearest = (_RANKED.c.number * percent + 99) // 100
    return func.max(case((_RANKED.c.rank == nearest, _RANKED.c.lag)))


_SHARES = select(_RANKED.c.hour, _share(50).label("half"), _share(95).label("most")).group_by(_RANKED.c.hour)


@dataclass(frozen=True, slots=True)
class Hour:
    """What happened in an hour; lags in seconds, None where no run of a roster was done."""

    events: int
    outcomes: dict[str, int]
    drift: int
    half: float | None
    most: float | None


def hours(tx: Connection, since: float, number: int) -> list[Hour]:
    """So many hours from `since` on, one after the other. `half` of the runs, and 95 of 100, were done within that."""
    given = {"b_since": since}
    counted = {row.hour: row.number for row in tx.execute(_EVENTS, given)}
    shares = {row.hour: (row.half, row.most) for row in tx.execute(_SHARES, given)}
    ended = tx.execute(_ENDED, given).all()
    return [
        Hour(
            counted.get(at, 0),
            {row.outcome: row.number for row in ended if row.hour == at},
            sum(row.drift for row in ended if row.hour == at),
            *shares.get(at, (None, None)),
        )
        for at in range(number)
    ]


def open_holds(tx: Connection) -> tuple[int, float | None]:
    """How many holds wait for a person, and since when the oldest does."""
    row = tx.execute(_OPEN_HOLDS).one()
    return row.number, row.oldest


def late(tx: Connection, now: float, most: float) -> int:
    """How many rows of the worklist could start, and have been due for longer than `most` seconds."""
    return int(tx.execute(_LATE, {"b_now": now, "b_before": now - most}).scalar_one())


def last_events(tx: Connection) -> dict[int, float | None]:
    """By site, when its last event was received; None: never."""
    return {row.id: row.at for row in tx.execute(select(sites.c.id, _LAST_EVENT.label("at")))}
