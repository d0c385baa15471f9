"""Audit: two rows a write to either system, one before and one after. Nothing here changes or deletes a row."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, bindparam, exists, insert, literal, select

from app.store.filters import newest
from app.store.tables import audit


@dataclass(frozen=True, slots=True)
class Entry:
    """One row; `begin` and `end` of a call share `call_uid`. `subject` is personal: who and what, as sent."""

    id: int
    at: float
    call_uid: str
    phase: str
    actor: str
    mapping_id: int | None
    run_id: int | None
    system: str
    operation: str
    subject: dict[str, Any]
    outcome: str | None
    detail: str | None
    seal: str | None


_COPIED = (audit.c.actor, audit.c.mapping_id, audit.c.run_id, audit.c.system, audit.c.operation)
_BEGIN = insert(audit)
_ENDED = audit.alias("ended")
_AS_ENDED = select(
    bindparam("b_now", type_=audit.c.at.type),
    audit.c.call_uid,
    literal("end", audit.c.phase.type),
    bindparam("b_outcome", type_=audit.c.outcome.type),
    bindparam("b_detail", type_=audit.c.detail.type),
    bindparam("b_subject", type_=audit.c.subject.type),
    *_COPIED,
).where(audit.c.phase == "begin")
_COLUMNS = ["at", "call_uid", "phase", "outcome", "detail", "subject", *(column.name for column in _COPIED)]
_END = insert(audit).from_select(_COLUMNS, _AS_ENDED.where(audit.c.call_uid == bindparam("b_uid")))
_END_OPEN = insert(audit).from_select(
    _COLUMNS,
    _AS_ENDED.where(
        audit.c.run_id == bindparam("b_run"),
        ~exists().where(_ENDED.c.call_uid == audit.c.call_uid, _ENDED.c.phase == "end"),
    ),
)


def begin(
    tx: Connection,
    now: float,
    *,
    actor: str,
    system: str,
    operation: str,
    subject: Mapping[str, Any],
    mapping_id: int | None = None,
    run_id: int | None = None,
) -> str:
    """Write down what is about to be written to `system`; returns the call's uid. Commit before the call is sent."""
    call_uid = str(uuid4())
    tx.execute(
        _BEGIN,
        {
            "at": now,
            "call_uid": call_uid,
            "phase": "begin",
            "actor": actor,
            "mapping_id": mapping_id,
            "run_id": run_id,
            "system": system,
            "operation": operation,
            "subject": dict(subject),
        },
    )
    return call_uid


def end(
    tx: Connection,
    now: float,
    call_uid: str,
    outcome: str,
    detail: str | None = None,
    subject: Mapping[str, Any] | None = None,
) -> None:
    """Write down how a begun call ended: done, refused, failed or unknown."""
    values = {
        "b_now": now,
        "b_uid": call_uid,
        "b_outcome": outcome,
        "b_detail": detail,
        "b_subject": dict(subject or {}),
    }
    tx.execute(_END, values)


def end_open(tx: Connection, now: float, run_ids: Collection[int], detail: str) -> None:
    """Write down, for each call that these runs left begun, that nobody knows how it ended."""
    values = {"b_now": now, "b_outcome": "unknown", "b_detail": detail, "b_subject": {}}
    for run_id in run_ids:
        tx.execute(_END_OPEN, {**values, "b_run": run_id})


def search(
    tx: Connection,
    *,
    mapping_id: int | None = None,
    run_id: int | None = None,
    call_uid: str | None = None,
    system: str | None = None,
    operation: str | None = None,
    before_id: int | None = None,
    limit: int = 100,
) -> list[Entry]:
    """Rows that fit every given filter, the newest first; `before_id` pages on."""
    given = {
        "mapping_id": mapping_id,
        "run_id": run_id,
        "call_uid": call_uid,
        "system": system,
        "operation": operation,
    }
    query = newest(audit, given, before_id=before_id, limit=limit)
    return [Entry(**row._mapping) for row in tx.execute(query)]
