"""Holds: the part of a plan that waits for a person; at most one a mapping and kind waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from app.store.filters import newest
from app.store.tables import holds, mappings
from app.store.worklist import Kind

State = Literal["open", "approved", "applied", "rejected", "overtaken"]
WAITING: tuple[State, ...] = ("open", "approved")


@dataclass(frozen=True, slots=True)
class Hold:
    """What waits, as shown to people; `digest` is of its set of fingerprints (app.planning.actions.set_digest).

    `counts`: how many of each action. In a list `items` are left out.
    """

    id: int
    mapping_id: int
    kind: Kind
    digest: str
    state: State
    items: list[dict[str, Any]]
    run_id: int
    created_at: float
    decided_at: float | None
    decided_by: str | None
    counts: dict[str, int]


_SHORT = tuple(column for column in holds.c if column is not holds.c["items"])
_OF_MAPPING = select(holds).where(holds.c.mapping_id == bindparam("b_mapping"), holds.c.kind == bindparam("b_kind"))
_WAITING = _OF_MAPPING.where(holds.c.state.in_(WAITING))
_NEWEST = _OF_MAPPING.order_by(holds.c.id.desc()).limit(1)
_GET = select(holds).where(holds.c.id == bindparam("b_id"))


def waiting(tx: Connection, mapping_id: int, kind: str) -> Hold | None:
    """The hold that is open, or approved and not yet applied."""
    return _hold(tx.execute(_WAITING, {"b_mapping": mapping_id, "b_kind": kind}).first())


def newest_of(tx: Connection, mapping_id: int, kind: str) -> Hold | None:
    """The hold made last, whatever became of it."""
    return _hold(tx.execute(_NEWEST, {"b_mapping": mapping_id, "b_kind": kind}).first())


def create(
    tx: Connection,
    now: float,
    *,
    mapping_id: int,
    kind: str,
    digest: str,
    items: Sequence[dict[str, Any]],
    run_id: int,
) -> int:
    """A new open hold; an IntegrityError while another one waits: decide that first (overtaken)."""
    values = {
        "mapping_id": mapping_id,
        "kind": kind,
        "digest": digest,
        "state": "open",
        "items": list(items),
        "counts": dict(Counter(item["action"] for item in items)),
        "run_id": run_id,
        "created_at": now,
    }
    return int(tx.execute(insert(holds).returning(holds.c.id), values).scalar_one())


def decide(tx: Connection, now: float, hold: Hold, state: State, by: str) -> bool:
    """Approve, apply, reject or overtake a hold; False when its state is no longer the one that `hold` shows."""
    still = update(holds).where(holds.c.id == hold.id, holds.c.state == hold.state)
    return tx.execute(still.values(state=state, decided_at=now, decided_by=by)).rowcount == 1


def get(tx: Connection, hold_id: int) -> Hold | None:
    """The hold with this number."""
    return _hold(tx.execute(_GET, {"b_id": hold_id}).first())


def search(
    tx: Connection,
    *,
    mapping_id: int | None = None,
    kind: str | None = None,
    state: State | None = None,
    states: Collection[State] | None = None,
    site_id: int | None = None,
    before_id: int | None = None,
    limit: int = 100,
) -> list[Hold]:
    """Holds that fit every given filter, the newest first, without their items; `before_id` pages on."""
    given = {"mapping_id": mapping_id, "kind": kind, "state": state}
    query = newest(holds, given, before_id=before_id, limit=limit).with_only_columns(*_SHORT)
    if states is not None:
        query = query.where(holds.c.state.in_(states))
    if site_id is not None:
        query = query.where(holds.c.mapping_id.in_(select(mappings.c.id).where(mappings.c.site_id == site_id)))
    return [Hold(**row._mapping, items=[]) for row in tx.execute(query)]


def successors(tx: Connection, hold_ids: Collection[int]) -> dict[int, int]:
    """By overtaken hold: the one that took its place at that moment; one that none followed is absent."""
    later = holds.alias("later")
    same = (later.c.mapping_id == holds.c.mapping_id) & (later.c.kind == holds.c.kind)
    followed = same & (later.c.id > holds.c.id) & (later.c.created_at == holds.c.decided_at)
    query = (
        select(holds.c.id, func.min(later.c.id).label("by"))
        .join(later, followed)
        .where(holds.c.id.in_(hold_ids), holds.c.state == "overtaken")
        .group_by(holds.c.id)
    )
    return {row.id: row.by for row in tx.execute(query)}


def decided_since(tx: Connection, since: float, besides: str) -> dict[tuple[int, str], float]:
    """By mapping and kind: when a hold that somebody `besides` this one had decided on changed last, since then."""
    query = (
        select(holds.c.mapping_id, holds.c.kind, func.max(holds.c.decided_at).label("at"))
        .where(holds.c.decided_at >= since, holds.c.decided_by != besides)
        .group_by(holds.c.mapping_id, holds.c.kind)
    )
    return {(row.mapping_id, row.kind): row.at for row in tx.execute(query)}


def open_targets(tx: Connection) -> set[tuple[int, str]]:
    """The mappings and kinds of which something waits for a person."""
    query = select(holds.c.mapping_id, holds.c.kind).where(holds.c.state == "open")
    return {(row.mapping_id, row.kind) for row in tx.execute(query)}


def _hold(row: Row[Any] | None) -> Hold | None:
    return None if row is None else Hold(**row._mapping)
