"""The guard: what goes ahead, what is held and why, what is dropped; every limit on both of its sides (design.md 6)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.planning.actions import (
    Action,
    Add,
    Delete,
    Edit,
    EndLink,
    Link,
    Reinvite,
    Relink,
    RemoveUnmanaged,
    Restore,
    fingerprint,
)
from app.planning.guard import DROPPED, REASONS, Circumstances, judge
from app.planning.rules import Rules
from app.planning.sameness import email_digest
from app.planning.state import Plan
from app.planning.verdict import Verdict
from tests.planning_builders import doing, profile

OLD, NEW = "old@example.edu", "new@example.edu"


def _now(*, present: int = 100, proven: bool = True, rules: Rules | None = None, **more: Any) -> Circumstances:
    """A started mapping with 100 students whose Moodle answers with proof."""
    return Circumstances(rules or Rules(), present=present, proven=proven, **more)


def _link(userid: int = 1) -> Link:
    return Link(userid, 100 + userid, OLD)


def _add(userid: int = 1) -> Add:
    return Add(userid, profile(userid))


def _edit(userid: int = 1) -> Edit:
    return Edit(userid, 100 + userid, (("section", "A", "B"),))


def _restore(userid: int = 1) -> Restore:
    return Restore(userid, 100 + userid, OLD)


def _delete(userid: int = 1) -> Delete:
    return Delete(userid, 100 + userid, OLD)


def _reinvite(userid: int = 1, restores: int | None = None) -> Reinvite:
    return Reinvite(userid, 100 + userid, OLD, profile(userid, email=f"new{userid}@example.edu"), restores)


def _unmanaged(userid: int = 1) -> RemoveUnmanaged:
    return RemoveUnmanaged(100 + userid, OLD)


def _relink() -> Relink:
    return Relink(1, 102, 2, OLD)


def _deletes(number: int) -> list[Delete]:
    return [_delete(each) for each in range(1, number + 1)]


def _reasons(verdict: Verdict) -> dict[Action, tuple[str, ...]]:
    return {held.action: held.reasons for held in verdict.held}


def _prints(*actions: Action) -> list[str]:
    return [fingerprint(action) for action in actions]


def test_what_is_safe_goes_ahead() -> None:
    safe = (EndLink(9, 109), _link(1), _restore(2), _edit(3), _add(4), _delete(5))
    assert judge(doing(*safe), _now()) == Verdict(safe, ())


def test_what_is_safe_does_not_wait_for_what_is_risky() -> None:
    verdict = judge(doing(_edit(2), _relink(), _add(3)), _now())
    assert verdict.go == (_edit(2), _add(3))
    assert _reasons(verdict) == {_relink(): ("merge",)}


# Everything


@pytest.mark.parametrize(
    ("now", "reason"),
    [(_now(started=False), "first_run"), (_now(rules=Rules(mode="review")), "review")],
)
def test_everything_waits_on_a_first_run_and_in_review(now: Circumstances, reason: str) -> None:
    actions = (EndLink(9, 109), _link(1), _restore(2), _edit(3), _add(4), _delete(5))
    verdict = judge(doing(*actions), now)
    assert verdict.go == ()
    assert [held.action for held in verdict.held] == list(actions)
    assert all(reason in held.reasons for held in verdict.held)


@pytest.mark.parametrize(
    ("links", "lost", "held"),
    [(0, 2, False), (10, 2, False), (10, 3, True), (59, 3, True), (60, 3, False), (100, 5, False), (100, 6, True),
     (119, 6, True), (120, 6, False)],
)  # fmt: skip
def test_more_links_pointing_nowhere_than_two_and_five_percent_stop_everything(
    links: int, lost: int, held: bool
) -> None:
    ends = [EndLink(each, 100 + each) for each in range(1, lost + 1)]
    verdict = judge(Plan((*ends, _edit(50)), (), lost=lost, links=links), _now())
    assert (verdict.go == ()) is held
    assert _reasons(verdict) == (dict.fromkeys((*ends, _edit(50)), ("links_lost",)) if held else {})


def test_lost_links_stop_also_what_was_approved_before_the_loss() -> None:
    ends = [EndLink(each, 100 + each) for each in range(1, 4)]
    plan = Plan((*ends, _add(50)), (), lost=3, links=3)
    assert _reasons(judge(plan, _now(approved=_prints(_add(50)))))[_add(50)] == ("links_lost",)


def test_lost_links_that_a_person_has_seen_and_approved_are_ended() -> None:
    actions: tuple[Action, ...] = (*(EndLink(each, 100 + each) for each in range(1, 4)), _add(50))
    plan = Plan(actions, (), lost=3, links=3)
    assert judge(plan, _now(approved=_prints(*actions))).go == actions


@pytest.mark.parametrize("links", [1, 2])
def test_an_answer_in_which_every_link_is_lost_is_believed_in_no_course_however_small(links: int) -> None:
    ends = tuple(EndLink(each, 100 + each) for each in range(1, links + 1))
    assert judge(Plan((*ends, _edit(50)), (), lost=links, links=links), _now()).go == ()
    assert judge(Plan((*ends, _edit(50)), (), lost=links, links=links + 1), _now()).held == ()


@pytest.mark.parametrize(("fresh", "goes"), [(2, True), (3, False)])
def test_links_lost_since_the_approval_stop_it_beyond_the_same_number(fresh: int, goes: bool) -> None:
    ends = [EndLink(each, 100 + each) for each in range(1, 10)]
    others = [_add(each) for each in range(50, 60)]
    plan = Plan((*ends, *others), (), lost=9, links=20)
    approved = _prints(*ends[fresh:], *others[:1])
    assert judge(plan, _now(approved=approved)).go == ((*ends[fresh:], *others[:1]) if goes else ())


def test_lost_links_whose_users_are_in_conflict_keep_no_approval_from_being_applied() -> None:
    plan = Plan((_add(50), _add(51)), (), lost=9, links=9)
    verdict = judge(plan, _now(approved=_prints(_add(50))))
    assert verdict.go == (_add(50),)
    assert _reasons(verdict) == {_add(51): ("links_lost",)}


# Each alone


def test_a_re_link_is_always_asked() -> None:
    assert _reasons(judge(doing(_relink()), _now())) == {_relink(): ("merge",)}


def test_a_removal_that_stock_functions_cannot_prove_is_asked() -> None:
    rules = Rules(unmanaged="remove")
    verdict = judge(doing(_delete(1), _unmanaged(2)), _now(proven=False, rules=rules))
    assert _reasons(verdict) == {_delete(1): ("unproven",), _unmanaged(2): ("unproven",)}


def test_a_proven_removal_goes_ahead() -> None:
    rules = Rules(unmanaged="remove")
    assert judge(doing(_delete(1), _unmanaged(2)), _now(rules=rules)).held == ()


def test_a_student_of_nobody_is_asked_about_unless_the_mapping_says_remove() -> None:
    assert _reasons(judge(doing(_unmanaged()), _now(proven=False))) == {_unmanaged(): ("unmanaged",)}
    assert judge(doing(_unmanaged()), _now(rules=Rules(unmanaged="remove"))).go == (_unmanaged(),)


def test_a_new_address_is_asked_about_unless_the_mapping_says_auto() -> None:
    assert _reasons(judge(doing(_reinvite()), _now())) == {_reinvite(): ("email_changed",)}
    assert judge(doing(_reinvite()), _now(rules=Rules(email_changed="auto"))).go == (_reinvite(),)


# Invitations


def test_an_address_that_was_invited_before_is_not_invited_again_unasked() -> None:
    invited = [email_digest(" USER1@example.edu")]
    verdict = judge(doing(_add(1), _add(2)), _now(invited=invited))
    assert verdict.go == (_add(2),)
    assert _reasons(verdict) == {_add(1): ("invited_before",)}


def test_a_re_invitation_to_an_address_that_was_invited_before_is_asked() -> None:
    now = _now(rules=Rules(email_changed="auto"), invited=[email_digest("new1@example.edu")])
    assert _reasons(judge(doing(_reinvite()), now)) == {_reinvite(): ("invited_before",)}


def test_a_restoration_invites_nobody() -> None:
    now = _now(rules=Rules(email_changed="auto"), invited=[email_digest(OLD), email_digest("new1@example.edu")])
    assert judge(doing(_restore(2), _reinvite(restores=150)), now).held == ()


def test_a_person_may_have_an_address_invited_again() -> None:
    now = _now(invited=[email_digest("user1@example.edu")], approved=_prints(_add()))
    assert judge(doing(_add()), now).go == (_add(),)


# Removals within 24 hours


@pytest.mark.parametrize(
    ("present", "removed", "number", "held"),
    [
        (5, 0, 2, False), (5, 0, 3, True), (14, 0, 3, True), (15, 0, 3, False),
        (100, 0, 20, False), (100, 0, 21, True), (1000, 0, 50, False), (1000, 0, 51, True),
        (5, 1, 1, False), (5, 1, 2, True), (100, 19, 1, False), (100, 20, 1, True), (1000, 25, 25, False),
        (1000, 25, 26, True),
    ],
)  # fmt: skip
def test_more_removals_within_a_day_than_allowed_all_wait(present: int, removed: int, number: int, held: bool) -> None:
    verdict = judge(doing(_edit(900), *_deletes(number)), _now(present=present, removed=removed))
    assert len(verdict.held) == (number if held else 0)
    assert _edit(900) in verdict.go
    assert set(_reasons(verdict).values()) == ({("removals",)} if held else set())


def test_every_kind_of_removal_counts() -> None:
    rules = Rules(email_changed="auto", unmanaged="remove")
    actions = (_reinvite(1), _delete(2), _unmanaged(3))
    assert judge(doing(*actions), _now(present=5, rules=rules)).go == ()
    assert judge(doing(*actions[:2]), _now(present=5, rules=rules)).go == actions[:2]


def test_removals_that_wait_for_another_reason_do_not_count() -> None:
    verdict = judge(doing(_reinvite(1), _delete(2), _delete(3), _unmanaged(4)), _now(present=5))
    assert verdict.go == (_delete(2), _delete(3))


def test_approved_removals_pass_the_limit_and_do_not_count() -> None:
    verdict = judge(doing(*_deletes(5)), _now(present=10, approved=_prints(*_deletes(3))))
    assert verdict.go == tuple(_deletes(5))
    verdict = judge(doing(*_deletes(6)), _now(present=10, approved=_prints(*_deletes(3))))
    assert verdict.go == tuple(_deletes(3))


def test_the_limits_of_the_mapping_count() -> None:
    rules = Rules(removals_least=0, removals_share=0.1, removals_most=1)
    assert judge(doing(_delete(1)), _now(present=10, rules=rules)).held == ()
    assert _reasons(judge(doing(_delete(1)), _now(present=9, rules=rules))) == {_delete(1): ("removals",)}


# An empty course


@pytest.mark.parametrize(("present", "held"), [(1, True), (2, True), (3, False)])
def test_removals_that_would_empty_the_course_wait(present: int, held: bool) -> None:
    verdict = judge(doing(_delete(1), _delete(2)), _now(present=present))
    assert _reasons(verdict) == ({_delete(1): ("empties",), _delete(2): ("empties",)} if held else {})


def test_a_course_is_not_emptied_where_others_come() -> None:
    assert judge(doing(_add(3), _delete(1), _delete(2)), _now(present=2)).held == ()
    assert judge(doing(_restore(3), _delete(1), _delete(2)), _now(present=2)).held == ()


def test_newcomers_who_are_held_leave_the_course_empty_all_the_same() -> None:
    verdict = judge(doing(_add(3), _delete(1)), _now(present=1, invited=[email_digest("user3@example.edu")]))
    assert _reasons(verdict) == {_add(3): ("invited_before",), _delete(1): ("empties",)}


def test_what_was_approved_and_what_was_not_may_not_empty_a_course_together() -> None:
    verdict = judge(doing(_delete(1), _delete(2)), _now(present=2, approved=_prints(_delete(1))))
    assert verdict.go == (_delete(1),)
    assert _reasons(verdict) == {_delete(2): ("empties",)}


def test_a_person_may_empty_a_course() -> None:
    verdict = judge(doing(_delete(1), _delete(2)), _now(present=2, approved=_prints(_delete(1), _delete(2))))
    assert verdict.go == (_delete(1), _delete(2))


def test_a_course_that_is_empty_already_is_no_reason_to_hold() -> None:
    assert judge(doing(EndLink(1, 101)), _now(present=0)).held == ()


# Additions


@pytest.mark.parametrize(
    ("present", "number", "held"), [(0, 200, False), (0, 201, True), (300, 300, False), (300, 301, True)]
)
def test_more_additions_than_two_hundred_and_the_present_number_all_wait(present: int, number: int, held: bool) -> None:
    adds = [_add(each) for each in range(1, number)]
    verdict = judge(doing(_restore(900), _edit(901), *adds), _now(present=present))
    assert len(verdict.held) == (number if held else 0)
    assert _edit(901) in verdict.go
    assert set(_reasons(verdict).values()) == ({("adds",)} if held else set())


def test_approved_additions_pass_the_limit_and_do_not_count() -> None:
    rules = Rules(adds_least=1)
    verdict = judge(doing(_add(1), _add(2), _add(3)), _now(present=0, rules=rules, approved=_prints(_add(1), _add(2))))
    assert verdict.held == ()


# Approval


def test_an_approval_passes_every_reason_of_what_was_approved_and_nothing_else() -> None:
    actions = (_relink(), _reinvite(3), _delete(4), _unmanaged(5))
    now = _now(proven=False, started=False, rules=Rules(mode="review"), approved=_prints(*actions))
    verdict = judge(doing(*actions, _delete(6)), now)
    assert verdict.go == actions
    assert _reasons(verdict) == {_delete(6): ("first_run", "review", "unproven")}


def test_an_approval_of_another_address_approves_nothing() -> None:
    approved = _prints(replace(_reinvite(), profile=profile(email=NEW)))
    assert judge(doing(_reinvite()), _now(approved=approved)).go == ()


# What depends on another action


def test_an_edit_waits_for_the_restoration_before_it() -> None:
    invited = _now(rules=Rules(adds_least=0), present=0)
    verdict = judge(doing(_restore(1), _edit(1), _edit(2)), invited)
    assert verdict.go == (_edit(2),)
    assert _reasons(verdict) == {_restore(1): ("adds",), _edit(1): ("restore_held",)}


def test_an_edit_goes_with_the_restoration_or_link_before_it() -> None:
    actions = (_link(2), _restore(1), _edit(1), _edit(2))
    assert judge(doing(*actions), _now()).go == actions


def test_an_approved_edit_waits_for_a_restoration_that_was_not_approved() -> None:
    verdict = judge(doing(_restore(1), _edit(1)), _now(started=False, approved=_prints(_edit(1))))
    assert _reasons(verdict) == {_restore(1): ("first_run",), _edit(1): ("restore_held",)}


def test_an_approved_edit_waits_for_a_link_that_was_not_approved() -> None:
    verdict = judge(doing(_link(1), _edit(1)), _now(started=False, approved=_prints(_edit(1))))
    assert _reasons(verdict) == {_link(1): ("first_run",), _edit(1): ("link_held",)}


def test_an_edit_of_a_student_who_is_re_invited_is_dropped() -> None:
    verdict = judge(doing(_edit(1), _edit(2), _reinvite(1)), _now(rules=Rules(email_changed="auto")))
    assert verdict.go == (_edit(2), _reinvite(1))
    assert verdict.dropped == ((_edit(1), "superseded"),)


def test_an_edit_that_waits_is_not_dropped_as_well() -> None:
    verdict = judge(doing(_edit(1), _reinvite(1)), _now(started=False, approved=_prints(_reinvite(1))))
    assert verdict.go == (_reinvite(1),)
    assert _reasons(verdict) == {_edit(1): ("first_run",)}
    assert verdict.dropped == ()


def test_an_edit_of_a_student_whose_re_invitation_waits_goes_ahead() -> None:
    verdict = judge(doing(_edit(1), _reinvite(1)), _now())
    assert verdict.go == (_edit(1),)
    assert verdict.dropped == ()


# No removals now


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (_now(quiet=True), "quiet"),
        (_now(over=True), "frozen"),
        (_now(quiet=True, over=True), "quiet"),
        (_now(quiet=True, rules=Rules(freeze=False)), "quiet"),
    ],
)
def test_removals_are_dropped_while_the_course_is_deleted_or_over(now: Circumstances, why: str) -> None:
    removals = (_reinvite(1), _delete(2), _unmanaged(3))
    verdict = judge(doing(_edit(1), _add(4), *removals), replace(now, approved=_prints(*removals)))
    assert verdict.go == (_edit(1), _add(4))
    assert verdict.held == ()
    assert verdict.dropped == tuple((each, why) for each in removals)


def test_removals_go_on_after_the_end_where_the_mapping_does_not_freeze() -> None:
    assert judge(doing(_delete(1)), _now(over=True, rules=Rules(freeze=False))).go == (_delete(1),)


# Words


def test_every_reason_has_words() -> None:
    everything = doing(_link(1), _edit(1), _restore(2), _edit(2), _add(3), _relink(), _reinvite(4), _delete(5),
                       _unmanaged(6))  # fmt: skip
    lost = Plan((EndLink(9, 109), *everything.actions), (), lost=3, links=3)
    invited = [email_digest("user3@example.edu")]
    verdicts = [
        judge(lost, _now(proven=False, started=False, rules=Rules(mode="review"), invited=invited)),
        judge(doing(*_deletes(3)), _now(present=5)),
        judge(doing(_delete()), _now(present=1)),
        judge(doing(_restore(1), _edit(1)), _now(present=0, rules=Rules(adds_least=0))),
        judge(doing(_link(1), _edit(1)), _now(started=False, approved=_prints(_edit(1)))),
    ]
    given = {reason for verdict in verdicts for held in verdict.held for reason in held.reasons}
    assert given == set(REASONS)
    assert all(words for words in (*REASONS.values(), *DROPPED.values()))
