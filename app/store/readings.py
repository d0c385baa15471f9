"""Readings: both sides of a mapping as the last run read them, for people to look at; no rule goes by them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select, update

from app.store.dialect import chosen, per_dialect
from app.store.tables import readings


@dataclass(frozen=True, slots=True)
class Stored:
    """Both sides at `read_at`; personal: objects as app.sync.reading makes them."""

    mapping_id: int
    read_at: float
    members: list[dict[str, Any]]
    students: list[dict[str, Any]]


_KEEP = per_dialect(
    lambda insert: (made := insert(readings)).on_conflict_do_update(
        index_elements=["mapping_id"],
        set_={name: made.excluded[name] for name in ("read_at", "members", "students")},
    )
)


def get(tx: Connection, mapping_id: int) -> Stored | None:
    """Both sides as last read; None: they never were."""
    row = tx.execute(select(readings).where(readings.c.mapping_id == mapping_id)).first()
    return None if row is None else Stored(**row._mapping)


def keep(
    tx: Connection,
    mapping_id: int,
    read_at: float,
    members: Sequence[dict[str, Any]],
    students: Sequence[dict[str, Any]],
) -> None:
    """Replace what is known."""
    values = {"mapping_id": mapping_id, "read_at": read_at, "members": list(members), "students": list(students)}
    tx.execute(chosen(tx, _KEEP), values)


def touch(tx: Connection, mapping_id: int, read_at: float) -> None:
    """Say that it was read again, and was the same."""
    tx.execute(update(readings).where(readings.c.mapping_id == mapping_id).values(read_at=read_at))


def forget(tx: Connection, mapping_ids: Collection[int]) -> None:
    """These were read with somebody who is erased now, or their courses are others."""
    tx.execute(delete(readings).where(readings.c.mapping_id.in_(mapping_ids)))
