"""The guard: what may go ahead unasked, what waits for a person and why, what must not happen now (design.md 6)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from app.planning import actions as act
from app.planning.rules import Rules
from app.planning.sameness import email_digest
from app.planning.state import Plan
from app.planning.verdict import Case, Verdict, held, hold, lift, lifted

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
    "unmanaged": "the student is in kuraCloud only and linked to no Moodle user",
    "invited_before": "this address was invited or linked before: it would be a second invitation",
    "merge": "two Moodle accounts look like one person",
    "restore_held": "the student has to be restored first",
    "link_held": "the student has to be linked first",
}

LIMITS = frozenset({"review", "removals", "empties", "adds"})
"""What a bypass lifts: how much is done unasked. What is about identity or trust, it never lifts."""

DROPPED = {
    "quiet": "the Moodle course is being deleted or reset: nobody is removed",
    "frozen": "the Moodle course is over: nobody is removed any more",
    "superseded": "the student is re-invited in the same run",
}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the guard has to know besides the plan.

    `present` is the number of active students in kuraCloud; `removed` how many were removed unasked within the last
    24 hours, without those planned again; `proven` whether Moodle's answer came with a total (design.md 5); `quiet` and
    `over` whether the Moodle course is being deleted or reset, or is past its end date; `approved` holds the
    fingerprints of what was approved and not yet done since (an approval is for one invitation); `invited` digests of
    addresses that were invited or linked before. `bypass`: a person lifted the limits for this run, who was `shown`
    the actions with these fingerprints.
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
    bypass: bool = False
    shown: Collection[str] = ()


_Case = Case[act.Action]


def judge(plan: Plan, now: Circumstances) -> Verdict[act.Action]:
    """Divide a plan into what goes ahead, what is held and what is dropped.

    What is safe does not wait for what is risky; where a limit is passed, everything that counts towards it waits,
    since no rule says which part of it is right.
    """
    why = _no_removals(now)
    dropped = {action: why for action in plan.actions if why and isinstance(action, act.REMOVALS)}
    cases = _cases([action for action in plan.actions if action not in dropped], now)
    _distrusted(cases, plan)
    _invitations(cases, now)
    _removals(cases, now)
    _additions(cases, now)
    _emptied(cases, now)
    if now.bypass:
        lift(cases, LIMITS)
        _emptied_unseen(cases, now)
    _edits_of_held(cases)
    superseded = _superseded(cases)
    return Verdict(
        go=tuple(case.action for case in cases if not case.reasons and case.action not in superseded),
        held=held(cases),
        dropped=(*dropped.items(), *superseded.items()),
        lifted=tuple(action for action in lifted(cases) if action not in superseded),
    )


def _no_removals(now: Circumstances) -> str:
    if now.quiet:
        return "quiet"
    return "frozen" if now.over and now.rules.freeze else ""


def _cases(actions: list[act.Action], now: Circumstances) -> list[_Case]:
    approved, everything = frozenset(now.approved), list(_for_everything(now))
    cases = []
    for action in actions:
        known = bool(approved) and act.fingerprint(action) in approved
        cases.append(Case(action, known, [] if known else [*everything, *_for_one(action, now)]))
    return cases


def _for_everything(now: Circumstances) -> Iterator[str]:
    if not now.started:
        yield "first_run"
    if now.rules.mode == "review":
        yield "review"


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


def _distrusted(cases: list[_Case], plan: Plan) -> None:
    """Where many links point nowhere, kuraCloud's answer is not believed: nothing is done (design.md 5).

    Nor where all of them do: an empty answer is believed in no course, however small. Not even what was approved is
    done, unless the lost links were among it: then a person has seen the loss.
    """
    most = max(LOST_LEAST, int(plan.links * LOST_SHARE))
    unseen = sum(1 for case in cases if isinstance(case.action, act.EndLink) and not case.approved)
    if plan.lost > most or 0 < plan.lost == plan.links:
        hold([case for case in cases if not case.approved or unseen > most], "links_lost")


def _invitations(cases: list[_Case], now: Circumstances) -> None:
    invited = frozenset(now.invited)
    for case in cases:
        address = _invites(case.action)
        if address is not None and not case.approved and email_digest(address) in invited:
            case.reasons.append("invited_before")


def _invites(action: act.Action) -> str | None:
    match action:
        case act.Add(profile=profile) | act.Reinvite(profile=profile, restores=None):
            return profile.email
    return None


def _removals(cases: list[_Case], now: Circumstances) -> None:
    free = [case for case in cases if case.free and isinstance(case.action, act.REMOVALS)]
    if now.removed + len(free) > now.rules.removal_limit(now.present):
        hold(free, "removals")


def _additions(cases: list[_Case], now: Circumstances) -> None:
    free = [case for case in cases if case.free and isinstance(case.action, act.Add | act.Restore)]
    if len(free) > now.rules.add_limit(now.present):
        hold(free, "adds")


def _emptied(cases: list[_Case], now: Circumstances) -> None:
    going = [case for case in cases if not case.reasons]
    removed = [case for case in going if isinstance(case.action, act.Delete | act.RemoveUnmanaged)]
    come = sum(1 for case in going if isinstance(case.action, act.Add | act.Restore))
    if removed and now.present - len(removed) + come <= 0:
        hold([case for case in removed if not case.approved], "empties")


def _emptied_unseen(cases: list[_Case], now: Circumstances) -> None:
    """Limits that were lifted for some removals empty no course: it may have lost everybody only since."""
    going = (case for case in cases if not case.reasons and isinstance(case.action, act.Delete | act.RemoveUnmanaged))
    shown = frozenset(now.shown)
    if any(not case.approved and act.fingerprint(case.action) not in shown for case in going):
        _emptied(cases, now)


def _edits_of_held(cases: list[_Case]) -> None:
    """A student who is not restored or linked yet is not edited either."""
    for first, reason in ((act.Restore, "restore_held"), (act.Link, "link_held")):
        waiting = {case.action.studentid for case in cases if case.reasons and isinstance(case.action, first)}
        edits = [case for case in cases if isinstance(case.action, act.Edit) and case.action.studentid in waiting]
        hold([case for case in edits if not case.reasons], reason)


def _superseded(cases: list[_Case]) -> dict[act.Action, str]:
    """Edits of accounts that are replaced in the same run."""
    going = {case.action.studentid for case in cases if not case.reasons and isinstance(case.action, act.Reinvite)}
    edits = [case.action for case in cases if not case.reasons and isinstance(case.action, act.Edit)]
    return {edit: "superseded" for edit in edits if edit.studentid in going}
