"""Nothing is derived from an answer that may be incomplete, of either side (design.md 4, invariant 6; 5).

Facts of Moodle that the proof rests on, which the simulator follows: core_grades_get_gradable_users needs no more than
moodle/course:viewparticipants, is cut neither by a lack of moodle/user:viewdetails nor by separate groups, lists who
has a gradebook role, inherited ones too, and leaves out suspended enrolments without moodle/course:viewsuspendedusers.
core_group_get_group_members needs moodle/course:managegroups and is not cut.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.kit import Kit
from app.store.runs import Run
from sandbox.faults import Fault
from sandbox.moodle.actions.gradebook import GradebookActions
from sandbox.moodle.records import SEPARATE_GROUPS
from tests.conftest import SetClock
from tests.world import World, world

ENROLLED, GRADABLE = "core_enrol_get_enrolled_users", "core_grades_get_gradable_users"
Change = Callable[[World], object]

CAPABILITIES: dict[str, tuple[str, str]] = {  # taken away -> outcome, and what the message names
    "webservice/rest:use": ("parked", "webservice/rest:use"),
    "moodle/course:view": ("parked", "moodle/course:view"),
    "moodle/course:viewhiddencourses": ("parked", "moodle/course:viewhiddencourses"),
    "moodle/course:viewparticipants": ("parked", "moodle/course:viewparticipants"),
    "moodle/course:enrolreview": ("parked", "moodle/course:enrolreview"),
    "moodle/user:viewdetails": ("retry", "moodle/user:viewdetails"),
    "moodle/user:viewalldetails": ("retry", "moodle/user:viewalldetails"),
    "moodle/course:useremail moodle/site:viewuseridentity": ("retry", "moodle/course:useremail"),
    "moodle/site:accessallgroups": ("retry", "moodle/site:accessallgroups"),
    "moodle/course:managegroups": ("parked", "moodle/course:managegroups"),
}
MATTERS: dict[str, Change] = {  # the lack of these is felt only in such a course
    "moodle/course:viewhiddencourses": lambda made: made.moodle.hide_course(made.course),
    "moodle/site:accessallgroups": lambda made: made.moodle.set_groupmode(made.course, SEPARATE_GROUPS),
}
FAILURES = {
    "status 500": Fault("status", status=500),
    "no database": Fault(
        "exception", body={"exception": "dml_connection_exception", "errorcode": "dbconnectionfailed", "message": "<p>"}
    ),
    "a page for people": Fault("html"),
    "half a page": Fault("truncated"),
    "a reset": Fault("reset_before"),
    "an empty list": Fault("empty_list"),
}


@pytest.fixture
def small(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    """Six students in step, read in pages of four: three pages, one user overlapping."""
    kit = replace(sqlite_kit, settings=replace(sqlite_kit.settings, page_size=4))
    with world(kit, clock) as made:
        for number in range(6):
            made.enrol(idnumber=f"S{number}")
        assert made.sync().counts == {"add": 6}
        made.kura.calls.clear()
        made.moodle.calls.clear()
        yield made


def untouched(made: World, outcome: str) -> Run:
    """A run with this outcome that left both sides, links and holds as they were."""
    links, emails = made.links(), made.emails()
    run = made.sync()
    assert run.outcome == outcome, run.message
    assert (made.writes(), made.links(), made.emails(), made.hold()) == ([], links, emails, None)
    return run


def stopped_by(made: World, missing: str) -> None:
    """Take a capability away: the next run does nothing, and says which is missing."""
    if missing in MATTERS:
        MATTERS[missing](made)
    made.moodle.without(*missing.split())
    outcome, named = CAPABILITIES[missing]
    assert named in str(untouched(made, outcome).message)


def in_step(made: World) -> None:
    assert (made.sync().counts, made.hold()) == ({}, None)


def calls(made: World) -> Counter[str]:
    return Counter(call.name for call in made.moodle.calls)


@pytest.mark.parametrize("missing", CAPABILITIES)
def test_without_a_capability_nothing_is_done_and_the_message_names_it(small: World, missing: str) -> None:
    stopped_by(small, missing)


@pytest.mark.parametrize("missing", CAPABILITIES)
def test_without_a_capability_nobody_is_added_either(small: World, missing: str) -> None:
    for number in range(3):
        small.enrol(idnumber=f"N{number}")
    stopped_by(small, missing)


def test_the_capability_to_see_suspended_users_is_not_needed(small: World) -> None:
    small.moodle.without("moodle/course:viewsuspendedusers")
    small.moodle.suspend_enrolment(small.links()[0].userid, small.course)
    run = small.sync()
    assert run.counts == {"held": 1}
    assert [held["action"] for held in run.plan["held"]] == ["delete"]


def test_an_empty_answer_is_not_an_empty_course(small: World) -> None:
    small.moodle.faults.add(Fault("empty_list", match=ENROLLED))
    assert "6 of its users are missing" in str(untouched(small, "retry").message)
    small.moodle.faults.clear()
    in_step(small)


def test_a_short_page_is_not_the_last_one(small: World) -> None:
    """Who may see teachers only gets an empty first page, and a teacher on the second one."""
    teacher = small.moodle.create_user("Tea", "Cher", "teacher@example.edu")
    small.moodle.enrol(teacher, small.course, role="editingteacher")
    small.moodle.without("moodle/user:viewdetails")
    assert "moodle/user:viewdetails" in str(untouched(small, "retry").message)
    small.moodle.with_capability("moodle/user:viewdetails")
    in_step(small)


def test_a_page_that_is_cut_in_the_middle_is_noticed_by_the_page_behind_it(small: World) -> None:
    """No second list is needed for that: the first page shows three of four, the second one shows somebody."""
    hidden = small.links()[1].userid
    original = small.moodle.functions[ENROLLED]

    def cut(moodle: GradebookActions, given: dict[str, Any]) -> Any:
        return [user for user in original.run(moodle, given) if user["id"] != hidden]

    small.moodle.functions[ENROLLED] = replace(original, run=cut)
    assert "out of the middle of its list" in str(untouched(small, "retry").message)


@pytest.mark.parametrize("failure", FAILURES)
def test_the_second_of_three_pages_failing_does_nothing(small: World, failure: str) -> None:
    small.moodle.faults.add(replace(FAILURES[failure], match=ENROLLED, skip=1))
    untouched(small, "retry")
    small.moodle.faults.clear()
    small.clock.advance(3600)
    in_step(small)


@pytest.mark.parametrize("function", [ENROLLED, GRADABLE, "core_course_get_courses_by_field"])
@pytest.mark.parametrize("failure", FAILURES)
def test_any_answer_failing_does_nothing(small: World, function: str, failure: str) -> None:
    small.moodle.faults.add(replace(FAILURES[failure], match=function))
    run = small.sync()
    assert run.outcome in ("retry", "parked")
    assert (small.writes(), len(small.links()), small.hold()) == ([], 6, None)


def test_separate_groups_are_found_by_the_gradable_users_although_there_is_no_group(small: World) -> None:
    small.moodle.set_groupmode(small.course, SEPARATE_GROUPS)
    small.moodle.without("moodle/site:accessallgroups")
    run = untouched(small, "retry")
    assert run.reason == "roster_unverified_accessallgroups"


def test_separate_groups_are_found_by_the_groups_where_no_role_is_in_the_gradebook(
    sqlite_kit: Kit, clock: SetClock
) -> None:
    with world(sqlite_kit, clock) as made:
        made.set(roles=["helper"])
        made.moodle.create_role("helper", archetype="teacher")
        group = made.moodle.create_group(made.course, "Section A")
        userid = made.moodle.create_user("Hel", "Per", "helper@example.edu")
        made.moodle.enrol(userid, made.course, role="helper")
        made.moodle.join_group(userid, group)
        assert made.sync().counts == {"add": 1}
        made.kura.calls.clear()
        made.moodle.set_groupmode(made.course, SEPARATE_GROUPS)
        made.moodle.without("moodle/site:accessallgroups")
        untouched(made, "retry")


def test_where_a_course_with_separate_groups_is_cut_in_part_both_causes_are_named(small: World) -> None:
    teacher = small.moodle.create_user("Tea", "Cher", "teacher@example.edu")
    small.moodle.enrol(teacher, small.course, role="editingteacher")
    small.moodle.set_groupmode(small.course, SEPARATE_GROUPS)
    small.moodle.without("moodle/user:viewdetails")
    kit = replace(small.kit, settings=replace(small.kit.settings, page_size=200))
    message = str(untouched(replace(small, kit=kit), "retry").message)
    assert "moodle/site:accessallgroups or moodle/user:viewdetails" in message


def test_a_user_who_leaves_between_two_pages_does_not_hide_another(small: World) -> None:
    first = small.links()[0].userid
    small.before_call(ENROLLED, 2, lambda: small.moodle.unenrol(first, small.course))
    run = small.sync()
    assert [(held["action"], held["userid"]) for held in run.plan["held"]] == [("delete", first)]
    assert small.writes() == []


def test_a_roster_that_never_stands_still_is_left_for_later(small: World) -> None:
    userids = iter([link.userid for link in small.links()])
    for number in (2, 4, 6):
        small.before_call(ENROLLED, number, lambda: small.moodle.unenrol(next(userids), small.course))
    assert untouched(small, "retry").reason == "roster_moving"


def test_a_user_who_comes_between_the_two_lists_is_no_missing_capability(small: World) -> None:
    small.before_call(GRADABLE, 1, small.enrol)
    assert small.sync().counts == {"add": 1}


@pytest.mark.parametrize("number", [2, 3, 4])
def test_a_user_who_is_suspended_or_comes_back_while_the_halves_are_read_is_in_one_of_them(
    small: World, number: int
) -> None:
    userid = small.links()[2].userid
    small.before_call(ENROLLED, number, lambda: small.moodle.suspend_enrolment(userid, small.course))
    assert small.sync().counts == {"held": 1}
    small.before_call(ENROLLED, number, lambda: small.moodle.reactivate_enrolment(userid, small.course))
    small.sync()
    assert (small.sync().counts, small.hold(), small.writes()) == ({}, None, [])


def test_an_account_whose_status_nobody_tells_stops_the_run(sqlite_kit: Kit, clock: SetClock) -> None:
    """Of who is not in the gradebook, the account is asked for; a suspended one would else stay a student."""
    with world(sqlite_kit, clock) as made:
        made.set(roles=["helper"])
        made.moodle.create_role("helper", archetype="teacher")
        userid = made.moodle.create_user("Hel", "Per", "helper@example.edu")
        made.moodle.enrol(userid, made.course, role="helper")
        made.moodle.faults.add(Fault("empty_list", match="core_user_get_users_by_field", times=2))
        assert "the status of accounts is not shown" in str(untouched(made, "retry").message)
        made.clock.advance(3600)
        assert made.sync().counts == {"add": 1}
        made.moodle.suspend_user(userid)
        assert made.sync().counts == {"held": 1}


@pytest.mark.parametrize("students", [1, 2, 6])
def test_kuracloud_answering_with_an_empty_list_ends_no_link_and_adds_nobody(
    sqlite_kit: Kit, clock: SetClock, students: int
) -> None:
    with world(sqlite_kit, clock) as made:
        for _ in range(students):
            made.enrol()
        made.sync()
        made.kura.calls.clear()
        links = made.links()
        made.kura.faults.add(Fault("empty_list", match="student$"))
        run = made.sync()
        assert (run.counts, made.writes(), made.links()) == ({"held": 2 * students}, [], links)
        assert all("links_lost" in held["reasons"] for held in run.plan["held"])
        made.kura.faults.clear()
        in_step(made)
        assert made.links() == links


def test_kuracloud_answering_in_part_ends_no_link(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock) as made:
        for _ in range(20):
            made.enrol()
        made.sync()
        made.kura.calls.clear()
        lost = [link.studentid for link in made.links()[:3]]
        roster = made.kura.courses[made.kura_course].roster
        gone = {studentid: roster.active.pop(studentid) for studentid in lost}
        assert made.sync().counts == {"held": 6}
        assert (made.writes(), len(made.links())) == ([], 20)
        roster.active.update(gone)
        in_step(made)


def test_one_student_whom_kuracloud_has_lost_for_good_is_forgotten_but_not_invited_again_unasked(small: World) -> None:
    lost = small.links()[0]
    del small.kura.courses[small.kura_course].roster.active[lost.studentid]
    run = small.sync()
    assert run.counts == {"end_link": 1, "held": 1}
    assert [(held["action"], held["reasons"]) for held in run.plan["held"]] == [("add", ["invited_before"])]
    assert [link.ended_reason for link in small.links(ended=True)] == ["lost"]


def test_a_course_that_has_nobody_is_read_as_empty(sqlite_kit: Kit, clock: SetClock) -> None:
    """Students in kuraCloud are a matter for people; the read is good."""
    with world(sqlite_kit, clock) as made:
        in_step(made)
        made.kura.put_student(made.kura_course, givenName="Bo", familyName="Lee", email="bo@example.edu")
        assert made.sync().counts == {"held": 1}
        assert made.writes() == []


def test_teachers_are_no_students_in_groups_or_out_of_them_suspended_or_not(small: World) -> None:
    group = small.moodle.create_group(small.course, "Section A")
    for number in range(3):
        teacher = small.moodle.create_user("Tea", f"Cher {number}", f"teacher{number}@example.edu")
        small.moodle.enrol(teacher, small.course, role="editingteacher" if number else "teacher")
        small.moodle.join_group(teacher, group)
    small.moodle.suspend_enrolment(teacher, small.course)
    untouched(small, "done")
    small.moodle.suspend_user(teacher)
    untouched(small, "done")


def test_a_user_with_several_enrolments_is_one_student_until_the_last_one_ends(small: World) -> None:
    userid = small.enrol()
    cohort = small.moodle.create_cohort("First years")
    small.moodle.add_to_cohort(userid, cohort)
    small.moodle.cohort_enrolment(cohort, small.course)
    assert small.sync().counts == {"add": 1}
    small.moodle.suspend_enrolment(userid, small.course)
    in_step(small)
    small.moodle.unenrol(userid, small.course, method="manual")
    in_step(small)
    small.moodle.remove_from_cohort(userid, cohort)
    assert small.sync().counts == {"held": 1}


def test_a_role_given_in_the_category_alone_makes_no_student(small: World) -> None:
    """Stock functions show roles of the course itself only; an enrolled user whose role is inherited has none there.

    core_grades_get_gradable_users lists such a user too, but does not say with which role. It is no disagreement.
    """
    userid = small.moodle.create_user("Cat", "Egory", "category@example.edu")
    small.moodle.enrol(userid, small.course, role=None)
    small.moodle.assign_role(userid, small.moodle.category_context(1), "student")
    untouched(small, "done")
    given = {"courseid": small.course, "groupid": 0, "onlyactive": False}
    gradable = small.moodle.functions[GRADABLE].run(small.moodle, given)["users"]
    assert userid in {user["id"] for user in gradable}


@pytest.mark.parametrize("page_size", [1, 2, 3, 5, 6, 7, 200])
def test_pages_of_any_size_make_the_same_roster(small: World, page_size: int) -> None:
    kit = replace(small.kit, settings=replace(small.kit.settings, page_size=page_size))
    untouched(replace(small, kit=kit), "done")


def test_a_thousand_students_take_thirteen_calls_of_moodle(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock) as made:
        made.moodle.create_students(made.course, 1000, groups=4)
        made.moodle.calls.clear()
        look = made.preview()
        assert len(look.members) == 1000
        # Is our plugin there? Six pages of 200 overlapping by one, a look behind the last, one page of the not active.
        assert calls(made) == Counter(
            {
                "core_webservice_get_site_info": 1,
                ENROLLED: 8,
                "core_course_get_courses_by_field": 1,
                GRADABLE: 1,
                "core_group_get_course_groups": 1,
                "core_group_get_group_members": 1,
            }
        )


def test_what_the_rosters_say_is_what_moodle_holds(small: World) -> None:
    group = small.moodle.create_group(small.course, "Section A")
    for userid in [link.userid for link in small.links()][:3]:
        small.moodle.join_group(userid, group)
    small.moodle.suspend_user(small.links()[5].userid)
    look = small.preview()
    truth = small.moodle.expected_students(small.course)
    shown = [(each.userid, each.firstname, each.email, each.idnumber, each.groups) for each in look.members]
    assert shown == [
        (each["id"], each["firstname"], each["email"], each["idnumber"],
         tuple((group["id"], group["name"]) for group in each["groups"]))
        for each in truth
    ]
