"""Alerts: what somebody should know, written where it happens, told by the clock. Nothing personal is in them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import Connection, bindparam, func, insert, or_, select, update

from app.store.filters import newest
from app.store.tables import alerts

Kind = Literal["hold", "dead", "connection", "silent", "drift"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Channel = Literal["mail", "webhook"]
_TOLD = {"mail": alerts.c.mailed_at, "webhook": alerts.c.posted_at}


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert; `topic` says what it is about (mapping:5:roster, site:3). `due_at` None: told, or needed no more."""

    id: int
    at: float
    kind: Kind
    topic: str
    message: str
    due_at: float | None
    attempts: int
    mailed_at: float | None
    posted_at: float | None


_ADD = insert(alerts)
_DUE = alerts.c.due_at <= bindparam("b_now")
_OLDEST = select(func.min(alerts.c.due_at))
# Locked, and what another clock is at is left to that one.
_TAKEN = select(alerts.c.id).where(_DUE).order_by(alerts.c.id).with_for_update(skip_locked=True)
_TAKE = (
    update(alerts)
    .where(alerts.c.id.in_(_TAKEN))
    .values(due_at=bindparam("b_until"), attempts=alerts.c.attempts + 1)
    .returning(alerts)
)
_THIS = alerts.c.id == bindparam("b_id")
_SET_DUE = update(alerts).where(_THIS, alerts.c.due_at == bindparam("b_until")).values(due_at=bindparam("b_due"))


def add(tx: Connection, now: float, kind: Kind, topic: str, message: str) -> None:
    """Something to tell; when and how is the clock's affair."""
    tx.execute(_ADD, {"at": now, "kind": kind, "topic": topic, "message": message, "due_at": now})


def oldest_due(tx: Connection) -> float | None:
    """Since when the alert that has waited longest is due; None: nothing is to be told, now or later."""
    found: float | None = tx.execute(_OLDEST).scalar()
    return found


def take(tx: Connection, now: float, until: float) -> list[Alert]:
    """Everything due, taken for the caller: nobody else takes it before `until`. In order of ids."""
    found = tx.execute(_TAKE, {"b_now": now, "b_until": until})
    return sorted((Alert(**row._mapping) for row in found), key=lambda alert: alert.id)


def set_due(tx: Connection, taken: Collection[Alert], at: float | None) -> None:
    """When these are told next (None: not at all any more), unless another clock has taken them since."""
    if taken:
        tx.execute(_SET_DUE, [{"b_id": each.id, "b_until": each.due_at, "b_due": at} for each in taken])


def put_off(tx: Connection, until: Mapping[int, float]) -> None:
    """These, by id, are told at that time as if they had not been taken."""
    if until:
        statement = update(alerts).where(_THIS).values(due_at=bindparam("b_due"), attempts=alerts.c.attempts - 1)
        tx.execute(statement, [{"b_id": number, "b_due": at} for number, at in sorted(until.items())])


def note_told(tx: Connection, now: float, channel: Channel, ids: Collection[int]) -> None:
    """These were told this way."""
    if ids:
        statement = update(alerts).where(_THIS).values({_TOLD[channel]: now})
        tx.execute(statement, [{"b_id": number} for number in sorted(ids)])


def last_told(tx: Connection) -> float | None:
    """When anything was told last, either way."""
    row = tx.execute(select(func.max(alerts.c.mailed_at), func.max(alerts.c.posted_at))).one()
    return max((each for each in row if each is not None), default=None)


def told_since(tx: Connection, since: float) -> dict[tuple[str, str], float]:
    """By kind and topic: when one was last told, either way; those told before `since` are absent."""
    told = func.max(func.coalesce(alerts.c.mailed_at, alerts.c.posted_at))
    query = select(alerts.c.kind, alerts.c.topic, told.label("told"))
    recent = query.where(or_(alerts.c.mailed_at >= since, alerts.c.posted_at >= since))
    return {(row.kind, row.topic): row.told for row in tx.execute(recent.group_by(alerts.c.kind, alerts.c.topic))}


def last_at(tx: Connection, kind: Kind, topic: str) -> float | None:
    """When one of this kind and topic arose last."""
    query = select(func.max(alerts.c.at)).where(alerts.c.kind == kind, alerts.c.topic == topic)
    found: float | None = tx.execute(query).scalar()
    return found


def search(
    tx: Connection, *, kind: Kind | None = None, before_id: int | None = None, limit: int = 100
) -> list[Alert]:
    """Alerts that fit, the newest first; `before_id` pages on."""
    given: dict[str, Any] = {"kind": kind}
    return [Alert(**row._mapping) for row in tx.execute(newest(alerts, given, before_id=before_id, limit=limit))]
