"""Runs: each attempt to bring a mapping in step; opened by worklist.claim, ended in the transaction of its release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, exists, func, or_, select, update

from app.store.filters import newest
from app.store.tables import event_requests, mappings, runs
from app.store.worklist import Claim, Kind

OUTCOMES = ("done", "retry", "later", "parked", "dead", "lost", "reaped")
"""How a run may end."""


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt; it covers the requests (gen_from, gen_to]. `outcome` None: it is running, or nobody noticed its end.

    `plan` and `counts` are as shown to people; `drift` counts actions that no event explains; `asked_at` is since when
    the oldest of what it covers is wanted.
    """

    id: int
    mapping_id: int
    kind: Kind
    fence: int
    gen_from: int
    gen_to: int
    due_at: float | None
    started_at: float
    ended_at: float | None
    owner: str
    outcome: str | None
    reason: str | None
    message: str | None
    plan: Any
    counts: dict[str, int] | None
    drift: int
    asked_at: float | None


# A run that was reaped may still come back and find its lease lost: it knows more than the reaper did.
_END = (
    update(runs)
    .where(runs.c.id == bindparam("b_id"), or_(runs.c.ended_at.is_(None), runs.c.outcome == "reaped"))
    .values(
        ended_at=bindparam("b_now"),
        outcome=bindparam("b_outcome"),
        reason=bindparam("b_reason"),
        message=bindparam("b_message"),
        plan=bindparam("b_plan", type_=runs.c.plan.type),
        counts=bindparam("b_counts", type_=runs.c.counts.type),
        drift=bindparam("b_drift"),
    )
)
_GET = select(runs).where(runs.c.id == bindparam("b_id"))
_LAST = (
    select(runs)
    .where(runs.c.mapping_id == bindparam("b_mapping"), runs.c.kind == bindparam("b_kind"))
    .order_by(runs.c.id.desc())
    .limit(1)
)
_OUTCOME_BEFORE = (
    select(runs.c.outcome)
    .where(
        runs.c.mapping_id == bindparam("b_mapping"), runs.c.kind == bindparam("b_kind"), runs.c.id < bindparam("b_run")
    )
    .order_by(runs.c.id.desc())
    .limit(1)
)
_SHORT = tuple(column for column in runs.c if column is not runs.c.plan)
_COVERING = (
    select(*_SHORT)
    .join(
        event_requests,
        (event_requests.c.mapping_id == runs.c.mapping_id)
        & (event_requests.c.kind == runs.c.kind)
        & (event_requests.c.gen > runs.c.gen_from)
        & (event_requests.c.gen <= runs.c.gen_to),
    )
    .where(event_requests.c.event_id == bindparam("b_event"))
    .order_by(runs.c.id)
)
_EXPLAINED = select(
    exists()
    .where(event_requests.c.mapping_id == bindparam("b_mapping"))
    .where(event_requests.c.kind == bindparam("b_kind"))
    .where(event_requests.c.gen > bindparam("b_from"))
    .where(event_requests.c.gen <= bindparam("b_to"))
)


def end(
    tx: Connection,
    now: float,
    run_id: int,
    outcome: str,
    reason: str | None = None,
    message: str | None = None,
    plan: Any = None,
    counts: dict[str, int] | None = None,
    drift: int = 0,
) -> None:
    """Record how a run ended (OUTCOMES). Call it in the transaction of its release."""
    tx.execute(
        _END,
        {
            "b_id": run_id,
            "b_now": now,
            "b_outcome": outcome,
            "b_reason": reason,
            "b_message": message,
            "b_plan": plan,
            "b_counts": counts,
            "b_drift": drift,
        },
    )


def fold(tx: Connection, claim: Claim) -> None:
    """Forget the run before this one if it ended put off for the same reason: of a long wait one row is kept."""
    earlier = runs.alias("earlier")
    before = (
        select(func.max(earlier.c.id))
        .where(earlier.c.mapping_id == claim.mapping_id, earlier.c.kind == claim.kind, earlier.c.id < claim.run_id)
        .scalar_subquery()
    )
    reason = select(earlier.c.reason).where(earlier.c.id == claim.run_id).scalar_subquery()
    tx.execute(delete(runs).where(runs.c.id == before, runs.c.outcome == "later", runs.c.reason == reason))


def get(tx: Connection, run_id: int) -> Run | None:
    """The run with this number."""
    return _run(tx.execute(_GET, {"b_id": run_id}).first())


def last(tx: Connection, mapping_id: int, kind: str) -> Run | None:
    """The newest run of a mapping, running or ended."""
    return _run(tx.execute(_LAST, {"b_mapping": mapping_id, "b_kind": kind}).first())


def outcome_before(tx: Connection, claim: Claim) -> str | None:
    """How the run before this one of the same mapping and kind ended; None: there is none, or nobody noticed."""
    values = {"b_mapping": claim.mapping_id, "b_kind": claim.kind, "b_run": claim.run_id}
    found: str | None = tx.execute(_OUTCOME_BEFORE, values).scalar()
    return found


def last_ended(tx: Connection, mapping_id: int, kind: str, by: float) -> int:
    """The number of the newest run that had ended at this time; 0: there was none."""
    of_mapping = select(func.max(runs.c.id)).where(runs.c.mapping_id == mapping_id, runs.c.kind == kind)
    return int(tx.execute(of_mapping.where(runs.c.ended_at <= by)).scalar() or 0)


def search(
    tx: Connection,
    *,
    mapping_id: int | None = None,
    kind: str | None = None,
    outcome: str | None = None,
    site_id: int | None = None,
    before_id: int | None = None,
    limit: int = 100,
    plans: bool = False,
) -> list[Run]:
    """Runs that fit every given filter, the newest first; `before_id` pages on.

    Without their plans (None), unless `plans`: one of a large course is megabytes.
    """
    given = {"mapping_id": mapping_id, "kind": kind, "outcome": outcome}
    query = newest(runs, given, before_id=before_id, limit=limit)
    if site_id is not None:
        query = query.where(runs.c.mapping_id.in_(select(mappings.c.id).where(mappings.c.site_id == site_id)))
    if plans:
        return [Run(**row._mapping) for row in tx.execute(query)]
    return [Run(**row._mapping, plan=None) for row in tx.execute(query.with_only_columns(*_SHORT))]


def covering(tx: Connection, event_id: int) -> list[Run]:
    """The runs whose range holds a request of this event; the one with outcome `done` handled it (queue.md 3).

    Without their plans (None).
    """
    return [Run(**row._mapping, plan=None) for row in tx.execute(_COVERING, {"b_event": event_id})]


def explained(tx: Connection, claim: Claim) -> bool:
    """Whether an event asked for this run: else what it finds is drift."""
    values = {
        "b_mapping": claim.mapping_id,
        "b_kind": claim.kind,
        "b_from": claim.gen_from,
        "b_to": claim.gen_to,
    }
    return bool(tx.execute(_EXPLAINED, values).scalar())


def _run(row: Row[Any] | None) -> Run | None:
    return None if row is None else Run(**row._mapping)
