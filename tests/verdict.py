"""What is wrong when all has come to rest: with the two sides, the invitations, the audit, and the events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import exists, func, select

from app.kit import Kit
from app.store import audit, worklist
from app.store.tables import event_requests, events, runs
from sandbox.calls import Call
from sandbox.kuracloud.sim import SimKuraCloud
from tests import oracle
from tests.mortal import Fate
from tests.oracle import email_key
from tests.trial import Trial
from tests.world import World

_OPERATIONS = {"student": "add_students", "edit": "edit_students", "delete": "delete_students"}
_OPERATIONS["restore"] = "restore_students"
_MANY = 100_000
_COVERED = (
    exists()
    .where(runs.c.mapping_id == event_requests.c.mapping_id, runs.c.kind == event_requests.c.kind)
    .where(runs.c.gen_from < event_requests.c.gen, event_requests.c.gen <= runs.c.gen_to)
    .where(runs.c.outcome == "done")
)
_UNCOVERED = select(event_requests).where(~_COVERED)


def is_idle(kit: Kit) -> bool:
    """Whether nothing is wanted, running, waiting or closed."""
    with kit.database.reading() as tx:
        rows = worklist.rows(tx)
    return all(row.state == "idle" and row.wanted == row.seen for row in rows)


def wrong(worlds: Sequence[World], *, events_sent: int) -> list[str]:
    """Everything that is wrong with these courses and with their site as a whole; [] where nothing is."""
    kit, kura = worlds[0].kit, worlds[0].kura
    return [
        *(complaint for world in worlds for complaint in out_of_step(world)),
        *_invited_twice(kura, {world.kura_course for world in worlds}),
        *_unaudited(kit, kura),
        *_unhandled(kit, events_sent),
    ]


def out_of_step(world: World) -> Iterator[str]:
    """What the oracle says of a course, and what another run would still do."""
    look = world.preview().as_json()
    for part in ("go", "held", "dropped"):
        yield from (f"mapping {world.mapping_id}: another run would still ({part}) {item}" for item in look[part])
    for complaint in oracle.settled(Trial(world, Fate()).truth(), look["conflicts"], oracle.NOTHING_REFUSED):
        yield f"mapping {world.mapping_id}: {complaint}"


def _invited_twice(kura: SimKuraCloud, courses: Collection[int]) -> Iterator[str]:
    invited = Counter((course, email_key(email)) for course, email, _ in kura.invites if course in courses)
    yield from (f"{key} was invited {times} times" for key, times in invited.items() if times > 1)


def _unaudited(kit: Kit, kura: SimKuraCloud) -> Iterator[str]:
    """Each request has a row that was there before it, and one that says how it ended."""
    with kit.database.reading() as tx:
        rows = audit.search(tx, system="kuracloud", limit=_MANY)
    written = Counter(_as_sent(call) for call in kura.calls if call.method == "POST")
    begun = Counter(_as_begun(row) for row in rows if row.phase == "begin")
    yield from (f"without a row in the audit: {call}" for call in written - begun)
    ends: dict[str, list[str | None]] = {row.call_uid: [] for row in reversed(rows) if row.phase == "begin"}
    for row in reversed(rows):
        if row.phase == "end":
            ends[row.call_uid].append(row.outcome)
    for uid, found in ends.items():
        # Of a frozen worker's call the clock says that its end is unknown; awake again, the worker may know it.
        if not found or len([outcome for outcome in found if outcome != "unknown"]) > 1:
            yield f"call {uid} has the ends {found}"


def _as_sent(call: Call) -> tuple[str, tuple[str, ...]]:
    return _OPERATIONS[call.path.rsplit("/", 1)[-1]], _keys(call.body, "email", "studentId")


def _as_begun(row: audit.Entry) -> tuple[str, tuple[str, ...]]:
    return row.operation, _keys(row.subject["records"], "email", "studentid")


def _keys(records: Sequence[dict[str, Any]], email: str, studentid: str) -> tuple[str, ...]:
    """Whom records are about: new students by address, others by number."""
    return tuple(sorted(str(record[studentid] if studentid in record else record[email]) for record in records))


def _unhandled(kit: Kit, events_sent: int) -> Iterator[str]:
    """Each event is stored once, and whatever it asked for was covered by a run that was done (queue.md 3)."""
    with kit.database.reading() as tx:
        stored = tx.execute(select(func.count()).select_from(events)).scalar_one()
        wanted = set(tx.execute(select(events.c.id).where(events.c.wanted)).scalars())
        asked = set(tx.execute(select(event_requests.c.event_id)).scalars())
        uncovered = list(tx.execute(_UNCOVERED))
    if stored != events_sent:
        yield f"{events_sent} events were sent, {stored} are stored"
    yield from (f"event {event_id} asked for something that is not known" for event_id in wanted - asked)
    yield from (f"no run that was done covers {row._mapping}" for row in uncovered)
