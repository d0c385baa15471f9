"""Reading rows of the worklist, for people."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, select

from app.store.tables import worklist


@dataclass(frozen=True, slots=True)
class Row:
    """One row as stored; times are seconds since the epoch."""

    mapping_id: int
    kind: str
    wanted: int
    seen: int
    due_at: float | None
    first_wanted_at: float | None
    not_before: float
    gate: str
    gate_reason: str | None
    fence: int
    lease_owner: str | None
    lease_until: float | None
    attempts: int
    crashes: int
    failing_since: float | None
    recheck_at: float | None
    last_run_id: int | None
    asked_at: float | None

    @property
    def state(self) -> str:
        """What people see: running, parked, paused, dead, wanted, scheduled or idle (queue.md 2).

        Scheduled: nothing is wanted, and a look waits for its time, which may be far off.
        """
        if self.lease_owner is not None:
            return "running"
        if self.gate != "open":
            return self.gate
        if self.due_at is None:
            return "idle"
        return "wanted" if self.wanted > self.seen else "scheduled"

    def late(self, now: float) -> float:
        """For how many seconds it has been due while nothing is in its way."""
        waits = self.due_at is not None and self.gate == "open" and self.lease_owner is None
        return max(0.0, now - (self.due_at or now)) if waits else 0.0


def rows(tx: Connection, mapping_ids: Collection[int] | None = None) -> list[Row]:
    """All rows, or those of some mappings."""
    query = select(worklist).order_by(worklist.c.mapping_id, worklist.c.kind)
    if mapping_ids is not None:
        query = query.where(worklist.c.mapping_id.in_(mapping_ids))
    return [Row(**row._mapping) for row in tx.execute(query)]


def get(tx: Connection, mapping_id: int, kind: str) -> Row | None:
    """The row of a mapping and kind; None: nothing was ever wanted."""
    return next((row for row in rows(tx, [mapping_id]) if row.kind == kind), None)


def at_work(tx: Connection, mapping_ids: Collection[int]) -> set[int]:
    """Those of these mappings on which a run is at work; on none of them one begins or ends until `tx` ends."""
    query = select(worklist.c.mapping_id, worklist.c.lease_until).where(worklist.c.mapping_id.in_(mapping_ids))
    # In the order of their keys, as everybody locks them: any other could deadlock.
    rows = tx.execute(query.order_by(worklist.c.mapping_id, worklist.c.kind).with_for_update())
    return {row.mapping_id for row in rows if row.lease_until is not None}
