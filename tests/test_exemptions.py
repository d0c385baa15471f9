"""Single people whom the rules do not concern: a kept student and an excluded user, in the plan (design.md 5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from app.planning.actions import Add, Delete, Edit, EndLink, Link, RemoveUnmanaged, studentids, userids
from app.planning.roster import plan
from app.planning.rules import Rules
from app.planning.state import KnownLink, Plan, Roster
from app.planning.students import Member
from schemas.kuracloud import Student
from tests import grade_builders as grading
from tests.planning_builders import link, member, profile, student
from tests.planning_model import applied
from tests.test_planning_properties import QUICK, STUDENTS, USERS, rosters


def excluding(
    members: Iterable[Member] = (),
    students: Iterable[Student] = (),
    deleted: Iterable[Student] = (),
    links: Iterable[KnownLink] = (),
    *,
    users: Iterable[int] = (1,),
) -> Plan:
    """The plan in a mapping from which user 1 is excluded."""
    sides = tuple(members), tuple(students), tuple(deleted), tuple(links)
    return plan(Roster(*sides, Rules(), excluded=frozenset(users)))


def kinds(found: Plan) -> list[str]:
    return [conflict.kind for conflict in found.conflicts]


def test_a_kept_student_is_not_removed_and_the_others_are() -> None:
    both = Roster((), (student(1), student(2)), (), (), Rules(unmanaged="remove"), kept=frozenset({101}))
    assert plan(both).actions == (RemoveUnmanaged(102, "user2@example.edu"),)


def test_a_kept_student_whose_user_comes_is_linked_and_goes_when_she_leaves() -> None:
    both = Roster((member(1),), (student(1),), (), (), Rules(), kept=frozenset({101}))
    assert plan(both).actions == (Link(1, 101, "user1@example.edu"),)
    left = replace(both, members=(), links=(link(1),))
    assert plan(left).actions == (Delete(1, 101, "user1@example.edu"),)


def test_an_excluded_newcomer_is_not_invited() -> None:
    assert excluding([member(1), member(2)]).actions == (Add(2, profile(2)),)


def test_the_student_of_an_excluded_user_is_neither_edited_nor_invited_anew() -> None:
    changed = member(1, lastname="Ng", email="new@example.edu")
    assert excluding([changed], [student(1)], links=[link(1)]) == Plan((), (), links=1)


def test_the_student_of_an_excluded_user_who_left_is_not_removed() -> None:
    assert excluding([], [student(1)], links=[link(1)]).actions == ()


def test_the_deleted_student_of_an_excluded_user_is_not_restored() -> None:
    assert excluding([member(1)], deleted=[student(1)], links=[link(1)]).actions == ()


def test_a_student_with_the_address_of_an_excluded_user_is_not_removed() -> None:
    assert excluding([member(1)], [student(1)]) == Plan((), ())


def test_a_student_who_once_was_an_excluded_users_is_not_removed() -> None:
    found = excluding([], [student(1)], links=[link(1, ended=True)])
    assert found.actions == ()


def test_a_link_whose_student_is_nowhere_ends_for_an_excluded_user_too() -> None:
    for members in ([], [member(1)]):
        found = excluding(members, links=[link(1)])
        assert (found.actions, found.lost) == ((EndLink(1, 101),), 1)


def test_nobody_is_bothered_with_what_is_wrong_with_an_excluded_user() -> None:
    assert excluding([member(1, email="")]) == Plan((), ())


def test_of_two_with_one_address_the_other_goes_on_where_one_is_excluded() -> None:
    found = excluding([member(1), member(2, email="user1@example.edu")])
    assert (found.actions, found.conflicts) == ((Add(2, profile(2, email="user1@example.edu")),), ())


def test_she_goes_on_with_her_own_student_as_well() -> None:
    both = [member(1), member(2, email="user1@example.edu")]
    hers = student(2, email="user1@example.edu")
    assert excluding(both, [hers], links=[link(2, email="user1@example.edu")]) == Plan((), (), links=1)


def test_nobody_takes_the_student_who_has_an_excluded_users_address() -> None:
    both = [member(1), member(2, email="user1@example.edu")]
    for active, deleted in (([student(1)], []), ([], [student(1, external_student_id="")])):
        found = excluding(both, active, deleted)
        assert (found.actions, kinds(found)) == ((), ["excluded"])
        assert (found.conflicts[0].userids, found.conflicts[0].studentids) == ((2,), (101,))


def test_nobody_takes_the_student_linked_to_an_excluded_user() -> None:
    other = member(2, email="user1@example.edu", idnumber="S1")
    for members in ([other], [member(1, email="new@example.edu"), other]):
        found = excluding(members, [student(1)], links=[link(1)])
        assert (found.actions, kinds(found)) == ((), ["anothers_student"])


def test_a_leavers_student_who_may_be_an_excluded_users_is_not_removed() -> None:
    merged = member(1, idnumber="S2")
    found = excluding([merged], [student(2)], links=[link(2)])
    assert (found.actions, kinds(found)) == ((), ["excluded"])


def test_an_address_that_changed_to_an_excluded_users_restores_nobody() -> None:
    moved = member(2, email="user1@example.edu", lastname="Ng")
    found = excluding(
        [member(1), moved], [student(2)], [student(1, external_student_id="")], [link(2)]
    )
    assert (found.actions, kinds(found)) == ((), ["excluded"])


def test_others_are_edited_as_before() -> None:
    found = excluding([member(1), member(2, lastname="Ng")], [student(1), student(2)], links=[link(1), link(2)])
    assert found.actions == (Edit(2, 102, (("family_name", "Lee", "Ng"),)),)


def test_grades_of_an_excluded_user_are_left_and_listed() -> None:
    excluded = frozenset({1, 3})
    book = grading.gradebook({1: 1.0, 3: 6.0})
    found = grading.planned(grading.exported({1: 5.0, 2: 6.0, 3: 6.0}), book, excluded=excluded)
    assert [getattr(action, "userid", None) for action in found.actions] == [2]
    assert (grading.reasons(found), found.adopted) == ([("excluded", 1)], {})


@st.composite
def exempted(draw: st.DrawFn) -> Roster:
    """Two small sides in which people get in each other's way, some of them exempted."""
    return replace(
        draw(rosters()),
        excluded=frozenset(draw(st.lists(st.sampled_from(USERS), max_size=2))),
        kept=frozenset(draw(st.lists(st.sampled_from(STUDENTS), max_size=2))),
    )


@given(exempted())
@QUICK
def test_whoever_is_exempted_is_left_alone_until_all_is_quiet(both: Roster) -> None:
    hers = {each.studentid for each in both.links if each.userid in both.excluded and not each.ended}
    for _ in range(4):
        found = plan(both).actions
        for action in found:
            assert isinstance(action, EndLink) or both.excluded.isdisjoint(userids(action))
            assert isinstance(action, EndLink) or hers.isdisjoint(studentids(action))
            assert not isinstance(action, RemoveUnmanaged) or action.studentid not in both.kept
        both = applied(both, found)
    assert plan(both).actions == ()


@given(rosters())
@QUICK
def test_to_exclude_somebody_who_is_nowhere_changes_nothing(both: Roster) -> None:
    assert plan(replace(both, excluded=frozenset({99}), kept=frozenset({999}))) == plan(both)
