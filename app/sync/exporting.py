"""Waiting for kuraCloud's export of grades without holding a worker (design.md 7)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from app.clients.kuracloud import KuraCloudClient
from app.errors import PermanentError, TransientError
from app.kit import Kit
from app.store import exports, worklist
from app.store.exports import Export
from app.sync.lease import Lease, Waiting
from schemas.exports import Lesson

EXPORT_GONE = "export_gone"
"""The reason where kuraCloud does not know an export any more."""

READY = "SUCCEEDED"
# Only READY is documented. What says that it ended otherwise is final, all else means wait (contracts/kuracloud-v2.md).
_FINAL = ("FAIL", "ERROR", "CANCEL", "ABORT", "REJECT", "EXPIRE")

_FIRST_POLL, _GROWTH, _LONGEST_POLL = 0.5, 1.6, 5.0
_MINUTE, _LATER_POLL = 60.0, 30.0
_OUTDATED = 2  # times the patience: so old, and what waited was not kuraCloud
_STUDENTS_FIRST = 1.0  # seconds between looks at whether the roster run has come


@dataclass(frozen=True, slots=True)
class Downloaded:
    """The lessons of an export that was asked for at `asked_at`; it answers what was wanted up to generation `gen`."""

    lessons: list[Lesson]
    asked_at: float
    gen: int


def awaited(kit: Kit, lease: Lease, client: KuraCloudClient, course_id: int) -> Downloaded | Waiting:
    """The next step towards an export: wait for the students, ask, look whether it is ready, download.

    Raises what the client raises, PermanentError when the export failed, TransientError when it never ended; either
    way the next run asks for another.
    """
    wish, waiting = _students_first(kit, lease)
    if waiting:
        return waiting
    if wish.token is None or wish.asked_at is None:
        return _asked(kit, lease, client.ask_for_grades(course_id))
    try:
        status = client.export_status(course_id, wish.token)
        if not is_ready(status):
            return _not_yet(kit, lease, wish, wish.asked_at)
        return Downloaded(client.export(course_id, wish.token), wish.asked_at, wish.gen or 0)
    except (PermanentError, TransientError) as error:
        if isinstance(error, PermanentError) or error.reason == EXPORT_GONE:
            forget(kit, lease)
        raise


def at_once(
    kit: Kit, client: KuraCloudClient, course_id: int, sleep: Callable[[float], None] = time.sleep
) -> Downloaded:
    """An export for a preview: waited for on the spot. Raises as `awaited` does."""
    with kit.database.reading() as tx:
        asked_at = kit.database.now(tx)
    token, waited, polls = client.ask_for_grades(course_id), 0.0, 0
    while not is_ready(client.export_status(course_id, token)):
        if waited > kit.settings.preview_patience:
            raise _never_ended(waited)
        sleep(pause := poll_pause(polls, waited))
        waited, polls = waited + pause, polls + 1
    return Downloaded(client.export(course_id, token), asked_at, 0)


def is_ready(status: str) -> bool:
    """Whether an export can be downloaded; raises PermanentError when it never will."""
    if any(word in status.upper() for word in _FINAL):
        raise PermanentError(
            f"kuraCloud could not export the grades: it says {status[:40]!r}. kurasync asks again later.",
            reason="export_failed",
        )
    return status.upper() == READY


def poll_pause(polls: int, age: float) -> float:
    """Seconds to the next look: 0.5 growing to 5, then 30 (design.md 7); `age` is the export's, in seconds."""
    if age >= _MINUTE:
        return _LATER_POLL
    return min(_LONGEST_POLL, _FIRST_POLL * _GROWTH ** min(polls, 20))


def forget(kit: Kit, lease: Lease) -> None:
    """Wait for this export no longer; raises LeaseLost."""
    with kit.database.transaction() as tx:
        lease.confirm(tx)
        exports.forget(tx, lease.mapping_id)


def _students_first(kit: Kit, lease: Lease) -> tuple[Export, Waiting | None]:
    """What is waited for; and whether the roster that was wanted when grades were asked for is still to come.

    A roster that is stopped, or that fails, is not waited for: grades of linked students flow all the same.
    """
    with kit.database.transaction() as tx:
        lease.confirm(tx)
        now = kit.database.now(tx)
        roster = worklist.get(tx, lease.mapping_id, worklist.ROSTER)
        wish = exports.get(tx, lease.mapping_id)
        if wish is not None and _is_outdated(kit, now, wish):
            exports.forget(tx, lease.mapping_id)
            wish = None
        if wish is None:
            exports.begin(tx, now, lease.mapping_id, roster.wanted if roster else 0)
            wish = exports.get(tx, lease.mapping_id)
    assert wish is not None
    comes = roster is not None and roster.gate == "open" and roster.failing_since is None
    if wish.token is None and comes and roster is not None and roster.seen < wish.roster_gen:
        return wish, Waiting(now + _STUDENTS_FIRST, "students_first", "The students are brought in step first.")
    return wish, None


def _is_outdated(kit: Kit, now: float, wish: Export) -> bool:
    """Whether it tells of a time long past: Moodle was away since, or the database is an old one that was restored."""
    return wish.asked_at is not None and now - wish.asked_at > _OUTDATED * kit.settings.export_patience


def _asked(kit: Kit, lease: Lease, token: str) -> Waiting:
    with kit.database.transaction() as tx:
        lease.confirm(tx)
        now = kit.database.now(tx)
        exports.ask(tx, now, lease.mapping_id, token, lease.claim.gen_to)
    return _pending(now + _FIRST_POLL)


def _not_yet(kit: Kit, lease: Lease, wish: Export, asked_at: float) -> Waiting:
    with kit.database.transaction() as tx:
        lease.confirm(tx)
        now = kit.database.now(tx)
        exports.poll(tx, lease.mapping_id)
    if now - asked_at > kit.settings.export_patience:
        forget(kit, lease)
        raise _never_ended(now - asked_at)
    return _pending(now + poll_pause(wish.polls, now - asked_at))


def _pending(until: float) -> Waiting:
    return Waiting(until, "export_pending", "kuraCloud is preparing the export of grades.")


def _never_ended(waited: float) -> TransientError:
    """No word about the connection: other courses may well get theirs."""
    return TransientError(
        f"kuraCloud has not finished the export of grades after {waited / 60:.0f} minutes. kurasync asks again later.",
        reason="export_never_ended",
    )
