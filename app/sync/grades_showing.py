"""A grades plan as people see it: JSON for runs, holds and lists, and one sentence for the end of a run. Personal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from app.planning import grade_actions as act
from app.planning.gradebook import GradePlan, Left
from app.planning.verdict import Verdict
from app.sync.grades_apply import Applied

VERBS = {
    "column_add": ("column made", "columns made"),
    "column_edit": ("column changed", "columns changed"),
    "column_remove": ("column removed", "columns removed"),
    "grade_set": ("grade written", "grades written"),
    "grade_lower": ("grade lowered", "grades lowered"),
    "grade_clear": ("grade cleared", "grades cleared"),
}


class Labels:
    """What users and columns are called, for people."""

    def __init__(self, users: Mapping[int, str], columns: Mapping[act.Column, str]) -> None:
        self._users = users
        self._columns = columns

    def user(self, userid: int | None) -> str:
        """The user's name, or "" where it is not known."""
        return self._users.get(userid or -1, "")

    def column(self, column: act.Column) -> str:
        """The title of a column, or its number."""
        return self._columns.get(column, f"{column.lesson}-{column.revision}")


def plan(verdict: Verdict[act.Action], planned: GradePlan, labels: Labels) -> dict[str, Any]:
    """Everything a run would do, hold and leave as it is."""
    return {
        "go": [_action(action, labels) for action in verdict.go],
        "held": items(verdict, labels),
        "left": [_left(left, labels) for left in planned.left],
    }


def items(verdict: Verdict[act.Action], labels: Labels) -> list[dict[str, Any]]:
    """What is held, each with the slugs of its reasons (app.planning.grade_guard.REASONS) and its fingerprint."""
    return [
        {**_action(held.action, labels), "reasons": list(held.reasons), "fingerprint": act.fingerprint(held.action)}
        for held in verdict.held
    ]


def not_done(applied: Applied, labels: Labels) -> list[dict[str, Any]]:
    """What Moodle did not do, with the reason, and what it keeps otherwise than it was sent."""
    undone = [{**_action(action, labels), "reason": why} for action, why in applied.undone.items()]
    kept = [{**_action(action, labels), "reason": "kept", "shown": shown} for action, shown in applied.kept.items()]
    return [*undone, *kept]


def summary(verdict: Verdict[act.Action], planned: GradePlan, applied: Applied) -> str:
    """One sentence: `1 column made, 12 grades written; 2 held; 3 left as they are.`"""
    parts = [", ".join(f"{number} {VERBS[kind][number > 1]}" for kind, number in sorted(applied.counts.items()))]
    parts += [f"{len(verdict.held)} held" if verdict.held else ""]
    left = Counter(each.reason for each in planned.left) + Counter(applied.undone.values())
    parts += [f"{left.total()} left as {'they are' if left.total() > 1 else 'it is'}" if left else ""]
    parts += [f"{len(applied.kept)} kept otherwise by Moodle" if applied.kept else ""]
    said = "; ".join(part for part in parts if part)
    return f"{said}." if said else "Grades are in step: nothing to do."


def _action(action: act.Action, labels: Labels) -> dict[str, Any]:
    who = labels.user(getattr(action, "userid", None))
    return {**act.shown(action), "who": who, "title": labels.column(action.column)}


def _left(left: Left, labels: Labels) -> dict[str, Any]:
    return {
        "reason": left.reason,
        "column": list(left.column),
        "title": labels.column(left.column),
        "userid": left.userid,
        "studentid": left.studentid,
        "who": labels.user(left.userid),
        "value": left.value,
        "shown": left.shown,
    }
