"""A running service between both simulators, with one course in step."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.demo.service import Service
from sandbox.kuracloud.sim import SimKuraCloud
from sandbox.moodle.senders import Signed
from sandbox.moodle.sim import SimMoodle

PATIENCE = 300.0  # seconds: far more than anything here takes
_LOOK = 0.02


@dataclass(frozen=True, slots=True)
class Scene:
    """`kurasync up` with its default settings, Moodle's signed sender, and a course that was mapped and approved."""

    service: Service
    moodle: SimMoodle
    kura: SimKuraCloud
    course: int
    kura_course: int

    def in_step(self) -> bool:
        """Whether kuraCloud holds the students of Moodle, with their names."""
        present = {(each["email"], each["familyName"]) for each in self.kura.students(self.kura_course)}
        expected = {(each["email"], each["lastname"]) for each in self.moodle.expected_students(self.course)}
        return present == expected


@contextmanager
def scene(students: int) -> Iterator[Scene]:
    """A course of so many students, which kurasync has added to an empty kuraCloud course."""
    with (
        tempfile.TemporaryDirectory(prefix="kurasync-bench-") as folder,
        SimMoodle.serving() as moodle,
        SimKuraCloud.serving() as kura,
        Service.running(Path(folder) / "var", {}) as service,
    ):
        course = moodle.create_course("Physiology 1", shortname="PHY1")
        moodle.create_students(course, students)
        made = Scene(service, moodle, kura, course, kura.add_course("Physiology", "PHY", lmsEnabled=False))
        _connect(made)
        _approve(made)
        yield made
        moodle.detach_senders()


def wait_until(holds: Callable[[], bool]) -> float:
    """Wait until something is true; the seconds it took. Raises TimeoutError when it does not come true."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > PATIENCE:
            raise TimeoutError("kurasync did not get there.")
        time.sleep(_LOOK)
    return time.monotonic() - began


def _connect(made: Scene) -> None:
    service, moodle, kura = made.service, made.moodle, made.kura
    site = service.read("site", "add", "uni", moodle.url, "--token-file", "-", given=moodle.token)
    service.command("instance", "add", "kura", "--url", kura.url, "--token-file", "-", given=kura.token)
    service.command("mapping", "add", f"uni:{made.course}", f"kura:{made.kura_course}")
    moodle.attach(Signed(f"{service.url}/events/uni", site["secret"], background=True))


def _approve(made: Scene) -> None:
    """The first plan is held, whatever it is."""
    wait_until(lambda: bool(made.service.read("holds", "list")))
    [hold] = made.service.read("holds", "list")
    made.service.command("holds", "approve", str(hold["id"]), "--digest", hold["digest"])
    wait_until(made.in_step)
