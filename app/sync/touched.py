"""The users whom a run's events speak of: where they are few and nothing else is told, they alone are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from app.kit import Kit
from app.planning.rules import Rules
from app.planning.students import Reading, basis, with_touched
from app.store import events, rosters, runs
from app.store.events import Request
from app.store.mappings import Mapping
from app.store.rosters import KnownRoster
from app.store.worklist import Claim
from app.sync import plugin
from app.sync.connect import Sides
from app.sync.triggers import NOTHING, TABLE


@dataclass(frozen=True, slots=True)
class Touched:
    """Some users of a course whose other students are known."""

    roster: KnownRoster
    userids: tuple[int, ...]


def touched(kit: Kit, both: Sides, claim: Claim, rules: Rules) -> Touched | None:
    """Whom alone a run has to look at; None: the whole course.

    Whole it is without the plugin, when a person, a clock or a recheck asks, when an event is about more than one user,
    when the run before did not come to its end (it may have been asked for more), and when the roster known is too
    old, was chosen by other rules, or an enrolment has begun or ended since by its dates.
    """
    if both.site.plugin is None or claim.rechecks or claim.gen_to == claim.gen_from:
        return None
    with kit.database.reading() as tx:
        userids = _userids(events.behind(tx, claim), claim)
        if not userids or len(userids) > kit.settings.touched_most or runs.outcome_before(tx, claim) != "done":
            return None
        known = _known(kit, tx, both.mapping, rules)
    return Touched(known, userids) if known is not None else None


def read_touched(both: Sides, rules: Rules, of: Touched) -> Reading:
    """The roster known, with the touched users as they are now. It proves nothing: the others were not looked at."""
    now = plugin.read(both.moodle, both.mapping.courseid, rules, of.userids)
    # The moment known counts too: by Moodle's clock it may be over already, and the others were not looked at since.
    moments = [moment for moment in (of.roster.next_change, now.next_change) if moment is not None]
    return replace(
        now,
        members=with_touched(of.roster.members, of.userids, now.members),
        proven=False,
        next_change=min(moments, default=None),
    )


def _userids(requests: Sequence[Request], claim: Claim) -> tuple[int, ...]:
    """Empty where something else was asked for as well."""
    explained = {request.gen for request in requests}
    if len(explained) < claim.gen_to - claim.gen_from:
        return ()
    found = {request.relateduserid for request in requests if TABLE.get(request.name, NOTHING).of_user}
    others = any(not TABLE.get(request.name, NOTHING).of_user for request in requests)
    return () if others or None in found else tuple(sorted(userid for userid in found if userid is not None))


def _known(kit: Kit, tx: Connection, mapping: Mapping, rules: Rules) -> KnownRoster | None:
    known, now = rosters.get(tx, mapping.id), kit.database.now(tx)
    if known is None or known.basis != basis(mapping.courseid, rules):
        return None
    changed = known.next_change is not None and known.next_change <= now
    return None if changed or now - known.read_at >= kit.settings.reconcile else known
