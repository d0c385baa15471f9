"""What a grade sync costs Moodle: the grades of a thousand students in five lessons, in few calls."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.kit import Kit
from app.store import links
from app.store.links import NewLink
from tests.conftest import SetClock
from tests.grading import Course, course
from tests.world import world

STUDENTS = 1000
LESSONS = 5
FIRST_AT_MOST, UNCHANGED_AT_MOST = 40, 5


@pytest.fixture
def graded(sqlite_kit: Kit, clock: SetClock) -> Iterator[Course]:
    """A course of a thousand linked students, each graded in five lessons."""
    with world(sqlite_kit, clock) as made, course(made) as graded:
        users = made.moodle.create_students(made.course, STUDENTS)
        studentids = {user: made.kura.put_student(made.kura_course, email=f"user{user}@example.edu") for user in users}
        with made.kit.database.transaction() as tx:
            now = made.kit.database.now(tx)
            pairs = [NewLink(user, studentid, f"user{user}@example.edu", {}) for user, studentid in studentids.items()]
            links.create(tx, now, made.mapping_id, pairs)
        clock.advance(1)
        lessons = [made.kura.add_lesson(made.kura_course, f"Lesson {number}") for number in range(1, LESSONS)]
        titles = {"q1": 6, "q2": 4}
        revisions = [made.kura.add_revision(made.kura_course, each, f"Revision {each}", titles) for each in lessons]
        for revision in (graded.revision, *revisions):
            made.kura.grade_everybody(made.kura_course, revision)
        made.moodle.calls.clear()
        yield graded


def test_the_first_sync_of_many_grades_takes_few_calls_and_one_of_nothing_hardly_any(graded: Course) -> None:
    run = graded.sync()
    assert run.message == f"{LESSONS} columns made, {LESSONS * STUDENTS} grades written."
    assert {len(grades) for grades in graded.book().values() if grades} == {STUDENTS}
    assert len(graded.world.moodle.calls) <= FIRST_AT_MOST
    graded.world.moodle.calls.clear()
    assert graded.sync().message == "Grades are in step: nothing to do."
    assert len(graded.world.moodle.calls) <= UNCHANGED_AT_MOST


def test_more_columns_than_one_form_holds_are_removed_in_several_calls(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock) as made, course(made) as graded:
        graded.in_step()
        for number in range(1, 601):
            made.moodle.create_item(made.course, 1_000_000, number, f"Vanished {number}", 10.0)
        assert graded.sync().counts == {"held": 600}
        run = graded.approve()
        assert run.message == "600 columns removed."
        assert list(graded.book()) == [graded.name]
