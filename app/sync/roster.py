"""Roster sync: preview shows what run would do; run does it (design.md 5, 6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from app.errors import CourseGone
from app.kit import Kit
from app.planning import actions as act
from app.planning import roster as planning
from app.planning.guard import Circumstances, judge
from app.planning.rules import Rules, from_settings
from app.planning.state import Conflict, Plan, Roster
from app.planning.students import Member, Reading, basis
from app.planning.verdict import Verdict
from app.store import audit, mappings, rosters, runs
from app.store.holds import Hold
from app.store.mappings import Mapping
from app.store.rosters import KnownRoster
from app.sync import plugin, reading, showing
from app.sync.alerting import UNASKED
from app.sync.apply import Applied, Apply
from app.sync.connect import Sides, sides
from app.sync.course import REPOINTED, forget_copy, repair_lms
from app.sync.holds import Judged, keep_hold, newest
from app.sync.lease import Ended, Lease
from app.sync.read import LMS_DISABLED, KuraCloudReading, read_kuracloud, read_roster
from app.sync.recall import Recalled, recall
from app.sync.returners import ask_for_returners
from app.sync.roster_record import RosterRecord
from app.sync.touched import read_touched, touched

KIND = "roster"

Reader = Callable[[Kit, Sides, Rules], Reading]
"""Reads the whole roster of a mapping's Moodle course."""

# Where Moodle's clock is behind, the moment of a change lies in our past and still ahead of it: seconds until the next
# look, which double up to a minute.
_SOONEST, _LATEST = 1.0, 60.0


@dataclass(frozen=True, slots=True)
class Preview:
    """Both sides, what kurasync remembers, what would bring them in step, and the guard's word on it.

    `roster` is what a run keeps of the Moodle side for the next one; None: nothing that is new and proven.
    """

    known: Recalled
    moodle: Reading
    kuracloud: KuraCloudReading
    plan: Plan
    verdict: Verdict[act.Action]
    roster: KnownRoster | None = None

    @property
    def mapping(self) -> Mapping:
        """The mapping as it stands."""
        return self.known.mapping

    @property
    def members(self) -> tuple[Member, ...]:
        """The students of the Moodle course."""
        return self.moodle.members

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """What no rule decides."""
        return self.plan.conflicts

    @property
    def digest(self) -> str:
        """Of everything that it would do or hold: the same plan has the same (app.planning.actions.set_digest)."""
        return act.set_digest(map(act.fingerprint, (*self.verdict.go, *(held.action for held in self.verdict.held))))

    def as_json(self) -> dict[str, Any]:
        """The plan as stored with its run and shown to people; personal."""
        return showing.plan(self.verdict, self.plan, self.names)

    @property
    def names(self) -> showing.Names:
        """Who everybody in the plan is."""
        return showing.Names(self.members, (*self.kuracloud.deleted, *self.kuracloud.students))


def preview(kit: Kit, mapping_id: int, read: Reader = read_roster) -> Preview:
    """What a run would do now; writes nothing, anywhere (design.md 4, invariant 4)."""
    with sides(kit, mapping_id) as both:
        return _look(kit, plugin.asked(both), read)


def run(kit: Kit, lease: Lease, read: Reader = read_roster) -> Ended:
    """Bring a mapping in step: what is safe is done, what is risky is held.

    Raises what the clients raise, LeaseLost and RunStopped: the turn settles them (app.sync.turn).
    """
    with sides(kit, lease.mapping_id, lease.check) as stored:
        both = plugin.asked(stored)
        plugin.remember(kit, both.site.id, both.site.plugin, stored.site.plugin)
        look = _look_or_repair(kit, lease, both, read)
        forget_copy(kit, stored.mapping)
        record = RosterRecord(kit, lease, look.known.answers(map(act.fingerprint, look.verdict.lifted)))
        applied = Apply(both, record, look.kuracloud).carry_out(look.verdict.go)
    ask_for_returners(kit, lease, look.verdict.go)
    return _end(kit, lease, look, applied)


def _look_or_repair(kit: Kit, lease: Lease, both: Sides, read: Reader) -> Preview:
    try:
        return _glance(kit, lease, both) or _look(kit, both, read, lease.claim.gen_to)
    except CourseGone as gone:
        if gone.reason != LMS_DISABLED or not repair_lms(kit, lease, both.mapping, both.instance):
            raise
        return _look(kit, both, read, lease.claim.gen_to)


def _glance(kit: Kit, lease: Lease, both: Sides) -> Preview | None:
    """A look at the touched users alone, where nothing but good can come of it; else None."""
    rules = from_settings(both.mapping.settings)
    of = touched(kit, both, lease.claim, rules)
    if of is None:
        return None
    look = _planned(kit, both, rules, read_touched(both, rules, of), lease.claim.gen_to)
    if not _is_harmless(look, frozenset(of.userids)):
        return None
    kept = replace(of.roster, members=look.members, next_change=look.moodle.next_change)
    return look if kept == of.roster else replace(look, roster=kept)


def _is_harmless(look: Preview, userids: frozenset[int]) -> bool:
    """Whether a plan removes nobody, asks nobody, and concerns only these users: the others were not looked at."""
    actions = look.plan.actions
    return (
        not look.conflicts
        and not look.verdict.held
        and not any(isinstance(action, act.REMOVALS) for action in actions)
        and all(userids.issuperset(act.userids(action)) for action in actions)
    )


def _look(kit: Kit, both: Sides, read: Reader, covers: int | None = None) -> Preview:
    rules = from_settings(both.mapping.settings)
    look = _planned(kit, both, rules, read(kit, both, rules), covers)
    if not look.moodle.proven:
        return look
    chosen_by = basis(both.mapping.courseid, rules)
    return replace(look, roster=KnownRoster(look.members, chosen_by, look.known.now, look.moodle.next_change))


