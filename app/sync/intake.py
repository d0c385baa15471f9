"""Take what Moodle reported: events stored and the mappings they concern marked on the worklist, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

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
class Accepted:
    """What became of a delivery: `accepted` were stored now, `duplicates` had been before.

    `ignored` of the accepted asked for nothing. `urgent`: something is due at once.
    """

    accepted: int
    duplicates: int
    ignored: int
    urgent: bool


@dataclass(slots=True)
class _Wishes:
    """What the new events of a delivery ask for, gathered before anything is written."""

    settling: dict[Target, list[int]] = field(default_factory=dict)
    urgent: dict[Target, list[int]] = field(default_factory=dict)
    quiet: set[int] = field(default_factory=set)
    heard: set[int] = field(default_factory=set)


def accept(kit: Kit, site: Site, way: str, delivery: str | None, events: Sequence[MoodleEvent]) -> Accepted:
    """Store events of a site and mark what they concern; committed when it returns (design.md 2, queue.md 3).

    `way` is signed, local_webhooks or tool_trigger; `delivery` the sender's id of the request. Duplicates want nothing.
    """
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        ids = event_rows.insert(tx, now, site.id, way, delivery, events)
        fresh = [(number, event) for number, event in zip(ids, events, strict=True) if number is not None]
        wishes = _wishes(tx, site.id, fresh)
        event_rows.mark_wanted(tx, sorted(wishes.heard))
        _quieten(kit, tx, now, wishes.quiet)
        _want(kit, tx, now, wishes)
        if way == SENT_BEFORE_COMMIT:
            # The event may be ahead of Moodle's commit: a first look can be too early to see it (queue.md 1, D12).
            worklist.set_recheck(tx, sorted({*wishes.settling, *wishes.urgent}), now + kit.settings.recheck_unsigned)
    return Accepted(len(fresh), len(events) - len(fresh), len(fresh) - len(wishes.heard), bool(wishes.urgent))


def _wishes(tx: Connection, site_id: int, fresh: Iterable[tuple[int, MoodleEvent]]) -> _Wishes:
    wishes = _Wishes()
    known: dict[Scope, list[int]] = {}
    for number, event in fresh:
        trigger, scope = triggers.trigger(event), triggers.scope(event)
        if scope not in known:
            known[scope] = concerned(tx, site_id, scope)
        if trigger.quietens:
            wishes.quiet.update(known[scope])
        targets = [(mapping_id, kind) for mapping_id in known[scope] for kind in trigger.kinds]
        for target in targets:
            (wishes.urgent if trigger.urgent else wishes.settling).setdefault(target, []).append(number)
        if targets:
            wishes.heard.add(number)
    return wishes


def concerned(tx: Connection, site_id: int, scope: Scope) -> list[int]:
    """The mappings that what an event points at concerns now."""
    match scope.reach:
        case "course":
            return mappings.for_course(tx, site_id, scope.id)
        case "user":
            return mappings.for_user(tx, site_id, scope.id)
        case "site":
            return mappings.for_site(tx, site_id)
        case "none":
            return []


def _quieten(kit: Kit, tx: Connection, now: float, mapping_ids: set[int]) -> None:
    if mapping_ids:
        mappings.quieten(tx, sorted(mapping_ids), now + kit.settings.quieten)


def _want(kit: Kit, tx: Connection, now: float, wishes: _Wishes) -> None:
    quiet, cap = kit.settings.quiet, kit.settings.cap
    worklist.want(tx, now, wishes.settling, quiet=quiet, cap=cap)
    worklist.want(tx, now, wishes.urgent, quiet=quiet, cap=cap, urgent=True)
