"""Look again because of events that came in before: at the mappings they concern now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection

from app.kit import Kit
from app.setup.acts import record
from app.store import events as rows
from app.store import worklist
from app.store.events import Event
from app.store.worklist import Target
from app.sync import triggers
from app.sync.intake import concerned
from app.sync.triggers import Scope
from schemas.events import MoodleEvent

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Which:
    """Which events: those that fit everything given (None: any). `userid` is whom they are about, `name` Moodle's."""

    site_id: int | None = None
    courseid: int | None = None
    userid: int | None = None
    name: str | None = None
    wanted: bool | None = None


def fitting(kit: Kit, which: Which, most: int | None = None) -> Iterator[Event]:
    """The events that fit, the newest first, `most` of them at most; read page by page."""
    before: int | None = None
    left = most
    while left is None or left > 0:
        limit = _PAGE if left is None else min(_PAGE, left)
        with kit.database.reading() as tx:
            page = rows.search(tx, **asdict(which), before_id=before, limit=limit)
        yield from page
        if len(page) < limit:
            return
        before = page[-1].id
        left = None if left is None else left - len(page)


def asked_for(kit: Kit, found: Sequence[Event]) -> dict[Target, list[int]]:
    """What events ask for by today's table and mappings: (mapping, kind) -> their ids. Writes nothing."""
    targets: dict[Target, list[int]] = {}
    with kit.database.reading() as tx:
        concerns = _Concerns(tx)
        for each in found:
            event = _as_delivered(each)
            for mapping_id in concerns.by(each.site_id, triggers.scope(event)):
                for kind in triggers.trigger(event).kinds:
                    targets.setdefault((mapping_id, kind), []).append(each.id)
    return targets


def requeue(kit: Kit, found: Sequence[Event], by: str) -> dict[Target, list[int]]:
    """Want a look at everything `asked_for`, at once, in the name of the events; returns it."""
    targets = asked_for(kit, found)
    with kit.database.transaction() as tx:
        now, settings = kit.database.now(tx), kit.settings
        worklist.want(tx, now, targets, quiet=settings.quiet, cap=settings.cap, urgent=True)
        rows.mark_wanted(tx, sorted({event_id for ids in targets.values() for event_id in ids}))
        numbers = [each.id for each in found]
        span = {"events": len(numbers), "first": min(numbers), "last": max(numbers)} if numbers else {"events": 0}
        record(tx, now, by, "requeue_events", {**span, "looks": len(targets)})
    return targets


class _Concerns:
    """The mappings that events concern; each place events point at is looked up once."""

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._known: dict[tuple[int, Scope], list[int]] = {}

    def by(self, site_id: int, scope: Scope) -> list[int]:
        """The mappings that an event of a site concerns."""
        where = (site_id, scope)
        if where not in self._known:
            self._known[where] = concerned(self._tx, site_id, scope)
        return self._known[where]


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
