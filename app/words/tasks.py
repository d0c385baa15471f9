"""Tasks as lists and programs get them."""

from __future__ import annotations

from typing import Any

from app.store.tasks import Task
from app.words.moments import moment


def line(task: Task) -> dict[str, Any]:
    """A task, without its result."""
    return {
        "id": task.id,
        "kind": task.kind,
        "mapping": task.mapping_id,
        "state": task.state,
        "asked_by": task.asked_by,
        "asked_at": moment(task.asked_at),
        "began_at": moment(task.began_at),
        "ended_at": moment(task.ended_at),
        "reason": task.reason,
        "message": task.message,
    }
