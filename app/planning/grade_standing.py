"""Where each grade of a mapping is and why, told by what kurasync remembers and what the last run left. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.planning.computing import DOUBTS
from app.planning.grade_actions import Column
from app.planning.grade_guard import REASONS
from app.planning.gradebook import Cell, KnownCell
from app.planning.grades import LEFT
from app.planning.sameness import same_grade
from app.planning.standing import ColumnStanding, GradeStanding, GradeWord
from app.planning.student_standing import REJECTED, Entry, sentence, waits

IN_STEP = "In Moodle's gradebook."
RETURNED = "Handed back to kuraCloud: its grade is written at the next look."
UNSETTLED = "Being written, or not known to have arrived: looked at again."
KEPT = "Moodle keeps another grade than it was sent."
NO_COLUMN = "Not in Moodle's gradebook: nobody who is linked has a grade in it yet."
COLUMN_KEPT = "kuraCloud has the column no more; a person decided to keep it in Moodle."

_WORDS: Mapping[str, GradeWord] = {
    "unlinked": "not_linked",
    "excluded": "left_out",
    "not_student": "left_out",
    "moved": "pending",
    "column_gone": "pending",
    "person": "changed_in_moodle",
    "locked": "locked",
    "column_locked": "locked",
    "export_empty": "not_in_export",
    **dict.fromkeys(DOUBTS, "doubtful"),
}
_WAITS = {
    "column_add": "Making the column",
    "column_edit": "A change of the column",
    "column_remove": "kuraCloud has the column no more: its removal",
    "grade_set": "The grade",
    "grade_lower": "The lower grade",
    "grade_clear": "Clearing the grade",
}


@dataclass(frozen=True, slots=True)
class Remembered:
    """What kurasync knows besides the plan: titles of columns, cells, the student of each linked user, and names.

    `users` and `students` say what those are called who were read last; `approved` and `rejected` are the fingerprints
    of the newest hold, where it was.
    """

    titles: Mapping[Column, str]
    cells: Mapping[Cell, KnownCell]
    links: Mapping[int, int]
    users: Mapping[int, str]
    students: Mapping[int, str]
    approved: Collection[str] = ()
    rejected: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class _Told:
    standing: GradeWord
    message: str
    value: float | None = None
    shown: float | None = None


_Place = tuple[Column, int | None, int | None]
"""A column, and a user, or else a student whom nobody in Moodle is linked to; neither: the column itself."""


def standings(
    plan: Mapping[str, Any], known: Remembered
) -> tuple[tuple[ColumnStanding, ...], tuple[GradeStanding, ...]]:
    """Every column by lesson and revision, and every grade by student and column; `plan` of the last run, as stored."""
    told: dict[_Place, _Told] = {}
    for (column, userid), cell in known.cells.items():
        remembered = _remembered(cell) if userid in known.links else None
        if remembered is not None:
            told[column, userid, None] = remembered
    titles = dict(known.titles)
    for place, title, found in _of_plan(plan, known):
        titles.setdefault(place[0], title)
        if not _is_overtaken(place, known):
            told[place] = found
    columns = [_column(column, titles[column], told, column in known.titles) for column in sorted(titles)]
    grades = [_grade(place, each, known) for place, each in told.items() if place[1:] != (None, None)]
    return tuple(columns), tuple(sorted(grades, key=lambda each: (each.key, each.lesson, each.revision)))


def _remembered(cell: KnownCell) -> _Told | None:
    """What there is to say of a cell that no plan names; None: it is empty on both sides."""
    if cell.returned:
        return _Told("pending", RETURNED)
    if cell.pending:
        return _Told("pending", UNSETTLED, cell.sent, cell.shown)
    if cell.sent is None and cell.shown is None:
        return None
    if same_grade(cell.sent, cell.shown):
        return _Told("in_step", IN_STEP, cell.sent, cell.shown)
    return _Told("refused", KEPT, cell.sent, cell.shown)


def _is_overtaken(place: _Place, known: Remembered) -> bool:
    """Whether something was begun, or decided, about a cell since the plan was made."""
    cell = known.cells.get(Cell(place[0], place[1] or 0))
    return cell is not None and (cell.returned or cell.pending)


def _of_plan(plan: Mapping[str, Any], known: Remembered) -> Iterator[tuple[_Place, str, _Told]]:
    for left in plan.get("left", ()):
        yield _place(left), left["title"], _left(left["reason"], left["value"], left["shown"])
    for failed in plan.get("failed", ()):
        yield _place(failed), failed["title"], _failed(failed)
    for held in plan.get("held", ()):
        yield _place(held), held["title"], _held(held, known)


def _place(entry: Entry) -> _Place:
    userid = entry.get("userid")
    return Column(*entry["column"]), userid, None if userid is not None else entry.get("studentid")


def _left(reason: str, value: float | None, shown: float | None) -> _Told:
    return _Told(_WORDS.get(reason, "refused"), sentence(LEFT.get(reason, reason)), value, shown)


def _failed(failed: Entry) -> _Told:
    value = failed.get("after")
    if failed["reason"] == "kept":
        return _Told("refused", KEPT, value, failed.get("shown"))
    before = failed["before"] if "userid" in failed else None
    return _left(failed["reason"], value, before)


def _held(held: Entry, known: Remembered) -> _Told:
    values = (held.get("after"), held["before"]) if "userid" in held else (None, None)
    if held["fingerprint"] in known.rejected:
        if held["action"] == "column_remove":
            return _Told("not_in_export", COLUMN_KEPT)
        return _Told("left_out", REJECTED, *values)
    return _Told("waiting", waits(_WAITS[held["action"]], held, REASONS, known.approved), *values)


def _column(column: Column, title: str, told: Mapping[_Place, _Told], is_there: bool) -> ColumnStanding:
    itself = told.get((column, None, None))
    if itself is None:
        itself = _Told("in_step", IN_STEP) if is_there else _Told("pending", NO_COLUMN)
    return ColumnStanding(column.lesson, column.revision, title, itself.standing, itself.message)


def _grade(place: _Place, told: _Told, known: Remembered) -> GradeStanding:
    column, userid, studentid = place
    return GradeStanding(
        lesson=column.lesson,
        revision=column.revision,
        standing=told.standing,
        message=told.message,
        userid=userid,
        studentid=studentid if userid is None else known.links.get(userid),
        name=known.users.get(userid or -1) or known.students.get(studentid or -1) or "",
        value=told.value,
        shown=told.shown,
    )
