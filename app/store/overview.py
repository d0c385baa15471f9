"""What the overview and the menu of the console read: numbers over everything, none of which counts a big table."""

from __future__ import annotations

from sqlalchemy import Connection, func, select, text

from app.store.tables import holds

# In the words of the partial index: databases use one only for what they see is in it.
_WAITING = text("holds.state IN ('open', 'approved')")
_OPEN_HOLDS = select(func.count()).select_from(holds).where(_WAITING, holds.c.state == "open")


def open_holds(tx: Connection) -> int:
    """How many holds wait for a person."""
    return int(tx.execute(_OPEN_HOLDS).scalar_one())
