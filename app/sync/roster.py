"""Roster sync: preview shows what run would do; run does it (design.md 5, 6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.clients.moodle import MoodleClient
from app.errors import CourseGone
from app.kit import Kit
from app.planning import actions as act
from app.planning import roster as planning
from app.planning.guard import Circumstances, judge
from app.planning.rules import Rules, from_settings
from app.planning.state import Conflict, Plan, Roster
from app.planning.students import Member, MoodleReading, students
from app.planning.verdict import Verdict
from app.store import mappings, runs
from app.store.holds import Hold
from app.store.mappings import Mapping
from app.sync import showing
from app.sync.apply import Applied, Apply
from app.sync.connect import Sides, sides
from app.sync.course import repair_lms
from app.sync.holds import keep_hold, newest
from app.sync.lease import Ended, Lease
from app.sync.read import LMS_DISABLED, KuraCloudReading, read_kuracloud, read_moodle
from app.sync.recall import Recalled, recall
from app.sync.record import Record

KIND = "roster"

Reader = Callable[[MoodleClient, int, Rules, int], MoodleReading]
"""Reads the roster of a Moodle course id by the mapping's rules, in pages of so many users."""


@dataclass(frozen=True, slots=True)
class Preview:
    """Both sides, what kurasync remembers, what would bring them in step, and the guard's word on it."""

    known: Recalled
    members: tuple[Member, ...]
    kuracloud: KuraCloudReading
    plan: Plan
    verdict: Verdict[act.Action]

    @property
    def mapping(self) -> Mapping:
        """The mapping as it stands."""
        return self.known.mapping

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """What no rule decides."""
        return self.plan.conflicts

    def as_json(self) -> dict[str, Any]:
        """The plan as stored with its run and shown to people; personal."""
        return showing.plan(self.verdict, self.plan, self.names)

    @property
    def names(self) -> showing.Names:
        """Who everybody in the plan is."""
        return showing.Names(self.members, (*self.kuracloud.deleted, *self.kuracloud.students))


def preview(kit: Kit, mapping_id: int, read: Reader = read_moodle) -> Preview:
    """What a run would do now; writes nothing, anywhere (design.md 4, invariant 4)."""
    with sides(kit, mapping_id) as both:
        return _look(kit, both, read)


def run(kit: Kit, lease: Lease, read: Reader = read_moodle) -> Ended:
    """Bring a mapping in step: what is safe is done, what is risky is held.

    Raises what the clients raise, LeaseLost and RunStopped: the turn settles them (app.sync.turn).
    """
    with sides(kit, lease.mapping_id, lease.check) as both:
        look = _look_or_repair(kit, lease, both, read)
        record = Record(kit, lease, look.known.approved, look.known.approver)
        applied = Apply(both, record, look.kuracloud).carry_out(look.verdict.go)
    return _end(kit, lease, look, applied)


def _look_or_repair(kit: Kit, lease: Lease, both: Sides, read: Reader) -> Preview:
    try:
        return _look(kit, both, read)
    except CourseGone as gone:
        if gone.reason != LMS_DISABLED or not repair_lms(kit, lease, both.mapping, both.instance):
            raise
        return _look(kit, both, read)


def _look(kit: Kit, both: Sides, read: Reader) -> Preview:
    rules = from_settings(both.mapping.settings)
    reading = read(both.moodle, both.mapping.courseid, rules, kit.settings.page_size)
    members = students(reading, rules)
    kuracloud = read_kuracloud(both.kuracloud, both.mapping.kura_courseid)
    with kit.database.reading() as tx:
        known = recall(tx, kit.database.now(tx), both.mapping)
    plan = planning.plan(_roster(known, rules, members, kuracloud))
    verdict = judge(plan, _circumstances(known, rules, reading, kuracloud, plan))
    return Preview(known, members, kuracloud, plan, verdict)


def _roster(known: Recalled, rules: Rules, members: tuple[Member, ...], kuracloud: KuraCloudReading) -> Roster:
    return Roster(
        members=members,
        students=kuracloud.students,
        deleted=kuracloud.deleted,
        links=known.links,
        rules=rules,
        done=known.done,
        refused=known.refused,
    )


def _circumstances(
    known: Recalled, rules: Rules, reading: MoodleReading, kuracloud: KuraCloudReading, plan: Plan
) -> Circumstances:
    planned = {act.fingerprint(action) for action in plan.actions if isinstance(action, act.REMOVALS)}
    return Circumstances(
        rules=rules,
        present=len(kuracloud.students),
        removed=len(known.removals - planned),
        started=known.mapping.started_at is not None,
        proven=reading.proven,
        quiet=known.mapping.quiet_until > known.now,
        over=0 < reading.course.enddate < known.now,
        approved=known.approved,
        invited=known.invited,
    )


def _end(kit: Kit, lease: Lease, look: Preview, applied: Applied) -> Ended:
    with kit.database.transaction() as tx:
        lease.confirm(tx)
        now = kit.database.now(tx)
        drift = 0 if runs.explained(tx, lease.claim) else _drift(look, newest(tx, lease.mapping_id, lease.kind))
        held = showing.items(look.verdict, look.names)
        again = keep_hold(tx, now, lease, look.mapping, look.known.waiting, held, _approved_but_quiet(look, applied))
        mapping = mappings.get(tx, lease.mapping_id) or look.mapping
    after_quiet = mapping.quiet_until + kit.settings.quiet if _left_for_quiet(look, applied) else None
    return Ended(
        message=showing.summary(look.verdict, look.plan, applied),
        plan={**look.as_json(), "failed": showing.failures(applied, look.names)},
        counts=_counts(look, applied),
        drift=drift,
        again_at=now if again or applied.took_over or _trusts_again(look, applied) else after_quiet,
    )


def _trusts_again(look: Preview, applied: Applied) -> bool:
    """Whether links that a person gave up were all that kept other actions waiting."""
    ended = applied.counts[act.EndLink.kind] > 0
    return ended and any("links_lost" in held.reasons for held in look.verdict.held)


def _left_for_quiet(look: Preview, applied: Applied) -> list[act.Action]:
    """Removals that wait until the deletion or reset of the Moodle course is over."""
    left = [action for action, why in look.verdict.dropped if why == "quiet"]
    if applied.removed_nobody:
        left += [action for action in look.verdict.go if isinstance(action, act.REMOVALS)]
    return left


def _approved_but_quiet(look: Preview, applied: Applied) -> bool:
    return any(act.fingerprint(action) in look.known.approved for action in _left_for_quiet(look, applied))


def _drift(look: Preview, hold: Hold | None) -> int:
    """Actions that no event explains, except a mapping's first plan and what the last hold asked about."""
    if look.mapping.started_at is None:
        return 0
    seen = hold.items if hold is not None and hold.state in ("open", "approved", "rejected") else []
    found = {act.fingerprint(action) for action in (*look.verdict.go, *(held.action for held in look.verdict.held))}
    return len(found - {item["fingerprint"] for item in seen})


def _counts(look: Preview, applied: Applied) -> dict[str, int]:
    counts = Counter(applied.counts)
    counts["held"] = len(look.verdict.held)
    counts["conflicts"] = len(look.conflicts)
    counts["failed"] = len(applied.failed)
    return {name: number for name, number in counts.items() if number}
