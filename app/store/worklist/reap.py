"""Taking back rows whose lease ran out: their worker was killed, hangs, or was frozen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, Double, and_, bindparam, case, func, select, update

from app.store.dialect import greatest
from app.store.tables import runs, worklist
from app.store.worklist.lease import THIS_ROW

_ROW = worklist.c
_NOW = bindparam("b_now", type_=Double)
_AT = bindparam("b_at", type_=Double)


@dataclass(frozen=True, slots=True)
class Reaped:
    """A row that was taken back; `crashes` in a row, this one counted; `dead`: given up."""

    mapping_id: int
    kind: str
    run_id: int | None
    crashes: int
    dead: bool


_OVERDUE = (
    select(_ROW.mapping_id, _ROW.kind, _ROW.fence, _ROW.crashes, _ROW.last_run_id)
    .where(_ROW.lease_until <= _NOW)
    .order_by(_ROW.mapping_id, _ROW.kind)
)
_TAKE_BACK = (
    update(worklist)
    .where(THIS_ROW, _ROW.fence == bindparam("b_fence"), _ROW.lease_until <= _NOW)
    .values(
        lease_owner=None,
        lease_until=None,
        crashes=_ROW.crashes + 1,
        recheck_at=bindparam("b_recheck", type_=Double),
        not_before=_AT,
        due_at=greatest(_ROW.due_at, _AT),
        failing_since=func.coalesce(_ROW.failing_since, _NOW),
        gate=case((and_(_ROW.crashes + 1 >= bindparam("b_most"), _ROW.gate == "open"), "dead"), else_=_ROW.gate),
    )
    .returning(_ROW.crashes, _ROW.gate)
)
_END_RUN = (
    update(runs)
    .where(runs.c.id == bindparam("b_run"), runs.c.ended_at.is_(None))
    .values(ended_at=_NOW, outcome="reaped", reason="reaped")
)


def reap(
    tx: Connection, now: float, *, recheck: float, dead_crashes: int, backoff: Callable[[int], float]
) -> list[Reaped]:
    """Take back every row whose lease ran out, and end its run as `reaped`.

    Each gets one more look `recheck` seconds from now (D12). After its first crash a row keeps its place; after the
    nth in a row it waits for `backoff(n - 1)` seconds; after `dead_crashes` it is dead: it kills its worker (D10).
    """
    taken = []
    for row in tx.execute(_OVERDUE, {"b_now": now}).all():
        values = {
            "b_mapping": row.mapping_id,
            "b_kind": row.kind,
            "b_fence": row.fence,
            "b_now": now,
            "b_recheck": now + recheck,
            "b_at": now + backoff(row.crashes) if row.crashes else 0.0,
            "b_most": dead_crashes,
        }
        after = tx.execute(_TAKE_BACK, values).first()
        if after is None:
            continue
        tx.execute(_END_RUN, {"b_run": row.last_run_id, "b_now": now})
        taken.append(Reaped(row.mapping_id, row.kind, row.last_run_id, after.crashes, after.gate == "dead"))
    return taken
