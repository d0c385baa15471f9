"""Runs as lists and programs get them."""

from __future__ import annotations

from typing import Any

from app.store.runs import Run
from app.words.moments import moment


def line(run: Run) -> dict[str, Any]:
    """A run, without its plan."""
    return {
        "id": run.id,
        "mapping": run.mapping_id,
        "kind": run.kind,
        "started_at": moment(run.started_at),
        "ended_at": moment(run.ended_at),
        "seconds": None if run.ended_at is None else round(run.ended_at - run.started_at, 1),
        "outcome": run.outcome or "running",
        "reason": run.reason,
        "message": run.message,
        "counts": run.counts or {},
        "drift": run.drift,
        "covers": [run.gen_from + 1, run.gen_to],
    }
