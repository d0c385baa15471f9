"""From an export to grades: what a grade is, and what cannot be believed (contracts/kuracloud-v2.md)."""

from __future__ import annotations

from itertools import permutations
from math import inf, nan
from typing import Any

import pytest

from app.planning.computing import DOUBTS, computed
from app.planning.grade_actions import Column
from app.planning.gradebook import ColumnOfExport, Doubt, Export
from schemas.exports import Lesson, Revision, StudentGrades
from tests.grade_builders import HEART, LUNG, lesson, revision, row


def _column(*rows: StudentGrades, **more: Any) -> ColumnOfExport:
    """The one column of an export without doubts."""
    found = computed([lesson(revision(*rows, **more))])
    assert (list(found.columns), found.doubts) == ([HEART], ())
    return found.columns[HEART]


def _grade(given: StudentGrades, **more: Any) -> float | None:
    return _column(given, **more).grades[given.student_id]


def _doubted(*lessons: Lesson) -> Export:
    """An export that says nothing but doubts."""
    found = computed(lessons)
    assert not any(each.grades for each in found.columns.values())
    return found


def test_a_grade_is_the_sum_of_the_points_and_the_offset() -> None:
    assert _grade(row(1, 4, 3.5, offset=1)) == 8.5


def test_the_maximum_is_the_sum_of_the_questions() -> None:
    assert _column(maxima=(2.5, 3, 0)).maximum == 5.5


def test_the_title_is_the_revisions() -> None:
    assert _column(title="Heart rev").title == "Heart rev"


@pytest.mark.parametrize(
    ("points", "offset", "grade"),
    [
        ((4, 4), -3, 5), ((4, 4), -20, 0), ((4, 4), 7, 10), ((5, 6), 0, 10), ((-4, 1), None, 0),
        ((None, 3), None, 3), ((None, None), 2, 2), ((None, None), -2, 0), ((0, None), None, 0), ((0, 0), 0, 0),
    ],
)  # fmt: skip
def test_a_grade_stays_between_nothing_and_the_maximum(
    points: tuple[float | None, ...], offset: float | None, grade: float
) -> None:
    assert _grade(row(1, *points, offset=offset)) == grade


@pytest.mark.parametrize("offset", [None, 0, 0.0, -0.0])
@pytest.mark.parametrize("points", [(), (None,), (None, None)])
def test_a_row_without_points_and_offset_is_no_grade(points: tuple[None, ...], offset: float | None) -> None:
    assert _grade(row(1, *points, offset=offset)) is None


def test_a_grade_of_nothing_is_a_plain_zero() -> None:
    assert str(_grade(row(1, -0.0))) == "0.0"


@pytest.mark.parametrize(
    ("points", "grade"),
    [((0.1, 0.2), 0.3), ((1.000005,), 1.00001), ((1.0000049,), 1.0), ((1.1, 2.200005), 3.30001), ((1 / 3,), 0.33333)],
)
def test_grades_have_moodles_five_decimals(points: tuple[float, ...], grade: float) -> None:
    assert _grade(row(1, *points)) == grade


def test_a_maximum_has_them_too() -> None:
    assert _column(maxima=(1 / 3, 1 / 3)).maximum == 0.66667


def test_a_student_without_a_row_has_no_grade_at_all() -> None:
    assert _column(row(1, 5)).grades == {1: 5.0}


def test_each_revision_of_each_lesson_is_a_column() -> None:
    heart, lung = revision(row(1, 4)), revision(row(1, 3), number=35, title="Lung", maxima=(4,))
    assert computed([lesson(heart), lesson(lung, number=13)]) == Export(
        {HEART: ColumnOfExport("Heart", 10.0, {1: 4.0}), LUNG: ColumnOfExport("Lung", 4.0, {1: 3.0})}
    )


def test_one_revision_in_two_lessons_is_two_columns() -> None:
    found = computed([lesson(revision()), lesson(revision(), number=13)])
    assert list(found.columns) == [(12, 34), (13, 34)]


def test_an_export_without_lessons_is_empty() -> None:
    assert computed([]) == Export({}, empty=True)


def test_an_export_of_lessons_without_revisions_is_not_empty() -> None:
    assert computed([lesson()]) == Export({})


# Doubts


def test_every_doubt_has_its_sentence() -> None:
    assert set(DOUBTS) == {"column_twice", "no_questions", "not_a_number", "too_large", "student_twice"}


