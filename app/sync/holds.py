"""Holds: kept by runs, approved and rejected by people (design.md 6)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from app.errors import NotFound, Refused
from app.kit import Kit
from app.planning.actions import set_digest
from app.store import audit, bypasses, holds, mappings, runs, traces, worklist
from app.store.bypasses import Bypass
from app.store.holds import Hold
from app.store.mappings import Mapping
from app.sync import alerting
from app.sync.alerting import UNASKED
from app.sync.ask import want
from app.sync.lease import Lease
from app.sync.recall import Approval

Item = dict[str, Any]

NOT_WAITING = {
    "approved": "is approved already",
    "applied": "was approved and carried out already",
    "rejected": "was rejected",
    "overtaken": "was overtaken: the plan has changed since. See `kurasync holds list`",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """What a run was allowed (`known`), what it left to a person, and what went ahead because limits were lifted.

    `covers`: the generation that it answers. `unused`: something approved had to be left out for now, so the approval
    stays.
    """

    known: Approval
    held: Sequence[Item]
    lifted: Collection[str]
    covers: int
    unused: bool = False


def approve(kit: Kit, hold_id: int, digest: str, by: str) -> Hold:
    """Let the actions of a hold go ahead, as far as a fresh plan still contains them.

    `digest` is the one that was shown: a hold that changed since is refused with words. Raises NotFound, Refused.
    """
    with kit.database.transaction() as tx:
        hold = _open(tx, hold_id)
        require_shown(hold, digest)
        return _decide(kit, tx, hold, "approved", by)


def require_shown(hold: Hold, digest: str) -> None:
    """Raise Refused when a hold is not the one that a person looked at."""
    if digest != hold.digest:
        raise Refused(
            f"Hold {hold.id} is not what you looked at: its digest is {hold.digest[:12]}. "
            f"Look at it again with `kurasync holds show {hold.id}`.",
            reason="stale_digest",
        )


def reject(kit: Kit, hold_id: int, by: str) -> Hold:
    """Close a hold; it is not asked again until the set changes. Takes a bypass back. Raises NotFound, Refused."""
    with kit.database.transaction() as tx:
        rejected = _decide(kit, tx, _open(tx, hold_id), "rejected", by)
        bypasses.end(tx, rejected.mapping_id, rejected.kind)
        return rejected


def keep_hold(tx: Connection, now: float, lease: Lease, mapping: Mapping, judged: Judged) -> bool:
    """After a run: use up what let it go ahead, and hold what is held now, if it is not held already.

    A hold that was decided since the run was planned is left to the run that this asked for. Returns whether another
    look is due at once, because with the first approval the ordinary rules begin.
    """
    _use_up_bypass(tx, now, lease, judged)
    seen, items = judged.known.waiting, judged.held
    waiting = holds.waiting(tx, lease.mapping_id, lease.kind)
    if (waiting and (waiting.id, waiting.state)) != (seen and (seen.id, seen.state)) or (seen and judged.unused):
        return False
    applied = waiting is not None and waiting.state == "approved" and not _disbelieved(waiting, items)
    if waiting is not None and applied:
        holds.decide(tx, now, waiting, "applied", waiting.decided_by or "")
        if lease.kind == worklist.ROSTER:
            mappings.start(tx, mapping.id, now)
    elif waiting is not None and waiting.state == "open" and judged.known.bypass is not None:
        _applied_by_bypass(tx, now, waiting, judged.lifted, judged.known.bypass)
    _hold(tx, now, lease, items)
    return applied and bool(items) and mapping.started_at is None


def _use_up_bypass(tx: Connection, now: float, lease: Lease, judged: Judged) -> None:
    """The run that began after the bypass was given, and came to its end, is the one it was given for."""
    if bypasses.end(tx, lease.mapping_id, lease.kind, up_to=judged.covers):
        call_uid = audit.begin(
            tx,
            now,
            actor=UNASKED,
            system="kurasync",
            operation="bypass_used",
            subject={"kind": lease.kind, "lifted": len(judged.lifted)},
            mapping_id=lease.mapping_id,
            run_id=lease.run_id,
        )
        audit.end(tx, now, call_uid, "done")


def _applied_by_bypass(tx: Connection, now: float, hold: Hold, lifted: Collection[str], bypass: Bypass) -> None:
    if any(item["fingerprint"] in lifted for item in hold.items):
        holds.decide(tx, now, hold, "applied", f"{bypass.by} (bypass)")


def _disbelieved(approved: Hold, items: Sequence[Item]) -> bool:
    """Whether nothing approved was done since kuraCloud's answer was not believed: then a person is asked again."""
    known = {item["fingerprint"] for item in approved.items}
    return _tells_of_loss(items) and (
        not _tells_of_loss(approved.items) or any(item["fingerprint"] in known for item in items)
    )


