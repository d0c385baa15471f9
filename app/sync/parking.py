"""A connection that does not let us in waits, with its mappings, until it is put right (design.md 9)."""

from __future__ import annotations

import structlog
from sqlalchemy import Connection

from app.kit import Kit
from app.store import connections, mappings, worklist
from app.store.connections import Kind
from app.sync import alerting

_log = structlog.get_logger()


def park(kit: Kit, tx: Connection, now: float, kind: Kind, connection_id: int, reason: str) -> None:
    """Close the gate of a site or an instance, and those of its mappings; it is probed from now on."""
    concerned = mappings.of_connection(tx, kind, connection_id)
    connections.park(tx, kind, connection_id, reason, now + kit.settings.probe_interval)
    worklist.park(tx, concerned, reason)
    alerting.connection_parked(tx, now, kind, connection_id, reason, len(concerned))
    _log.error("connection_parked", connection=kind, connection_id=connection_id, reason=reason)
