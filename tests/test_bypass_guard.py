"""What a bypass lifts, limits of amount alone, and what it never lifts (design.md 6)."""

from __future__ import annotations

import pytest

from app.planning import grade_guard, guard
from app.planning.actions import (
    Add,
    Delete,
    Edit,
    EndLink,
    Reinvite,
    Relink,
    RemoveUnmanaged,
    Restore,
    fingerprint,
)
from app.planning.grade_actions import AddColumn, ClearGrade, LowerGrade, RemoveColumn, SetGrade
from app.planning.grade_guard import GradeCircumstances
from app.planning.guard import Circumstances
from app.planning.rules import Rules
from app.planning.sameness import email_digest
from app.planning.state import Plan
from tests import grade_builders
from tests.grade_builders import HEART, LUNG, NAME
from tests.planning_builders import doing, profile

OLD = "old@example.edu"
REVIEW = Rules(mode="review")


def deletes(number: int) -> list[Delete]:
    return [Delete(each, 100 + each, OLD) for each in range(1, number + 1)]


def lifting(rules: Rules | None = None, **more: object) -> Circumstances:
    """A started mapping of 100 students, read with proof, whose limits are lifted."""
    given = {"present": 100, "proven": True, "bypass": True, **more}
    return Circumstances(rules or Rules(), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("actions", "now"),
    [
        (deletes(60), lifting()),
        (deletes(1), lifting(removed=20)),
        (deletes(3), lifting(present=3, shown=set(map(fingerprint, deletes(3))))),
        ([Add(each, profile(each)) for each in range(201)], lifting()),
        ([Add(1, profile(1)), *deletes(1)], lifting(REVIEW)),
    ],
    ids=["removals", "removals of a day", "empties", "adds", "review"],
)
def test_it_lifts_every_limit(actions: list[Delete | Add], now: Circumstances) -> None:
    verdict = guard.judge(doing(*actions), now)
    assert (verdict.go, verdict.held, verdict.lifted) == (tuple(actions), (), tuple(actions))


def test_it_empties_no_course_whose_loss_nobody_was_shown() -> None:
    shown = set(map(fingerprint, deletes(2)))
    verdict = guard.judge(doing(*deletes(3)), lifting(present=3, shown=shown))
    assert (verdict.go, verdict.lifted) == ((), ())
    assert {held.reasons for held in verdict.held} == {("empties",)}


@pytest.mark.parametrize(
    ("reason", "action", "now"),
    [
        ("first_run", Add(1, profile(1)), lifting(started=False)),
        ("unproven", deletes(1)[0], lifting(proven=False)),
        ("invited_before", Add(1, profile(1)), lifting(invited={email_digest(profile(1).email)})),
        ("email_changed", Reinvite(1, 101, OLD, profile(1), None), lifting()),
        ("unmanaged", RemoveUnmanaged(101, OLD), lifting()),
        ("merge", Relink(1, 102, 2, OLD), lifting()),
    ],
)
@pytest.mark.parametrize("mode", ["auto", "review"])
def test_it_never_lifts_what_is_about_identity_or_trust(
    reason: str, action: Add, now: Circumstances, mode: str
) -> None:
    rules = Rules(mode="review") if mode == "review" else Rules()
    given = {name: getattr(now, name) for name in ("present", "started", "proven", "invited")}
    verdict = guard.judge(doing(action), Circumstances(rules, bypass=True, **given))
    assert [(held.action, held.reasons) for held in verdict.held] == [(action, (reason,))]
    assert (verdict.go, verdict.lifted) == ((), ())


def test_it_never_lifts_distrust_of_an_answer_without_many_students() -> None:
    gone = [EndLink(each, 100 + each) for each in range(6)]
    verdict = guard.judge(Plan((*gone, *deletes(30)), (), lost=6, links=100), lifting())
    assert (verdict.go, verdict.lifted) == ((), ())
    assert {held.reasons for held in verdict.held} == {("links_lost",)}


@pytest.mark.parametrize(("why", "now"), [("quiet", lifting(quiet=True)), ("frozen", lifting(over=True))])
def test_nobody_is_removed_from_a_course_that_goes_or_is_over(why: str, now: Circumstances) -> None:
    verdict = guard.judge(doing(*deletes(30)), now)
    assert (verdict.go, set(verdict.dropped)) == ((), {(each, why) for each in deletes(30)})


def test_what_follows_a_lifted_action_goes_with_it() -> None:
    actions = (Restore(1, 101, OLD), Edit(1, 101, (("section", "A", "B"),)))
    many = tuple(Add(each, profile(each)) for each in range(300, 501))
    verdict = guard.judge(doing(*actions, *many), lifting())
    assert verdict.go == (*actions, *many)
    assert actions[1] not in verdict.lifted


def test_what_needs_no_bypass_is_not_called_lifted() -> None:
    verdict = guard.judge(doing(*deletes(3)), lifting())
    assert (verdict.go, verdict.lifted) == (tuple(deletes(3)), ())


def test_without_a_bypass_nothing_is_lifted() -> None:
    verdict = guard.judge(doing(*deletes(60)), lifting(bypass=False))
    assert (verdict.go, verdict.lifted) == ((), ())


def grades(bypass: bool = True, rules: Rules | None = None, started: bool = True) -> GradeCircumstances:
    return GradeCircumstances(rules or Rules(), started, remembered={LUNG}, bypass=bypass)


LOSSES = (*(ClearGrade(HEART, each, 8.0) for each in range(9)), LowerGrade(HEART, 9, 8.0, 7.0))


def test_of_grades_it_lifts_the_limit_of_losses() -> None:
    assert grade_guard.judge(grade_builders.doing(*LOSSES), grades(bypass=False)).go == ()
    verdict = grade_guard.judge(grade_builders.doing(*LOSSES), grades())
    assert (verdict.go, verdict.lifted, verdict.held) == (LOSSES, LOSSES, ())


def test_of_grades_in_review_it_lifts_columns_with_their_grades() -> None:
    actions = (AddColumn(HEART, NAME, 10.0), SetGrade(HEART, 1, None, 8.0))
    verdict = grade_guard.judge(grade_builders.doing(*actions), grades(rules=REVIEW))
    assert (verdict.go, verdict.lifted) == (actions, actions)


def test_of_grades_it_never_lifts_columns_that_go_or_were_deleted_nor_the_first_plan() -> None:
    removed, made_again = RemoveColumn(HEART, NAME), AddColumn(LUNG, NAME, 10.0)
    verdict = grade_guard.judge(grade_builders.doing(removed, made_again), grades(rules=REVIEW))
    assert [held.reasons for held in verdict.held] == [("column_removed",), ("column_deleted",)]
    assert grade_guard.judge(grade_builders.doing(*LOSSES), grades(started=False)).go == ()
