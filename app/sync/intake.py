"""Take what Moodle reported: events stored and the mappings they concern marked on the worklist, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from app.kit import Kit
from app.store import events as event_rows
from app.store import mappings, worklist
from app.store.sites import Site
from app.store.worklist import Target
from app.sync import triggers
from app.sync.triggers import Scope
from schemas.events import MoodleEvent

SENT_BEFORE_COMMIT = "local_webhooks"


@dataclass(frozen=True, slots=True)
class Parcel:
    """The good events of one request. `way` is signed, local_webhooks or tool_trigger; `delivery` the request's id."""

    site: Site
    way: str
    delivery: str | None
    events: Sequence[MoodleEvent]


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a parcel: `accepted` were stored now, `duplicates` had been before.

    `ignored` of the accepted asked for nothing. `urgent`: something is due at once. `ids`: the numbers of those stored.
    """

    accepted: int
    duplicates: int
    ignored: int
    urgent: bool
    ids: tuple[int, ...] = field(default=(), compare=False)


@dataclass(slots=True)
class _Wishes:
    """What new events ask for, gathered before anything is marked."""

    settling: dict[Target, list[int]] = field(default_factory=dict)
    urgent: dict[Target, list[int]] = field(default_factory=dict)
    again: set[Target] = field(default_factory=set)
    quiet: set[int] = field(default_factory=set)
    restored: dict[int, int] = field(default_factory=dict)
    known: dict[tuple[int, Scope], list[int]] = field(default_factory=dict)


def accept(kit: Kit, parcels: Sequence[Parcel]) -> list[Accepted]:
    """Store events and mark what they concern; committed, all or nothing, when it returns (design.md 2, queue.md 3).

    Duplicates want nothing, also those of another parcel here.
    """
    try:
        return _accept(kit, parcels)
    except IntegrityError:
        # A mapping was removed between the look for it and its mark: the second look does not find it.
        return _accept(kit, parcels)


def _accept(kit: Kit, parcels: Sequence[Parcel]) -> list[Accepted]:
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        wishes = _Wishes()
        accepted = [_store(tx, now, parcel, wishes) for parcel in parcels]
        _mark(kit, tx, now, wishes)
    return accepted


def _store(tx: Connection, now: float, parcel: Parcel, wishes: _Wishes) -> Accepted:
    found = [_mappings(tx, parcel.site.id, triggers.scope(event), wishes) for event in parcel.events]
    asking = {place for place, event in enumerate(parcel.events) if found[place] and triggers.trigger(event).kinds}
    ids = event_rows.insert(tx, now, parcel.site.id, parcel.way, parcel.delivery, parcel.events, asking)
    fresh = {place: number for place, number in enumerate(ids) if number is not None}
    for place, number in fresh.items():
        _note(parcel, number, parcel.events[place], found[place], wishes)
        if _note_restored(tx, parcel, number, parcel.events[place], wishes):
            asking.add(place)
    heard = fresh.keys() & asking
    urgent = any(triggers.trigger(parcel.events[place]).urgent for place in heard)
    return Accepted(len(fresh), len(ids) - len(fresh), len(fresh) - len(heard), urgent, tuple(fresh.values()))


def _note(parcel: Parcel, number: int, event: MoodleEvent, found: Sequence[int], wishes: _Wishes) -> None:
    """Add what an event asks for."""
    trigger = triggers.trigger(event)
    if trigger.quietens:
        wishes.quiet.update(found)
    targets = [(mapping_id, kind) for mapping_id in found for kind in trigger.kinds]
    for target in targets:
        (wishes.urgent if trigger.urgent else wishes.settling).setdefault(target, []).append(number)
    if parcel.way == SENT_BEFORE_COMMIT:
        wishes.again.update(targets)


def _note_restored(tx: Connection, parcel: Parcel, number: int, event: MoodleEvent, wishes: _Wishes) -> bool:
    """A course was made of another one: a person may want the mapping of that to go on with it (design.md 8).

    Whether that one is gone, or was merely copied, shows a look at it: returns whether one was asked for.
    """
    if not event.originalcourseid or event.originalcourseid == event.courseid:
        return False
    found = _made_of(tx, parcel.site.id, event.originalcourseid)
    for mapping_id in found:
        wishes.restored[mapping_id] = event.courseid
        wishes.settling.setdefault((mapping_id, worklist.ROSTER), []).append(number)
    event_rows.mark_wanted(tx, [number] if found else [])
    return bool(found)


def _made_of(tx: Connection, site_id: int, original: int) -> set[int]:
    """The mappings of a course, and those whose course had come back as it, if it is gone too: else it is copied."""
    back = mappings.come_back_as(tx, site_id, original)
    twice = back and event_rows.reported(tx, site_id, triggers.COURSE_DELETED, original)
    return {*mappings.for_course(tx, site_id, original), *(back if twice else ())}


def _mappings(tx: Connection, site_id: int, scope: Scope, wishes: _Wishes) -> list[int]:
    if (site_id, scope) not in wishes.known:
        wishes.known[site_id, scope] = concerned(tx, site_id, scope)
    return wishes.known[site_id, scope]


def concerned(tx: Connection, site_id: int, scope: Scope) -> list[int]:
    """The mappings that what an event points at concerns now; app.sync.requeue asks too."""
    match scope.reach:
        case "course":
            return mappings.for_course(tx, site_id, scope.id)
        case "user":
            return mappings.for_user(tx, site_id, scope.id)
        case "site":
            return mappings.for_site(tx, site_id)
        case "none":
            return []


def _mark(kit: Kit, tx: Connection, now: float, wishes: _Wishes) -> None:
    settings = kit.settings
    # All of them at once, in the order of their numbers: one after the other, two deliveries could deadlock.
    if changed := wishes.quiet | wishes.restored.keys():
        mappings.lock(tx, *changed)
    if wishes.again:
        mappings.hold_still(tx, *{mapping_id for mapping_id, _ in wishes.again})
    if wishes.quiet:
        mappings.quieten(tx, sorted(wishes.quiet), now + settings.quieten)
    for mapping_id, restored_as in sorted(wishes.restored.items()):
        mappings.set_restored(tx, mapping_id, restored_as)
    # Rows in the order of their keys, whichever are urgent: whoever locks several in another order could deadlock.
    both = sorted(wishes.settling.keys() | wishes.urgent.keys())
    for urgent, group in groupby(both, key=wishes.urgent.__contains__):
        targets = {each: [*wishes.settling.get(each, ()), *wishes.urgent.get(each, ())] for each in group}
        worklist.want(tx, now, targets, quiet=settings.quiet, cap=settings.cap, urgent=urgent)
    # The event may be ahead of Moodle's commit: the first look can be too early to see it (queue.md 1, D12).
    worklist.set_recheck(tx, wishes.again, now + settings.recheck_unsigned)
