"""Going on from a plan that was shown ("Continue"): a run does it, and what of it would wait is approved with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from app.errors import Refused
from app.kit import Kit
from app.planning.actions import set_digest
from app.store import audit, holds, mappings, tasks
from app.store.tasks import Task
from app.store.worklist import GRADES, ROSTER, Kind
from app.sync.ask import want

_KINDS: dict[str, Kind] = {"roster_plan": ROSTER, "grades_plan": GRADES}
_OF_NO_RUN = 0


@dataclass(frozen=True, slots=True)
class GoneOn:
    """A run that covers `generation` will do what was shown; `hold_id` is what was approved for it, if anything."""

    mapping_id: int
    kind: Kind
    generation: int
    hold_id: int | None


def go_on(kit: Kit, task: Task, digest: str, by: str) -> GoneOn:
    """Let a plan be carried out, as far as a fresh one still contains it; what is new by then is held anew.

    `digest` is the one that was shown. A plan is used once: a second click is refused, with the reason `used`. Raises
    Refused too where the plan is not there yet, and NotFound when its mapping is gone.
    """
    kind, items, mapping_id = _KINDS.get(task.kind), _held(task), task.mapping_id
    if kind is None or mapping_id is None or task.state not in ("done", "used"):
        raise Refused(f"Task {task.id} shows no plan that could be carried out.", reason="no_plan")
    if digest != task.result["digest"]:
        raise Refused("This is not the plan that you looked at: look at it again.", reason="stale_digest")
    with kit.database.transaction() as tx:
        # The mapping, then its worklist, then the hold: as everybody locks them.
        mappings.lock(tx, mapping_id)
        generation = want(kit, tx, [mapping_id], kind, urgent=True)[mapping_id]
        if not tasks.use(tx, task.id):
            raise Refused("This plan is being carried out already.", reason="used")
        hold_id = _approve(tx, kit.database.now(tx), mapping_id, kind, items, by) if items else None
        _write_down(tx, kit.database.now(tx), task, hold_id, digest, by)
    return GoneOn(mapping_id, kind, generation, hold_id)


def _held(task: Task) -> list[dict[str, Any]]:
    return list(task.result["plan"]["held"]) if task.result and "plan" in task.result else []


def _approve(tx: Connection, now: float, mapping_id: int, kind: Kind, items: list[dict[str, Any]], by: str) -> int:
    """The number of the hold with just these items, approved: the one that waits, or one made for it."""
    digest = set_digest(item["fingerprint"] for item in items)
    waiting = holds.waiting(tx, mapping_id, kind)
    if waiting is not None and waiting.digest != digest:
        holds.decide(tx, now, waiting, "overtaken", by)
        waiting = None
    if waiting is None:
        made = holds.create(
            tx, now, mapping_id=mapping_id, kind=kind, digest=digest, items=items, run_id=_OF_NO_RUN
        )
        waiting = holds.get(tx, made)
        assert waiting is not None
    if waiting.state == "open":
        holds.decide(tx, now, waiting, "approved", by)
    return waiting.id


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
