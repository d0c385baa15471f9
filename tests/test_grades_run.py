"""Grades flow from kuraCloud into Moodle's gradebook, in steps that hold no worker (design.md 7)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.kit import Kit
from app.sync.ask import ask
from tests.conftest import SetClock
from tests.grading import Course, course
from tests.world import world


@pytest.fixture
def graded(sqlite_kit: Kit, clock: SetClock) -> Iterator[Course]:
    with world(sqlite_kit, clock) as made, course(made) as graded:
        yield graded


def test_grades_of_linked_students_end_in_a_column_of_moodles_gradebook(graded: Course) -> None:
    ana, ben = graded.students(2)
    graded.grade(ana, 4, 3.5)
    graded.grade(ben, 6, 4)
    run = graded.sync()
    assert (run.outcome, run.message) == ("done", "1 column made, 2 grades written.")
    assert graded.book() == {graded.name: {ana: 7.5, ben: 10}}


def test_a_second_run_has_nothing_to_do_and_writes_nothing(graded: Course) -> None:
    (ana,) = graded.students(1)
    graded.grade(ana, 4)
    graded.sync()
    graded.world.moodle.calls.clear()
    assert graded.sync().message == "Grades are in step: nothing to do."
    assert [call.name for call in graded.world.moodle.calls] == ["local_kurasync_get_grades"]


def test_a_run_waits_for_the_export_without_holding_the_row(graded: Course) -> None:
    (ana,) = graded.students(1)
    graded.grade(ana, 4)
    ask(graded.world.kit, graded.world.mapping_id, "grades")
    assert graded.turn() == "later"
    assert graded.last().reason == "export_pending"
    assert graded.turn() == "refused"
    assert graded.turns().outcome == "done"
