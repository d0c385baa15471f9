"""Tasks: what people ask for at a door that cannot wait for it. None of them changes anything.

A plan is the same that `kurasync plan` shows: app.sync.roster.preview and app.sync.grades.preview.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

import structlog

from app.errors import KurasyncError, NotFound
from app.kit import Kit
from app.planning.roles import Principal
from app.setup import auditing, checking, doctor, finding
from app.setup.check import Check
from app.store import tasks
from app.store.tasks import Task
from app.store.worklist import GRADES, ROSTER, Kind
from app.sync import grades, roster

ROSTER_PLAN, GRADES_PLAN = "roster_plan", "grades_plan"
MAPPING_CHECK, AUDIT_CHECK, DOCTOR = "mapping_check", "audit_check", "doctor"

PLANS: Mapping[Kind, str] = {ROSTER: ROSTER_PLAN, GRADES: GRADES_PLAN}
"""The task that shows what a run of a kind would do."""

_PATIENCE = 600.0  # seconds that a task may wait for a worker
_IMPATIENCE = 60.0  # seconds within which somebody who asks again gets the task that waits already

_log = structlog.get_logger()


def ask(kit: Kit, kind: str, mapping_id: int | None, by: str) -> int:
    """Want a task (one of KINDS) done; returns its number. Raises NotFound when there is no such mapping.

    One that was asked for just now, and that nobody has begun, serves for two: a second click reads nothing twice.
    """
    with kit.database.transaction() as tx:
        if mapping_id is not None:
            finding.still_mapping(tx, mapping_id)
        now = kit.database.now(tx)
        found = tasks.waiting(tx, kind, mapping_id, now - _IMPATIENCE)
        return found or tasks.add(tx, now, kind=kind, mapping_id=mapping_id, asked_by=by)


def found(kit: Kit, task_id: int, whose: Principal) -> Task:
    """The task with this number, with its result; raises NotFound, also where it is another site's."""
    with kit.database.reading() as tx:
        task = tasks.get(tx, task_id)
        if task is not None and whose.sees(_site_of(tx, task)):
            return task
    raise NotFound(f"There is no task {task_id}, or it was forgotten: results are kept for a while only.")


def do(kit: Kit, task_id: int, owner: str) -> None:
    """Do a task that nobody else has begun, and keep what came of it. Never raises for what went wrong in it."""
    with kit.database.transaction() as tx:
        task = tasks.claim(tx, kit.database.now(tx), task_id, owner)
    if task is None:
        return
    try:
        ended: dict[str, Any] = {"state": "done", "result": KINDS[task.kind](kit, task)}
    except KurasyncError as error:
        ended = {"state": "failed", "reason": error.reason, "message": error.message}
    except Exception:
        _log.exception("task_failed", task_id=task_id, kind=task.kind)
        kit.database.dispose()
        ended = {"state": "failed", "reason": "crashed", "message": "It failed in a way nobody foresaw: see the log."}
    with kit.database.transaction() as tx:
        tasks.end(tx, kit.database.now(tx), task_id, **ended)


def tidy(kit: Kit) -> None:
    """Give up tasks that nobody works on any more, and forget results that were kept long enough."""
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        tasks.give_up(tx, now, begun_before=now - kit.settings.job_timeout, asked_before=now - _PATIENCE)
        tasks.forget(tx, now - kit.settings.task_kept)


def _site_of(tx: Any, task: Task) -> int | None:
    return None if task.mapping_id is None else finding.mapping(tx, task.mapping_id).site_id


def _mapping_id(task: Task) -> int:
    assert task.mapping_id is not None, f"a task {task.kind} is about a mapping"
    return task.mapping_id


def _roster_plan(kit: Kit, task: Task) -> dict[str, Any]:
    look = roster.preview(kit, _mapping_id(task))
    return {"plan": look.as_json(), "digest": look.digest}


def _grades_plan(kit: Kit, task: Task) -> dict[str, Any]:
    look = grades.preview(kit, _mapping_id(task))
    return {"plan": look.as_json(), "digest": look.digest}


def _mapping_check(kit: Kit, task: Task) -> dict[str, Any]:
    return _checks(checking.check(kit, _mapping_id(task)))


def _audit_check(kit: Kit, task: Task) -> dict[str, Any]:
    return asdict(auditing.verify(kit, auditing.kept(kit)))


def _doctor(kit: Kit, task: Task) -> dict[str, Any]:
    return _checks(doctor.examine_with(kit.settings))


def _checks(found: Iterable[Check]) -> dict[str, Any]:
    return {"checks": [{"name": each.name, "state": each.state, "message": each.message} for each in found]}


KINDS: Mapping[str, Callable[[Kit, Task], dict[str, Any]]] = {
    ROSTER_PLAN: _roster_plan,
    GRADES_PLAN: _grades_plan,
    MAPPING_CHECK: _mapping_check,
    AUDIT_CHECK: _audit_check,
    DOCTOR: _doctor,
}
"""What each kind of task does."""
