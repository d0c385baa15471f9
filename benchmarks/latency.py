"""How long after an event of Moodle kuraCloud shows the change, with the real processes and default settings."""

from __future__ import annotations

from statistics import median

from app.settings import Settings
from benchmarks.figure import Figure
from benchmarks.scene import Scene, scene, wait_until

EVENTS = 7
BESIDES_SETTLING = 1.0


def figures() -> list[Figure]:
    """One new student after another, each when the one before has arrived."""
    with scene(students=20) as made:
        seconds = [_enrol(made, number) for number in range(EVENTS)]
    note = f"{min(seconds):.2f} to {max(seconds):.2f} s; of it {Settings().quiet:g} s to settle"
    return [Figure("event to kuraCloud, median", median(seconds), Settings().quiet + BESIDES_SETTLING, "s", note=note)]


def _enrol(made: Scene, number: int) -> float:
    user = made.moodle.create_user("New", f"Comer {number}", f"newcomer{number}@example.edu")
    made.moodle.enrol(user, made.course)
    return wait_until(made.in_step)
