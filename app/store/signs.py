"""Signs of life: when what runs without being asked did so last."""

from __future__ import annotations

from sqlalchemy import Connection, select

from app.store.dialect import chosen, greatest, per_dialect
from app.store.tables import beats

CLOCK = "clock"

_NOTE = per_dialect(
    lambda insert: (made := insert(beats)).on_conflict_do_update(
        index_elements=["name"], set_={"at": greatest(beats.c.at, made.excluded.at)}
    )
)


def note(tx: Connection, now: float, name: str) -> None:
    """It lives."""
    tx.execute(chosen(tx, _NOTE), {"name": name, "at": now})


def last(tx: Connection, name: str) -> float | None:
    """When it lived last; None: it never did on this database."""
    found: float | None = tx.execute(select(beats.c.at).where(beats.c.name == name)).scalar()
    return found
