"""The guard of grades: what goes ahead, what is held and why; every limit on both of its sides (design.md 6, 7)."""

from __future__ import annotations

from typing import Any

import pytest

from app.planning.grade_actions import (
    Action,
    AddColumn,
    ClearGrade,
    Column,
    EditColumn,
    LowerGrade,
    RemoveColumn,
    SetGrade,
    fingerprint,
)
from app.planning.grade_guard import REASONS, GradeCircumstances, judge
from app.planning.rules import Rules
from app.planning.verdict import Verdict
from tests.grade_builders import HEART, LUNG, NAME, doing

ADD = AddColumn(HEART, NAME, 10.0)
EDIT = EditColumn(HEART, (NAME, 10.0), None, 20.0)
REMOVE = RemoveColumn(LUNG, "Lung kuraID: 13-35")
CHANGES = (EDIT, SetGrade(HEART, 1, None, 8.0), LowerGrade(HEART, 2, 8.0, 7.0), ClearGrade(HEART, 3, 8.0))


def _now(*, started: bool = True, rules: Rules | None = None, **more: Any) -> GradeCircumstances:
    return GradeCircumstances(rules or Rules(), started, **more)


def _losses(number: int, column: Column = HEART) -> list[Action]:
    """So many grades that would be lost: lowered and cleared in turn."""
    clears: list[Action] = [ClearGrade(column, userid, 8.0) for userid in range(0, number, 2)]
    return clears + [LowerGrade(column, userid, 8.0, 7.0) for userid in range(1, number, 2)]


def _reasons(verdict: Verdict[Action]) -> dict[Action, tuple[str, ...]]:
    return {held.action: held.reasons for held in verdict.held}


def _prints(*actions: Action) -> list[str]:
    return [fingerprint(action) for action in actions]


def test_what_is_safe_goes_ahead() -> None:
    assert judge(doing(*CHANGES), _now()) == Verdict(CHANGES, ())


def test_a_new_column_is_made_with_its_grades() -> None:
    actions = (ADD, SetGrade(HEART, 1, None, 8.0))
    assert judge(doing(*actions), _now()).go == actions


def test_what_is_safe_does_not_wait_for_what_is_risky() -> None:
    verdict = judge(doing(*CHANGES, REMOVE), _now())
    assert verdict.go == CHANGES
    assert _reasons(verdict) == {REMOVE: ("column_removed",)}


# Everything


@pytest.mark.parametrize(
    ("now", "reason"), [(_now(started=False), "first_run"), (_now(rules=Rules(mode="review")), "review")]
)
def test_everything_waits_on_a_first_run_and_in_review(now: GradeCircumstances, reason: str) -> None:
    verdict = judge(doing(*CHANGES), now)
    assert (verdict.go, _reasons(verdict)) == ((), dict.fromkeys(CHANGES, (reason,)))


def test_what_was_approved_goes_ahead_even_so() -> None:
    now = _now(started=False, rules=Rules(mode="review"), approved=_prints(*CHANGES[:2], REMOVE))
    verdict = judge(doing(*CHANGES, REMOVE), now)
    assert verdict.go == (*CHANGES[:2], REMOVE)
    assert _reasons(verdict) == dict.fromkeys(CHANGES[2:], ("first_run", "review"))


def test_an_approval_stays_good_when_only_what_moodle_shows_has_changed() -> None:
    approved = _prints(SetGrade(HEART, 1, None, 8.0))
    again = SetGrade(HEART, 1, 5.0, 8.0)
    assert judge(doing(again), _now(started=False, approved=approved)).go == (again,)


def test_an_approval_is_for_the_grade_that_was_shown() -> None:
    other = SetGrade(HEART, 1, None, 9.0)
    verdict = judge(doing(other), _now(started=False, approved=_prints(SetGrade(HEART, 1, None, 8.0))))
    assert _reasons(verdict) == {other: ("first_run",)}


# Columns


def test_a_column_is_never_removed_unasked() -> None:
    assert _reasons(judge(doing(REMOVE), _now())) == {REMOVE: ("column_removed",)}
    assert judge(doing(REMOVE), _now(approved=_prints(REMOVE))).go == (REMOVE,)


