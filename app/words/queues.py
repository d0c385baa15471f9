"""Rows of the worklist as lists and programs get them."""

from __future__ import annotations

from typing import Any

from app.queues import TASKS, Load, Worker
from app.store.waiting import Placed
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


def placed(each: Placed, now: float) -> dict[str, Any]:
    """A row with its course."""
    return {**line(each.row, now), "course": each.course}


def load(each: Load) -> dict[str, Any]:
    """A queue of Redis."""
    return {"queue": each.queue, "waiting": each.waiting, "started": each.started, "failed": each.failed}


def worker(each: Worker) -> dict[str, Any]:
    """A worker process; `mapping` or `task` is what it works on."""
    number, kind = each.at or (None, None)
    return {
        "host": each.host,
        "pid": each.pid,
        "state": each.state,
        "kind": kind,
        "mapping": None if kind == TASKS else number,
        "task": number if kind == TASKS else None,
        "began_at": moment(each.began_at),
        "renewed_at": moment(each.renewed_at),
        "done": each.done,
        "failed": each.failed,
    }
