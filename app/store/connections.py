"""What sites and instances share: the gate (open, parked) and the breaker (failures in a row, paused until).

In a transaction that changes connections and rows of the worklist, connections come first and sites before instances,
as worklist.claim locks them: another order can deadlock on PostgreSQL.
"""

from __future__ import annotations

from typing import Literal

from sqlalchemy import Connection, Table, bindparam, or_, select, update

from app.store.dialect import greatest
from app.store.tables import instances, sites

Kind = Literal["site", "instance"]
TABLES: dict[Kind, Table] = {"site": sites, "instance": instances}
SUCCESS_NOTED_EVERY = 60.0


def park(tx: Connection, kind: Kind, connection_id: int, reason: str, probe_at: float) -> None:
    """Close the connection until a probe or a person finds it well again."""
    _change(tx, kind, connection_id, gate="parked", gate_reason=reason, probe_at=probe_at)


def unpark(tx: Connection, kind: Kind, connection_id: int) -> None:
    """Open the connection and forget its failures."""
    _change(tx, kind, connection_id, gate="open", gate_reason=None, probe_at=None, failures=0, paused_until=0.0)


def set_probe_at(tx: Connection, kind: Kind, connection_id: int, at: float) -> None:
    """When a parked connection is tried next."""
    _change(tx, kind, connection_id, probe_at=at)


def note_failure(tx: Connection, kind: Kind, connection_id: int, until: float) -> int:
    """One failure more, and no run before `until` (0: no pause); returns the failures in a row."""
    table = TABLES[kind]
    statement = (
        update(table)
        .where(table.c.id == connection_id)
        .values(failures=table.c.failures + 1, paused_until=greatest(table.c.paused_until, bindparam("until", until)))
        .returning(table.c.failures)
    )
    return int(tx.execute(statement).scalar_one())


def note_success(tx: Connection, kind: Kind, connection_id: int, now: float) -> None:
    """The connection works: no failures in a row. A pause it asked for (Retry-After) stays.

    Writes nothing while nothing changes, once a minute apart: every run ends with this.
    """
    table = TABLES[kind]
    stale = or_(
        table.c.failures > 0,
        table.c.last_success_at.is_(None),
        table.c.last_success_at <= now - SUCCESS_NOTED_EVERY,
    )
    tx.execute(update(table).where(table.c.id == connection_id, stale).values(failures=0, last_success_at=now))


def to_probe(tx: Connection, now: float) -> list[tuple[Kind, int]]:
    """The parked connections whose time to be tried has come."""
    found: list[tuple[Kind, int]] = []
    for kind, table in TABLES.items():
        waiting = select(table.c.id).where(table.c.gate == "parked", table.c.probe_at <= now).order_by(table.c.probe_at)
        found += [(kind, each) for each in tx.execute(waiting).scalars()]
    return found


def _change(tx: Connection, kind: Kind, connection_id: int, **values: object) -> None:
    table = TABLES[kind]
    tx.execute(update(table).where(table.c.id == connection_id).values(**values))
