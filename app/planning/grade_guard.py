"""The guard of grades: what may go ahead unasked, and what waits for a person and why (design.md 6, 7)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from app.planning import grade_actions as act
from app.planning.gradebook import GradePlan
from app.planning.rules import Rules
from app.planning.verdict import Held, Verdict

REASONS = {
    "first_run": "the first plan of a mapping waits for approval",
    "review": "the mapping is set to review: everything waits for approval",
    "losses": "more grades would be cleared or lowered within 24 hours than the mapping allows",
    "column_removed": "kuraCloud has the column no more: it would be removed with all its grades",
    "column_deleted": "somebody deleted the column in Moodle: it would be made again",
    "column_held": "the grade's column waits",
}


@dataclass(frozen=True, slots=True)
class GradeCircumstances:
    """What the guard has to know besides the plan.

    `started`: the mapping's first plan was approved; `lost` is how many grades were cleared or
    lowered unasked within the last 24 hours; `approved` holds the fingerprints of what was approved and not yet done
    since; `remembered` are the columns that kurasync has known in Moodle.
    """

    rules: Rules
    started: bool
    lost: int = 0
    approved: Collection[str] = ()
    remembered: Collection[act.Column] = ()


@dataclass(slots=True)
class _Case:
    """One action while it is judged."""

    action: act.Action
    approved: bool
    reasons: list[str] = field(default_factory=list)


def judge(plan: GradePlan, now: GradeCircumstances) -> Verdict[act.Action]:
    """Divide a plan into what goes ahead and what is held.

    Where too many grades would be lost, every loss waits, since no rule says which of them is right; what adds or
    raises does not wait for it.
    """
    cases = _cases(plan.actions, now)
    _of_held_columns(cases)
    _losses(cases, plan.present, now)
    return Verdict(
        go=tuple(case.action for case in cases if not case.reasons),
        held=tuple(Held(case.action, tuple(case.reasons)) for case in cases if case.reasons),
    )


def _cases(actions: Collection[act.Action], now: GradeCircumstances) -> list[_Case]:
    approved, remembered = frozenset(now.approved), frozenset(now.remembered)
    everything = list(_for_everything(now))
    cases = []
    for action in actions:
        known = bool(approved) and act.fingerprint(action) in approved
        cases.append(_Case(action, known, [] if known else [*everything, *_for_one(action, remembered)]))
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
    held = {case.action.column for case in cases if case.reasons and isinstance(case.action, changes)}
    grades = [case for case in cases if isinstance(case.action, act.GRADES) and case.action.column in held]
    _hold([case for case in grades if not case.reasons], "column_held")


def _losses(cases: list[_Case], present: int, now: GradeCircumstances) -> None:
    losses = [case for case in cases if isinstance(case.action, act.LOSSES)]
    free = [case for case in losses if not case.approved and not case.reasons]
    if now.lost + len(free) > now.rules.loss_limit(present):
        _hold(free, "losses")


def _hold(cases: list[_Case], reason: str) -> None:
    for case in cases:
        case.reasons.append(reason)
