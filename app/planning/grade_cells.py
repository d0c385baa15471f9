"""Whose a grade in Moodle is, and what becomes of it: one cell at a time (design.md 7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from app.planning import grade_actions as act
from app.planning.grade_actions import Column
from app.planning.gradebook import Cell, ColumnOfExport, Grade, Gradebook, Grades, Item, KnownCell, Left
from app.planning.sameness import same_grade

NOTHING = Grade(None)


class Agreed(NamedTuple):
    """A cell on which both sides agree and which is not remembered so."""

    cell: Cell
    value: float | None


Found = act.Action | Left | Agreed


def looked_at(column: Column, exported: ColumnOfExport, item: Item | None, grades: Grades) -> Iterator[Found]:
    """What is to be done, left or remembered of each cell of a column; `item` None: Moodle does not have it yet."""
    # Moodle cuts a grade at the column's maximum: until that is right, no cell is in step with what was sent.
    cut = item is not None and not same_grade(item.maximum, exported.maximum)
    for studentid, value in exported.grades.items():
        userid = grades.links.get(studentid)
        cell = Cell(column, userid or 0)
        now = grades.book.grades.get(cell, NOTHING)
        known = grades.cells.get(cell)
        outside = _outside(studentid, userid, grades)
        if same_grade(value, now.value):
            if not outside and not _is_remembered(value, known):
                yield Agreed(cell, value)
        elif outside or cut or not _is_in_step(value, now, known):
            reason = outside or _kept(item, now, known, grades.book)
            yield Left(reason, column, userid, studentid, value, now.value) if reason else _write(cell, now, value)


def _outside(studentid: int, userid: int | None, grades: Grades) -> str:
    """Why this student's grades are not for anybody in Moodle now."""
    if userid in grades.excluded:
        return "excluded"
    if studentid in grades.moved:
        return "moved"
    if userid is None:
        return "unlinked"
    return "" if userid in grades.book.students else "not_student"


def _is_remembered(value: float | None, known: KnownCell | None) -> bool:
    if known is None:
        return value is None
    plain = not known.pending and not known.returned
    return plain and same_grade(known.sent, value) and same_grade(known.shown, value)


def _is_in_step(value: float | None, now: Grade, known: KnownCell | None) -> bool:
    """Whether Moodle keeps this very grade otherwise than it was sent; one that it lost is not kept."""
    if known is None or known.pending or known.returned or now.value is None:
        return False
    return same_grade(known.sent, value) and same_grade(known.shown, now.value)


def _kept(item: Item | None, now: Grade, known: KnownCell | None, book: Gradebook) -> str:
    """Why what Moodle shows in a cell is not kurasync's to change (design.md 4, invariant 9)."""
    if item is not None and item.locked:
        return "column_locked"
    if now.locked:
        return "locked"
    return "" if _is_ours(now, known, book.writer) else "person"


def _is_ours(now: Grade, known: KnownCell | None, writer: int | None) -> bool:
    if now.modifier is not None and now.modifier == writer:
        return True
    if now.value is None and now.modifier is None:
        return True
    if known is None:
        return False
    return known.returned or same_grade(now.value, known.sent) or _is_as_shown(now, known)


def _is_as_shown(now: Grade, known: KnownCell) -> bool:
    """Whether Moodle shows what it last did; after a write that was lost, somebody may have put the old grade back."""
    return same_grade(now.value, known.shown) and (not known.pending or now.modifier == known.modifier)


def _write(cell: Cell, now: Grade, value: float | None) -> act.Action:
    column, userid = cell
    if now.value is None:
        assert value is not None
        return act.SetGrade(column, userid, None, value)
    if value is None:
        return act.ClearGrade(column, userid, now.value)
    kind = act.LowerGrade if value < now.value else act.SetGrade
    return kind(column, userid, now.value, value)
