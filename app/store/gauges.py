"""How things stand, in numbers that somebody watches: each a query or two, however many mappings there are."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Table, func, select

from app.store import seals
from app.store.tables import events, holds, instances, outboxes, runs, sites, tasks


@dataclass(frozen=True, slots=True)
class Waiting:
    """Open holds of one kind: how many, and since when the oldest waits."""

    kind: str
    count: int
    since: float


@dataclass(frozen=True, slots=True)
class Gate:
    """A connection; `state` is open, parked or paused. Times are seconds since the epoch, None: never."""

    name: str
    state: str
    last_success_at: float | None


@dataclass(frozen=True, slots=True)
class Ear:
    """What is heard of a site; `waiting`, `setaside` and `oldest_at` as its plugin told last, None: it told nothing."""

    name: str
    last_event_at: float | None
    waiting: int | None
    setaside: int | None
    oldest_at: float | None


_OPEN_HOLDS = (
    select(holds.c.kind, func.count(), func.min(holds.c.created_at))
    .where(holds.c.state == "open")
    .group_by(holds.c.kind)
)
_TASKS = select(tasks.c.state, func.count().label("number")).where(tasks.c.ended_at.is_(None)).group_by(tasks.c.state)
_LAST_EVENT = (
    select(events.c.received_at)
    .where(events.c.site_id == sites.c.id)
    .order_by(events.c.id.desc())
    .limit(1)
    .correlate(sites)
    .scalar_subquery()
)
_EARS = (
    select(sites.c.name, _LAST_EVENT, outboxes.c.waiting, outboxes.c.setaside, outboxes.c.oldest_at)
    .outerjoin(outboxes, outboxes.c.site_id == sites.c.id)
    .order_by(sites.c.name)
)


def open_holds(tx: Connection) -> list[Waiting]:
    """What waits for a person; kinds without any are absent."""
    return [Waiting(*row) for row in tx.execute(_OPEN_HOLDS)]


def unfinished_tasks(tx: Connection) -> dict[str, int]:
    """How many tasks are wanted or running; states without any are absent."""
    return {row.state: row.number for row in tx.execute(_TASKS)}


def drift(tx: Connection, since: float) -> dict[str, int]:
    """By kind: how many actions were needed since then that no event explains."""
    query = select(runs.c.kind, func.sum(runs.c.drift)).where(runs.c.ended_at >= since).group_by(runs.c.kind)
    return {kind: int(total) for kind, total in tx.execute(query)}


def site_gates(tx: Connection, now: float) -> list[Gate]:
    """Every site by name."""
    return _gates(tx, now, sites)


def instance_gates(tx: Connection, now: float) -> list[Gate]:
    """Every instance by name."""
    return _gates(tx, now, instances)


def ears(tx: Connection) -> list[Ear]:
    """What is heard of every site, by name."""
    return [Ear(*row) for row in tx.execute(_EARS)]


def unsealed(tx: Connection) -> tuple[int, float | None]:
    """How many new rows of the audit have no seal yet, and the time of the oldest; None: there is none."""
    return seals.waiting(tx, seals.floor(tx))


def _gates(tx: Connection, now: float, table: Table) -> list[Gate]:
    query = select(table.c.name, table.c.gate, table.c.paused_until, table.c.last_success_at).order_by(table.c.name)
    return [
        Gate(name, "paused" if gate == "open" and paused_until > now else gate, succeeded)
        for name, gate, paused_until, succeeded in tx.execute(query)
    ]
