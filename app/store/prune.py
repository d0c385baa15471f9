"""Forgetting what is old and needed no more. Audit rows, links and invitations stay."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Double, Integer, Table, and_, bindparam, delete, exists, func, select

from app.store.holds import WAITING
from app.store.steps import INVITATION_KINDS
from app.store.tables import alerts, event_requests, events, holds, runs, steps, worklist

_BEFORE = bindparam("b_before", type_=Double)
_SLICE = bindparam("b_slice", type_=Integer)

_STILL_WANTED = exists().where(
    event_requests.c.event_id == events.c.id,
    event_requests.c.mapping_id == worklist.c.mapping_id,
    event_requests.c.kind == worklist.c.kind,
    event_requests.c.gen > worklist.c.seen,
)
_SHOWN_BY_HOLD = exists().where(holds.c.run_id == runs.c.id, holds.c.state.in_(WAITING))
_LAST_OF_ROW = exists().where(worklist.c.last_run_id == runs.c.id)
_REMEMBERED = (
    select(func.max(holds.c.id)).where(holds.c.state == "rejected").group_by(holds.c.mapping_id, holds.c.kind)
)

OLD: dict[str, tuple[Table, Any]] = {
    "events": (events, and_(events.c.received_at < _BEFORE, ~_STILL_WANTED)),
    "runs": (runs, and_(runs.c.ended_at < _BEFORE, ~_SHOWN_BY_HOLD, ~_LAST_OF_ROW)),
    "holds": (
        holds,
        and_(holds.c.decided_at < _BEFORE, holds.c.state.not_in(WAITING), holds.c.id.not_in(_REMEMBERED)),
    ),
    "alerts": (alerts, alerts.c.at < _BEFORE),
    "steps": (steps, and_(steps.c.at < _BEFORE, steps.c.action.not_in(INVITATION_KINDS))),
}


def prune(tx: Connection, before: float, *, slice_size: int = 1000) -> dict[str, int]:
    """Delete up to `slice_size` rows a table that are older than `before`; returns how many of each.

    Call it again, each time in a transaction of its own, until all are 0: a long one would hold up the receiver.
    What is still wanted, shown or remembered stays: events that no run has covered, the last run of a row, the
    last rejection.
    """
    counts = {}
    for name, (table, old) in OLD.items():
        query = select(table.c.id).where(old).order_by(table.c.id).limit(_SLICE)
        ids = list(tx.execute(query, {"b_before": before, "b_slice": slice_size}).scalars())
        if name == "events":
            counts["event_requests"] = _delete(tx, event_requests, event_requests.c.event_id, ids)
        counts[name] = _delete(tx, table, table.c.id, ids)
    return counts


def _delete(tx: Connection, table: Table, column: Any, ids: list[int]) -> int:
    return tx.execute(delete(table).where(column.in_(ids))).rowcount if ids else 0
