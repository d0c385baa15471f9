"""The seals of the audit: rows without one, and the chain as it is stored. Whether a seal fits is not decided here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Text, bindparam, cast, exists, insert, select, text

from app.planning.chain import Head
from app.store.tables import audit, audit_seals

LATE = 600.0
"""Seconds before the last sealing in which a row counts as new: on PostgreSQL a lower id may be committed later.

No transaction lasts that long: the server ends one that is idle for seconds (app.store.db).
"""

COLUMNS = [column.name for column in audit.columns]
_SUBJECT = COLUMNS.index("subject")
# As text: what is not JSON any more is a row that was changed, not an error of ours.
_ROW = [cast(column, Text).label("subject") if column is audit.c.subject else column for column in audit.columns]
_HEAD = select(audit_seals.c.seq, audit_seals.c.seal, audit_seals.c.sealed_at).order_by(audit_seals.c.seq.desc())
_NEWEST = _HEAD.limit(1)
_AT = _HEAD.where(audit_seals.c.seq == bindparam("b_seq"))
_FLOOR = (
    select(audit_seals.c.audit_id)
    .where(audit_seals.c.sealed_at < bindparam("b_before"))
    .order_by(audit_seals.c.seq.desc())
    .limit(1)
)
_OPEN = ~exists().where(audit_seals.c.audit_id == audit.c.id)
_UNSEALED = (
    select(*_ROW)
    .where(audit.c.id > bindparam("b_floor"), _OPEN)
    .order_by(audit.c.id)
    .limit(bindparam("b_limit"))
)


def lock(tx: Connection) -> None:
    """Let nobody else seal until the transaction ends; on SQLite nobody else writes anyhow."""
    if tx.dialect.name != "sqlite":
        tx.execute(text("LOCK TABLE audit_seals IN SHARE ROW EXCLUSIVE MODE"))


def head(tx: Connection) -> Head | None:
    """The end of the chain; None: nothing was sealed yet."""
    row = tx.execute(_NEWEST).one_or_none()
    return Head(*row) if row else None


def at(tx: Connection, seq: int) -> Head | None:
    """The end of the chain as it was with `seq` rows; None: it never had so many."""
    row = tx.execute(_AT, {"b_seq": seq}).one_or_none()
    return Head(*row) if row else None


def floor(tx: Connection, newest: Head | None) -> int:
    """The id above which a row without a seal is new: one below it should have had one long ago."""
    if newest is None:
        return 0
    found: int | None = tx.execute(_FLOOR, {"b_before": newest.sealed_at - LATE}).scalar()
    return found or 0


def unsealed(tx: Connection, above: int, limit: int) -> list[dict[str, Any]]:
    """New rows without a seal, the lowest id first."""
    return [as_row(each) for each in tx.execute(_UNSEALED, {"b_floor": above, "b_limit": limit})]


def add(tx: Connection, seals: Sequence[tuple[Head, int]]) -> None:
    """Append seals, each with the id of the row that it is of."""
    if seals:
        rows = [
            {"seq": each.seq, "audit_id": audit_id, "seal": each.seal, "sealed_at": each.sealed_at}
            for each, audit_id in seals
        ]
        tx.execute(insert(audit_seals), rows)


def as_row(values: Sequence[Any]) -> dict[str, Any]:
    """A row of the audit as the chain takes it, from its columns in order, `subject` as text."""
    row = dict(zip(COLUMNS, values, strict=True))
    row["subject"] = parsed(values[_SUBJECT])
    return row


def parsed(stored: Any) -> Any:
    """The value of stored JSON; what is not JSON stands for itself."""
    try:
        return json.loads(stored)
    except (ValueError, TypeError, RecursionError):
        return stored

