"""Sets the stage, plays the day, and says how it came out."""

from __future__ import annotations

import tempfile
from pathlib import Path

from sandbox.demo.day import SCENES
from sandbox.demo.service import CommandFailed, Service
from sandbox.demo.stage import DayOver, Stage
from sandbox.demo.telling import Teller
from sandbox.kuracloud.sim import SimKuraCloud
from sandbox.moodle.sim import SimMoodle

_CLASS = (
    ("Ana", "Añorve", "Section A"),
    ("Björn", "Ångström", "Section A"),
    ("李", "小龍", "Section A"),
    ("Siobhán", "O'Neill", "Section A"),
    ("Kofi", "Mensah", "Section B"),
    ("Elif", "Şahin", "Section B"),
    ("Jean-Luc", "Dubois", "Section B"),
    ("Zoë", "van der Berg", "Section B"),
    ("Priya", "Raman", ""),
    ("Tomás", "Novák", ""),
    ("Hana", "Kim", ""),
    ("Oluwaseun", "Adé", ""),
)


def play() -> int:
    """Play the day; returns 0 only if every check held, else 1. Leaves nothing running and no files."""
    tell = Teller()
    try:
        _play(tell)
    except CommandFailed as failure:
        tell.check(False, str(failure))
    except DayOver:
        pass
    return tell.end()


def _play(tell: Teller) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="kurasync-demo-") as folder,
        SimMoodle.serving() as moodle,
        SimKuraCloud.serving() as kura,
        Service.running(Path(folder) / "var") as service,
    ):
        stage = _set(moodle, kura, service, tell)
        try:
            for scene in SCENES:
                scene(stage)
        finally:
            moodle.detach_senders()


def _set(moodle: SimMoodle, kura: SimKuraCloud, service: Service, tell: Teller) -> Stage:
    course = moodle.create_course("Physiology 1", shortname="PHY1")
    groups = {name: moodle.create_group(course, name) for name in ("Section A", "Section B")}
    stage = Stage(moodle, kura, service, tell, course, kura.add_course("Physiology", "PHY", lmsEnabled=False))
    for number, (firstname, lastname, section) in enumerate(_CLASS):
        user = moodle.create_user(firstname, lastname, f"student{number}@example.edu", f"S{number:04}")
        moodle.enrol(user, course)
        if section:
            moodle.join_group(user, groups[section])
    for number, (firstname, lastname, _) in enumerate(_CLASS[:3]):
        email = f"student{number}@example.edu"
        kura.put_student(stage.kura_course, givenName=firstname, familyName=lastname, email=email)
    kura.put_student(stage.kura_course, givenName="Guest", familyName="Lecturer", email="guest@example.edu")
    return stage
