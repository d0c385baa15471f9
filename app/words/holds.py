"""Holds as lists and programs get them, and what became of each in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.kit import Kit
from app.store import holds as rows
from app.store import mappings
from app.store.holds import Hold
from app.sync import bypass
from app.sync.alerting import UNASKED
from app.words.moments import moment
from app.words.plan import named


def facts(kit: Kit, hold: Hold) -> dict[str, Any]:
    """A hold with what has to be looked up for it."""
    with kit.database.reading() as tx:
        mapping = mappings.get(tx, hold.mapping_id)
        followed = rows.successors(tx, [hold.id])
    return line(hold, {hold.mapping_id: mapping.course_name if mapping else ""}, followed)


def line(hold: Hold, courses: Mapping[int, str], followed: Mapping[int, int]) -> dict[str, Any]:
    """A hold in a list; `courses` by mapping, `followed` as app.store.holds.successors gives it."""
    return {
        "id": hold.id,
        "mapping": hold.mapping_id,
        "course": courses.get(hold.mapping_id, ""),
        "kind": hold.kind,
        "state": hold.state,
        "became": _became(hold, followed.get(hold.id)),
        "actions": named(hold.kind, hold.counts),
        "digest": hold.digest,
        "run": hold.run_id,
        "created_at": moment(hold.created_at),
        "decided_at": moment(hold.decided_at),
        "decided_by": hold.decided_by,
        "overtaken_by": followed.get(hold.id),
    }


def staying(hold: Hold) -> str:
    """What of a hold goes on waiting when limits are lifted, as a sentence; "" where nothing does."""
    others = bypass.staying(hold)
    if not others:
        return ""
    go = "waits for another reason, and goes on" if others == 1 else "wait for other reasons, and go on"
    return f"{others} of these {len(hold.items)} {go} waiting."


LIFTED = "This is what waits now. A bypass is not for these alone: the next run does as much as it finds then."
"""What somebody has to know who lifts limits."""


def _became(hold: Hold, successor: int | None) -> str:
    """The state in words: by whom it was decided, or by what it was overtaken."""
    match hold.state:
        case "open":
            return "waits for approval"
        case "approved":
            return f"approved by {hold.decided_by}, not carried out yet"
        case "overtaken":
            return _overtaken(hold, successor)
    return f"{hold.state}, decided by {hold.decided_by}"


def _overtaken(hold: Hold, successor: int | None) -> str:
    by = f"overtaken by hold {successor}: what waits has changed" if successor else "overtaken: nothing of it waits now"
    return by if hold.decided_by in (None, UNASKED) else f"{by}; last acted on by {hold.decided_by}"
