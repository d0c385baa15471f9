"""Whatever the two sides look like: a plan contradicts nothing, protects whom it names, converges, is judged whole."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.planning.actions import (
    REMOVALS,
    Action,
    Add,
    Delete,
    Link,
    Reinvite,
    Relink,
    RemoveUnmanaged,
    Restore,
    fingerprint,
    studentids,
    userids,
)
from app.planning.guard import Circumstances, judge
from app.planning.roster import plan
from app.planning.rules import Rules
from app.planning.sameness import email_digest, email_key
from app.planning.state import KnownLink, Roster
from tests.planning_builders import link, member, student
from tests.planning_model import applied

# How fast examples are drawn depends on what else the machine does: no defect.
QUICK = settings(
    max_examples=200, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
USERS, STUDENTS = range(1, 6), range(101, 108)
ADDRESSES = st.sampled_from([*(f"{name}@example.edu" for name in "abcdefg"), "A@example.edu ", ""])
ECHOES = st.one_of(
    st.just({}), st.builds(lambda sent, shown: {"email": {"sent": sent, "shown": shown}}, ADDRESSES, ADDRESSES)
)
IDNUMBERS = st.sampled_from(["", "S1", "S2", " S2"])
GROUPS = st.sampled_from([(), ((1, "Lab"),), ((2, "Hall"), (1, "Lab"))])
SECTIONS = st.sampled_from(["", "Lab", "Hall"])

WITH_USER = {
    frozenset(kinds)
    for kinds in (
        ("link",), ("link", "edit"), ("add",), ("edit",), ("restore",), ("restore", "edit"), ("delete",),
        ("reinvite",), ("reinvite", "edit"), ("relink",), ("end_link",),
        ("end_link", "link"), ("end_link", "link", "edit"), ("end_link", "add"),
        ("end_link", "restore"), ("end_link", "restore", "edit"),
    )
}  # fmt: skip
WITH_STUDENT = {
    frozenset(kinds)
    for kinds in (
        ("link",), ("link", "edit"), ("edit",), ("restore",), ("restore", "edit"), ("delete",), ("reinvite",),
        ("reinvite", "edit"), ("relink",), ("end_link",), ("remove_unmanaged",),
    )
}  # fmt: skip


@st.composite
def links(draw: st.DrawFn) -> tuple[KnownLink, ...]:
    """Active links, each user and each student in one at most, and some history; some point nowhere."""
    users = draw(st.lists(st.sampled_from(USERS), unique=True))
    linked = draw(st.lists(st.sampled_from(STUDENTS), unique=True, min_size=len(users)))
    active = [
        link(user, each, email=draw(ADDRESSES), echo=draw(ECHOES)) for user, each in zip(users, linked, strict=False)
    ]
    pairs = draw(st.lists(st.tuples(st.sampled_from(USERS), st.sampled_from(STUDENTS)), max_size=3))
    return (*active, *(link(user, each, email=draw(ADDRESSES), ended=True) for user, each in pairs))


@st.composite
def rosters(draw: st.DrawFn) -> Roster:
    """Two small sides with few addresses and ID numbers, so that people get in each other's way."""
    members = [
        member(userid, email=draw(ADDRESSES), idnumber=draw(IDNUMBERS), groups=draw(GROUPS))
        for userid in draw(st.lists(st.sampled_from(USERS), unique=True))
    ]
    students = [
        student(each - 100, email=draw(ADDRESSES), external_student_id=draw(IDNUMBERS), section=draw(SECTIONS),
                created_date=draw(st.integers(0, 2)))
        for each in draw(st.lists(st.sampled_from(STUDENTS), unique=True))
    ]  # fmt: skip
    active = draw(st.integers(0, len(students)))
    rules = Rules(
        email_changed=draw(st.sampled_from(["hold", "ignore"])),
        unmanaged=draw(st.sampled_from(["hold", "keep"])),
    )
    return Roster(tuple(members), tuple(students[:active]), tuple(students[active:]), draw(links()), rules)


@st.composite
def circumstances(draw: st.DrawFn, both: Roster, actions: tuple[Action, ...]) -> Circumstances:
    """Whatever may be the case when a plan is judged."""
    some = st.lists(st.sampled_from([fingerprint(action) for action in actions])) if actions else st.just([])
    return Circumstances(
        rules=replace(
            both.rules,
            mode=draw(st.sampled_from(["auto", "review"])),
            adds_least=draw(st.integers(0, 3)),
            removals_least=draw(st.integers(0, 2)),
            unmanaged=draw(st.sampled_from(["hold", "remove"])),
            email_changed=draw(st.sampled_from(["hold", "auto"])),
        ),
        present=len(both.students),
        removed=draw(st.integers(0, 2)),
        started=draw(st.booleans()),
        proven=draw(st.booleans()),
        quiet=draw(st.booleans()),
        over=draw(st.booleans()),
        approved=draw(some),
        invited=[email_digest(address) for address in draw(st.lists(ADDRESSES, max_size=2))],
    )


