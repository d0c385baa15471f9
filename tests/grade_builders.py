"""Small builders for tests of grades: an export, a gradebook that fits it, and the plan for the two.

Column 12-34 is "Heart" with 10 points; student 101 is user 1, student 102 user 2, and so on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.planning.grade_actions import Action, Column
from app.planning.gradebook import (
    Cell,
    ColumnOfExport,
    Export,
    Grade,
    Gradebook,
    GradePlan,
    Grades,
    Item,
    KnownCell,
    KnownColumn,
)
from app.planning.grades import plan
from app.planning.rules import Rules
from schemas.exports import Lesson, Question, QuestionGrade, Revision, StudentGrades

HEART = Column(12, 34)
LUNG = Column(13, 35)
NAME = "Heart kuraID: 12-34"
WRITER, TEACHER = 900, 901

Points = Mapping[int, float | None]
"""Grades by the Moodle user's id."""


def row(studentid: int, *points: float | None, offset: float | None = None) -> StudentGrades:
    """A student's row of a revision: the points for its questions, in order."""
    questions = tuple(QuestionGrade(f"q{number}", each) for number, each in enumerate(points))
    return StudentGrades(studentid, offset, questions)


def revision(
    *rows: StudentGrades, number: int = 34, title: str = "Heart", maxima: Iterable[float] = (5, 5)
) -> Revision:
    """A revision with these rows."""
    questions = tuple(Question(f"q{place}", float(each)) for place, each in enumerate(maxima))
    return Revision(number, title, questions, rows)


def lesson(*revisions: Revision, number: int = 12) -> Lesson:
    """A lesson with these revisions."""
    return Lesson(number, "Organs", revisions)


def column(points: Points, title: str = "Heart", maximum: float = 10.0) -> ColumnOfExport:
    """A column of an export, with grades by the user that each student is linked to."""
    return ColumnOfExport(title, maximum, {100 + userid: value for userid, value in points.items()})


def exported(points: Points | None = None, **more: Any) -> Export:
    """An export of the column 12-34 alone."""
    return Export({HEART: column(points or {}, **more)})


def gradebook(
    points: Mapping[int, float | Grade] | None = None,
    *,
    item: Item | None = None,
    students: Iterable[int] = range(1, 10),
    modifier: int | None = WRITER,
) -> Gradebook:
    """A gradebook with the column 12-34 alone; grades were written by kurasync unless they say otherwise."""
    grades = {
        Cell(HEART, userid): each if isinstance(each, Grade) else Grade(each, modifier=modifier)
        for userid, each in (points or {}).items()
    }
    return Gradebook({HEART: item or Item(NAME, 10.0)}, grades, frozenset(students), WRITER)


def known(points: Mapping[int, KnownCell | float | None]) -> dict[Cell, KnownCell]:
    """What is remembered of cells of the column 12-34; a number was sent and shown."""
    return {
        Cell(HEART, userid): each if isinstance(each, KnownCell) else KnownCell(each, each)
        for userid, each in points.items()
    }


NO_COLUMN = Gradebook({}, {}, frozenset(range(1, 10)), WRITER)
TITLES = {HEART: KnownColumn("Heart")}
LINKS = {100 + userid: userid for userid in range(1, 10)}


def planned(export: Export, book: Gradebook = NO_COLUMN, **more: Any) -> GradePlan:
    """The plan for these two, with nine students linked."""
    return plan(Grades(**{"export": export, "book": book, "links": LINKS, "rules": Rules(), **more}))


def reasons(found: GradePlan) -> list[tuple[str, int | None]]:
    """Why what is left, and of which user."""
    return [(left.reason, left.userid) for left in found.left]


def doing(*actions: Action, present: int = 0) -> GradePlan:
    """A plan of these actions."""
    return GradePlan(actions, (), present)
