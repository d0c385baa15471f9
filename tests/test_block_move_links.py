"""Moving over from block_kuracloud: what its links, courses and connections hold that is inconsistent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import NotFound
from app.kit import Kit
from app.planning.moving import LEFT_OUT, Finding, Pair, choose
from app.planning.students import Member
from app.setup import instances as instance_verbs
from app.setup import mappings as mapping_verbs
from app.setup import sites as site_verbs
from app.setup.block.survey import survey
from app.store import instances
from app.sync import roster
from sandbox.moodle.sim import SimMoodle
from schemas.block import Block
from schemas.kuracloud import Student
from tests.old_block import ACTOR, INSTANCE, OldBlock, kinds, old_block


@pytest.fixture
def old(sqlite_kit: Kit) -> Iterator[OldBlock]:
    with old_block(sqlite_kit) as made:
        yield made


def only(old: OldBlock, kind: str) -> Finding:
    """The one finding, of this kind."""
    (found,) = old.survey().findings
    assert found.kind == kind
    return found


def planned(old: OldBlock) -> list[tuple[str, int | None, int | None]]:
    """The first plan: action, user, student; all of it waits."""
    old.adopt()
    look = roster.preview(old.kit, old.mappings()[-1].id)
    assert look.verdict.go == ()
    return [
        (held.action.kind, getattr(held.action, "userid", None), getattr(held.action, "studentid", None))
        for held in look.verdict.held
    ]


def test_a_link_to_a_deleted_user_is_remembered_as_ended(old: OldBlock) -> None:
    _, _, (gone, stays) = old.course(2)
    old.moodle.delete_user(gone)
    assert only(old, "user_gone").pairs == (Pair(gone, old.studentid(gone)),)
    assert planned(old) == [("remove_unmanaged", None, old.studentid(gone))]
    assert [link.userid for link in old.links(1)] == [stays]
    (ended,) = old.links(1, ended=True)
    assert (ended.userid, ended.studentid, ended.ended_reason) == (gone, old.studentid(gone), "user_gone")


def test_the_account_of_a_deleted_user_goes_to_nobody_who_has_the_address_now(old: OldBlock) -> None:
    course, kura_course, (gone,) = old.course(1)
    address = old.kura.students(kura_course)[0]["email"]
    old.student(course, kura_course)
    old.moodle.delete_user(gone)
    heir = old.moodle.create_user(firstname="Bo", lastname="May", email=address)
    old.moodle.enrol(heir, course)
    old.adopt()
    look = roster.preview(old.kit, 1)
    assert [(conflict.kind, conflict.userids) for conflict in look.conflicts] == [("once_anothers", (heir,))]
    assert look.plan.actions == ()


def test_a_link_to_a_user_whom_moodle_never_had_is_left_out(old: OldBlock) -> None:
    _, kura_course, _ = old.course(3)
    studentid = old.account(kura_course, email="somebody@example.edu")
    old.link(9999, studentid, kura_course)
    assert only(old, "user_gone").pairs == (Pair(9999, studentid),)


def test_a_user_who_left_the_course_stays_linked_and_her_removal_waits(old: OldBlock) -> None:
    course, _, (left, _) = old.course(2)
    old.moodle.unenrol(left, course)
    assert only(old, "left_course").pairs == (Pair(left, old.studentid(left)),)
    assert planned(old) == [("delete", left, old.studentid(left))]
    assert len(old.links(1)) == 2


def test_the_link_of_a_deleted_student_that_the_block_kept_is_harmless(old: OldBlock) -> None:
    course, kura_course, (left, _) = old.course(2)
    old.moodle.unenrol(left, course)
    old.kura.delete_student(kura_course, old.studentid(left))
    assert only(old, "student_deleted").pairs == (Pair(left, old.studentid(left)),)
    assert planned(old) == []
    assert len(old.links(1)) == 2


def test_a_student_deleted_in_kuracloud_is_offered_to_be_restored(old: OldBlock) -> None:
    _, kura_course, (userid, _) = old.course(2)
    old.kura.delete_student(kura_course, old.studentid(userid))
    assert planned(old) == [("restore", userid, old.studentid(userid))]


def test_a_link_to_a_student_whom_kuracloud_does_not_have_is_left_out(old: OldBlock) -> None:
    course, kura_course, _ = old.course(3)
    userid = old.moodle.create_user(firstname="Bo", lastname="May", email="bo@example.edu")
    old.moodle.enrol(userid, course)
    old.link(userid, 9999, kura_course)
    assert only(old, "student_gone").pairs == (Pair(userid, 9999),)
    assert planned(old) == [("add", userid, None)]
    assert len(old.links(1)) == 3


def test_where_many_students_are_gone_nothing_is_believed(old: OldBlock) -> None:
    _, kura_course, _ = old.course(3)
    for number in range(3):
        old.link(5000 + number, 9000 + number, kura_course)
    found = only(old, "links_lost")
    assert len(found.pairs) == 3
    assert old.survey().adoptees == ()


def test_where_all_students_are_gone_nothing_is_believed_however_few(old: OldBlock) -> None:
    _, kura_course, _ = old.course()
    old.link(5000, 9000, kura_course)
    only(old, "links_lost")


def test_of_two_users_on_one_student_neither_is_linked_and_the_plan_asks(old: OldBlock) -> None:
    _, kura_course, (right, _) = old.course(2)
    other = old.moodle.create_user(firstname="Bo", lastname="May", email="bo@example.edu")
    shared = old.studentid(right)
    old.link(other, shared, kura_course)
    assert only(old, "student_shared").pairs == (Pair(right, shared), Pair(other, shared))
    assert planned(old) == [("link", right, shared)]
    assert len(old.links(1)) == 1


def test_of_two_users_on_one_student_the_deleted_one_does_not_count(old: OldBlock) -> None:
    _, kura_course, (right, _) = old.course(2)
    other = old.moodle.create_user(firstname="Bo", lastname="May", email="bo@example.edu")
    old.link(other, old.studentid(right), kura_course)
    old.moodle.delete_user(other)
    only(old, "user_gone")
    assert planned(old) == []
    assert (len(old.links(1)), old.links(1, ended=True)) == (2, [])


def test_two_deleted_users_of_one_student_are_both_remembered(old: OldBlock) -> None:
    _, kura_course, (first, _) = old.course(2)
    second = old.moodle.create_user(firstname="Bo", lastname="May", email="bo@example.edu")
    old.link(second, old.studentid(first), kura_course)
    for userid in (first, second):
        old.moodle.delete_user(userid)
    old.adopt()
    assert [link.userid for link in old.links(1, ended=True)] == [first, second]


def test_a_user_with_two_students_is_not_linked_and_the_plan_asks(old: OldBlock) -> None:
    _, kura_course, (userid, _) = old.course(2)
    first = old.studentid(userid)
    second = old.account(kura_course, email="old-address@example.edu")
    old.link(userid, second, kura_course)
    assert only(old, "user_twice").pairs == (Pair(userid, first), Pair(userid, second))
    assert planned(old) == [("link", userid, first), ("remove_unmanaged", None, second)]


def test_the_same_link_twice_is_one(old: OldBlock) -> None:
    _, kura_course, (userid,) = old.course(1)
    old.link(userid, old.studentid(userid), kura_course)
    assert old.survey().findings == ()
    assert planned(old) == []


def test_links_of_courses_that_are_mapped_no_more_are_counted_and_left(old: OldBlock) -> None:
    old.course(1)
    old.link(31, 7, 4711)
    old.link(32, 8, 4711)
    found = only(old, "unmapped_links")
    assert (found.about, found.pairs) == (f"{INSTANCE}:4711", (Pair(31, 7), Pair(32, 8)))
    assert planned(old) == []


def test_a_teacher_whom_the_block_linked_is_shown_as_one_who_left(old: OldBlock) -> None:
    course, kura_course, _ = old.course(1)
    teacher = old.moodle.create_user(firstname="Cy", lastname="Roe", email="cy@example.edu")
    old.moodle.enrol(teacher, course, "editingteacher")
    old.link(teacher, old.account(kura_course, email="cy@example.edu"), kura_course)
    assert only(old, "left_course").pairs[0].userid == teacher


def test_two_courses_on_one_kuracloud_course_are_both_left_out(old: OldBlock) -> None:
    _, kura_course, _ = old.course(1)
    old.course(kura_course=kura_course)
    found = only(old, "kura_course_twice")
    assert found.about == f"{INSTANCE}:{kura_course}"
    assert old.survey().adoptees == ()


def test_a_course_on_two_kuracloud_courses_is_left_out(old: OldBlock) -> None:
    course, _, _ = old.course(1)
    old.map(course, old.kura.add_course("Anatomy"))
    assert only(old, "course_twice").about == f"uni:{course}"
    assert old.survey().adoptees == ()


def test_a_course_that_moodle_has_no_more_is_left_out(old: OldBlock) -> None:
    old.course(1)
    course, _, _ = old.course(1)
    old.moodle.delete_course(course)
    assert only(old, "course_gone").about == f"uni:{course}"
    assert len(old.survey().adoptees) == 1


def test_moodles_front_page_is_no_course(old: OldBlock) -> None:
    old.map(1, old.kura.add_course("Anatomy"))
    only(old, "course_gone")


def test_a_kuracloud_course_that_was_deleted_is_left_out(old: OldBlock) -> None:
    _, kura_course, _ = old.course(1)
    old.kura.remove_course(kura_course)
    only(old, "kura_course_gone")
    old.kura.bring_back_course(kura_course)
    assert old.survey().findings == ()


def test_a_course_that_kurasync_maps_elsewhere_is_left_alone(old: OldBlock) -> None:
    course, kura_course, _ = old.course(1)
    other, elsewhere, _ = old.course(1)
    instance_verbs.add(old.kit, name="kura", url=old.kura.url, token=old.kura.token, actor=ACTOR)
    mapping_verbs.add(
        old.kit,
        site_name="uni",
        moodle_course=str(course),
        instance_name="kura",
        kura_course=str(elsewhere),
        actor=ACTOR,
    )
    found = kinds(old.survey())["mapped_otherwise"]
    assert [each.about for each in found] == [f"uni:{course}", f"uni:{other}"]
    assert kura_course not in [mapping.kura_courseid for mapping in old.mappings()]


def test_an_instance_without_a_connection_is_named(old: OldBlock) -> None:
    old.course(1)
    block = replace(old.block(), endpoints=())
    (found,) = old.survey(block).findings
    assert (found.kind, found.about) == ("no_connection", INSTANCE)


def test_a_connection_to_which_nothing_is_mapped_is_passed_over(old: OldBlock) -> None:
    old.endpoint("no token at all", instanceid="another")
    old.course(1)
    assert old.survey().findings == ()
    old.adopt()
    with old.kit.database.reading() as tx:
        assert [each.remote_id for each in instances.every(tx)] == [INSTANCE]


def test_an_instance_that_serves_another_site_is_not_shared_unasked(old: OldBlock) -> None:
    old.course(1)
    old.adopt()
    with SimMoodle.serving() as copy:
        site_verbs.add(old.kit, name="copy", url=copy.url, token=copy.token, actor=ACTOR)
        found = survey(old.kit, "copy", old.block(), None)
    assert [(each.kind, each.about) for each in found.findings] == [("other_site", INSTANCE)]
    assert found.adoptees == ()


def test_a_site_that_was_not_added_is_refused(old: OldBlock) -> None:
    with pytest.raises(NotFound, match="no site called 'other'"):
        survey(old.kit, "other", Block((), (), ()), None)


def test_a_user_with_a_strange_address_is_not_taken_for_deleted(old: OldBlock) -> None:
    course, _, (left, _) = old.course(2)
    old.moodle.change_email(left, "no address at all")
    old.moodle.unenrol(left, course)
    only(old, "left_course")


_NUMBERS = st.integers(1, 4)
_PEOPLE = st.sets(_NUMBERS)


@given(pairs=st.sets(st.tuples(_NUMBERS, _NUMBERS)), members=_PEOPLE, others=_PEOPLE, active=_PEOPLE, gone=_PEOPLE)
def test_whatever_the_block_holds_each_link_leads_from_one_person_to_one_account_and_back(
    pairs: set[tuple[int, int]], members: set[int], others: set[int], active: set[int], gone: set[int]
) -> None:
    students, deleted = ({number: student(number) for number in numbers} for numbers in (active, gone - active))
    given_pairs = [Pair(*pair) for pair in pairs]
    chosen = choose(
        "uni:2",
        given_pairs,
        members={number: member(number) for number in members},
        others=others - members,
        students=students,
        deleted=deleted,
    )
    links, ended = chosen.links or (), chosen.ended
    assert {*links, *ended} <= set(given_pairs)
    assert len({pair.userid for pair in links}) == len({pair.studentid for pair in links}) == len(links)
    assert all(pair.userid in members | others and pair.studentid in active | gone for pair in links)
    assert all(pair.userid not in members | others and pair.studentid in active | gone for pair in ended)
    assert not {pair.studentid for pair in links} & {pair.studentid for pair in ended}
    told = {pair for found in chosen.findings if found.kind in LEFT_OUT for pair in found.pairs}
    assert chosen.links is None or told == set(given_pairs) - set(links)


def student(number: int) -> Student:
    return Student(number, f"user{number}@example.edu", "Ana", "Lee", "", "", True, 0)


def member(number: int) -> Member:
    return Member(number, "Ana", "Lee", f"user{number}@example.edu", "", ())
