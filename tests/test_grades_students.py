"""Who gets grades: linked students who are students of the Moodle course, and nobody else's (design.md 7)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.kit import Kit
from app.store import links, worklist
from app.store.links import NewLink
from tests.conftest import SetClock
from tests.grading import Course, course
from tests.world import World, world


@pytest.fixture
def graded(sqlite_kit: Kit, clock: SetClock) -> Iterator[Course]:
    with world(sqlite_kit, clock) as made, course(made) as graded:
        yield graded


def _link(small: World, owners: dict[int, int]) -> None:
    """Link users to these students and to nobody else."""
    with small.kit.database.transaction() as tx:
        now = small.kit.database.now(tx)
        links.end(tx, now, small.mapping_id, list(owners.values()), "merged")
        made = [NewLink(userid, studentid, f"{userid}@example.edu", {}) for userid, studentid in owners.items()]
        links.create(tx, now, small.mapping_id, made)


def test_a_student_who_is_linked_to_nobody_is_listed_and_the_others_get_theirs(graded: Course) -> None:
    ana = graded.one()
    stranger = graded.world.kura.put_student(graded.world.kura_course, email="eve@example.edu", givenName="Eve")
    graded.world.kura.set_grade(graded.world.kura_course, graded.revision, stranger, {"q1": 3})
    run = graded.sync()
    assert graded.book() == {graded.name: {ana: 4}}
    assert run.plan is not None
    assert [(each["reason"], each["studentid"]) for each in run.plan["left"]] == [("unlinked", stranger)]


def test_grades_flow_while_changes_of_the_roster_are_held(graded: Course) -> None:
    ana, _ = graded.students(2)
    graded.world.kura.put_student(graded.world.kura_course, email="eve@example.edu", givenName="Eve")
    graded.world.sync()
    assert graded.world.hold() is not None
    graded.grade(ana, 4)
    graded.sync()
    assert graded.book() == {graded.name: {ana: 4}}


def test_a_linked_user_who_is_no_student_gets_no_grade(graded: Course) -> None:
    ana = graded.one()
    graded.world.moodle.suspend_enrolment(ana, graded.world.course)
    graded.sync()
    assert graded.book() == {}
    assert graded.left() == [("not_student", ana)]


def test_who_comes_back_gets_her_grades_again(graded: Course) -> None:
    ana, ben = graded.students(2)
    graded.grade(ana, 4)
    graded.grade(ben, 5)
    graded.sync()
    small = graded.world
    small.moodle.unenrol(ana, small.course)
    small.sync()
    assert graded.book() == {graded.name: {ben: 5}}
    small.moodle.enrol(ana, small.course)
    small.sync()
    small.clock.advance(60)
    graded.turns()
    assert graded.book() == {graded.name: {ana: 4, ben: 5}}


def test_newcomers_ask_for_no_grades(graded: Course) -> None:
    graded.students(2)
    with graded.world.kit.database.reading() as tx:
        assert worklist.get(tx, graded.world.mapping_id, "grades") is None


def test_a_link_that_changes_between_the_look_and_the_write_waits_for_another_export(graded: Course) -> None:
    ana, ben = graded.students(2)
    graded.grade(ana, 6)
    small = graded.world
    owners = {link.userid: link.studentid for link in small.links()}
    swapped = {ana: owners[ben], ben: owners[ana]}
    # The column is made first; its grade comes in a call of its own.
    small.before_call("local_kurasync_save_grades", 1, lambda: _link(small, swapped))
    run = graded.sync()
    assert run.counts == {"column_add": 1, "failed": 1}
    assert run.plan is not None
    assert [(each["reason"], each["userid"]) for each in run.plan["failed"]] == [("moved", ana)]
    assert graded.book() == {graded.name: {}}
    small.clock.advance(1)
    graded.turns()
    assert graded.book() == {graded.name: {ben: 6}}


def test_a_link_that_changes_between_the_export_and_the_write_waits_for_another_export(graded: Course) -> None:
    ana, ben = graded.students(2)
    graded.grade(ana, 4)
    graded.grade(ben, 5)
    graded.sync()
    graded.grade(ana, 6)
    graded.grade(ben, 3)
    small = graded.world
    owners = {link.userid: link.studentid for link in small.links()}

    swapped = {ana: owners[ben], ben: owners[ana]}
    small.before_call("local_kurasync_get_grades", 1, lambda: _link(small, swapped))
    graded.sync()
    assert {reason for reason, _ in graded.left()} == {"moved"}
    assert graded.book() == {graded.name: {ana: 4, ben: 5}}
    small.clock.advance(1)
    graded.turns()
    assert graded.book() == {graded.name: {ana: 3, ben: 6}}
