"""A look without an event: what no event told, and courses that may be back (design.md 8)."""

from __future__ import annotations

import random

from sqlalchemy import Connection

from app.kit import Kit
from app.store import mappings, worklist
from app.sync.ask import want
from app.sync.backoff import Chance
from app.sync.settle import COURSE_GONE

_EARLIEST, _RANGE = 0.75, 0.5


def reconcile(kit: Kit, limit: int, *, chance: Chance = random.random) -> int:
    """Want a look at up to `limit` mappings whose time has come; returns how many.

    Their next time is chosen at random around the interval, so that mappings added together drift apart.
    """
    with kit.database.reading() as tx:
        due = mappings.reconcile_due(tx, kit.database.now(tx), limit)
    for mapping_id in due:
        # One transaction each: rows of several mappings, locked in another order than by a delivery, could deadlock.
        with kit.database.transaction() as tx:
            _look_again(kit, tx, mapping_id, chance)
    return len(due)


def _look_again(kit: Kit, tx: Connection, mapping_id: int, chance: Chance) -> None:
    now = kit.database.now(tx)
    interval = kit.settings.reconcile * (_EARLIEST + _RANGE * chance())
    mappings.set_reconcile_at(tx, mapping_id, now + interval)
    if any(row.gate == "parked" and row.gate_reason == COURSE_GONE for row in worklist.rows(tx, [mapping_id])):
        worklist.unpark(tx, now, [mapping_id], 0.0)
    want(kit, tx, [mapping_id], "roster", urgent=False)
