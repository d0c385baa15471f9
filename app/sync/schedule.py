"""Grades by schedule: kuraCloud sends no event when somebody was graded (design.md 7)."""

from __future__ import annotations

import random

from sqlalchemy import Connection

from app.kit import Kit
from app.planning.rules import from_settings
from app.store import mappings
from app.sync.ask import want
from app.sync.backoff import Chance

_EARLIEST, _RANGE = 0.75, 0.5
_NEVER = 86_400.0  # a mapping that wants no schedule is looked at again after this: its setting may have changed


def schedule_grades(kit: Kit, limit: int, *, chance: Chance = random.random) -> int:
    """Want grades of up to `limit` mappings whose time has come; returns how many were asked.

    A mapping that is new to the schedule only gets a time, anywhere in its first interval.
    """
    with kit.database.reading() as tx:
        due = mappings.grades_due(tx, kit.database.now(tx), limit)
    asked = 0
    for mapping_id in due:
        # One transaction each, as in app.sync.reconcile.
        with kit.database.transaction() as tx:
            asked += _schedule(kit, tx, mapping_id, chance)
    return asked


def _schedule(kit: Kit, tx: Connection, mapping_id: int, chance: Chance) -> bool:
    mapping, now = mappings.get(tx, mapping_id), kit.database.now(tx)
    if mapping is None:
        return False
    every = from_settings(mapping.settings).grades_every
    if not every:
        mappings.set_grades_at(tx, mapping_id, now + _NEVER)
        return False
    is_new = mapping.grades_at is None
    share = chance() if is_new else _EARLIEST + _RANGE * chance()
    mappings.set_grades_at(tx, mapping_id, now + every * share)
    if not is_new:
        want(kit, tx, [mapping_id], "grades", urgent=False)
    return not is_new
