"""Holds: kept by runs, approved and rejected by people (design.md 6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from app.errors import NotFound, Refused
from app.kit import Kit
from app.planning.actions import set_digest
from app.store import audit, holds, mappings
from app.store.holds import Hold
from app.store.mappings import Mapping
from app.sync.ask import want
from app.sync.lease import Lease

Item = dict[str, Any]

NOT_WAITING = {
    "approved": "is approved already",
    "applied": "was approved and applied",
    "rejected": "was rejected",
    "overtaken": "was overtaken: the plan has changed since. See `kurasync holds list`",
}


def approve(kit: Kit, hold_id: int, digest: str, by: str) -> Hold:
    """Let the actions of a hold go ahead, as far as a fresh plan still contains them.

    `digest` is the one that was shown: a hold that changed since is refused with words. Raises NotFound, Refused.
    """
    with kit.database.transaction() as tx:
        hold = _open(tx, hold_id)
        if digest != hold.digest:
            raise Refused(
                f"Hold {hold_id} is not what you looked at: its digest is {hold.digest[:12]}. "
                f"Look at it again with `kurasync holds show {hold_id}`.",
                reason="stale_digest",
            )
        return _decide(kit, tx, hold, "approved", by)


def reject(kit: Kit, hold_id: int, by: str) -> Hold:
    """Close a hold; it is not asked again until the set changes. Raises NotFound, Refused."""
    with kit.database.transaction() as tx:
        return _decide(kit, tx, _open(tx, hold_id), "rejected", by)


def keep_hold(
    tx: Connection, now: float, lease: Lease, mapping: Mapping, seen: Hold | None, items: Sequence[Item], unused: bool
) -> bool:
    """After a run: use up the approval that was applied, and hold what is held now, if it is not held already.

    `seen` is the hold the run was planned with; one that was decided meanwhile is left to the run that this asked for.
    `unused`: something approved had to be left out for now, so the approval stays. Returns whether another look is due
    at once, because with the first approval the ordinary rules begin.
    """
    waiting = holds.waiting(tx, lease.mapping_id, lease.kind)
    if (waiting and (waiting.id, waiting.state)) != (seen and (seen.id, seen.state)) or (seen and unused):
        return False
    digest = set_digest(item["fingerprint"] for item in items)
    approved = waiting is not None and waiting.state == "approved"
    if waiting is not None and approved:
        holds.decide(tx, now, waiting, "applied", waiting.decided_by or "")
        mappings.start(tx, mapping.id, now)
    elif waiting is not None and waiting.digest != digest:
        holds.decide(tx, now, waiting, "overtaken", "kurasync")
    if items and not _known(tx, lease, digest):
        holds.create(
            tx, now, mapping_id=mapping.id, kind=lease.kind, digest=digest, items=items, run_id=lease.run_id
        )
    return approved and bool(items) and mapping.started_at is None


def _known(tx: Connection, lease: Lease, digest: str) -> bool:
    """Whether this very set waits or was rejected last: a rejection is remembered until the set changes."""
    latest = holds.search(tx, mapping_id=lease.mapping_id, kind=lease.kind, limit=1)
    return bool(latest) and latest[0].digest == digest and latest[0].state in ("open", "rejected")


def _open(tx: Connection, hold_id: int) -> Hold:
    hold = holds.get(tx, hold_id)
    if hold is None:
        raise NotFound(f"There is no hold {hold_id}.")
    if hold.state != "open":
        raise Refused(f"Hold {hold_id} {NOT_WAITING[hold.state]}.", reason=f"hold_{hold.state}")
    return hold


def _decide(kit: Kit, tx: Connection, hold: Hold, state: holds.State, by: str) -> Hold:
    now = kit.database.now(tx)
    if not holds.decide(tx, now, hold, state, by):
        raise Refused(f"Hold {hold.id} was decided by somebody else at the same moment.", reason="hold_decided")
    call_uid = audit.begin(
        tx,
        now,
        actor=by,
        system="kurasync",
        operation=f"hold_{state}",
        subject={"hold": hold.id, "digest": hold.digest, "items": len(hold.items)},
        mapping_id=hold.mapping_id,
        run_id=hold.run_id,
    )
    audit.end(tx, now, call_uid, "done")
    want(kit, tx, [hold.mapping_id], "roster", urgent=True)
    decided = holds.get(tx, hold.id)
    return decided if decided is not None else hold
