"""What the processes of `kurasync up` need: all of them while they are idle, and a worker on a large course."""

from __future__ import annotations

import re
import time
from pathlib import Path

from app.settings import Settings
from benchmarks.figure import Figure
from benchmarks.scene import Scene, scene, wait_until

STUDENTS = 5000
IDLE, WORKER = 250.0, 200.0  # MB
# Workers are replaced by fresh ones when there was nothing to do for as long as their settings say, or half more.
RESTED = 1.5 * Settings().worker_rest + 5.0


def figures() -> list[Figure]:
    """All at rest after some work, then the largest worker after each of many students was added and renamed."""
    with scene(students=20) as small:
        _let_everybody_work(small)
        time.sleep(RESTED)
        idle = _of_all(small)
    with scene(students=STUDENTS) as large:
        added = _largest_worker(large)
        _rename_everybody(large)
        renamed = _largest_worker(large)
    return [
        Figure("all processes idle", idle, IDLE, "MB", note="pages that they share counted once (PSS)"),
        Figure("a worker that adds 5,000 students, peak", added, WORKER, "MB", note="resident, shared pages included"),
        Figure("the same after renaming all of them, peak", renamed, WORKER, "MB"),
    ]


def _let_everybody_work(made: Scene) -> None:
    # Redis gives a job to the worker that has waited longest.
    for _ in range(2 * len(_workers(made))):
        made.service.command("sync", f"uni:{made.course}", "--wait")


def _rename_everybody(made: Scene) -> None:
    for student in made.moodle.expected_students(made.course):
        made.moodle.rename_user(student["id"], lastname=f"{student['lastname']} II")
    wait_until(made.in_step)


def _of_all(made: Scene) -> float:
    return sum(_megabytes(pid, "smaps_rollup", "Pss") for pid in _descendants(made.service.pid))


def _largest_worker(made: Scene) -> float:
    return max(_megabytes(pid, "status", "VmHWM") for pid in _workers(made))


def _workers(made: Scene) -> list[int]:
    return [pid for pid in _descendants(made.service.pid) if _read(pid, "comm").strip() == "kurasync-worker"]


def _descendants(pid: int) -> list[int]:
    """The process and all that it started, and those in turn."""
    children = [int(each) for each in _read(pid, f"task/{pid}/children").split()]
    return [pid, *(each for child in children for each in _descendants(child))]


def _megabytes(pid: int, file: str, key: str) -> float:
    found = re.search(rf"^{key}:\s+(\d+) kB", _read(pid, file), re.MULTILINE)
    assert found, f"{file} of process {pid} has no {key}"
    return int(found[1]) / 1024


def _read(pid: int, file: str) -> str:
    return (Path("/proc") / str(pid) / file).read_text()
