"""The events that wait in Moodles to be delivered, as their plugins told last."""

from __future__ import annotations

from sqlalchemy import Connection

from app.store.dialect import chosen, per_dialect
from app.store.tables import outboxes

_KEEP = per_dialect(
    lambda insert: (made := insert(outboxes)).on_conflict_do_update(
        index_elements=["site_id"],
        set_={name: made.excluded[name] for name in ("waiting", "setaside", "oldest_at", "told_at")},
    )
)


def keep(
    tx: Connection, now: float, site_id: int, *, waiting: int, setaside: int, oldest_at: float | None
) -> None:
    """Replace what is known of a site: `setaside` events were given up there, `oldest_at` is the time of the oldest."""
    values = {"waiting": waiting, "setaside": setaside, "oldest_at": oldest_at, "told_at": now}
    tx.execute(chosen(tx, _KEEP), {"site_id": site_id, **values})
