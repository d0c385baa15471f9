"""A connection that works again goes on at once, with everything that waited for it."""

from __future__ import annotations

from sqlalchemy import Connection

from app.store import connections, mappings, worklist
from app.store.connections import Kind

SPREAD = 30.0
"""Seconds over which what waited starts again (queue.md 3)."""


def reopen(tx: Connection, now: float, kind: Kind, connection_id: int) -> None:
    """Open a connection's gate and those of its mappings that were parked with it."""
    connections.unpark(tx, kind, connection_id)
    worklist.unpark(tx, now, mappings.of_connection(tx, kind, connection_id), SPREAD)
