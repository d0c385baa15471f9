"""A plan as people see it: JSON for runs, holds and lists, and one sentence for the end of a run. Personal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from app.planning import actions as act
from app.planning.guard import DROPPED
from app.planning.state import Conflict, Plan
from app.planning.students import Member
from app.planning.verdict import Verdict
from app.sync.apply import Applied
from schemas.kuracloud import Student

VERBS = {
    "link": "linked",
    "add": "added",
    "edit": "edited",
    "restore": "restored",
    "delete": "removed",
    "reinvite": "re-invited",
    "remove_unmanaged": "removed (never linked)",
    "relink": "linked anew",
    "end_link": "forgotten",
}


class Names:
    """Who somebody is, for people: the name in Moodle, else the one in kuraCloud."""

    def __init__(self, members: Sequence[Member], students: Sequence[Student]) -> None:
        self._users = {member.userid: f"{member.firstname} {member.lastname}" for member in members}
        self._students = {student.student_id: f"{student.given_name} {student.family_name}" for student in students}
        self._addresses = {(member.userid, 0): member.email for member in members}
        self._addresses |= {(0, student.student_id): student.email for student in students}

    def address(self, userid: int | None, studentid: int | None) -> str:
        """The e-mail address in Moodle, else the one in kuraCloud, or ""."""
        return self._addresses.get((userid or -1, 0)) or self._addresses.get((0, studentid or -1)) or ""

    def of(self, userid: int | None, studentid: int | None) -> str:
        """The name, or "" when neither side has the person any more."""
        return self._users.get(userid or -1) or self._students.get(studentid or -1) or ""


def plan(verdict: Verdict[act.Action], planned: Plan, names: Names) -> dict[str, Any]:
    """Everything a run would do, hold, leave out or not decide."""
    return {
        "go": [_action(action, names) for action in verdict.go],
        "held": items(verdict, names),
        "dropped": [{**_action(action, names), "reason": why} for action, why in verdict.dropped],
        "conflicts": [_conflict(conflict, names) for conflict in planned.conflicts],
    }


def items(verdict: Verdict[act.Action], names: Names) -> list[dict[str, Any]]:
    """What is held, each with the slugs of its reasons (app.planning.guard.REASONS) and its fingerprint."""
    return [
        {
            **_action(held.action, names),
            "reasons": list(held.reasons),
            "fingerprint": act.fingerprint(held.action),
        }
        for held in verdict.held
    ]


def failures(applied: Applied, names: Names) -> list[dict[str, Any]]:
    """What was tried and failed alone, with the other side's words."""
    return [{**_action(action, names), "message": message} for action, message in applied.failed]


def summary(verdict: Verdict[act.Action], planned: Plan, applied: Applied) -> str:
    """One sentence: `12 added, 3 edited; 2 held; 1 conflict.`"""
    parts = [", ".join(f"{number} {VERBS[kind]}" for kind, number in sorted(applied.counts.items()))]
    parts += [f"{len(applied.failed)} failed" if applied.failed else ""]
    parts += [f"{len(verdict.held)} held" if verdict.held else ""]
    parts += [several(len(planned.conflicts), "conflict") if planned.conflicts else ""]
    parts += [f"{number} left out, because {DROPPED[why]}" for why, number in _left_out(verdict, applied).items()]
    said = "; ".join(part for part in parts if part)
    return f"{said}." if said else "In step: nothing to do."


def _left_out(verdict: Verdict[act.Action], applied: Applied) -> Counter[str]:
    left = Counter(why for _, why in verdict.dropped if why != "superseded")
    if applied.removed_nobody:
        left["quiet"] += sum(1 for action in verdict.go if isinstance(action, act.REMOVALS))
    return left


def tally(verdict: Verdict[act.Action]) -> dict[str, int]:
    """How many of each action would go ahead."""
    return dict(Counter(action.kind for action in verdict.go))


def _action(action: act.Action, names: Names) -> dict[str, Any]:
    whom = getattr(action, "userid", None), getattr(action, "studentid", None)
    return {**act.shown(action), "who": names.of(*whom), "address": names.address(*whom)}


def _conflict(conflict: Conflict, names: Names) -> dict[str, Any]:
    users = {str(userid): name for userid in conflict.userids if (name := names.of(userid, None))}
    students = {str(studentid): name for studentid in conflict.studentids if (name := names.of(None, studentid))}
    return {
        "conflict": conflict.kind,
        "message": conflict.message,
        "userids": list(conflict.userids),
        "studentids": list(conflict.studentids),
        "who": sorted({*users.values(), *students.values()}),
        "names": {"users": users, "students": students},  # whose is whose: one of them may have to be erased
    }


def several(number: int, what: str) -> str:
    """`1 conflict`, `2 conflicts`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
