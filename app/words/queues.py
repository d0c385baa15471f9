"""Rows of the worklist as lists and programs get them."""

from __future__ import annotations

from typing import Any

from app.store.worklist import Row
from app.words.moments import moment


def line(row: Row, now: float) -> dict[str, Any]:
    """A row at this time (seconds since the epoch)."""
    return {
        "mapping": row.mapping_id,
        "kind": row.kind,
        "state": row.state,
        "waiting": row.wanted - row.seen,
        "due_at": moment(row.due_at),
        "late_seconds": round(row.late(now), 1),
        "attempts": row.attempts,
        "crashes": row.crashes,
        "failing_since": moment(row.failing_since),
        "reason": row.gate_reason,
        "lease_until": moment(row.lease_until),
    }
