"""Who is a student as our own plugin tells it, and which of its answers are not believed (design.md 5)."""

from __future__ import annotations

from typing import Any

import pytest

from app.errors import RosterUnverified
from app.planning.plugin_students import told
from app.planning.rules import Rules
from app.planning.students import basis, with_touched
from schemas.plugin_roster import PluginCourse, PluginGroup, PluginRole, PluginRoster, PluginUser
from tests.planning_builders import member

COURSE = PluginCourse(2, "Chemistry", "CHEM", "", 1_900_000_000, True, 0)
STUDENT, TEACHER = PluginRole("student", "student", 50), PluginRole("editingteacher", "editingteacher", 50)


def user(userid: int, *roles: PluginRole, **fields: Any) -> PluginUser:
    usual = {
        "firstname": "Ana",
        "lastname": "Lee",
        "email": f"user{userid}@example.edu",
        "idnumber": f"S{userid}",
        "suspended": False,
        "active": True,
        "groups": (),
    }
    return PluginUser(id=userid, roles=roles or (STUDENT,), **{**usual, **fields})


def roster(*users: PluginUser, **fields: Any) -> PluginRoster:
    usual = {"course": COURSE, "total": len(users), "next": 0, "missing": ()}
    return PluginRoster(users=users, **{**usual, **fields})


def ids(answer: PluginRoster, **rules: Any) -> list[int]:
    return [each.userid for each in told(answer, Rules(**rules)).members]


def test_it_tells_students_by_id_with_groups_and_the_courses_end() -> None:
    groups = (PluginGroup(9, "Lab", 1), PluginGroup(4, "Hall", 2))
    found = told(roster(user(2, groups=groups), user(1)), Rules())
    assert found.members == (member(1), member(2, groups=((4, "Hall"), (9, "Lab"))))
    assert (found.enddate, found.proven, found.next_change) == (1_900_000_000, True, None)


def test_an_empty_course_is_believed() -> None:
    assert told(roster(), Rules()).members == ()


def test_it_tells_the_next_moment() -> None:
    assert told(roster(next=1_800_000_000), Rules()).next_change == 1_800_000_000.0


def test_no_student_is_who_is_suspended_or_not_active() -> None:
    assert ids(roster(user(1), user(2, suspended=True), user(3, active=False))) == [1]


def test_a_student_has_a_role_of_the_archetype_in_the_course_itself() -> None:
    learner = PluginRole("learner", "student", 50)
    above = [PluginRole("student", "student", level) for level in (40, 10)]
    users = (user(1, TEACHER), user(2, TEACHER, learner), *(user(3 + place, role) for place, role in enumerate(above)))
    assert ids(roster(*users)) == [2]


def test_where_the_mapping_names_roles_the_archetype_does_not_count() -> None:
    auditor = PluginRole("auditor", "teacher", 50)
    users = (user(1), user(2, auditor), user(3, PluginRole("auditor", "teacher", 40)))
    assert ids(roster(*users), roles=("auditor", "trainee")) == [2]


@pytest.mark.parametrize(("level", "found"), [(10, [1]), (40, [1]), (50, [])])
def test_a_role_of_the_institution_is_one_above_the_course(level: int, found: list[int]) -> None:
    enrolled = PluginRole("enrolled", "", level)
    users = (user(1, STUDENT, enrolled), user(2, STUDENT), user(3, enrolled, PluginRole("student", "student", 40)))
    assert ids(roster(*users), institution_role="enrolled") == found


@pytest.mark.parametrize(
    ("users", "total"),
    [((), 1), ((user(1),), 2), ((user(1), user(2)), 1), ((user(1), user(1)), 2), ((user(1), user(1)), 1)],
    ids=["nobody", "one-of-two", "two-of-one", "one-twice", "one-twice-counted-once"],
)
def test_an_answer_that_its_own_count_does_not_confirm_is_not_believed(
    users: tuple[PluginUser, ...], total: int
) -> None:
    with pytest.raises(RosterUnverified) as refused:
        told(roster(*users, total=total), Rules())
    assert f"listed {len(users)} users and counted {total}" in refused.value.message
    assert (refused.value.reason, refused.value.origin) == ("roster_unverified", "moodle")


def test_an_answer_given_without_all_capabilities_is_not_believed() -> None:
    with pytest.raises(RosterUnverified) as refused:
        told(roster(user(1), missing=("moodle/user:viewdetails", "moodle/course:useremail")), Rules())
    assert "lacks moodle/course:useremail, moodle/user:viewdetails." in refused.value.message
    assert (refused.value.reason, refused.value.origin) == ("roster_unverified_useremail", "moodle")


def test_touched_users_are_put_in_taken_out_and_replaced() -> None:
    known = (member(1), member(2), member(4))
    assert with_touched(known, (1, 2, 3), (member(3), member(2, lastname="Ng"))) == (
        member(2, lastname="Ng"),
        member(3),
        member(4),
    )


def test_what_decides_who_is_a_student_makes_another_basis() -> None:
    same = Rules(mode="review", removals_most=5)
    others = (basis(3, Rules()), basis(2, Rules(roles=("student",))), basis(2, Rules(institution_role="member")))
    assert basis(2, Rules()) == basis(2, same)
    assert len({basis(2, Rules()), *others}) == 4