def test_a_column_that_was_there_before_is_not_made_again_unasked_and_its_grades_wait_with_it() -> None:
    grades = (SetGrade(HEART, 1, None, 8.0), SetGrade(HEART, 2, None, 7.0))
    other = (AddColumn(LUNG, "Lung", 5.0), SetGrade(LUNG, 1, None, 3.0))
    verdict = judge(doing(ADD, other[0], *grades, other[1]), _now(remembered=[HEART]))
    assert verdict.go == other
    assert _reasons(verdict) == {ADD: ("column_deleted",)} | dict.fromkeys(grades, ("column_held",))


def test_a_column_that_was_there_before_is_made_when_that_was_approved() -> None:
    actions = (ADD, SetGrade(HEART, 1, None, 8.0))
    assert judge(doing(*actions), _now(remembered=[HEART], approved=_prints(ADD))).go == actions


def test_an_approved_grade_waits_for_its_column_all_the_same() -> None:
    grade = SetGrade(HEART, 1, None, 8.0)
    verdict = judge(doing(ADD, grade), _now(remembered=[HEART], approved=_prints(grade)))
    assert _reasons(verdict) == {ADD: ("column_deleted",), grade: ("column_held",)}


def test_an_approved_grade_waits_for_a_maximum_that_waits() -> None:
    grade = SetGrade(HEART, 1, 8.0, 15.0)
    verdict = judge(doing(EDIT, grade), _now(rules=Rules(mode="review"), approved=_prints(grade)))
    assert _reasons(verdict) == {EDIT: ("review",), grade: ("column_held",)}


def test_a_column_that_is_known_and_there_is_changed_as_any_other() -> None:
    assert judge(doing(EDIT), _now(remembered=[HEART])).go == (EDIT,)


# Losses


@pytest.mark.parametrize(
    ("present", "lost", "planned", "held"),
    [(0, 0, 5, False), (0, 0, 6, True), (29, 0, 5, False), (29, 0, 6, True), (30, 0, 6, False), (100, 0, 20, False),
     (100, 0, 21, True), (100, 19, 1, False), (100, 20, 1, True), (100, 21, 0, False)],
)  # fmt: skip
def test_more_losses_than_five_and_a_fifth_within_a_day_all_wait(
    present: int, lost: int, planned: int, held: bool
) -> None:
    losses, gain = _losses(planned), SetGrade(LUNG, 1, None, 3.0)
    verdict = judge(doing(*losses, gain, present=present), _now(lost=lost))
    assert verdict.go == ((gain,) if held else (*losses, gain))
    assert _reasons(verdict) == {loss: ("losses",) for loss in losses if held}


def test_approved_losses_count_for_nothing() -> None:
    losses = _losses(8)
    verdict = judge(doing(*losses), _now(approved=_prints(*losses[:3])))
    assert verdict.go == tuple(losses)


def test_losses_that_wait_anyhow_count_for_nothing() -> None:
    losses, others = _losses(5), _losses(5, LUNG)
    edit = EditColumn(LUNG, ("Lung", 5.0), "Lungs", None)
    now = _now(rules=Rules(mode="review"), approved=_prints(*losses))
    verdict = judge(doing(edit, *losses, *others), now)
    assert verdict.go == tuple(losses)
    assert all(reasons == ("review",) for reasons in _reasons(verdict).values())


def test_the_limits_of_losses_are_settings() -> None:
    rules = Rules(grades_losses_least=0, grades_losses_share=0.5)
    assert judge(doing(*_losses(5), present=10), _now(rules=rules)).held == ()
    assert len(judge(doing(*_losses(6), present=10), _now(rules=rules)).held) == 6
    assert len(judge(doing(*_losses(1), present=1), _now(rules=rules)).held) == 1


def test_every_reason_has_its_sentence() -> None:
    named = {"first_run", "review", "losses", "column_removed", "column_deleted", "column_held"}
    assert set(REASONS) == named
    assert all(sentence and not sentence.endswith(".") for sentence in REASONS.values())
