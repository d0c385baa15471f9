"""What a database that was put back from a backup must not go by any more. Links and what was invited stay."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select, update

from app.store.tables import bypasses, grade_exports, mappings, rosters, runs, worklist


def lock(tx: Connection) -> list[int]:
    """Let nobody change or begin anything until `tx` ends; returns the numbers of all mappings."""
    # Not against rows that hang on them: a run at its end adds some, and has locked its row of the worklist by then.
    numbers = list(tx.execute(select(mappings.c.id).order_by(mappings.c.id).with_for_update(key_share=True)).scalars())
    tx.execute(select(worklist.c.fence).order_by(worklist.c.mapping_id, worklist.c.kind).with_for_update()).all()
    return numbers


def forget(tx: Connection, reason: str) -> None:
    """Nothing was approved, read, asked for or lifted yet, and no run is at work; what `reason` parked is opened."""
    tx.execute(update(mappings).values(started_at=None))
    # A worker that has a claim of the past, or of what the database does not know any more, finds it lost.
    tx.execute(update(worklist).values(lease_owner=None, lease_until=None, fence=worklist.c.fence + 1, crashes=0))
    reopen(tx, reason)
    for table in (rosters, grade_exports, bypasses):
        tx.execute(delete(table))


def reopen(tx: Connection, reason: str) -> None:
    """Let what was parked for this reason go on."""
    parked = update(worklist).where(worklist.c.gate == "parked", worklist.c.gate_reason == reason)
    tx.execute(parked.values(gate="open", gate_reason=None))


def end_runs(tx: Connection, now: float, message: str) -> list[int]:
    """Say of every run that had not ended that nobody knows how it did; returns their numbers."""
    left = update(runs).where(runs.c.ended_at.is_(None)).returning(runs.c.id)
    return list(tx.execute(left.values(ended_at=now, outcome="lost", reason="restored", message=message)).scalars())
