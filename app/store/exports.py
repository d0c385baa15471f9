"""Exports of grades that mappings wait for: at most one a mapping, forgotten when it was used or failed."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from app.store.tables import grade_exports


@dataclass(frozen=True, slots=True)
class Export:
    """One export, or the wish for one while `token` is None.

    `roster_gen` is the roster generation that was wanted when grades were asked for, `gen` that of grades when
    kuraCloud was: the export answers nothing that was wanted later.
    """

    mapping_id: int
    roster_gen: int
    gen: int | None
    token: str | None
    asked_at: float | None
    polls: int
    began_at: float


def get(tx: Connection, mapping_id: int) -> Export | None:
    """What the mapping waits for."""
    row = tx.execute(select(grade_exports).where(grade_exports.c.mapping_id == mapping_id)).first()
    return Export(**row._mapping) if row else None


def begin(tx: Connection, now: float, mapping_id: int, roster_gen: int) -> None:
    """Wish for an export; there must be none."""
    values = {"mapping_id": mapping_id, "roster_gen": roster_gen, "began_at": now}
    tx.execute(insert(grade_exports), values)


def ask(tx: Connection, now: float, mapping_id: int, token: str, gen: int) -> None:
    """It was asked for, and kuraCloud calls it `token`."""
    _set(tx, mapping_id, token=token, asked_at=now, gen=gen, polls=0)


def poll(tx: Connection, mapping_id: int) -> None:
    """It was looked at once more and is not ready."""
    _set(tx, mapping_id, polls=grade_exports.c.polls + 1)


def forget(tx: Connection, mapping_id: int) -> None:
    """Nothing is waited for any more."""
    tx.execute(delete(grade_exports).where(grade_exports.c.mapping_id == mapping_id))


def _set(tx: Connection, mapping_id: int, **values: object) -> None:
    tx.execute(update(grade_exports).where(grade_exports.c.mapping_id == mapping_id).values(**values))
