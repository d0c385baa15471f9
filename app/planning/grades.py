"""The grades plan: an export and a gradebook in, a plan out (design.md 7). Pure: it reads and writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from app.planning import grade_actions as act
from app.planning.computing import DOUBTS
from app.planning.grade_actions import Column
from app.planning.gradebook import Cell, ColumnOfExport, Grade, Gradebook, GradePlan, Grades, Item, KnownCell, Left
from app.planning.protection import REPEATS
from app.planning.sameness import same_grade, text_key

LEFT = {
    "unlinked": "the kuraCloud student is linked to nobody in Moodle",
    "not_student": "the linked user is not an active student of the Moodle course",
    "moved": "the student's link changed after the export was asked for: it is asked for again",
    "person": "somebody changed the grade in Moodle: it stays until it is handed back",
    "locked": "the grade is locked in Moodle",
    "column_locked": "the column is locked in Moodle",
    "column_gone": "the column was deleted in Moodle meanwhile",
    "unsettled": "the same change was made three times in 24 hours and does not last",
    "export_empty": "kuraCloud's export is empty: nothing is changed",
    **DOUBTS,
}

LONGEST = 255  # characters in the name of a grade item
_NOTHING = Grade(None)


class _Agreed(NamedTuple):
    """A cell on which both sides agree and which is not remembered so."""

    cell: Cell
    value: float | None


Found = act.Action | Left | _Agreed


def plan(grades: Grades) -> GradePlan:
    """What would bring Moodle's gradebook in step with the export, and what is left as it is and why."""
    book = grades.book
    present = sum(1 for cell, grade in book.grades.items() if grade.value is not None and cell.column in book.items)
    if grades.export.empty:
        return GradePlan((), tuple(Left("export_empty", column) for column in sorted(book.items)), present)
    found = list(_settled(_everything(grades), grades))
    return GradePlan(
        actions=tuple(sorted((each for each in found if not isinstance(each, Left | _Agreed)), key=_place)),
        left=tuple(sorted((each for each in found if isinstance(each, Left)), key=_place_of_left)),
        present=present,
        adopted={each.cell: each.value for each in found if isinstance(each, _Agreed)},
    )


def column_name(column: Column, title: str) -> str:
    """The name of a column's grade item, 255 characters at most: a long title is cut, its kuraID never."""
    suffix = f" kuraID: {column.lesson}-{column.revision}"
    return (text_key(title)[: LONGEST - len(suffix)].rstrip() + suffix).lstrip()


def _everything(grades: Grades) -> Iterator[Found]:
    for column, exported in grades.export.columns.items():
        yield from _column(column, exported, grades)
    yield from _doubtful(grades)
    yield from _vanished(grades)


def _column(column: Column, exported: ColumnOfExport, grades: Grades) -> Iterator[Found]:
    item = grades.book.items.get(column)
    cells = [each for each in _cells(column, exported, item, grades) if each is not None]
    if item is not None:
        yield from _edited(column, item, exported, grades)
    elif any(isinstance(each, act.SetGrade) for each in cells):
        yield act.AddColumn(column, column_name(column, exported.title), exported.maximum)
    yield from cells


def _edited(column: Column, item: Item, exported: ColumnOfExport, grades: Grades) -> Iterator[Found]:
    """A new title, and a maximum that differs; the name alone is the teacher's (design.md 7)."""
    known = grades.columns.get(column)
    name = column_name(column, exported.title)
    retitled = known is not None and text_key(known.title) != text_key(exported.title) and item.name != name
    regraded = not same_grade(item.maximum, exported.maximum)
    if not retitled and not regraded:
        return
    if item.locked:
        yield Left("column_locked", column)
    else:
        before = (item.name, item.maximum)
        yield act.EditColumn(column, before, name if retitled else None, exported.maximum if regraded else None)


def _cells(column: Column, exported: ColumnOfExport, item: Item | None, grades: Grades) -> Iterator[Found | None]:
    # Moodle cuts a grade at the column's maximum: until that is right, no cell is in step with what was sent.
    cut = item is not None and not same_grade(item.maximum, exported.maximum)
    for studentid, value in exported.grades.items():
        userid = grades.links.get(studentid)
        cell = Cell(column, userid or 0)
        now = grades.book.grades.get(cell, _NOTHING)
        known = grades.cells.get(cell)
        outside = _outside(studentid, userid, grades)
        if same_grade(value, now.value):
            yield None if outside or _is_remembered(value, known) else _Agreed(cell, value)
        elif outside or cut or not _is_in_step(value, now, known):
            reason = outside or _kept(item, now, known, grades.book)
            yield Left(reason, column, userid, studentid, value, now.value) if reason else _write(cell, now, value)


def _outside(studentid: int, userid: int | None, grades: Grades) -> str:
    """Why this student's grades are not for anybody in Moodle now."""
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
    if known is None or known.pending or now.value is None:
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
    return known.returned or same_grade(now.value, known.sent) or same_grade(now.value, known.shown)


def _write(cell: Cell, now: Grade, value: float | None) -> act.Action:
    column, userid = cell
    if now.value is None:
        assert value is not None
        return act.SetGrade(column, userid, None, value)
    if value is None:
        return act.ClearGrade(column, userid, now.value)
    kind = act.LowerGrade if value < now.value else act.SetGrade
    return kind(column, userid, now.value, value)


def _doubtful(grades: Grades) -> Iterator[Left]:
    for doubt in grades.export.doubts:
        userid = grades.links.get(doubt.studentid) if doubt.studentid is not None else None
        now = grades.book.grades.get(Cell(doubt.column, userid or 0), _NOTHING)
        yield Left(doubt.reason, doubt.column, userid, doubt.studentid, None, now.value)


def _vanished(grades: Grades) -> Iterator[Found]:
    """Columns that Moodle has and the export has not; the guard always asks before one is removed."""
    doubtful = {doubt.column for doubt in grades.export.doubts}
    for column, item in grades.book.items.items():
        if column in grades.export.columns or column in doubtful:
            continue
        yield Left("column_locked", column) if item.locked else act.RemoveColumn(column, item.name)


def _settled(found: Iterable[Found], grades: Grades) -> Iterator[Found]:
    """The same, without actions that were done again and again, and without grades for a column that is not made."""
    # A fingerprint costs far more than the rest of planning; mostly there is nothing to compare it with.
    if not grades.done:
        yield from found
        return
    students = {userid: studentid for studentid, userid in grades.links.items()}
    absent: set[Column] = set()
    for each in found:
        if isinstance(each, Left | _Agreed):
            yield each
        elif each.column not in absent and grades.done.get(act.fingerprint(each), 0) < REPEATS:
            yield each
        elif isinstance(each, act.GRADES):
            studentid = students.get(each.userid)
            yield Left("unsettled", each.column, each.userid, studentid, act.after(each), each.before)
        else:
            absent |= {each.column} if isinstance(each, act.AddColumn) else set()
            yield Left("unsettled", each.column)


_ORDER = {act.AddColumn: 0, act.EditColumn: 0, act.RemoveColumn: 2}


def _place(action: act.Action) -> tuple[int, Column, int]:
    return _ORDER.get(type(action), 1), action.column, getattr(action, "userid", 0)


def _place_of_left(left: Left) -> tuple[Column, int, int, str]:
    return left.column, left.userid or 0, left.studentid or 0, left.reason
