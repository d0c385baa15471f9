"""Going on from a plan that was shown ("Continue"): a run does it, and what of it would wait is approved with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app.errors import NotFound, Refused
from app.kit import Kit
from app.planning.actions import set_digest
from app.store import audit, holds, mappings, runs, tasks
from app.store.holds import Hold
from app.store.tasks import Task
from app.store.worklist import GRADES, ROSTER, Kind
from app.sync.ask import want
from app.sync.holds import decided, newest

Item = dict[str, Any]

_KINDS: dict[str, Kind] = {"roster_plan": ROSTER, "grades_plan": GRADES}


@dataclass(frozen=True, slots=True)
class GoneOn:
    """A run that covers `generation` will do what was shown; `hold_id` is what was approved for it, if anything."""

    mapping_id: int
    kind: Kind
    generation: int
    hold_id: int | None


@dataclass(frozen=True, slots=True)
class _Shown:
    """A plan as somebody looked at it, from what both sides were at `since`; `items` are those that would wait."""

    mapping_id: int
    kind: Kind
    since: float
    items: list[Item]

    @property
    def digest(self) -> str:
        """As a hold of the items has it."""
        return set_digest(item["fingerprint"] for item in self.items)


def go_on(kit: Kit, task: Task, digest: str, by: str) -> GoneOn:
    """Let a plan be carried out, as far as a fresh one still contains it; what is new by then is held anew.

    `digest` is the one that was shown. A plan is used once: a second click is refused, with the reason `used`. Raises
    Refused too where the plan is not there yet, or somebody has decided otherwise since; NotFound when its mapping is
    gone.
    """
    shown = _shown(task, digest)
    with kit.database.transaction() as tx:
        # The mapping, then its worklist, then the hold: as everybody locks them.
        mappings.lock(tx, shown.mapping_id)
        if mappings.get(tx, shown.mapping_id) is None:
            raise NotFound(f"There is no mapping {shown.mapping_id} any more.")
        generation = want(kit, tx, [shown.mapping_id], shown.kind, urgent=True)[shown.mapping_id]
        if not tasks.use(tx, task.id):
            raise Refused("This plan is being carried out already.", reason="used")
        now = kit.database.now(tx)
        hold_id = _approve(tx, now, shown, by) if shown.items else None
        _write_down(tx, now, task, hold_id, digest, by)
    return GoneOn(shown.mapping_id, shown.kind, generation, hold_id)


def _shown(task: Task, digest: str) -> _Shown:
    kind = _KINDS.get(task.kind)
    if kind is None or task.mapping_id is None or task.began_at is None or task.state not in ("done", "used"):
        raise Refused(f"Task {task.id} shows no plan that could be carried out.", reason="no_plan")
    if digest != task.result["digest"]:
        raise Refused("This is not the plan that you looked at: look at it again.", reason="stale_digest")
    return _Shown(task.mapping_id, kind, task.began_at, task.result["plan"]["held"])


def _approve(tx: Connection, now: float, shown: _Shown, by: str) -> int:
    """The number of the hold with just what was shown, approved: the one that waits, or one made for it."""
    _refuse_rejected(tx, shown)
    last = newest(tx, shown.mapping_id, shown.kind)
    if last is not None:
        _refuse_approved(last, shown)
    if last is not None and last.state in holds.WAITING:
        if _is_same(last, shown):
            return last.id if last.state == "approved" else decided(tx, now, last, "approved", by).id
        holds.decide(tx, now, last, "overtaken", by)
    return decided(tx, now, _made(tx, now, shown), "approved", by).id


def _refuse_approved(last: Hold, shown: _Shown) -> None:
    """Nobody undoes, without knowing, what somebody else has approved."""
    if last.state == "approved" and last.digest != shown.digest:
        raise Refused(
            f"Hold {last.id} was approved before and is not carried out yet: wait for that, then look again.",
            reason="approved_before",
        )


def _refuse_rejected(tx: Connection, shown: _Shown) -> None:
    """The same of what was rejected, also where a run has overtaken that hold since: the audit knows of it."""
    rejections = audit.search(tx, mapping_id=shown.mapping_id, operation="hold_rejected", since=shown.since)
    for hold_id in {row.subject["hold"] for row in rejections if row.phase == "begin"}:
        hold = holds.get(tx, hold_id)
        if hold is not None and hold.kind == shown.kind:
            raise Refused(
                f"Hold {hold_id} was rejected since you asked for this plan: look at it again.", reason="rejected_since"
            )


def _is_same(waiting: Hold, shown: _Shown) -> bool:
    """Whether just this waits, and for the same reasons: what waits for others, a person has to know of."""
    return waiting.state == "approved" or _reasons(waiting.items) == _reasons(shown.items)


def _reasons(items: list[Item]) -> dict[str, set[str]]:
    return {item["fingerprint"]: set(item["reasons"]) for item in items}


def _made(tx: Connection, now: float, shown: _Shown) -> Hold:
    """A hold that no run made. What runs do from now on counts as done of it; what the last before did, does not."""
    made = holds.create(
        tx,
        now,
        mapping_id=shown.mapping_id,
        kind=shown.kind,
        digest=shown.digest,
        items=shown.items,
        run_id=runs.last_ended(tx, shown.mapping_id, shown.kind, shown.since),
    )
    hold = holds.get(tx, made)
    assert hold is not None
    return hold


def _write_down(tx: Connection, now: float, task: Task, hold_id: int | None, digest: str, by: str) -> None:
    call_uid = audit.begin(
        tx,
        now,
        actor=by,
        system="kurasync",
        operation="go_on",
        subject={"task": task.id, "digest": digest, "hold": hold_id},
        mapping_id=task.mapping_id,
    )
    audit.end(tx, now, call_uid, "done")
