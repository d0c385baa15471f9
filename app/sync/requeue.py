"""Look again because of events that came in before: at the mappings they concern now."""

from __future__ import annotations

from collections.abc import Sequence

from app.kit import Kit
from app.store import events as rows
from app.store import worklist
from app.store.events import Event
from app.store.worklist import Target
from app.sync import triggers
from app.sync.intake import concerned
from schemas.events import MoodleEvent


def asked_for(kit: Kit, found: Sequence[Event]) -> dict[Target, list[int]]:
    """What events ask for by today's table and mappings: (mapping, kind) -> their ids. Writes nothing."""
    targets: dict[Target, list[int]] = {}
    with kit.database.reading() as tx:
        for each in found:
            event = _as_delivered(each)
            for mapping_id in concerned(tx, each.site_id, triggers.scope(event)):
                for kind in triggers.trigger(event).kinds:
                    targets.setdefault((mapping_id, kind), []).append(each.id)
    return targets


def requeue(kit: Kit, found: Sequence[Event]) -> dict[Target, list[int]]:
    """Want a look at everything `asked_for`, at once, in the name of the events; returns it."""
    targets = asked_for(kit, found)
    with kit.database.transaction() as tx:
        now, settings = kit.database.now(tx), kit.settings
        worklist.want(tx, now, targets, quiet=settings.quiet, cap=settings.cap, urgent=True)
        rows.mark_wanted(tx, sorted({event_id for ids in targets.values() for event_id in ids}))
    return targets


def _as_delivered(event: Event) -> MoodleEvent:
    return MoodleEvent(
        name=event.name,
        uid=event.event_uid,
        courseid=event.courseid,
        relateduserid=event.relateduserid,
        objectid=event.objectid,
        contextlevel=event.contextlevel,
        contextinstanceid=event.contextinstanceid,
        timecreated=event.timecreated,
    )
