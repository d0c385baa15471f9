"""Gates: open, parked (waits for something outside), paused (by a person), dead (gave up). Events still count (D9)."""

from __future__ import annotations

import random
from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Connection, Double, and_, bindparam, case, or_, select, update

from app.store.dialect import chosen, greatest, per_dialect
from app.store.tables import worklist
from app.store.worklist.kinds import KINDS
from app.store.worklist.lease import THIS_ROW

_ROW = worklist.c
_OPENED: dict[str, Any] = {
    "gate": "open",
    "gate_reason": None,
    "due_at": case((_ROW.due_at.is_not(None), greatest(_ROW.not_before, bindparam("b_due", type_=Double)))),
}
_OPEN = update(worklist).where(THIS_ROW).values(**_OPENED)
_PARK = update(worklist).where(THIS_ROW).values(gate="parked", gate_reason=bindparam("b_reason"))
_PAUSE = per_dialect(
    lambda insert: (made := insert(worklist)).on_conflict_do_update(
        index_elements=["mapping_id", "kind"],
        set_={"gate": "paused", "gate_reason": made.excluded.gate_reason},
        where=or_(
            _ROW.gate.in_(("open", "parked")),
            and_(_ROW.gate == "paused", or_(made.excluded.gate_reason.is_(None), _ROW.gate_reason.is_not(None))),
        ),
    )
)
_REQUEUE = (
    update(worklist)
    .where(THIS_ROW)
    .values(
        gate="open",
        gate_reason=None,
        attempts=0,
        crashes=0,
        failing_since=None,
        not_before=0.0,
        due_at=bindparam("b_now", type_=Double),
    )
)


def park(tx: Connection, mapping_ids: Collection[int], reason: str) -> int:
    """Close the open rows of these mappings; returns how many."""
    which = _locked(tx, _ROW.mapping_id.in_(mapping_ids), _ROW.gate == "open")
    return _each(tx, _PARK, [{**key, "b_reason": reason} for key in which])


def unpark(tx: Connection, now: float, mapping_ids: Collection[int], spread: float) -> int:
    """Open the parked rows of these mappings; what waits becomes due within `spread` seconds, not all at once."""
    which = _locked(tx, _ROW.mapping_id.in_(mapping_ids), _ROW.gate == "parked")
    return _each(tx, _OPEN, [{**key, "b_due": now + random.uniform(0.0, spread)} for key in which])


def pause(tx: Connection, mapping_id: int, reason: str | None = None) -> None:
    """Stop all work on a mapping until a person resumes it; what is dead stays dead.

    `reason` is of a command that pauses the mapping while it works on it: what a person paused stays hers.
    """
    for kind in sorted(KINDS):
        values = {"mapping_id": mapping_id, "kind": kind, "gate": "paused", "gate_reason": reason}
        tx.execute(chosen(tx, _PAUSE), values)


def resume(tx: Connection, now: float, mapping_id: int, reason: str | None = None) -> int:
    """Open a mapping's paused rows; what waits is due now, or when its backoff ends.

    With `reason`: only those that a command paused for it.
    """
    paused_so = [_ROW.gate_reason == reason] if reason is not None else []
    which = _locked(tx, _ROW.mapping_id == mapping_id, _ROW.gate == "paused", *paused_so)
    return _each(tx, _OPEN, [{**key, "b_due": now} for key in which])


def requeue(
    tx: Connection, now: float, *, mapping_ids: Collection[int] | None = None, kind: str | None = None
) -> int:
    """Bring dead rows back, due now and with their failures forgotten; all of them, or those that fit."""
    filters: list[ColumnElement[bool]] = [_ROW.gate == "dead"]
    if mapping_ids is not None:
        filters.append(_ROW.mapping_id.in_(mapping_ids))
    if kind is not None:
        filters.append(_ROW.kind == kind)
    return _each(tx, _REQUEUE, [{**key, "b_now": now} for key in _locked(tx, *filters)])


def _locked(tx: Connection, *filters: ColumnElement[bool]) -> list[dict[str, Any]]:
    # Locked in the order of their keys, as `want` does: an UPDATE over many rows would take them in any order.
    query = select(_ROW.mapping_id, _ROW.kind).where(*filters).order_by(_ROW.mapping_id, _ROW.kind).with_for_update()
    return [{"b_mapping": row.mapping_id, "b_kind": row.kind} for row in tx.execute(query)]


def _each(tx: Connection, statement: Any, parameters: list[dict[str, Any]]) -> int:
    if parameters:
        tx.execute(statement, parameters)
    return len(parameters)
