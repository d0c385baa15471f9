"""A thousand mappings on two instances, of which one never answers: the other one's students notice nothing of it.

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
from sandbox.faults import Fault
from sandbox.kuracloud.sim import SimKuraCloud
from tests.fixtures_processes import Processes, wait_until
from tests.live import Live, live
from tests.verdict import is_idle
from tests.world import connect, pair

MAPPINGS = 1000
WORKERS = 4
TURNS = 3
SECONDS, RATE = 5.0, 7.0
"""How long each condition lasts, and how many students enrol a second on either side then."""
RATIO = 1.5
SLOWEST = 30.0


@dataclass
class Side:
    """One instance, and the courses of Moodle that are mapped to courses of it: (Moodle's id, kuraCloud's id)."""

    kura: SimKuraCloud
    courses: list[tuple[int, int]]
    enrolled: int = 0

    def next(self) -> tuple[int, int]:
        """A course; each has its turn."""
        self.enrolled += 1
        return self.courses[self.enrolled % len(self.courses)]

    @property
    def invited(self) -> list[str]:
        """Who was invited."""
        return [email for _, email, _ in self.kura.invites]


@dataclass
class Trial:
    """A service with both sides, and how long each addition to the well one took, by condition."""

    service: Live
    well: Side
    ill: Side
    took: dict[str, list[float]] = field(default_factory=lambda: {"healthy": [], "hung": []})

    def turn(self, condition: str, seconds: float) -> None:
        """Enrol students on both sides for a while, and wait until the well side has all of them."""
        sent: dict[int, float] = {}
        calls = len(self.well.kura.calls)
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            next_at = time.monotonic() + 1 / RATE
            sent[self._enrol(self.well)] = time.monotonic()
            self._enrol(self.ill)
            time.sleep(max(0.0, next_at - time.monotonic()))
        wait_until(lambda: len(self.well.invited) == self.well.enrolled, SLOWEST)
        posts = [call for call in list(self.well.kura.calls)[calls:] if call.method == "POST"]
        arrived = {int(call.path.split("/")[3]): call.at for call in posts}
        self.took[condition] += [arrived[course] - at for course, at in sent.items()]

    def p95(self, condition: str) -> float:
        """Seconds from the answer to Moodle until the request at kuraCloud, of the slowest twentieth."""
        return statistics.quantiles(self.took[condition], n=20)[-1]

    def _enrol(self, side: Side) -> int:
        course, kura_course = side.next()
        moodle = self.service.world.moodle
        name = f"s{side.enrolled}"
        moodle.enrol(moodle.create_user("Ana", name, f"{name}@course{course}.example.edu"), course)
        self.service.post()
        return kura_course


@pytest.fixture
def trial(sqlite_url: str, processes: Processes, tmp_path: Path) -> Iterator[Trial]:
    with (
        SimKuraCloud.serving() as ill,
        live(tmp_path, sqlite_url, processes, workers=WORKERS, quiet=0.5, cap=2.5) as service,
    ):
        yield Trial(service, *_mapped(service, ill))


def _mapped(service: Live, ill: SimKuraCloud) -> tuple[Side, Side]:
    made, kit = service.world, service.kit
    made.moodle.senders.clear()  # nobody hears of the making of the courses: that would be a thousand runs
    sides = (Side(made.kura, []), Side(ill, []))
    with kit.database.transaction() as tx:
        for side, instance_id in zip(sides, (made.instance_id, connect(tx, kit, ill, "ill")), strict=True):
            for _ in range(MAPPINGS // 2):
                course = made.moodle.create_course("Physiology", shortname=f"{instance_id}-{len(side.courses)}")
                kura_course = side.kura.add_course("Physiology")
                mapping_id = pair(tx, kit, made.site_id, course, instance_id, kura_course)
                mappings.start(tx, mapping_id, kit.database.now(tx))
                side.courses.append((course, kura_course))
    made.moodle.attach(service.sender)
    service.start()
    return sides


def compared(trial: Trial, turns: int, seconds: float) -> None:
    ill = trial.ill.kura
    for _ in range(turns):
        trial.turn("healthy", seconds)
        ill.faults.add(Fault("hang"))
        trial.turn("hung", seconds)
        ill.faults.clear()
        wait_until(lambda: is_idle(trial.service.kit), 2 * SLOWEST)
    assert trial.p95("hung") <= RATIO * trial.p95("healthy"), {name: trial.p95(name) for name in trial.took}
    for side in (trial.well, trial.ill):
        assert len(side.invited) == len(set(side.invited)) == side.enrolled


@pytest.mark.timeout(240)
def test_an_instance_that_never_answers_holds_up_nobody_elses_students(trial: Trial) -> None:
    compared(trial, TURNS, SECONDS)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_an_instance_that_never_answers_for_long_holds_up_nobody_elses_students(trial: Trial) -> None:
    compared(trial, 5, 60.0)
