"""What actions do to the roster of the simulated Moodle: the truth, and what the web service makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.moodle import SimMoodle


@pytest.fixture
def moodle() -> SimMoodle:
    return SimMoodle()


@pytest.fixture
def course(moodle: SimMoodle) -> int:
    return moodle.create_course("Physiology", "PHY")


@pytest.fixture
def ana(moodle: SimMoodle, course: int) -> int:
    user = moodle.create_user("Ana", "Añorve", "ana@example.edu", "S1")
    moodle.enrol(user, course)
    return user


def students(moodle: SimMoodle, course: int) -> list[int]:
    return [student["id"] for student in moodle.expected_students(course)]


def run(moodle: SimMoodle, wsfunction: str, **given: Any) -> Any:
    return moodle.functions[wsfunction].run(moodle, given)


def enrolled(moodle: SimMoodle, course: int, **options: str) -> list[dict[str, Any]]:
    listed = [{"name": name, "value": value} for name, value in options.items()]
    found: list[dict[str, Any]] = run(moodle, "core_enrol_get_enrolled_users", courseid=course, options=listed)
    return found


def active(moodle: SimMoodle, course: int) -> list[int]:
    return [user["id"] for user in enrolled(moodle, course, onlyactive="1")]


def test_a_student_is_described_with_groups_by_id(moodle: SimMoodle, course: int, ana: int) -> None:
    later, first = moodle.create_group(course, "Z"), moodle.create_group(course, "A")
    for group in (first, later):
        moodle.join_group(ana, group)
    groups = [{"id": later, "name": "Z"}, {"id": first, "name": "A"}]
    names = {"id": ana, "firstname": "Ana", "lastname": "Añorve", "email": "ana@example.edu", "idnumber": "S1"}
    assert moodle.expected_students(course) == [{**names, "groups": groups}]


def test_a_second_enrolment_keeps_a_suspended_one_in_the_course(moodle: SimMoodle, course: int, ana: int) -> None:
    moodle.enable_enrol_method(course, "self")
    moodle.enrol(ana, course, method="self")
    moodle.suspend_enrolment(ana, course)
    assert students(moodle, course) == active(moodle, course) == [ana]
    moodle.unenrol(ana, course, method="self")
    assert students(moodle, course) == active(moodle, course) == []


def test_only_the_last_unenrolment_takes_roles_and_groups(moodle: SimMoodle, course: int, ana: int) -> None:
    cohort = moodle.create_cohort("First years")
    moodle.add_to_cohort(ana, cohort)
    moodle.cohort_enrolment(cohort, course)
    group = moodle.create_group(course, "Section A")
    moodle.join_group(ana, group)
    moodle.unenrol(ana, course, method="manual")
    last = moodle.events[-1]
    assert last["other"]["userenrolment"]["lastenrol"] is False
    assert moodle.expected_students(course)[0]["groups"]
    moodle.remove_from_cohort(ana, cohort)
    assert moodle.events[-1]["other"]["userenrolment"]["lastenrol"] is True
    assert not moodle.site.groups[group].members
    assert not moodle.site.roles.of_user(ana)


def test_a_disabled_method_ends_all_its_enrolments_until_it_is_enabled(
    moodle: SimMoodle, course: int, ana: int
) -> None:
    moodle.disable_enrol_method(course)
    assert students(moodle, course) == active(moodle, course) == []
    moodle.enable_enrol_method(course)
    assert students(moodle, course) == active(moodle, course) == [ana]


def test_a_suspended_account_is_active_for_moodle_and_no_student(moodle: SimMoodle, course: int, ana: int) -> None:
    moodle.suspend_user(ana)
    assert active(moodle, course) == [ana]
    assert students(moodle, course) == []
    moodle.unsuspend_user(ana)
    assert students(moodle, course) == [ana]


def test_a_deleted_user_is_gone_from_courses_and_cohorts(moodle: SimMoodle, course: int, ana: int) -> None:
    cohort = moodle.create_cohort("First years")
    moodle.add_to_cohort(ana, cohort)
    moodle.delete_user(ana)
    moodle.cohort_enrolment(cohort, course)
    assert enrolled(moodle, course) == []
    assert run(moodle, "core_user_get_users_by_field", field="email", values=["ana@example.edu"]) == []
    with pytest.raises(ValueError, match="deleted"):
        moodle.enrol(ana, course)


def test_every_role_of_the_archetype_makes_a_student(moodle: SimMoodle, course: int, ana: int) -> None:
    moodle.create_role("auditor", archetype="student")
    auditor = moodle.create_user("Björn", "Ångström", "bjorn@example.edu")
    moodle.enrol(auditor, course, role="auditor")
    teacher = moodle.create_user("Edith", "Teacher", "edith@example.edu")
    moodle.enrol(teacher, course, role="editingteacher")
    assert students(moodle, course) == [ana, auditor]


def test_a_category_role_does_not_show_in_the_course(moodle: SimMoodle, course: int) -> None:
    user = moodle.create_user("Ana", "Añorve", "ana@example.edu")
    moodle.enrol(user, course, role=None)
    moodle.assign_role(user, moodle.category_context(1), "student")
    assert enrolled(moodle, course)[0]["roles"] == []
    assert students(moodle, course) == []
    assert [user["id"] for user in enrolled(moodle, course, withcapability="mod/assign:submit")] == [user]
    moodle.unassign_role(user, moodle.category_context(1), "student")
    assert enrolled(moodle, course, withcapability="mod/assign:submit") == []


def test_a_moved_course_takes_over_the_roles_of_its_new_category(moodle: SimMoodle, course: int) -> None:
    user, category = moodle.create_user("Ana", "Añorve", "ana@example.edu"), moodle.create_category("Science")
    moodle.enrol(user, course, role=None)
    moodle.assign_role(user, moodle.category_context(category), "student")
    assert enrolled(moodle, course, withcapability="mod/assign:submit") == []
    moodle.move_course(course, category)
    assert [user["id"] for user in enrolled(moodle, course, withcapability="mod/assign:submit")] == [user]


def test_enrolling_again_by_the_same_method_updates(moodle: SimMoodle, course: int, ana: int) -> None:
    moodle.suspend_enrolment(ana, course)
    moodle.enrol(ana, course)
    assert students(moodle, course) == [ana]
    assert len(moodle.site.enrolments.of(course, ana)) == 1
    moodle.events.clear()
    moodle.enrol(ana, course)
    assert moodle.events == []


def test_self_enrolment_has_to_be_enabled_first(moodle: SimMoodle, course: int, ana: int) -> None:
    with pytest.raises(ValueError, match="self enrolment is disabled"):
        moodle.enrol(ana, course, method="self")


def test_a_reset_leaves_those_of_a_cohort(moodle: SimMoodle, course: int, ana: int) -> None:
    cohort, member = moodle.create_cohort("First years"), moodle.create_user("Björn", "Ångström", "bjorn@example.edu")
    moodle.add_to_cohort(member, cohort)
    moodle.cohort_enrolment(cohort, course)
    group = moodle.create_group(course, "Section A")
    for user in (ana, member):
        moodle.join_group(user, group)
    moodle.reset_course(course)
    assert students(moodle, course) == [member]
    assert not moodle.site.groups[group].members


def test_a_cohort_put_into_a_group_joins_and_leaves_it(moodle: SimMoodle, course: int, ana: int) -> None:
    cohort, group = moodle.create_cohort("First years"), moodle.create_group(course, "Section A")
    moodle.cohort_enrolment(cohort, course, group)
    moodle.add_to_cohort(ana, cohort)
    assert list(moodle.site.groups[group].members) == [ana]
    moodle.remove_from_cohort(ana, cohort)
    assert not moodle.site.groups[group].members
    assert students(moodle, course) == [ana]


def test_a_course_from_the_recycle_bin_is_a_new_one_with_its_people(moodle: SimMoodle, course: int, ana: int) -> None:
    gone = moodle.create_user("Gone", "Student", "gone@example.edu")
    moodle.enrol(gone, course)
    moodle.join_group(ana, moodle.create_group(course, "Section A"))
    before = moodle.expected_students(course)
    moodle.delete_course(course)
    assert run(moodle, "core_course_get_courses_by_field", field="id", value=str(course))["courses"] == []
    moodle.delete_user(gone)
    restored = moodle.restore_from_recycle_bin(course)
    assert restored != course
    after = moodle.expected_students(restored)
    assert [student["id"] for student in after] == [ana]
    assert [group["name"] for group in after[0]["groups"]] == [group["name"] for group in before[0]["groups"]]
    with pytest.raises(LookupError):
        moodle.restore_from_recycle_bin(course)


def test_a_course_deleted_for_good_does_not_come_back(moodle: SimMoodle, course: int) -> None:
    moodle.delete_course(course, recycle=False)
    with pytest.raises(LookupError):
        moodle.restore_from_recycle_bin(course)


def test_hiding_a_category_hides_its_courses(moodle: SimMoodle, course: int) -> None:
    moodle.hide_category(1)
    found = run(moodle, "core_course_get_courses_by_field", field="shortname", value="PHY")["courses"]
    assert found[0]["visible"] == 0


def test_only_who_is_enrolled_can_join_a_group(moodle: SimMoodle, course: int) -> None:
    stranger, group = moodle.create_user("Ana", "Añorve", "ana@example.edu"), moodle.create_group(course, "Section A")
    with pytest.raises(ValueError, match="not enrolled"):
        moodle.join_group(stranger, group)


def test_an_email_address_is_found_only_with_its_letter_case(moodle: SimMoodle, ana: int) -> None:
    moodle.change_email(ana, "Ana@Example.edu")
    found = [
        len(run(moodle, "core_user_get_users_by_field", field="email", values=[email]))
        for email in ("Ana@Example.edu", "ana@example.edu")
    ]
    assert found == [1, 0]


def test_gradable_users_tell_suspended_accounts_and_leave_out_whoever_is_no_student(
    moodle: SimMoodle, course: int, ana: int
) -> None:
    moodle.enrol(moodle.create_user("Edith", "Teacher", "edith@example.edu"), course, role="editingteacher")
    late = moodle.create_user("Late", "Comer", "late@example.edu")
    moodle.enrol(late, course, status=1)
    moodle.suspend_user(ana)
    wsfunction = "core_grades_get_gradable_users"
    everybody = run(moodle, wsfunction, courseid=course, groupid=0, onlyactive=False)["users"]
    assert [(user["id"], user["suspended"]) for user in everybody] == [(ana, True), (late, False)]
    active = run(moodle, wsfunction, courseid=course, groupid=0, onlyactive=True)["users"]
    assert [user["id"] for user in active] == [ana]


def test_without_managegroups_a_students_groups_are_a_warning(moodle: SimMoodle, course: int, ana: int) -> None:
    moodle.without("moodle/course:managegroups")
    answer = run(moodle, "core_group_get_course_user_groups", courseid=course, userid=ana)
    assert [warning["warningcode"] for warning in answer["warnings"]] == ["cannotmanagegroups"]


@pytest.mark.parametrize(
    ("sortby", "names"), [("firstname", ["Zoë", "Ana"]), ("lastname", ["Ana", "Zoë"]), ("siteorder", ["Ana", "Zoë"])]
)
def test_a_roster_can_be_sorted(moodle: SimMoodle, course: int, ana: int, sortby: str, names: list[str]) -> None:
    moodle.enrol(moodle.create_user("Zoë", "Abad", "zoe@example.edu"), course)
    listed = enrolled(moodle, course, sortby=sortby, sortdirection="desc")
    assert [user["firstname"] for user in listed] == names


def test_a_users_courses_are_the_active_ones(moodle: SimMoodle, course: int, ana: int) -> None:
    other = moodle.create_course("Anatomy", "ANA")
    moodle.enrol(ana, other, status=1)
    found = run(moodle, "core_enrol_get_users_courses", userid=ana, returnusercount=True)
    assert [(row["id"], row["enrolledusercount"]) for row in found] == [(course, 1)]
