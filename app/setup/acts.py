"""What administrators do to kurasync itself goes into the audit log too, in the transaction that does it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from app.store import audit


def record(
    tx: Connection,
    now: float,
    actor: str,
    operation: str,
    subject: Mapping[str, Any],
    mapping_id: int | None = None,
) -> None:
    """Write down an act that is done when this transaction commits. `subject` never holds a token or a secret."""
    call = audit.begin(
        tx, now, actor=actor, system="kurasync", operation=operation, subject=dict(subject), mapping_id=mapping_id
    )
    audit.end(tx, now, call, "done")
