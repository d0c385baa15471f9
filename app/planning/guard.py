"""The guard: what may go ahead unasked, what waits for a person and why, what must not happen now (design.md 6)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from app.planning import actions as act
from app.planning.rules import Rules
from app.planning.sameness import email_digest
from app.planning.state import Plan

DAY = 86400.0  # seconds: the window over which removals are counted
LOST_LEAST, LOST_SHARE = 2, 0.05  # more links than max(2, 5 %) pointing nowhere: kuraCloud's answer is distrusted

REASONS = {
    "first_run": "the first plan of a mapping waits for approval",
    "review": "the mapping is set to review: everything waits for approval",
    "links_lost": "kuraCloud answered without many students that it had before",
    "unproven": "Moodle's stock functions cannot prove that somebody left",
    "removals": "more removals within 24 hours than the mapping allows",
    "empties": "nobody would be left in the course",
    "adds": "more additions at once than the mapping allows",
    "email_changed": "the address changed: the old account would be deleted and the new address invited",
    "unmanaged": "the student is in kuraCloud only and was never linked to a Moodle user",
    "invited_before": "this address was invited or linked before: it would be a second invitation",
    "merge": "two Moodle accounts look like one person",
    "restore_held": "the student has to be restored first",
}

DROPPED = {
    "quiet": "the Moodle course is being deleted or reset: nobody is removed",
    "frozen": "the Moodle course is over: nobody is removed any more",
    "superseded": "the student is re-invited in the same run",
}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the guard has to know besides the plan.

    `present` is the number of active students in kuraCloud; `removed` how many were removed unasked within the last
    24 hours; `proven` whether Moodle's answer came with a total (design.md 5); `quiet` and `over` whether the Moodle
    course is being deleted or reset, or is past its end date; `approved` holds fingerprints; `invited` digests of
    addresses that were invited or linked before.
    """

    rules: Rules
    present: int
    removed: int = 0
    started: bool = True
    proven: bool = False
    quiet: bool = False
    over: bool = False
    approved: Collection[str] = ()
    invited: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """An action that waits, with the slugs of its reasons."""

    action: act.Action
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A plan, judged: every action of it is in exactly one of the three."""

    go: tuple[act.Action, ...]
    held: tuple[Held, ...]
    dropped: tuple[tuple[act.Action, str], ...] = ()

    @property
    def digest(self) -> str:
        """The digest of the held set: what a person approves or rejects."""
        return act.set_digest(act.fingerprint(each.action) for each in self.held)


@dataclass(slots=True)
class _Case:
    """One action while it is judged."""

    action: act.Action
    approved: bool
    reasons: list[str] = field(default_factory=list)

    @property
    def free(self) -> bool:
        return not self.approved and not self.reasons


def judge(plan: Plan, now: Circumstances) -> Verdict:
    """Divide a plan into what goes ahead, what is held and what is dropped.

    What is safe does not wait for what is risky; where a limit is passed, everything that counts towards it waits,
    since no rule says which part of it is right.
    """
    dropped = list(_dropped(plan, now))
    out = {id(action) for action, _ in dropped}
    cases = [_Case(action, act.fingerprint(action) in now.approved) for action in plan.actions if id(action) not in out]
    _each_alone(cases, plan, now)
    _invitations(cases, now)
    _removals(cases, now)
    _additions(cases, now)
    _emptied(cases, now)
    _edits_of_held_restores(cases)
    superseded = _superseded(cases)
    return Verdict(
        go=tuple(case.action for case in cases if not case.reasons and case not in superseded),
        held=tuple(Held(case.action, tuple(case.reasons)) for case in cases if case.reasons),
        dropped=(*dropped, *((case.action, "superseded") for case in superseded)),
    )


def _dropped(plan: Plan, now: Circumstances) -> Iterator[tuple[act.Action, str]]:
    why = "quiet" if now.quiet else "frozen" if now.over and now.rules.freeze else ""
    for action in plan.actions:
        if why and isinstance(action, act.REMOVALS):
            yield action, why


def _each_alone(cases: list[_Case], plan: Plan, now: Circumstances) -> None:
    everything = list(_for_everything(plan, now))
    for case in cases:
        if not case.approved:
            case.reasons += everything + list(_for_one(case.action, now))


def _for_everything(plan: Plan, now: Circumstances) -> Iterator[str]:
    if not now.started:
        yield "first_run"
    if now.rules.mode == "review":
        yield "review"
    if plan.lost > max(LOST_LEAST, int(plan.links * LOST_SHARE)):
        yield "links_lost"


def _for_one(action: act.Action, now: Circumstances) -> Iterator[str]:
    match action:
        case act.Relink():
            yield "merge"
        case act.Reinvite() if now.rules.email_changed == "hold":
            yield "email_changed"
        case act.RemoveUnmanaged() if now.rules.unmanaged == "hold":
            yield "unmanaged"
        case act.Delete() if not now.proven:
            yield "unproven"
        case act.RemoveUnmanaged() if not now.proven:
            yield "unproven"


def _invitations(cases: list[_Case], now: Circumstances) -> None:
    for case in cases:
        address = _invites(case.action)
        if address is not None and not case.approved and email_digest(address) in now.invited:
            case.reasons.append("invited_before")


def _invites(action: act.Action) -> str | None:
    match action:
        case act.Add(profile=profile) | act.Reinvite(profile=profile, restores=None):
            return profile.email
    return None


def _removals(cases: list[_Case], now: Circumstances) -> None:
    free = [case for case in cases if case.free and isinstance(case.action, act.REMOVALS)]
    if now.removed + len(free) > now.rules.removal_limit(now.present):
        _hold(free, "removals")


def _additions(cases: list[_Case], now: Circumstances) -> None:
    free = [case for case in cases if case.free and isinstance(case.action, act.Add | act.Restore)]
    if len(free) > now.rules.add_limit(now.present):
        _hold(free, "adds")


def _emptied(cases: list[_Case], now: Circumstances) -> None:
    going = [case for case in cases if not case.reasons]
    removed = [case for case in going if isinstance(case.action, act.Delete | act.RemoveUnmanaged)]
    come = sum(1 for case in going if isinstance(case.action, act.Add | act.Restore))
    if removed and now.present - len(removed) + come <= 0:
        _hold([case for case in removed if not case.approved], "empties")


def _edits_of_held_restores(cases: list[_Case]) -> None:
    held = {case.action.studentid for case in cases if case.reasons and isinstance(case.action, act.Restore)}
    edits = [case for case in cases if isinstance(case.action, act.Edit) and case.action.studentid in held]
    _hold([case for case in edits if not case.reasons], "restore_held")


def _superseded(cases: list[_Case]) -> list[_Case]:
    going = {case.action.studentid for case in cases if not case.reasons and isinstance(case.action, act.Reinvite)}
    return [case for case in cases
            if not case.reasons and isinstance(case.action, act.Edit) and case.action.studentid in going]


def _hold(cases: list[_Case], reason: str) -> None:
    for case in cases:
        case.reasons.append(reason)
