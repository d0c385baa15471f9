"""What may start now: due rows behind open gates, within each connection's limits."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    Integer,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
)

from app.store.tables import instances, mappings, sites, worklist
from app.store.worklist.kinds import GRADES
from app.store.worklist.want import Target

_NOW = bindparam("b_now", type_=Double)
_LIMIT = bindparam("b_limit", type_=Integer)
_PER_INSTANCE = bindparam("b_per_instance", type_=Integer)

# Students come first: a hundred courses that wait for their grades hold up no enrolment. Older than this, grades are
# as urgent as a roster that is due now, so that a stream of enrolments starves nobody.
_HEAD_START = 30.0
_TURN: ColumnElement[float] = worklist.c.due_at + case((worklist.c.kind == GRADES, _HEAD_START), else_=0.0)

# Failures in a row from which on a connection is tried with one run at a time. One may be the fault of the course: a
# course that never answers would be the one run, and keep all others waiting.
FAILING = 2

OPEN_CONNECTIONS: ColumnElement[bool] = and_(
    sites.c.gate == "open",
    sites.c.paused_until <= _NOW,
    instances.c.gate == "open",
    instances.c.paused_until <= _NOW,
)
STARTABLE: ColumnElement[bool] = and_(
    worklist.c.due_at <= _NOW,
    worklist.c.gate == "open",
    worklist.c.lease_owner.is_(None),
)
CONNECTED: Any = (
    worklist.join(mappings, mappings.c.id == worklist.c.mapping_id)
    .join(sites, sites.c.id == mappings.c.site_id)
    .join(instances, instances.c.id == mappings.c.instance_id)
)


def _running(column: Any) -> Any:
    leased = worklist.join(mappings, mappings.c.id == worklist.c.mapping_id)
    query = select(column.label("connection"), func.count().label("runs")).select_from(leased)
    return query.where(worklist.c.lease_until.is_not(None)).group_by(column)


def _due() -> Any:
    """Three steps: rows whose connections have room; of a failing site the oldest alone; of each instance its share.

    In this order, so that rows which cannot start use up nobody's share.
    """
    at_site = _running(mappings.c.site_id).cte("at_site")
    at_instance = _running(mappings.c.instance_id).cte("at_instance")
    room = case((instances.c.failures >= FAILING, 1), else_=_PER_INSTANCE) - func.coalesce(at_instance.c.runs, 0)
    probing = and_(sites.c.failures >= FAILING, func.coalesce(at_site.c.runs, 0) > 0)
    oldest_first = (_TURN, worklist.c.mapping_id, worklist.c.kind)
    roomy = (
        select(
            worklist.c.mapping_id,
            worklist.c.kind,
            _TURN.label("turn"),
            mappings.c.instance_id,
            sites.c.failures.label("site_failures"),
            room.label("room"),
            func.row_number().over(partition_by=mappings.c.site_id, order_by=oldest_first).label("site_rank"),
        )
        .select_from(
            CONNECTED.outerjoin(at_site, at_site.c.connection == mappings.c.site_id).outerjoin(
                at_instance, at_instance.c.connection == mappings.c.instance_id
            )
        )
        .where(STARTABLE, OPEN_CONNECTIONS, room > 0, ~probing)
        .subquery("roomy")
    )
    share = func.row_number().over(
        partition_by=roomy.c.instance_id, order_by=(roomy.c.turn, roomy.c.mapping_id, roomy.c.kind)
    )
    ranked = (
        select(roomy, share.label("instance_rank"))
        .where(or_(roomy.c.site_failures < FAILING, roomy.c.site_rank == 1))
        .subquery("ranked")
    )
    return (
        select(ranked.c.mapping_id, ranked.c.kind)
        .where(ranked.c.instance_rank <= ranked.c.room)
        .order_by(ranked.c.turn, ranked.c.mapping_id, ranked.c.kind)
        .limit(_LIMIT)
    )


_DUE = _due()
_OLDEST = (
    select(func.min(worklist.c.due_at))
    .select_from(CONNECTED)
    .where(STARTABLE, OPEN_CONNECTIONS)
)


def due(tx: Connection, now: float, limit: int, runs_per_instance: int) -> list[Target]:
    """What may start now, the longest due first.

    An instance gets as many as it has room for: `runs_per_instance` less those running; one at a time while it, or
    the site, has failed twice in a row. Rows of a parked or paused connection wait and take nobody's place.
    """
    values = {"b_now": now, "b_limit": limit, "b_per_instance": runs_per_instance}
    return [(row.mapping_id, row.kind) for row in tx.execute(_DUE, values)]


def lateness(tx: Connection, now: float) -> float:
    """For how many seconds the oldest row that may start has been due: the queue's one metric (queue.md 7)."""
    oldest = tx.execute(_OLDEST, {"b_now": now}).scalar()
    return 0.0 if oldest is None else max(0.0, now - oldest)
