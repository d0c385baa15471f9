"""In a real Moodle with the plugin: what people do there arrives in kuraCloud, and grades arrive in its gradebook.

`make moodle` runs these; tests/real_moodle.py says what they need.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.real_moodle import Lesson, RealCourse, RealWorld, real_world

pytestmark = [pytest.mark.moodle, pytest.mark.timeout(600)]

COHORT = 200
CHANGES = 50
CROWD = 5000
HALF_A_SECOND = 0.5


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealWorld]:
    """One connection of everything, in which each test has a course of its own."""
    with real_world(tmp_path_factory.mktemp("kurasync")) as made:
        yield made


@pytest.fixture
def course(world: RealWorld) -> RealCourse:
    """A course in step."""
    return world.course()


@pytest.fixture
def lesson(course: RealCourse) -> Lesson:
    """The one lesson of a course in step, in which its first student has 7 of 10, in Moodle's gradebook too."""
    published = course.publish("Heart rate")
    published.grade(course.userids[0], 7.0)
    course.sync_grades()
    assert course.grade(course.userids[0]) == 7.0
    return published


def test_an_enrolment_arrives_within_seconds_without_cron(world: RealWorld, course: RealCourse) -> None:
    (newcomer,) = world.new_people(firstname="Zoë", lastname="Ōtani", idnumber="")
    student = world.moodle.do("role_id", shortname="student")
    world.moodle.call(
        "enrol_manual_enrol_users", enrolments=[{"roleid": student, "userid": newcomer, "courseid": course.courseid}]
    )
    course.wait("she is in kuraCloud, without cron", lambda: course.has(newcomer))
    assert course.shown()[world.email(newcomer)] == ("Zoë", "Ōtani", "", "")
    assert course.invited().count(world.email(newcomer)) == 1
    assert course.writes()[-1:] == ["add_students"]


def test_a_rename_arrives_within_seconds_without_cron(world: RealWorld, course: RealCourse) -> None:
    renamed = course.userids[0]
    family = course.shown()[world.email(renamed)][1]
    world.moodle.call("core_user_update_users", users=[{"id": renamed, "firstname": "Ana", "idnumber": "X1"}])
    course.wait(
        "kuraCloud has the new name and number",
        lambda: course.shown()[world.email(renamed)] == ("Ana", family, "X1", ""),
    )
    assert course.writes()[-1:] == ["edit_students"]


def test_a_group_is_the_section_of_its_members(world: RealWorld, course: RealCourse) -> None:
    member = course.userids[0]

    def section() -> str:
        return course.shown()[world.email(member)][3]

    group = course.do("group", courseid=course.courseid, name="Lab A")
    course.do("join_group", groupid=group, userid=member)
    course.wait("joined: kuraCloud shows the section", lambda: section() == "Lab A")
    course.do("rename_group", groupid=group, name="Lab B")
    course.wait("the group renamed: the section follows", lambda: section() == "Lab B")
    course.do("leave_group", groupid=group, userid=member)
    course.wait("left: no section any more", lambda: section() == "")
    assert course.writes()[-3:] == ["edit_students"] * 3


def test_who_leaves_is_deleted_and_who_returns_is_restored_with_her_grades(course: RealCourse, lesson: Lesson) -> None:
    leaver = course.userids[0]
    studentid, invited = course.studentid(leaver), course.invited()
    course.do("unenrol", courseid=course.courseid, userids=[leaver])
    course.wait("unenrolled: deleted in kuraCloud", lambda: not course.has(leaver))
    assert course.grade(leaver) is None, "Moodle keeps no grades of who is gone"
    course.do("enrol", courseid=course.courseid, userids=[leaver])
    course.wait("enrolled again: restored in kuraCloud", lambda: course.has(leaver))
    assert course.studentid(leaver) == studentid
    assert course.invited() == invited
    course.wait("her grade is in Moodle again, and nobody asked for it", lambda: course.grade(leaver) == 7.0)
    assert course.writes()[-3:] == ["delete_students", "restore_students", "save_grades"]


def test_a_suspended_enrolment_or_account_is_deleted_until_it_is_active_again(course: RealCourse) -> None:
    enrolment, account = course.userids[:2]
    course.do("suspend_enrolment", courseid=course.courseid, userid=enrolment, suspended=True)
    course.wait("enrolment suspended: deleted in kuraCloud", lambda: not course.has(enrolment))
    course.do("suspend_enrolment", courseid=course.courseid, userid=enrolment, suspended=False)
    course.wait("enrolment active again: restored", lambda: course.has(enrolment))
    course.do("change_person", userid=account, fields={"suspended": 1})
    course.wait("account suspended: deleted in kuraCloud", lambda: not course.has(account))
    course.do("change_person", userid=account, fields={"suspended": 0})
    course.wait("account active again: restored", lambda: course.has(account))
    assert len(course.invited()) == len(course.userids)
    assert course.writes()[-4:] == ["delete_students", "restore_students"] * 2