def _tells_of_loss(items: Sequence[Item]) -> bool:
    return any("links_lost" in item["reasons"] for item in items)


def _hold(tx: Connection, now: float, lease: Lease, items: Sequence[Item]) -> None:
    """Have one open hold with just these items, unless they were rejected: that holds until the set changes."""
    digest = set_digest(item["fingerprint"] for item in items)
    latest = newest(tx, lease.mapping_id, lease.kind)
    if latest is not None and latest.digest == digest and latest.state in ("open", "rejected"):
        return
    if latest is not None and latest.state in ("open", "approved", "rejected"):
        holds.decide(tx, now, latest, "overtaken", latest.decided_by or UNASKED)
    if items:
        made = holds.create(
            tx, now, mapping_id=lease.mapping_id, kind=lease.kind, digest=digest, items=items, run_id=lease.run_id
        )
        alerting.hold_made(tx, now, lease.mapping_id, lease.kind, made, items)


def newest(tx: Connection, mapping_id: int, kind: str) -> Hold | None:
    """The hold made last, whatever became of it."""
    return holds.newest_of(tx, mapping_id, kind)


def asked_by(tx: Connection, hold: Hold) -> Item:
    """The events behind a hold, kept with its decision: they themselves are forgotten with age."""
    run = runs.get(tx, hold.run_id)
    userids = {item["userid"] for item in hold.items if item.get("userid")}
    asked = traces.asked_by(tx, run, userids) if run else []
    return {traces.ASKED_BY: asked} if asked else {}


def _open(tx: Connection, hold_id: int) -> Hold:
    hold = holds.get(tx, hold_id)
    if hold is not None:
        # Its mapping first: whoever removes it, or points it elsewhere, has locked it before all that hangs on it.
        mappings.hold_still(tx, hold.mapping_id)
        hold = holds.get(tx, hold_id)
    if hold is None:
        raise NotFound(f"There is no hold {hold_id}.")
    if hold.state != "open":
        raise Refused(f"Hold {hold_id} {NOT_WAITING[hold.state]}.", reason=f"hold_{hold.state}")
    return hold


def _decide(kit: Kit, tx: Connection, hold: Hold, state: holds.State, by: str) -> Hold:
    # The worklist before the hold, as a run locks them when it ends: the other way round two could deadlock.
    want(kit, tx, [hold.mapping_id], hold.kind, urgent=True)
    return decided(tx, kit.database.now(tx), hold, state, by)


def decided(tx: Connection, now: float, hold: Hold, state: holds.State, by: str) -> Hold:
    """A hold as somebody decided on it, and that written down; its row of the worklist must be locked before.

    Raises Refused where somebody else did, at the same moment.
    """
    if not holds.decide(tx, now, hold, state, by):
        raise Refused(f"Hold {hold.id} was decided by somebody else at the same moment.", reason="hold_decided")
    call_uid = audit.begin(
        tx,
        now,
        actor=by,
        system="kurasync",
        operation=f"hold_{state}",
        subject={"hold": hold.id, "digest": hold.digest, "items": len(hold.items), **asked_by(tx, hold)},
        mapping_id=hold.mapping_id,
        run_id=hold.run_id,
    )
    audit.end(tx, now, call_uid, "done")
    return replace(hold, state=state, decided_at=now, decided_by=by)
