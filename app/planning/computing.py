"""From an export to grades (contracts/kuracloud-v2.md, What a grade is), and what of it cannot be believed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from math import isfinite

from app.planning.grade_actions import Column
from app.planning.gradebook import ColumnOfExport, Doubt, Export
from app.planning.sameness import rounded
from schemas.exports import Lesson, Revision, StudentGrades

LARGEST = Decimal("99999.99999")  # what grade_items.grademax holds: ten digits, five of them decimals

DOUBTS = {
    "column_twice": "the export has this revision of the lesson more than once",
    "no_questions": "the revision has no question that gives points, so there is nothing to grade against",
    "not_a_number": "kuraCloud exported something that is not a number",
    "too_large": "the maximum is larger than Moodle can keep (99999.99999)",
    "student_twice": "the export has the student more than once in this revision, with different grades",
}


def computed(lessons: Sequence[Lesson]) -> Export:
    """The columns and grades of an export, in points with Moodle's five decimals, and its doubts.

    The order of lessons, revisions and rows makes no difference.
    """
    found = [(Column(lesson.lesson_id, each.revision_id), each) for lesson in lessons for each in lesson.revisions]
    times = Counter(column for column, _ in found)
    columns: dict[Column, ColumnOfExport] = {}
    doubts = {Doubt(column, "column_twice") for column, number in times.items() if number > 1}
    for column, revision in found:
        if times[column] > 1:
            continue
        maximum = _maximum(revision)
        if isinstance(maximum, str):
            doubts.add(Doubt(column, maximum))
            continue
        grades = dict(_grades(revision.students, maximum))
        doubts |= {Doubt(column, each, studentid) for studentid, each in grades.items() if isinstance(each, str)}
        believed = {studentid: each for studentid, each in grades.items() if not isinstance(each, str)}
        columns[column] = ColumnOfExport(revision.title, rounded(maximum), believed)
    return Export(columns, tuple(sorted(doubts, key=_place)), empty=not lessons)


def _place(doubt: Doubt) -> tuple[Column, int]:
    return doubt.column, doubt.studentid or 0


def _maximum(revision: Revision) -> Decimal | str:
    """The sum of the questions' maxima, or why there is none."""
    points = [question.max_grade for question in revision.questions]
    if not all(map(isfinite, points)):
        return "not_a_number"
    maximum = _sum(points)
    if maximum > LARGEST:
        return "too_large"
    return maximum if rounded(maximum) > 0 else "no_questions"


def _grades(rows: Iterable[StudentGrades], maximum: Decimal) -> Iterator[tuple[int, float | str | None]]:
    """Each student's grade, or why it cannot be believed; None: the row is there and all null."""
    rows_of: dict[int, set[StudentGrades]] = {}
    for row in rows:
        rows_of.setdefault(row.student_id, set()).add(row)
    for studentid, different in rows_of.items():
        grades = [_grade(row, maximum) for row in different]
        if "not_a_number" in grades:
            yield studentid, "not_a_number"
        else:
            yield studentid, "student_twice" if len(grades) > 1 else grades[0]


def _grade(row: StudentGrades, maximum: Decimal) -> float | str | None:
    points = [each.grade for each in row.questions if each.grade is not None]
    if not points and not row.offset:
        return None
    points.append(row.offset or 0.0)
    if not all(map(isfinite, points)):
        return "not_a_number"
    return rounded(min(max(Decimal(0), _sum(points)), maximum))


def _sum(points: Iterable[float]) -> Decimal:
    """Summed as written, not as floats: 0.1 and 0.2 are 0.3."""
    return sum((Decimal(repr(each)) for each in points), Decimal(0))