def test_an_enrolment_that_ends_by_date_is_noticed_though_moodle_tells_nothing(
    world: RealWorld, course: RealCourse
) -> None:
    (guest,) = world.new_people()
    course.do("enrol", courseid=course.courseid, userids=[guest], seconds=20)
    course.wait("enrolled for 20 s: in kuraCloud", lambda: course.has(guest))
    course.wait("over: deleted in kuraCloud, and no event told it", lambda: not course.has(guest))
    assert course.writes()[-2:] == ["add_students", "delete_students"]


def test_a_new_address_is_invited_once_a_person_has_approved(world: RealWorld, course: RealCourse) -> None:
    moved, address = course.userids[0], f"moved.{world.tag}@example.edu"
    course.do("change_person", userid=moved, fields={"email": address})
    course.approve("reinvite")
    course.wait("approved: the new address is there", lambda: address in course.shown())
    course.wait("... and the old account is gone", lambda: not course.has(moved))
    assert course.invited().count(address) == 1
    assert sorted(course.writes()[-2:]) == ["add_students", "delete_students"]


def test_a_teacher_presses_the_button_and_grades_arrive(world: RealWorld, course: RealCourse) -> None:
    teacher = world.teacher(course.courseid)
    published = course.publish("Reflexes")
    published.grade(course.userids[0], 4.5)
    world.visitor(teacher).press(course.courseid, "sync", "grades")
    course.wait("the column is in the gradebook, without cron", course.book)
    (column,) = course.book()
    number = f"{published.lesson}-{published.revision}"
    assert (column["name"], column["idnumber"]) == (f"Reflexes kuraID: {number}", number)
    assert column["identity"] == f"manual kuracloud {published.lesson} {published.revision}"
    assert (column["maximum"], column["regrading"]) == (10.0, False)
    course.wait("... with the grade", lambda: course.grade(course.userids[0]) == 4.5)
    assert not course.has(teacher)


def test_a_regraded_and_a_cleared_grade_arrive(course: RealCourse, lesson: Lesson) -> None:
    student, other = course.userids[:2]
    lesson.grade(other, 3.0)

    def requested(grade: float | None) -> None:
        lesson.grade(student, grade)
        course.do("request_grades", courseid=course.courseid)
        course.wait(f"{grade} in Moodle's gradebook", lambda: course.grade(student) == grade)

    for grade in (9.25, 2.0, None):
        requested(grade)
    assert course.grade(other) == 3.0
    assert course.writes()[-3:] == ["save_grades"] * 3


def test_a_locked_column_or_grade_is_left_until_it_is_unlocked(course: RealCourse, lesson: Lesson) -> None:
    student, item = course.userids[0], course.book()[0]["id"]
    for lock, given, reason in (
        ("lock_item", {"itemid": item}, "column_locked"),
        ("lock_grade", {"itemid": item, "userid": student}, "locked"),
    ):
        before = course.grade(student)
        assert before is not None
        lesson.grade(student, before + 1)
        course.do(lock, **given, locked=True)
        plan = course.sync_grades()
        assert [left["reason"] for left in plan["left"]] == [reason]
        assert course.grade(student) == before
        course.do(lock, **given, locked=False)
        course.sync_grades()
        assert course.grade(student) == before + 1


def test_a_grade_changed_by_hand_stays(world: RealWorld, course: RealCourse, lesson: Lesson) -> None:
    teacher = world.teacher(course.courseid)
    student, item = course.userids[0], course.book()[0]["id"]
    course.do("grade_by_hand", itemid=item, userid=student, grade=8.5, grader=teacher)
    lesson.grade(student, 9.0)
    written = course.writes()
    plan = course.sync_grades()
    assert [left["reason"] for left in plan["left"]] == ["person"]
    assert course.grade(student) == 8.5
    assert course.writes() == written


def test_a_column_that_a_teacher_renamed_and_moved_keeps_its_name_and_place(course: RealCourse, lesson: Lesson) -> None:
    (before,) = course.book()
    course.do("rename_item", itemid=before["id"], name="Lab 3")
    category = course.do("move_item", itemid=before["id"], category="Labs")
    (moved,) = course.book()
    assert (moved["name"], moved["category"], moved["hidden"]) == ("Lab 3", category, True)
    lesson.grade(course.userids[0], 8.0)
    course.sync_grades()
    (after,) = course.book()
    assert after == {**moved, "grades": {str(course.userids[0]): 8.0}, "regrading": False}
    lesson.change("Heart rate and rhythm", maximum=20.0)
    course.sync_grades()
    (renamed,) = course.book()
    assert renamed["name"] == f"Heart rate and rhythm kuraID: {lesson.lesson}-{lesson.revision}"
    assert renamed["maximum"] == 20.0
    assert [renamed[name] for name in ("id", "category", "hidden", "place")] == [
        moved[name] for name in ("id", "category", "hidden", "place")
    ]