def _planned(kit: Kit, both: Sides, rules: Rules, moodle: Reading, covers: int | None) -> Preview:
    kuracloud = read_kuracloud(both.kuracloud, both.mapping.kura_courseid)
    with kit.database.reading() as tx:
        known = recall(tx, kit.database.now(tx), both.mapping, covers)
    plan = planning.plan(_roster(known, rules, moodle.members, kuracloud))
    verdict = judge(plan, _circumstances(known, rules, moodle, kuracloud, plan))
    return Preview(known, moodle, kuracloud, plan, verdict)


def _roster(known: Recalled, rules: Rules, members: tuple[Member, ...], kuracloud: KuraCloudReading) -> Roster:
    return Roster(
        members=members,
        students=kuracloud.students,
        deleted=kuracloud.deleted,
        links=known.links,
        rules=rules,
        done=known.done,
        refused=known.refused,
        excluded=known.excluded,
        kept=known.kept,
    )


def _circumstances(
    known: Recalled, rules: Rules, moodle: Reading, kuracloud: KuraCloudReading, plan: Plan
) -> Circumstances:
    planned = {act.fingerprint(action) for action in plan.actions if isinstance(action, act.REMOVALS)}
    return Circumstances(
        rules=rules,
        present=len(kuracloud.students),
        removed=len(known.removals - planned),
        started=known.mapping.started_at is not None,
        proven=moodle.proven,
        quiet=known.mapping.quiet_until > known.now,
        over=0 < moodle.enddate < known.now,
        approved=known.approved,
        invited=known.invited,
        bypass=known.bypass is not None,
        shown=known.shown,
    )


def _end(kit: Kit, lease: Lease, look: Preview, applied: Applied) -> Ended:
    with kit.database.transaction() as tx:
        names = _course_names(look)
        if look.mapping.started_at is None or names:
            mappings.lock(tx, lease.mapping_id)  # it may be changed: the other way round two could deadlock
        lease.confirm(tx)
        now = kit.database.now(tx)
        last = newest(tx, lease.mapping_id, lease.kind)
        drift = 0 if runs.explained(tx, lease.claim) else _drift(look, last)
        held = showing.items(look.verdict, look.names)
        again = keep_hold(tx, now, lease, look.mapping, _judged(lease, look, held, applied))
        if _begins_in_step(look) and not (_was_refused(last) or _was_repointed(tx, look.mapping)):
            _begin(tx, now, lease, look.plan.links)
        if names:
            mappings.set_names(tx, lease.mapping_id, *names)
        mapping = mappings.get(tx, lease.mapping_id) or look.mapping
        if look.roster is not None:
            rosters.keep(tx, lease.mapping_id, look.roster)
        students = look.kuracloud.students if applied.shown is None else applied.shown
        reading.keep(tx, now, lease.mapping_id, look.members, students, look.known.links)
    after_quiet = mapping.quiet_until + kit.settings.quiet if _left_for_quiet(look, applied) else None
    at_once = now if again or applied.took_over or _trusts_again(look, applied) else None
    return Ended(
        message=showing.summary(look.verdict, look.plan, applied),
        plan={**look.as_json(), "failed": showing.failures(applied, look.names)},
        counts=_counts(look, applied),
        drift=drift,
        again_at=_earliest(at_once, after_quiet, _next_change(look, now)),
    )


def _course_names(look: Preview) -> tuple[str, str] | None:
    """What the courses are called now, in Moodle and in kuraCloud; None: as before, or nobody said."""
    known = look.mapping.course_name, look.mapping.kura_course_name
    now = look.moodle.course or known[0], look.kuracloud.course.name or known[1]
    return None if now == known else now


def _begins_in_step(look: Preview) -> bool:
    """Whether a first plan has nothing to ask about students who are linked already, as after moving over."""
    nothing = not look.plan.actions and not look.conflicts
    return look.mapping.started_at is None and look.plan.links > 0 and nothing


def _begin(tx: Connection, now: float, lease: Lease, links: int) -> None:
    mappings.start(tx, lease.mapping_id, now)
    call_uid = audit.begin(
        tx,
        now,
        actor=UNASKED,
        system="kurasync",
        operation="began_in_step",
        subject={"links": links},
        mapping_id=lease.mapping_id,
        run_id=lease.run_id,
    )
    audit.end(tx, now, call_uid, "done")


def _was_refused(last: Hold | None) -> bool:
    """Whether a person decided on the last hold, and not to let it go ahead: what begins then, she begins."""
    return last is not None and last.decided_by not in (None, UNASKED) and last.state != "applied"


def _was_repointed(tx: Connection, mapping: Mapping) -> bool:
    """Whether it has other courses than it began with: with the first approval, grades go into a new gradebook."""
    return bool(audit.search(tx, mapping_id=mapping.id, operation=REPOINTED, limit=1))


def _judged(lease: Lease, look: Preview, held: Sequence[dict[str, Any]], applied: Applied) -> Judged:
    lifted = set(map(act.fingerprint, look.verdict.lifted))
    return Judged(look.known, held, lifted, lease.claim.gen_to, _approved_but_quiet(look, applied))


def _next_change(look: Preview, now: float) -> float | None:
    """When an enrolment begins or ends next by its dates: no event will tell (contracts/moodle.md 4)."""
    moment = look.moodle.next_change
    if moment is None:
        return None
    return max(moment, now + min(max(_SOONEST, now - moment), _LATEST))


def _earliest(*moments: float | None) -> float | None:
    return min((moment for moment in moments if moment is not None), default=None)


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
