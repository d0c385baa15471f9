"""Tasks of a world: asked for at a door, done as a worker does them, and gone on with."""

from __future__ import annotations

from app.kit import Kit
from app.planning.roles import Principal
from app.setup import tasks
from app.store.tasks import Task
from app.sync.going_on import GoneOn, go_on

ADMIN = Principal("user:ada", "admin")
OWNER = "host:1:start:"


def planned(kit: Kit, mapping_id: int, kind: str = tasks.ROSTER_PLAN) -> Task:
    """The task of a preview that was asked for, done."""
    number = tasks.ask(kit, kind, mapping_id, ADMIN.actor)
    tasks.do(kit, number, OWNER)
    task = tasks.found(kit, number, ADMIN)
    assert task.state == "done", task.message
    return task


def carried_on(kit: Kit, task: Task, by: str = ADMIN.actor) -> GoneOn:
    """Let the plan be carried out that the task shows."""
    return go_on(kit, task, task.result["digest"], by)
