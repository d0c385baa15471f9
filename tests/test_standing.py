"""How it stands with students and grades after real runs, as every door is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.errors import NotFound
from app.kit import Kit
from app.planning.grade_actions import Column
from app.planning.gradebook import Cell
from app.setup import exempting
from app.store import cells
from app.sync import ask, holds, standing
from sandbox.faults import Fault
from tests.conftest import SetClock
from tests.grading import course as a_course
from tests.world import World
from tests.world import world as a_world


@pytest.fixture
def world(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    with a_world(sqlite_kit, clock) as made:
        yield made


def _words(world: World) -> dict[int | None, str]:
    found = standing.students(world.kit, world.mapping_id)
    return {each.userid: each.standing for each in found.students}


def test_before_the_first_run_nobody_is_known(world: World) -> None:
    world.enrol()
    found = standing.students(world.kit, world.mapping_id)
    assert (found.read_at, found.students, found.looking) == (None, (), False)


def test_that_a_look_is_wanted_is_told(world: World) -> None:
    world.enrol()
    world.sync()
    ask.ask(world.kit, world.mapping_id, "roster")
    found = standing.students(world.kit, world.mapping_id)
    assert (found.read_at, found.looking) == (world.clock.at, True)


def test_students_are_invited_then_in_step(world: World) -> None:
    ana = world.enrol("Ana")
    world.sync()
    assert _words(world) == {ana: "invited"}
    world.kura.edit_student(world.kura_course, world.links()[0].studentid, inviteComplete=True)
    world.sync()
    assert _words(world) == {ana: "in_step"}


def test_a_first_plan_waits_until_it_is_rejected_or_carried_out(sqlite_kit: Kit, clock: SetClock) -> None:
    with a_world(sqlite_kit, clock, started=False) as world:
        ana = world.enrol("Ana")
        world.sync()
        assert _words(world) == {ana: "waiting"}
        hold = world.hold()
        assert hold is not None
        holds.reject(world.kit, hold.id, "a teacher")
        world.sync()
        assert _words(world) == {ana: "left_out"}
        bo = world.enrol("Bo")
        world.sync()
        assert _words(world) == {ana: "waiting", bo: "waiting"}
        world.decide()
        assert "approved" in standing.students(world.kit, world.mapping_id).students[0].message
        world.sync()
        assert _words(world) == {ana: "invited", bo: "invited"}


def test_conflicts_leavers_strangers_and_excluded_users_are_told(world: World) -> None:
    leaver, excluded = world.enrol("Ana"), world.enrol("Bo")
    world.sync()
    twins = world.enrol("Cleo", email="twin@example.edu"), world.enrol("Dan", email="twin@example.edu")
    world.moodle.unenrol(leaver, world.course)
    world.kura.put_student(world.kura_course, email="byhand@example.edu", givenName="Kim", familyName="Loo")
    exempting.exclude(world.kit, world.mapping_id, excluded, "a teacher")
    world.sync()
    assert _words(world) == {
        leaver: "waiting",
        excluded: "left_out",
        twins[0]: "conflict",
        twins[1]: "conflict",
        None: "only_in_kuracloud",
    }


def test_a_student_whom_kuracloud_refuses_is_told_with_its_words(world: World) -> None:
    ana = world.enrol("Ana")
    world.kura.faults.add(Fault("status", status=400, match="POST .*/student$", body={"message": "Not this one."}))
    world.sync()
    for _ in range(2):  # the second time it is not even tried
        (found,) = standing.students(world.kit, world.mapping_id).students
        assert (found.userid, found.standing) == (ana, "refused")
        world.sync()
    assert len(world.writes()) == 1


def test_grades_are_in_step_changed_by_a_teacher_and_handed_back(world: World) -> None:
    with a_course(world) as course:
        ana, bo = course.students(2)
        course.grade(ana, 4)
        course.grade(bo, 6, 4)
        course.sync()
        found = standing.grades(world.kit, world.mapping_id)
        assert [(each.userid, each.standing, each.shown) for each in found.grades] == [
            (ana, "in_step", 4.0),
            (bo, "in_step", 10.0),
        ]
        assert [(each.title, each.standing) for each in found.columns] == [("Heart", "in_step")]
        assert {each.name for each in found.grades} == {"Ana0 Lee", "Ana1 Lee"}
        course.teacher_sets(ana, 9.0)
        course.sync()
        changed, other = standing.grades(world.kit, world.mapping_id).grades
        assert (changed.standing, changed.value, changed.shown) == ("changed_in_moodle", 4.0, 9.0)
        assert other.standing == "in_step"
        with world.kit.database.transaction() as tx:
            cells.hand_back(tx, world.mapping_id, [Cell(Column(course.lesson, course.revision), ana)])
        assert standing.grades(world.kit, world.mapping_id).grades[0].standing == "pending"


def test_grades_that_no_run_has_seen_are_unknown(world: World) -> None:
    found = standing.grades(world.kit, world.mapping_id)
    assert (found.read_at, found.columns, found.grades, found.looking) == (None, (), (), False)


def test_a_mapping_that_is_not_there_is_not_found(world: World) -> None:
    for of in (standing.students, standing.grades):
        with pytest.raises(NotFound, match="no mapping 99"):
            of(world.kit, 99)
