"""Tasks: what a person asked for that takes its time and changes nothing, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Update, delete, func, insert, select, update

from app.store.filters import newest
from app.store.tables import mappings, tasks

State = Literal["wanted", "running", "done", "failed", "used"]
"""used: it was a plan, and somebody let it be carried out."""

_LOST = "The process that was at it ended, or none began it in time: ask for it again."


@dataclass(frozen=True, slots=True)
class Task:
    """One of them; `result` is personal. `reason` and `message` say why it failed."""

    id: int
    kind: str
    mapping_id: int | None
    asked_by: str
    asked_at: float
    state: State
    owner: str | None
    began_at: float | None
    ended_at: float | None
    result: Any
    reason: str | None
    message: str | None


_SHORT = tuple(column for column in tasks.c if column is not tasks.c.result)


def add(tx: Connection, now: float, *, kind: str, mapping_id: int | None, asked_by: str) -> int:
    """A new task, wanted from now on."""
    values = {"kind": kind, "mapping_id": mapping_id, "asked_by": asked_by, "asked_at": now, "state": "wanted"}
    return int(tx.execute(insert(tasks).returning(tasks.c.id), values).scalar_one())


def waiting(tx: Connection, kind: str, mapping_id: int | None, since: float) -> int | None:
    """The number of such a task, asked for since then, that nobody has begun: it will look at all as it is then."""
    same = (tasks.c.kind == kind) & tasks.c.mapping_id.is_not_distinct_from(mapping_id)
    young = (tasks.c.state == "wanted") & (tasks.c.asked_at >= since)
    query = select(func.min(tasks.c.id)).where(same, young, tasks.c.ended_at.is_(None))
    number: int | None = tx.execute(query).scalar()
    return number


def get(tx: Connection, task_id: int) -> Task | None:
    """The task with this number, with its result."""
    row = tx.execute(select(tasks).where(tasks.c.id == task_id)).first()
    return None if row is None else Task(**row._mapping)


def search(
    tx: Connection,
    *,
    kind: str | None = None,
    mapping_id: int | None = None,
    state: State | None = None,
    site_id: int | None = None,
    before_id: int | None = None,
    limit: int = 100,
) -> list[Task]:
    """Tasks that fit every given filter, the newest first, without their results; of a site: about its mappings."""
    given = {"kind": kind, "mapping_id": mapping_id, "state": state}
    query = newest(tasks, given, before_id=before_id, limit=limit).with_only_columns(*_SHORT)
    if site_id is not None:
        query = query.where(tasks.c.mapping_id.in_(select(mappings.c.id).where(mappings.c.site_id == site_id)))
    return [Task(**row._mapping, result=None) for row in tx.execute(query)]


def wanted(tx: Connection, limit: int) -> list[int]:
    """The numbers of those that nobody has begun, the oldest first."""
    query = select(tasks.c.id).where(tasks.c.ended_at.is_(None), tasks.c.state == "wanted")
    return list(tx.execute(query.order_by(tasks.c.id).limit(limit)).scalars())


def running(tx: Connection) -> int:
    """How many are being worked on."""
    query = select(func.count()).select_from(tasks)
    return int(tx.execute(query.where(tasks.c.ended_at.is_(None), tasks.c.state == "running")).scalar_one())


def owners(tx: Connection) -> list[str]:
    """The processes that are at work on one."""
    query = select(tasks.c.owner).where(tasks.c.ended_at.is_(None), tasks.c.owner.is_not(None))
    return [owner for owner in tx.execute(query.distinct()).scalars() if owner]


def claim(tx: Connection, now: float, task_id: int, owner: str) -> Task | None:
    """Begin a task; None where somebody else has, or it is gone. `owner` is host:pid:start: (queue.md 2)."""
    mine = update(tasks).where(tasks.c.id == task_id, tasks.c.state == "wanted")
    row = tx.execute(mine.values(state="running", began_at=now, owner=owner).returning(tasks)).first()
    return None if row is None else Task(**row._mapping)


def use(tx: Connection, task_id: int) -> bool:
    """Take a plan to be carried out; False where somebody did already, or it is gone."""
    done = update(tasks).where(tasks.c.id == task_id, tasks.c.state == "done")
    return tx.execute(done.values(state="used")).rowcount == 1


def end(
    tx: Connection,
    now: float,
    task_id: int,
    state: State,
    *,
    result: Any = None,
    reason: str | None = None,
    message: str | None = None,
) -> bool:
    """Write down what came of a running task; False where it was given up, or removed, meanwhile."""
    values = {"state": state, "ended_at": now, "result": result, "reason": reason, "message": message}
    running = update(tasks).where(tasks.c.id == task_id, tasks.c.state == "running")
    return tx.execute(running.values(**values)).rowcount == 1


def give_up(tx: Connection, now: float, *, begun_before: float, asked_before: float) -> int:
    """End tasks that were begun, or asked for, too long ago: their worker is gone, or none came."""
    stale = (tasks.c.began_at < begun_before) | ((tasks.c.state == "wanted") & (tasks.c.asked_at < asked_before))
    return tx.execute(_lost(now).where(stale)).rowcount


def lose(tx: Connection, now: float, owner: str) -> int:
    """End the tasks of a process that died."""
    return tx.execute(_lost(now).where(tasks.c.state == "running", tasks.c.owner == owner)).rowcount


def forget(tx: Connection, before: float) -> int:
    """Delete tasks that ended before this time; returns how many."""
    return tx.execute(delete(tasks).where(tasks.c.ended_at < before)).rowcount


def forget_of(tx: Connection, mapping_ids: Sequence[int]) -> None:
    """Delete the tasks of these mappings."""
    tx.execute(delete(tasks).where(tasks.c.mapping_id.in_(mapping_ids)))


def _lost(now: float) -> Update:
    values = {"state": "failed", "ended_at": now, "reason": "lost", "message": _LOST}
    return update(tasks).where(tasks.c.ended_at.is_(None)).values(**values)
