"""Rows of the audit as lists and programs get them."""

from __future__ import annotations

from typing import Any

from app.store.audit import Entry
from app.words.moments import moment


def line(entry: Entry) -> dict[str, Any]:
    """A row; its `subject` is personal."""
    return {
        "id": entry.id,
        "at": moment(entry.at),
        "call": entry.call_uid,
        "phase": entry.phase,
        "actor": entry.actor,
        "system": entry.system,
        "operation": entry.operation,
        "outcome": entry.outcome,
        "mapping": entry.mapping_id,
        "run": entry.run_id,
        "subject": entry.subject,
        "detail": entry.detail,
    }