@pytest.mark.parametrize("maxima", [(), (0,), (0, 0.0), (-5,), (5, -5), (0.000004,)])
def test_a_revision_without_questions_that_give_points_is_no_column(maxima: tuple[float, ...]) -> None:
    found = _doubted(lesson(revision(row(1, offset=3), maxima=maxima)))
    assert found == Export({}, (Doubt(HEART, "no_questions"),))


@pytest.mark.parametrize("maximum", [nan, inf, -inf])
def test_a_maximum_that_is_no_number_spoils_the_column(maximum: float) -> None:
    found = _doubted(lesson(revision(row(1, 4), maxima=(5, maximum))))
    assert found == Export({}, (Doubt(HEART, "not_a_number"),))


def test_maxima_that_are_infinite_both_ways_are_no_number() -> None:
    assert _doubted(lesson(revision(maxima=(inf, -inf)))).doubts == (Doubt(HEART, "not_a_number"),)


@pytest.mark.parametrize(("maximum", "doubts"), [(99999.99999, ()), (100000, (Doubt(HEART, "too_large"),)),
                                                 (1e300, (Doubt(HEART, "too_large"),))])  # fmt: skip
def test_a_maximum_is_not_larger_than_moodle_can_keep(maximum: float, doubts: tuple[Doubt, ...]) -> None:
    found = computed([lesson(revision(maxima=(maximum,)))])
    assert found.doubts == doubts
    assert (HEART in found.columns) is (doubts == ())


@pytest.mark.parametrize(
    "spoilt",
    [row(1, nan, 3), row(1, 4, inf), row(1, -inf), row(1, inf, -inf), row(1, 4, offset=nan), row(1, None, offset=nan),
     row(1, offset=-inf)],
)  # fmt: skip
def test_a_row_with_something_that_is_no_number_gives_that_student_no_grade(spoilt: StudentGrades) -> None:
    found = computed([lesson(revision(spoilt, row(2, 4)))])
    assert found == Export({HEART: ColumnOfExport("Heart", 10.0, {2: 4.0})}, (Doubt(HEART, "not_a_number", 1),))


def test_points_beyond_all_bounds_are_cut_like_any_others() -> None:
    assert _grade(row(1, 1e308, 1e308)) == 10.0
    assert _grade(row(1, -1e308, -1e308)) == 0.0


@pytest.mark.parametrize("again", [row(1, 3), row(1, 4, offset=1), row(1, None), row(1, 4, None), row(1)])
def test_a_student_with_two_different_rows_is_in_doubt(again: StudentGrades) -> None:
    found = computed([lesson(revision(row(1, 4), row(2, 4), again))])
    assert found == Export({HEART: ColumnOfExport("Heart", 10.0, {2: 4.0})}, (Doubt(HEART, "student_twice", 1),))


def test_two_equal_rows_count_once() -> None:
    assert _column(row(1, 4, offset=1), row(1, 4, offset=1)).grades == {1: 5.0}


def test_a_student_in_doubt_is_so_in_that_revision_alone() -> None:
    both = revision(row(1, 4), row(1, 5)), revision(row(1, 3), number=35)
    assert computed([lesson(*both)]).columns[Column(12, 35)].grades == {1: 3.0}


def test_rows_that_differ_in_something_that_is_no_number_are_no_number() -> None:
    found = _doubted(lesson(revision(row(1, 4), row(1, nan))))
    assert found.doubts == (Doubt(HEART, "not_a_number", 1),)


@pytest.mark.parametrize("second", [revision(row(1, 4)), revision(row(1, 5)), revision(maxima=()), revision(title="B")])
@pytest.mark.parametrize("apart", [True, False], ids=["in_two_lessons", "in_one_lesson"])
def test_a_revision_that_is_there_twice_is_in_doubt(second: Revision, apart: bool) -> None:
    first = revision(row(1, 4))
    found = _doubted(lesson(first), lesson(second)) if apart else _doubted(lesson(first, second))
    assert found == Export({}, (Doubt(HEART, "column_twice"),))


def test_no_order_makes_a_difference() -> None:
    rows = [row(1, 4), row(2, nan), row(1, 4), row(3, 1), row(3, 2)]
    revisions = [revision(number=35), revision(number=36, maxima=()), revision(number=35)]
    first = computed([lesson(revision(*rows), *revisions)])
    for order in permutations(rows):
        assert computed([lesson(*reversed(revisions), revision(*order))]) == first
    assert [doubt.reason for doubt in first.doubts] == ["not_a_number", "student_twice", "column_twice", "no_questions"]
