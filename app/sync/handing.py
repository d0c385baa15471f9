"""Handing back: grades that a person changed in Moodle may be overwritten once their owner says so (design.md 7)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app.kit import Kit
from app.planning.grade_actions import Column
from app.planning.gradebook import Cell
from app.store import audit, cells, mappings, runs
from app.store.worklist import GRADES
from app.sync.ask import want

_PERSON = "person"

Left = dict[str, Any]
"""One grade that is left as it is, as plans show it (app.sync.grades_showing)."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which of the grades that are a person's: those that fit everything given (None: any)."""

    userids: Collection[int] | None = None
    columns: Collection[Column] | None = None

    def fits(self, cell: Cell) -> bool:
        """Whether a grade is among them."""
        return (self.userids is None or cell.userid in self.userids) and (
            self.columns is None or cell.column in self.columns
        )


def found(kit: Kit, mapping_id: int, chosen: Chosen) -> list[Left]:
    """What the newest run left alone because a person changed it."""
    with kit.database.reading() as tx:
        return _found(tx, mapping_id, chosen)


def hand_back(kit: Kit, mapping_id: int, seen: Sequence[Left], by: str) -> list[Left]:
    """Let the next run overwrite what was `seen` among `found`, and want that run now.

    Returns what was handed back: what has changed since, nobody has looked at.
    """
    looked_at = {(_cell(left), left["shown"]) for left in seen}
    with kit.database.transaction() as tx:
        mappings.hold_still(tx, mapping_id)
        given = [left for left in _found(tx, mapping_id, Chosen()) if (_cell(left), left["shown"]) in looked_at]
        if not given:
            return []
        # The worklist first, as a run locks when it ends: the other way round two could deadlock.
        want(kit, tx, [mapping_id], GRADES, urgent=True)
        now = kit.database.now(tx)
        cells.hand_back(tx, mapping_id, [_cell(left) for left in given])
        subject = {"records": [{name: left[name] for name in ("column", "userid", "shown")} for left in given]}
        call_uid = audit.begin(
            tx, now, actor=by, system="kurasync", operation="hand_back", subject=subject, mapping_id=mapping_id
        )
        audit.end(tx, now, call_uid, "done")
    return given


def _found(tx: Connection, mapping_id: int, chosen: Chosen) -> list[Left]:
    newest = runs.search(tx, mapping_id=mapping_id, kind=GRADES, outcome="done", limit=1, plans=True)
    left = (newest[0].plan or {}).get("left", []) if newest else []
    return [each for each in left if each["reason"] == _PERSON and chosen.fits(_cell(each))]


def _cell(left: Left) -> Cell:
    return Cell(Column(*left["column"]), left["userid"])
