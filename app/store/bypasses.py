"""Bypasses: limits that a person lifted for the next run of a kind; at most one a mapping and kind."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from app.store.dialect import chosen, per_dialect
from app.store.tables import bypasses
from app.store.worklist import Kind


@dataclass(frozen=True, slots=True)
class Bypass:
    """Given by somebody at a time, for a run that covers the generation `gen`."""

    mapping_id: int
    kind: Kind
    gen: int
    by: str
    at: float


_GIVE = per_dialect(
    lambda insert: insert(bypasses).on_conflict_do_update(
        index_elements=["mapping_id", "kind"],
        set_={name: insert(bypasses).excluded[name] for name in ("gen", "by", "at")},
    )
)


def give(tx: Connection, now: float, *, mapping_id: int, kind: Kind, gen: int, by: str) -> None:
    """Lift the limits for one run; in place of a bypass that was not used yet."""
    values = {"mapping_id": mapping_id, "kind": kind, "gen": gen, "by": by, "at": now}
    tx.execute(chosen(tx, _GIVE), values)


def get(tx: Connection, mapping_id: int, kind: str) -> Bypass | None:
    """The bypass that was given and not used up yet."""
    query = select(bypasses).where(bypasses.c.mapping_id == mapping_id, bypasses.c.kind == kind)
    row = tx.execute(query).first()
    return None if row is None else Bypass(**row._mapping)


def end(tx: Connection, mapping_id: int, kind: str, up_to: int | None = None) -> bool:
    """Forget a bypass, of a generation up to this one if given; returns whether there was one."""
    which = delete(bypasses).where(bypasses.c.mapping_id == mapping_id, bypasses.c.kind == kind)
    if up_to is not None:
        which = which.where(bypasses.c.gen <= up_to)
    return tx.execute(which).rowcount == 1
