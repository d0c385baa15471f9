"""In a real Moodle: what teachers see and do on the kuraCloud page of their course, and students do not."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.real_moodle import STUDENTS, RealCourse, RealWorld, real_world
from tests.real_moodle_visitor import Visitor

pytestmark = [pytest.mark.moodle, pytest.mark.timeout(600)]

IN_STEP = "Enrolments are in step: nothing to change."


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealWorld]:
    """One connection of everything, in which each test has a course of its own."""
    with real_world(tmp_path_factory.mktemp("kurasync")) as made:
        yield made


def _preview(course: RealCourse, teacher: Visitor, kind: str = "roster") -> int:
    """Ask what would change: the number of the plan, once it can be read."""
    assert "What would change" in teacher.press(course.courseid, "preview", kind)
    found = re.search(r"[?&]task=(\d+)", teacher.place)
    assert found
    task = int(found[1])
    course.wait("the plan is there", lambda: "Nothing has been changed" in _shown(course, teacher, task))
    return task


def _shown(course: RealCourse, teacher: Visitor, task: int) -> str:
    return teacher.look(course.courseid, view="task", task=task)


def _connect(course: RealCourse, teacher: Visitor) -> None:
    """Set the mapping up, as a teacher does."""
    listed = teacher.look(course.courseid, search=course.name)
    assert course.name in listed
    assert "Students can then no longer be edited in kuraCloud itself" in listed
    chosen = {"view": "chosen", "instance": "kura", "course": course.kura_course, "name": course.name}
    assert "Connected." in teacher.press(course.courseid, "map", **chosen)
    found = course.world.service.read("mapping", "list")
    course.mapping = next(each["id"] for each in found if each["moodle"] == f"uni:{course.courseid}")


@pytest.fixture
def course(world: RealWorld) -> RealCourse:
    """A course that is not mapped yet."""
    return world.unmapped_course()


@pytest.fixture
def teacher(world: RealWorld, course: RealCourse) -> Visitor:
    """Who teaches it."""
    return world.visitor(world.teacher(course.courseid))


def test_a_teacher_connects_a_course_looks_and_continues(course: RealCourse, teacher: Visitor) -> None:
    _connect(course, teacher)
    plan = _preview(course, teacher)
    shown = _shown(course, teacher, plan)
    assert "Add and invite" in shown
    assert f"{course.world.username(course.userids[0])}@example.edu" in shown
    assert course.invited() == []
    teacher.press(course.courseid, "go", view="task", task=plan)
    course.wait("everybody is in kuraCloud", lambda: len(course.shown()) == STUDENTS)
    course.wait(
        "and in step, each of them",
        lambda: len(re.findall(r"In step[.;]", teacher.look(course.courseid, view="students"))) == STUDENTS,
    )
    assert IN_STEP in _shown(course, teacher, _preview(course, teacher))


def test_a_double_click_on_continue_is_one_continue(course: RealCourse, teacher: Visitor) -> None:
    _connect(course, teacher)
    plan = _preview(course, teacher)
    form = teacher.form(course.courseid, "go", view="task", task=plan)
    assert "It is being done now" in teacher.send(form)
    assert "This is being done already." in teacher.send(form)
    course.wait("everybody is in kuraCloud", lambda: len(course.shown()) == STUDENTS)
    assert sorted(course.invited()) == sorted(course.shown())
    assert course.writes().count("add_students") == 1


def test_what_waits_is_read_and_approved_and_written_down_as_the_teachers(world: RealWorld, course: RealCourse) -> None:
    userid = world.teacher(course.courseid)
    teacher = world.visitor(userid)
    _connect(course, teacher)
    course.wait("it waits", lambda: "something waits for a person" in teacher.look(course.courseid))
    waiting = teacher.look(course.courseid, view="hold", kind="roster")
    assert "the first plan of a mapping waits for approval" in waiting.lower()
    assert "Approved" in teacher.press(course.courseid, "approve", view="hold", kind="roster")
    course.wait("everybody is in kuraCloud", lambda: len(course.shown()) == STUDENTS)
    rows = world.service.read("audit", "list", "--mapping", str(course.mapping), "--limit", "1000")
    assert f"moodle:uni:{userid}" in {row["actor"] for row in rows if "approve" in row["operation"]}


def test_grades_are_asked_for_and_each_says_where_it_is(world: RealWorld) -> None:
    course = world.course()
    teacher = world.visitor(world.teacher(course.courseid))
    lesson = course.publish("Heart rate")
    lesson.grade(course.userids[0], 7.5)
    lesson.grade(course.userids[1], 3.0)
    assert "Asked for." in teacher.press(course.courseid, "sync", "grades")
    course.wait("they are in the gradebook", lambda: course.book() and course.grade(course.userids[0]) == 7.5)
    item = course.book()[0]["id"]
    course.do("lock_grade", itemid=item, userid=course.userids[1], locked=True)
    lesson.grade(course.userids[1], 4.0)
    course.sync_grades()
    shown = teacher.look(course.courseid, view="grades")
    assert "Heart rate" in shown
    assert re.search(r"Locked The grade is locked in Moodle\.", shown)
    assert re.search(r"7\.5 7\.5 In step", shown)


def test_the_mapping_is_removed_only_after_a_question(world: RealWorld) -> None:
    course = world.course()
    teacher = world.visitor(world.teacher(course.courseid))
    question = teacher.look(course.courseid, view="remove")
    assert "The students stay in the kuraCloud course" in question
    assert "The mapping is removed." in teacher.press(course.courseid, "unmap", view="remove")
    assert "This course is not connected" in teacher.look(course.courseid)
    assert len(course.shown()) == STUDENTS


def test_students_and_strangers_see_nothing_and_can_do_nothing(world: RealWorld) -> None:
    course, elsewhere = world.course(), world.unmapped_course(1)
    student = world.visitor(course.userids[0])
    assert "kurasync" not in student.html("course/view.php", id=course.courseid)
    assert "Physiology" not in student.look(course.courseid)
    assert student.status == 403
    form = world.visitor(world.teacher(course.courseid)).form(course.courseid, "preview", "roster")
    student.send(form)
    assert student.status == 403
    stranger = world.visitor(world.teacher(elsewhere.courseid))
    assert "Sync user enrolments" not in stranger.look(course.courseid)
    assert course.described()["state"] != "paused"


def test_a_button_of_another_session_does_nothing(world: RealWorld) -> None:
    course = world.course()
    teacher = world.visitor(world.teacher(course.courseid))
    form = teacher.form(course.courseid, "unmap", view="remove")
    refused = teacher.send({**form, "sesskey": "0123456789"})
    assert "removed" not in refused
    assert "Sync user enrolments" in teacher.look(course.courseid)


def test_a_stopped_kurasync_is_a_notice_and_grades_can_be_asked_for_all_the_same(world: RealWorld) -> None:
    course = world.course()
    teacher = world.visitor(world.teacher(course.courseid))
    lesson = course.publish("Reflexes")
    lesson.grade(course.userids[0], 4.5)
    world.moodle.deliver()
    world.service.stop()
    try:
        assert "kurasync does not answer at the moment." in teacher.look(course.courseid)
        assert teacher.status == 200
        assert "the request is kept" in teacher.press(course.courseid, "sync", "grades")
    finally:
        world.service.start()
    course.wait("the outbox is empty", world.moodle.is_delivered)
    course.wait("the grade is in the gradebook", lambda: course.book() and course.grade(course.userids[0]) == 4.5)
