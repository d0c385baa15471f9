"""Who is a student, and which answers of Moodle are not trusted (design.md 5, contracts/moodle.md 2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.errors import RosterUnverified
from app.planning.rules import Rules
from app.planning.students import MoodleReading, in_student_role, students, verify
from schemas.moodle import Account, Course, EnrolledUser, GradableUser, Group, GroupMembers
from tests.planning_builders import member

RULES = Rules()


def enrolled(userid: int, **fields: Any) -> EnrolledUser:
    usual = {
        "firstname": "Ana",
        "lastname": "Lee",
        "email": f"user{userid}@example.edu",
        "idnumber": f"S{userid}",
        "groups": None,
        "roles": ("student",),
    }
    return EnrolledUser(id=userid, **{**usual, **fields})


def _gradable(userid: int, **fields: Any) -> GradableUser:
    usual = {"email": f"user{userid}@example.edu", "idnumber": f"S{userid}", "suspended": False}
    return GradableUser(id=userid, **{**usual, **fields})


def reading_of(*active: EnrolledUser, groupmode: int = 0, **parts: Any) -> MoodleReading:
    """A course with these users active; all of them are gradable unless `gradable` says otherwise."""
    usual: dict[str, Any] = {
        "suspended": (),
        "gradable": tuple(_gradable(user.id) for user in active),
        "accounts": {},
        "groups": (),
        "members": (),
    }
    return MoodleReading(Course(2, "Chemistry", "CHEM", True, groupmode, 0), active, **{**usual, **parts})


def _refusal(reading: MoodleReading) -> RosterUnverified:
    with pytest.raises(RosterUnverified) as refused:
        students(reading, RULES)
    assert refused.value.origin == "moodle"
    return refused.value


def test_a_student_is_actively_enrolled_with_one_of_the_roles() -> None:
    reading = reading_of(enrolled(1), enrolled(2, roles=("editingteacher",)), enrolled(3, roles=()))
    assert students(reading, RULES) == (member(1),)


def test_the_roles_are_those_of_the_mapping() -> None:
    reading = reading_of(enrolled(1), enrolled(2, roles=("teacher", "auditor")), enrolled(3, roles=("trainee",)))
    assert [each.userid for each in students(reading, Rules(roles=("trainee", "auditor")))] == [2, 3]


def test_somebody_who_teaches_as_well_is_a_student() -> None:
    assert students(reading_of(enrolled(1, roles=("teacher", "student"))), RULES) == (member(1),)


def test_a_suspended_enrolment_makes_no_student() -> None:
    reading = reading_of(enrolled(1), suspended=(enrolled(2),), gradable=(_gradable(1), _gradable(2)))
    assert students(reading, RULES) == (member(1),)


def test_a_suspended_account_is_no_student_though_moodle_calls_its_enrolment_active() -> None:
    reading = reading_of(enrolled(1), enrolled(2), gradable=(_gradable(1), _gradable(2, suspended=True)))
    assert students(reading, RULES) == (member(1),)
    assert [user.id for user in in_student_role(reading, RULES)] == [1, 2]


@pytest.mark.parametrize(("suspended", "found"), [(False, 2), (True, 1)])
def test_the_status_comes_from_the_account_where_the_gradebook_does_not_list_the_user(
    suspended: bool, found: int
) -> None:
    accounts = {2: Account(2, None, suspended)}
    reading = reading_of(enrolled(1), enrolled(2), gradable=(_gradable(1),), accounts=accounts)
    assert len(students(reading, RULES)) == found


def test_the_status_comes_from_the_account_where_the_gradebook_hides_it() -> None:
    reading = reading_of(enrolled(1), gradable=(_gradable(1, suspended=None),), accounts={1: Account(1, None, True)})
    assert students(reading, RULES) == ()


def test_students_come_in_the_order_of_their_ids_with_their_groups() -> None:
    reading = reading_of(
        enrolled(2),
        enrolled(1, email="", idnumber=None),
        gradable=(_gradable(1, idnumber=""), _gradable(2)),
        groups=(Group(9, "Lab"), Group(4, "Hall"), Group(5, "Empty")),
        members=(GroupMembers(9, (2, 1)), GroupMembers(4, (2,)), GroupMembers(5, ())),
    )
    assert students(reading, RULES) == (
        member(1, email="", idnumber="", groups=((9, "Lab"),)),
        member(2, groups=((4, "Hall"), (9, "Lab"))),
    )


def test_an_empty_course_that_everything_agrees_on_is_believed() -> None:
    assert students(reading_of(), RULES) == ()


def test_a_user_in_both_halves_of_the_list_is_a_change_while_reading() -> None:
    refusal = _refusal(reading_of(enrolled(1), suspended=(enrolled(1),)))
    assert "changed while it was being read" in refusal.message
    assert refusal.reason == "roster_unverified"


def test_a_user_listed_twice_is_a_change_while_reading() -> None:
    assert "changed while it was being read" in _refusal(reading_of(enrolled(1), enrolled(1))).message


def test_a_list_cut_by_a_missing_capability_is_not_believed() -> None:
    refusal = _refusal(reading_of(enrolled(1), gradable=(_gradable(1), _gradable(2), _gradable(3))))
    assert refusal.message == (
        "The roster cannot be verified: 2 of its users are missing in the list of the enrolled. "
        "The service user probably lacks moodle/user:viewdetails."
    )
    assert refusal.reason == "roster_unverified_viewdetails"


def test_a_list_cut_by_separate_groups_names_that_capability() -> None:
    refusal = _refusal(reading_of(groupmode=1, gradable=(_gradable(1),)))
    assert "moodle/site:accessallgroups" in refusal.message
    assert refusal.reason == "roster_unverified_accessallgroups"


def test_a_list_cut_in_part_in_a_course_with_separate_groups_names_both_capabilities() -> None:
    refusal = _refusal(reading_of(enrolled(1), groupmode=1, gradable=(_gradable(1), _gradable(2))))
    assert "moodle/site:accessallgroups or moodle/user:viewdetails" in refusal.message


def test_a_member_of_a_group_who_is_not_listed_betrays_a_cut_list() -> None:
    reading = reading_of(enrolled(1), groups=(Group(9, "Lab"),), members=(GroupMembers(9, (1, 2)),))
    assert "1 of its users" in _refusal(reading).message


@pytest.mark.parametrize(
    ("groups", "members"),
    [((Group(9, "Lab"),), ()), ((), (GroupMembers(9, (1,)),))],
    ids=["members-missing", "group-unknown"],
)
def test_groups_without_their_members_are_not_believed(groups: Any, members: Any) -> None:
    assert "groups" in _refusal(reading_of(enrolled(1), groups=groups, members=members)).message


def test_hidden_addresses_are_not_taken_for_missing_ones() -> None:
    refusal = _refusal(reading_of(enrolled(1, email=None)))
    assert "e-mail addresses are not shown" in refusal.message
    assert refusal.reason == "roster_unverified_useremail"


def test_hidden_id_numbers_are_not_taken_for_missing_ones() -> None:
    refusal = _refusal(reading_of(enrolled(1, idnumber=None)))
    assert "ID numbers are not shown" in refusal.message
    assert refusal.reason == "roster_unverified_viewalldetails"


@pytest.mark.parametrize("accounts", [{}, {1: Account(1, None, None)}], ids=["no-account", "no-status"])
def test_a_status_that_nothing_tells_is_not_taken_for_active(accounts: Any) -> None:
    for gradable in ((), (_gradable(1, suspended=None),)):
        refusal = _refusal(reading_of(enrolled(1), gradable=gradable, accounts=accounts))
        assert "the status of accounts is not shown" in refusal.message


def test_what_is_hidden_of_a_teacher_does_not_matter() -> None:
    reading = reading_of(enrolled(1), enrolled(2, roles=("teacher",), email=None), gradable=(_gradable(1),))
    verify(reading, RULES)
    assert students(replace(reading, accounts={}), RULES) == (member(1),)
