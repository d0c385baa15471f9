"""A hundred exports of grades that kuraCloud does not finish hold up nobody's students.

Both conditions are measured in turns in one run, so that whatever else the machine does falls on both.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.store import mappings
from app.store.tables import grade_exports
from app.sync.ask import ask_many
from tests.fixtures_processes import Processes, wait_until
from tests.live import Live, live
from tests.verdict import is_idle
from tests.world import World, pair

EXPORTS = 100
WORKERS = 2
COURSES = 10
TURNS, ENROLMENTS = 2, 12
RATIO, SLACK = 1.5, 0.3
"""How much slower a roster sync may be on the whole, as a share and in seconds besides."""
SLOWEST = 60.0


@dataclass
class Trial:
    """A service, mappings that wait for grades, and others whose students come; how long each took, by condition."""

    service: Live
    waiting: list[int]
    enrolling: list[World]
    took: dict[str, list[float]] = field(default_factory=lambda: {"quiet": [], "pending": []})
    enrolled: int = 0

    def turn(self, condition: str) -> None:
        """Enrol students, one after the other, and wait until each is in kuraCloud."""
        for _ in range(ENROLMENTS):
            self.enrolled += 1
            course = self.enrolling[self.enrolled % COURSES]
            email = f"newcomer{self.enrolled}@example.edu"
            course.enrol(email=email)
            began = time.monotonic()
            self.service.post()
            wait_until(lambda course=course, email=email: email in course.emails(), SLOWEST)
            self.took[condition].append(time.monotonic() - began)

    def ask_for_grades(self) -> None:
        """Have every export asked for; none of them ends."""
        self.service.world.kura.set_export(polls=None)
        ask_many(self.service.kit, self.waiting, "grades", urgent=True)
        wait_until(lambda: self.pending() == EXPORTS, SLOWEST)

    def end_exports(self) -> None:
        """Have all exports ended, and used."""
        for export in list(self.service.world.kura.exports.values()):
            export.polls = 0
        wait_until(lambda: is_idle(self.service.kit), SLOWEST)

    def pending(self) -> int:
        """How many mappings wait for an export that was asked for."""
        with self.service.kit.database.reading() as tx:
            return len(tx.execute(grade_exports.select().where(grade_exports.c.token.is_not(None))).all())


@pytest.fixture
def trial(sqlite_url: str, processes: Processes, tmp_path: Path) -> Iterator[Trial]:
    with live(tmp_path, sqlite_url, processes, workers=WORKERS, quiet=0.3, lease=30.0, call_timeout=10.0) as service:
        made, kit = service.world, service.kit
        made.moodle.install_plugin()
        made.moodle.senders.clear()  # nobody hears of the making of the courses
        enrolling = [made.another() for _ in range(COURSES)]
        waiting = []
        with kit.database.transaction() as tx:
            for number in range(EXPORTS):
                course = made.moodle.create_course("Physiology", shortname=f"G{number}")
                kura_course = made.kura.add_course("Physiology")
                waiting.append(pair(tx, kit, made.site_id, course, made.instance_id, kura_course))
                mappings.start(tx, waiting[-1], kit.database.now(tx))
        made.moodle.attach(service.sender)
        service.start()
        yield Trial(service, waiting, enrolling)


@pytest.mark.timeout(300)
def test_a_hundred_exports_that_do_not_end_hold_up_nobodys_students(trial: Trial) -> None:
    for _ in range(TURNS):
        trial.turn("quiet")
        trial.ask_for_grades()
        trial.turn("pending")
        assert trial.pending() == EXPORTS
        trial.end_exports()
    quiet, pending = (statistics.mean(trial.took[condition]) for condition in ("quiet", "pending"))
    assert pending <= RATIO * quiet + SLACK, trial.took
