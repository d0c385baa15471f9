"""A bypass: for one run, a person lifts the limits on how much may be done unasked (design.md 6)."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from app.errors import NotFound, Refused
from app.kit import Kit
from app.planning import grade_guard, guard
from app.store import audit, bypasses, holds, mappings
from app.store.holds import Hold
from app.store.worklist import GRADES, ROSTER, Kind
from app.sync.ask import want
from app.sync.holds import asked_by, require_shown

LIMITS: Dictionary[Kind, frozenset[str]] = {ROSTER: guard.LIMITS, GRADES: grade_guard.LIMITS}
"""The reasons to hold that a bypass lifts, by kind."""

COMMANDS: Dictionary[Kind, str] = {ROSTER: "sync", GRADES: "grades"}
"""By which command people look at a kind of work, and lift its limits."""


def open_hold(tx: Connection, mapping_id: int, kind: Kind) -> Hold:
    """The hold of which a bypass would lift something; raises Refused where there is none."""
    hold = holds.waiting(tx, mapping_id, kind)
    if hold is None:
        raise Refused(
            f"Nothing of mapping {mapping_id} waits for approval, so there is nothing that a bypass would let go.",
            reason="nothing_waits",
        )
    if hold.state != "open":
        raise Refused(f"Hold {hold.id} is approved already: its run follows by itself.", reason="hold_approved")
    if not lifts(hold.items, kind):
        raise Refused(
            f"Nothing of hold {hold.id} waits because of a limit (too much at once, or review), and a bypass lifts "
            f"nothing else. Look at it with `kurasync holds show {hold.id}` and approve it instead.",
            reason="no_limit",
        )
    return hold


def staying(hold: Hold) -> int:
    """How many actions of a hold wait for more than limits, or for one that does."""
    return len(hold.items) - lifts(hold.items, hold.kind)


def bypass(kit: Kit, mapping_id: int, kind: Kind, digest: str, by: str) -> int:
    """Lift the limits for the next run that starts from now on; returns the generation which that run covers.

    `digest` is of the hold that was shown. It is used up by the first such run that comes to its end, and lapses after
    a day, or when the hold is rejected. Raises NotFound, Refused.
    """
    with kit.database.transaction() as tx:
        # The mapping first: whoever removes it, or points it elsewhere, locks it before its rows of the worklist.
        mappings.lock(tx, mapping_id)
        if mappings.get(tx, mapping_id) is None:
            raise NotFound(f"There is no mapping {mapping_id}.")
        # The worklist before the hold, as a run locks them: and no run is claimed between this and the bypass.
        gen = want(kit, tx, [mapping_id], kind, urgent=True)[mapping_id]
        hold = open_hold(tx, mapping_id, kind)
        require_shown(hold, digest)
        now = kit.database.now(tx)
        bypasses.give(tx, now, mapping_id=mapping_id, kind=kind, gen=gen, by=by)
        call_uid = audit.begin(
            tx,
            now,
            actor=by,
            system="kurasync",
            operation="bypass_given",
            subject={
                "kind": kind,
                "hold": hold.id,
                "digest": digest,
                "items": len(hold.items),
                **asked_by(tx, hold),
            },
            mapping_id=mapping_id,
            run_id=hold.run_id,
        )
        audit.end(tx, now, call_uid, "done")
        return gen


def lifts(items: Sequence[Dictionary[str, Any]], kind: Kind) -> int:
    """How many of these wait for nothing but limits."""
    return sum(LIMITS[kind].issuperset(item["reasons"]) for item in items)
