"""Rosters: the students of each Moodle course as last read, where the way of reading proves who they are."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, delete, select

from app.planning.students import Member
from app.store.dialect import chosen, per_dialect
from app.store.tables import rosters


@dataclass(frozen=True, slots=True)
class KnownRoster:
    """The students of a mapping's Moodle course; times are since the epoch.

    Read whole at `read_at`, with users of whom events spoke since then put in or taken out as they are. `basis` is
    app.planning.students.basis; `next_change` when an enrolment next begins or ends by its dates.
    """

    members: tuple[Member, ...]
    basis: str
    read_at: float
    next_change: float | None


_KEEP = per_dialect(
    lambda insert: (made := insert(rosters)).on_conflict_do_update(
        index_elements=["mapping_id"],
        set_={name: made.excluded[name] for name in ("members", "basis", "read_at", "next_change")},
    )
)


def get(tx: Connection, mapping_id: int) -> KnownRoster | None:
    """The roster known of a mapping; None: it was never read in a way that proves it."""
    row = tx.execute(select(rosters).where(rosters.c.mapping_id == mapping_id)).first()
    if row is None:
        return None
    return KnownRoster(tuple(map(_member, row.members)), row.basis, row.read_at, row.next_change)


def keep(tx: Connection, mapping_id: int, roster: KnownRoster) -> None:
    """Replace what is known."""
    values = {
        "mapping_id": mapping_id,
        "members": [asdict(member) for member in roster.members],
        "basis": roster.basis,
        "read_at": roster.read_at,
        "next_change": roster.next_change,
    }
    tx.execute(chosen(tx, _KEEP), values)


def forget(tx: Connection, mapping_id: int) -> None:
    """The course is another one."""
    tx.execute(delete(rosters).where(rosters.c.mapping_id == mapping_id))


def _member(stored: dict[str, Any]) -> Member:
    return Member(**{**stored, "groups": tuple((group_id, name) for group_id, name in stored["groups"])})