def test_a_deleted_course_deletes_nobody_and_is_gone_on_with_when_it_comes_back(
    world: RealWorld, course: RealCourse
) -> None:
    there = course.shown()
    course.do("remove_course", courseid=course.courseid)
    course.wait("kurasync has noticed", lambda: course.described()["state"] == "suspended")
    assert course.shown() == there
    assert "delete_students" not in course.writes()
    restored = course.do("restore_course", categoryid=world.category, shortname=course.name)
    assert restored != course.courseid
    course.wait("what came back is offered", lambda: f"--moodle uni:{restored}" in course.offered())
    again = course.repointed(restored)
    again.wait("the restored course is in step", lambda: again.runs()[0]["message"] == "In step: nothing to do.")
    assert again.shown() == there
    (newcomer,) = world.new_people()
    again.do("enrol", courseid=restored, userids=[newcomer])
    again.approve("add")  # of a mapping with another course nothing is approved any more
    again.wait("somebody enrolled in the restored course arrives", lambda: again.has(newcomer))
    assert len(again.invited()) == len(there) + 1


def test_a_cohort_of_two_hundred_is_one_piece_of_work(world: RealWorld, course: RealCourse) -> None:
    members = world.new_people(COHORT)
    cohort = world.moodle.do("cohort", name=f"Year 1 {world.tag}", userids=members)
    group = course.do("group", courseid=course.courseid, name="Section C")
    runs = len(course.runs())
    course.do("enrol_cohort", courseid=course.courseid, cohortid=cohort, groupid=group)
    course.wait(
        "all of them are in kuraCloud, in their section",
        lambda: [each[3] for each in course.shown().values()].count("Section C") == COHORT,
    )
    assert len(course.shown()) == COHORT + len(course.userids)
    assert len(course.runs()) - runs <= 3
    assert sorted(course.invited()) == sorted(course.shown())
    course.do("delete_cohort", cohortid=cohort)
    course.approve("delete")
    course.wait("the cohort deleted, and approved: they are gone", lambda: len(course.shown()) == len(course.userids))


def test_an_enrolment_that_is_rolled_back_is_never_told(world: RealWorld, course: RealCourse) -> None:
    (nobody,) = world.new_people()
    world.moodle.deliver()
    before, within, after = world.moodle.do("enrol_and_roll_back", courseid=course.courseid, userid=nobody)
    assert before == after == 0
    assert within > 0
    (follower,) = world.new_people()
    course.do("enrol", courseid=course.courseid, userids=[follower])
    course.wait("an enrolment after it arrives", lambda: course.has(follower))
    assert not course.has(nobody)
    told = world.service.read("events", "list", "--user", str(nobody), "--course", str(course.courseid))
    assert told == []


def test_after_an_outage_every_event_arrives_once_and_in_order(world: RealWorld, course: RealCourse) -> None:
    moodle = world.moodle
    newcomers, renamed = world.new_people(CHANGES - len(course.userids) - 4), course.userids
    world.moodle.deliver()
    world.service.stop()
    began = time.monotonic()
    moodle.call("core_user_update_users", users=[{"id": renamed[0], "firstname": "Late"}])
    print(f"{time.monotonic() - began:6.1f} s  a change over the web while kurasync is stopped")
    moodle.do_all(
        *(("change_person", {"userid": each, "fields": {"firstname": "Late"}}) for each in renamed[1:]),
        *(("enrol", {"courseid": course.courseid, "userids": [each]}) for each in newcomers),
        *(("suspend_enrolment", {"courseid": course.courseid, "userid": renamed[0], "suspended": on}) for on in (1, 0)),
        *(("suspend_enrolment", {"courseid": course.courseid, "userid": renamed[1], "suspended": on}) for on in (1, 0)),
    )
    moodle.deliver()
    kept = moodle.do("outbox")
    assert kept["waiting"] >= CHANGES
    assert kept["lasterror"]
    world.service.start()
    course.wait("the outbox is empty", world.moodle.is_delivered)
    course.wait("everybody is in kuraCloud", lambda: all(course.has(each) for each in newcomers))
    course.wait("... with the new names", lambda: all(course.given(each) == "Late" for each in renamed))
    listed = world.service.read("events", "list", "--limit", "100000")
    told = [each["event_uid"] for each in reversed(listed)]
    assert [uid for uid in told if uid in set(kept["events"])] == kept["events"]
    assert moodle.do("outbox")["setaside"] == 0
    assert sorted(course.invited()) == sorted(course.shown())
    course.writes()


def test_the_roster_of_five_thousand_is_read_in_half_a_second(world: RealWorld, course: RealCourse) -> None:
    world.moodle.do("crowd", courseid=course.courseid, number=CROWD, tag=world.tag)
    try:
        took = []
        for _ in range(5):
            began = time.monotonic()
            roster = world.moodle.call("local_kurasync_get_roster", as_kurasync=True, courseid=course.courseid)
            took.append(time.monotonic() - began)
        print(f"{min(took):6.2f} s  the roster of {CROWD}, the slowest of five {max(took):.2f} s")
    finally:
        world.moodle.do("disperse", tag=world.tag)
    assert roster["total"] == len(roster["users"]) == CROWD + len(course.userids)
    assert roster["missing"] == []
    assert min(took) < HALF_A_SECOND
