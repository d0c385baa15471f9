"""The jobs that RQ runs. Their names are an interface: jobs on the queue carry them."""

from __future__ import annotations

from workers.workplace import Workplace

_workplaces: list[Workplace] = []


def work_at(workplace: Workplace) -> None:
    """Let the jobs of this process run here: RQ passes them nothing of the process they run in."""
    _workplaces[:] = [workplace]


def do_task(task_id: int) -> None:
    """Do what somebody asked for at a door: a preview, say."""
    _workplaces[0].task(task_id)


def sync_roster(mapping_id: int) -> None:
    """Bring the students of a mapping in step, if that is due and nobody else is at it."""
    _workplaces[0].turn(mapping_id, "roster")


def sync_grades(mapping_id: int) -> None:
    """Bring the grades of a mapping in step, if that is due and nobody else is at it."""
    _workplaces[0].turn(mapping_id, "grades")
