"""A mapping whose course is gone rests, students and grades alike; nothing is deleted, and its return resumes it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.kit import Kit
from app.setup import mappings as setup
from app.setup.obstacles import obstacle
from app.store import worklist
from app.store.worklist import KINDS
from app.sync.reconcile import reconcile
from app.sync.turn import take_turn
from tests.conftest import SetClock
from tests.grading import Course, course
from tests.world import world


@pytest.fixture
def graded(sqlite_kit: Kit, clock: SetClock) -> Iterator[Course]:
    """A course in step, with a student who has a grade."""
    with world(sqlite_kit, clock) as made, course(made) as graded:
        graded.in_step()
        yield graded


def gates(graded: Course) -> set[tuple[str, str | None]]:
    with graded.world.kit.database.reading() as tx:
        return {(row.gate, row.gate_reason) for row in worklist.rows(tx, [graded.world.mapping_id])}


def look(graded: Course) -> None:
    """A look at both kinds, a good while later."""
    made = graded.world
    made.clock.advance(2 * made.kit.settings.reconcile)
    reconcile(made.kit, 10)
    made.clock.advance(made.kit.settings.cap)
    take_turn(made.kit, made.mapping_id, "roster", "test:1:0:0")


def test_a_kuracloud_course_that_is_gone_suspends_students_and_grades_until_it_is_back(graded: Course) -> None:
    made = graded.world
    emails, book = made.emails(), graded.book()
    made.kura.remove_course(made.kura_course)
    assert made.sync().reason == "kuracloud_course_gone"
    assert graded.sync().outcome == "parked"
    assert gates(graded) == {("parked", "course_gone")}
    for kind in KINDS:
        assert "suspended" in str(obstacle(made.kit, made.mapping_id, kind))
    look(graded)
    assert ("parked", "course_gone") in gates(graded)
    assert graded.book() == book
    made.kura.bring_back_course(made.kura_course)
    look(graded)
    assert gates(graded) == {("open", None)}
    assert graded.sync().outcome == "done"
    assert (made.emails(), graded.book()) == (emails, book)


def test_a_moodle_course_that_is_gone_suspends_students_and_grades(graded: Course) -> None:
    made = graded.world
    emails = made.emails()
    made.moodle.delete_course(made.course)
    assert made.sync().reason == "course_gone"
    assert graded.sync().outcome == "parked"
    assert gates(graded) == {("parked", "course_gone")}
    look(graded)
    assert made.emails() == emails
    assert len(made.links()) == 1


def test_a_person_may_have_it_looked_at_at_once(graded: Course) -> None:
    made = graded.world
    made.kura.remove_course(made.kura_course)
    assert graded.sync().outcome == "parked"
    made.kura.bring_back_course(made.kura_course)
    setup.resume(made.kit, made.mapping_id, "an administrator")
    assert gates(graded) == {("open", None)}
    assert graded.sync().outcome == "done"
