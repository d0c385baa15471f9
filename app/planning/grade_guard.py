"""The guard of grades: what may go ahead unasked, and what waits for a person and why (design.md 6, 7)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from app.planning import grade_actions as act
from app.planning.gradebook import GradePlan
from app.planning.rules import Rules
from app.planning.verdict import Case, Verdict, held, hold, lift, lifted

REASONS = {
    "first_run": "the first plan of a mapping waits for approval",
    "review": "the mapping is set to review: everything waits for approval",
    "losses": "more grades would be cleared or lowered within 24 hours than the mapping allows",
    "column_removed": "kuraCloud has the column no more: it would be removed with all its grades",
    "column_deleted": "somebody deleted the column in Moodle: it would be made again",
    "column_held": "the grade's column waits",
}

LIMITS = frozenset({"review", "losses"})
"""What a bypass lifts."""


@dataclass(frozen=True, slots=True)
class GradeCircumstances:
    """What the guard has to know besides the plan.

    `started`: the mapping's first plan was approved; `lost` is how many grades were cleared or
    lowered unasked within the last 24 hours; `approved` holds the fingerprints of what was approved and not yet done
    since; `remembered` are the columns that kurasync has known in Moodle. `bypass`: a person lifted the limits for
    this run.
    """

    rules: Rules
    started: bool
    lost: int = 0
    approved: Collection[str] = ()
    remembered: Collection[act.Column] = ()
    bypass: bool = False


_Case = Case[act.Action]


def judge(plan: GradePlan, now: GradeCircumstances) -> Verdict[act.Action]:
    """Divide a plan into what goes ahead and what is held.

    Where too many grades would be lost, every loss waits, since no rule says which of them is right; what adds or
    raises does not wait for it.
    """
    cases = _cases(plan.actions, now)
    if now.bypass:
        lift(cases, LIMITS)  # before grades wait for their columns
    _of_held_columns(cases)
    _losses(cases, plan.present, now)
    if now.bypass:
        lift(cases, LIMITS)
    return Verdict(
        go=tuple(case.action for case in cases if not case.reasons), held=held(cases), lifted=lifted(cases)
    )


def _cases(actions: Collection[act.Action], now: GradeCircumstances) -> list[_Case]:
    approved, remembered = frozenset(now.approved), frozenset(now.remembered)
    everything = list(_for_everything(now))
    cases = []
    for action in actions:
        known = bool(approved) and act.fingerprint(action) in approved
        cases.append(Case(action, known, [] if known else [*everything, *_for_one(action, remembered)]))
    return cases


def _for_everything(now: GradeCircumstances) -> Iterator[str]:
    if not now.started:
        yield "first_run"
    if now.rules.mode == "review":
        yield "review"


def _for_one(action: act.Action, remembered: Collection[act.Column]) -> Iterator[str]:
    if isinstance(action, act.RemoveColumn):
        yield "column_removed"
    if isinstance(action, act.AddColumn) and action.column in remembered:
        yield "column_deleted"


def _of_held_columns(cases: list[_Case]) -> None:
    """A grade waits for its column: for one that is not there yet, and for a maximum that would cut the grade."""
    changes = (act.AddColumn, act.EditColumn)
    waiting = {case.action.column for case in cases if case.reasons and isinstance(case.action, changes)}
    grades = [case for case in cases if isinstance(case.action, act.GRADES) and case.action.column in waiting]
    hold([case for case in grades if not case.reasons], "column_held")


def _losses(cases: list[_Case], present: int, now: GradeCircumstances) -> None:
    losses = [case for case in cases if isinstance(case.action, act.LOSSES)]
    free = [case for case in losses if case.free]
    if now.lost + len(free) > now.rules.loss_limit(present):
        hold(free, "losses")