@given(rosters())
@QUICK
def test_applying_a_plan_converges_within_three_rounds(both: Roster) -> None:
    for _ in range(3):
        both = applied(both, plan(both).actions)
    assert plan(both).actions == ()


@given(rosters())
@QUICK
def test_nobody_is_in_two_actions_that_contradict_each_other(both: Roster) -> None:
    by_user, by_student = defaultdict(list), defaultdict(list)
    owner: defaultdict[int, set[int]] = defaultdict(set)
    for action in plan(both).actions:
        for userid in userids(action):
            by_user[userid].append(action.kind)
        for studentid in studentids(action):
            by_student[studentid].append(action.kind)
            owner[studentid] |= set(userids(action)[:1])
    for kinds in by_user.values():
        assert max(Counter(kinds).values()) == 1
        assert frozenset(kinds) in WITH_USER
    for kinds in by_student.values():
        assert max(Counter(kinds).values()) == 1
        assert frozenset(kinds) in WITH_STUDENT
    assert all(len(users) <= 1 for users in owner.values())


@given(rosters())
@QUICK
def test_nobody_whom_a_conflict_names_is_touched(both: Roster) -> None:
    found = plan(both)
    users = {userid for conflict in found.conflicts for userid in conflict.userids}
    students = {studentid for conflict in found.conflicts for studentid in conflict.studentids}
    for action in found.actions:
        if action.kind != "relink":
            assert not users & set(userids(action))
            assert not students & set(studentids(action))


@given(rosters())
@QUICK
def test_nobody_is_given_a_student_who_was_another_users(both: Roster) -> None:
    linked = {(each.userid, each.studentid) for each in both.links if not each.ended}
    for action in plan(both).actions:
        match action:
            case Link(userid, studentid) | Restore(userid, studentid) | Reinvite(userid, restores=int(studentid)):
                had = {each.userid for each in both.links if each.studentid == studentid}
                assert (userid, studentid) in linked or had <= {userid}


@given(rosters())
@QUICK
def test_nobody_is_invited_to_an_address_that_was_another_users(both: Roster) -> None:
    shown = {each.student_id: each.email for each in (*both.students, *both.deleted)}
    had = {(email_key(address), each.userid)
           for each in both.links for address in (each.email, shown.get(each.studentid, each.email))}  # fmt: skip
    for action in plan(both).actions:
        if isinstance(action, Add) or (isinstance(action, Reinvite) and action.restores is None):
            address = email_key(action.profile.email)
            assert {userid for key, userid in had if key == address} <= {action.userid}
            assert address not in {email_key(each.email) for each in both.students}


@given(rosters())
@QUICK
def test_only_the_students_of_leavers_and_of_nobody_are_removed(both: Roster) -> None:
    members = {each.userid for each in both.members}
    linked = {each.studentid for each in both.links if not each.ended}
    for action in plan(both).actions:
        if isinstance(action, Delete):
            assert action.userid not in members
        if isinstance(action, RemoveUnmanaged):
            assert action.studentid not in linked


@given(rosters(), st.integers())
@QUICK
def test_a_plan_depends_on_no_order(both: Roster, seed: int) -> None:
    order = Random(seed)
    turned = replace(
        both,
        members=tuple(order.sample(both.members, len(both.members))),
        students=tuple(order.sample(both.students, len(both.students))),
        deleted=tuple(order.sample(both.deleted, len(both.deleted))),
        links=tuple(order.sample(both.links, len(both.links))),
    )
    assert plan(turned) == plan(both)


@given(st.data())
@QUICK
def test_every_action_is_judged_once_and_no_limit_is_passed_unasked(data: st.DataObject) -> None:
    both = data.draw(rosters())
    found = plan(both)
    now = data.draw(circumstances(both, found.actions))
    verdict = judge(found, now)
    judged = [*verdict.go, *(held.action for held in verdict.held), *(action for action, _ in verdict.dropped)]
    assert Counter(judged) == Counter(found.actions)
    assert all(held.reasons for held in verdict.held)
    unasked = [action for action in verdict.go if fingerprint(action) not in now.approved]
    removed = [action for action in unasked if isinstance(action, REMOVALS)]
    assert not removed or now.removed + len(removed) <= now.rules.removal_limit(now.present)
    assert not any(isinstance(action, Relink) for action in unasked)
    assert not unasked or (now.started and now.rules.mode == "auto")
