"""The grades plan: an export and a gradebook in, a plan out (design.md 7). Pure: it reads and writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from app.planning import grade_actions as act
from app.planning.computing import DOUBTS
from app.planning.grade_actions import Column
from app.planning.grade_cells import NOTHING, Agreed, Found, looked_at
from app.planning.gradebook import Cell, ColumnOfExport, GradePlan, Grades, Item, Left
from app.planning.protection import REPEATS
from app.planning.sameness import same_grade, text_key

LEFT = {
    "unlinked": "the kuraCloud student is linked to nobody in Moodle",
    "excluded": "the linked user is excluded from the mapping",
    "not_student": "the linked user is not an active student of the Moodle course",
    "moved": "the student's link changed after the export was asked for: it is asked for again",
    "person": "somebody changed the grade in Moodle: it stays until it is handed back",
    "locked": "the grade is locked in Moodle",
    "column_locked": "the column, or a grade in one that would be removed, is locked in Moodle",
    "column_gone": "the column was deleted in Moodle meanwhile",
    "unsettled": "the same change was made three times in 24 hours and does not last",
    "export_empty": "kuraCloud's export is empty: nothing is changed",
    **DOUBTS,
}

LONGEST = 255  # characters in the name of a grade item


def plan(grades: Grades) -> GradePlan:
    """What would bring Moodle's gradebook in step with the export, and what is left as it is and why."""
    book = grades.book
    present = sum(1 for cell, grade in book.grades.items() if grade.value is not None and cell.column in book.items)
    if grades.export.empty:
        return GradePlan((), tuple(Left("export_empty", column) for column in sorted(book.items)), present)
    found = list(_settled(_everything(grades), grades))
    return GradePlan(
        actions=tuple(sorted((each for each in found if not isinstance(each, Left | Agreed)), key=_place)),
        left=tuple(sorted((each for each in found if isinstance(each, Left)), key=_place_of_left)),
        present=present,
        adopted={each.cell: each.value for each in found if isinstance(each, Agreed)},
    )


def column_name(column: Column, title: str) -> str:
    """The name of a column's grade item, 255 characters at most: a long title is cut, its kuraID never."""
    suffix = _suffix(column)
    return (text_key(title)[: LONGEST - len(suffix)].rstrip() + suffix).lstrip()


def title_of(column: Column, name: str) -> str:
    """The title in the name of a column, "" where the name is not made from one; a long title is cut."""
    suffix = _suffix(column)
    return name.removesuffix(suffix) if name.endswith(suffix) else ""


def _suffix(column: Column) -> str:
    return f" kuraID: {column.lesson}-{column.revision}"


def _everything(grades: Grades) -> Iterator[Found]:
    for column, exported in grades.export.columns.items():
        yield from _column(column, exported, grades)
    yield from _doubtful(grades)
    yield from _vanished(grades)


def _column(column: Column, exported: ColumnOfExport, grades: Grades) -> Iterator[Found]:
    item = grades.book.items.get(column)
    cells = list(looked_at(column, exported, item, grades))
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


def _doubtful(grades: Grades) -> Iterator[Left]:
    for doubt in grades.export.doubts:
        userid = grades.links.get(doubt.studentid) if doubt.studentid is not None else None
        now = grades.book.grades.get(Cell(doubt.column, userid or 0), NOTHING)
        yield Left(doubt.reason, doubt.column, userid, doubt.studentid, None, now.value)


def _vanished(grades: Grades) -> Iterator[Found]:
    """Columns that Moodle has and the export has not; the guard always asks before one is removed.

    Moodle removes none in which a person locked a single grade (plugin/local_kurasync, delete_items).
    """
    doubtful = {doubt.column for doubt in grades.export.doubts}
    locked = {column for column, item in grades.book.items.items() if item.locked}
    locked |= {cell.column for cell, grade in grades.book.grades.items() if grade.locked}
    for column, item in grades.book.items.items():
        if column in grades.export.columns or column in doubtful:
            continue
        yield Left("column_locked", column) if column in locked else act.RemoveColumn(column, item.name)


def _settled(found: Iterable[Found], grades: Grades) -> Iterator[Found]:
    """The same, without actions that were done again and again, and without grades for a column that is not made."""
    # A fingerprint costs far more than the rest of planning; mostly there is nothing to compare it with.
    if not grades.done:
        yield from found
        return
    students = {userid: studentid for studentid, userid in grades.links.items()}
    absent: set[Column] = set()
    for each in found:
        if isinstance(each, Left | Agreed):
            yield each
        elif each.column in absent or grades.done.get(act.fingerprint(each), 0) >= REPEATS:
            absent |= {each.column} if isinstance(each, act.AddColumn) else set()
            yield _unsettled(each, students)
        else:
            yield each


def _unsettled(action: act.Action, students: Mapping[int, int]) -> Left:
    if not isinstance(action, act.GRADES):
        return Left("unsettled", action.column)
    studentid = students.get(action.userid)
    return Left("unsettled", action.column, action.userid, studentid, act.after(action), action.before)


_ORDER = {act.AddColumn: 0, act.EditColumn: 0, act.RemoveColumn: 2}


def _place(action: act.Action) -> tuple[int, Column, int]:
    return _ORDER.get(type(action), 1), action.column, getattr(action, "userid", 0)


def _place_of_left(left: Left) -> tuple[Column, int, int, str]:
    return left.column, left.userid or 0, left.studentid or 0, left.reason
