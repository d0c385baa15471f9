"""Hard case: 429 while twenty workers are at it, then an outage of ten minutes (design.md 9; time is simulated)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.kit import Kit
from app.settings import Settings
from app.store import instances, worklist
from app.sync.turn import REFUSED, take_turn
from sandbox.faults import Fault
from sandbox.kuracloud.sim import SimKuraCloud
from tests.campus import Campus, campus, in_step, invited_twice
from tests.conftest import PATIENT, SetClock
from tests.world import World, connect

WORKERS, COURSES = 20, 40
OUTAGE = 600.0
DEFAULT = Settings()
TIMES: dict[str, Any] = {
    name: getattr(DEFAULT, name)
    for name in ("quiet", "cap", "backoff", "backoff_max", "settle", "recheck", "probe_interval", "runs_per_instance")
}


@pytest.fixture
def made(sqlite_kit: Kit, clock: SetClock) -> Iterator[Campus]:
    """A campus on the times of a real one."""
    with campus(replace(sqlite_kit, settings=replace(sqlite_kit.settings, **TIMES, **PATIENT)), clock) as made:
        yield made


class Crew:
    """Twenty workers, which take what is due as they do from Redis: each job once, several at a time."""

    def __init__(self, made: Campus) -> None:
        self.made = made
        self.outcomes: list[str] = []
        self._lock = threading.Lock()
        self._due: list[tuple[int, str]] = []

    def work(self) -> None:
        """Everything that is due now, also what becomes due by it."""
        began = -1
        while began != len(self.outcomes) and (due := self._looked()):
            began = len(self.outcomes)
            self._due = list(due)
            threads = [threading.Thread(target=self._worker, args=(number,)) for number in range(WORKERS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def _looked(self) -> list[tuple[int, str]]:
        kit = self.made.world.kit
        with kit.database.reading() as tx:
            return worklist.due(tx, kit.database.now(tx), 200, kit.settings.runs_per_instance)

    def _worker(self, number: int) -> None:
        while True:
            with self._lock:
                if not self._due:
                    return
                mapping_id, kind = self._due.pop()
            outcome = take_turn(self.made.world.kit, mapping_id, kind, f"test:{number}:0:0")
            if outcome != REFUSED:
                self.outcomes.append(outcome)


def minutes(made: Campus, crew: Crew, seconds: float, *, step: float = 1.0) -> None:
    """Let time pass, with the workers looking at each step."""
    for _ in range(int(seconds / step)):
        made.world.clock.advance(step)
        crew.work()


def courses(made: Campus, number: int = COURSES) -> list[World]:
    """So many more courses of the instance, each with a student who waits to be added."""
    found = [made.world.another() for _ in range(number)]
    for at in found:
        at.enrol("Ana", email=f"ana@course{at.course}.example.edu")
    made.deliver()
    return found


def posts(kura: SimKuraCloud) -> list[float]:
    """When students were sent (monotonic seconds)."""
    return [call.at for call in kura.calls if call.method == "POST"]


def test_429_with_20_workers(made: Campus) -> None:
    """One answer "too many requests, come back in 90 s" quiets all twenty workers, for that instance and so long."""
    world, crew = made.world, Crew(made)
    every = courses(made)
    world.kura.faults.add(Fault("status", status=429, retry_after=90, match="POST"))
    minutes(made, crew, 10)
    asked = len(world.kura.calls)
    refusals = [call for call in world.kura.calls if call.status == 429]
    assert 1 <= len(refusals) <= world.kit.settings.runs_per_instance
    minutes(made, crew, 75)
    assert len(world.kura.calls) == asked, "somebody asked while kuraCloud had said when to come back"
    world.kura.faults.clear()
    minutes(made, crew, 60)
    assert "dead" not in crew.outcomes
    for at in every:
        in_step(at)


def test_429_with_20_workers_stops_nobody_elses_instance(made: Campus) -> None:
    world, crew = made.world, Crew(made)
    with SimKuraCloud.serving() as well:
        with world.kit.database.transaction() as tx:
            other = replace(world, kura=well, instance_id=connect(tx, world.kit, well, "well"))
        courses(made)
        fine = [other.another() for _ in range(5)]
        for at in fine:
            at.enrol("Ana", email=f"ana@course{at.course}.example.edu")
        made.deliver()
        world.kura.faults.add(Fault("status", status=429, retry_after=90, match=""))
        minutes(made, crew, 10)
        assert [len(at.emails()) for at in fine] == [1] * 5


@pytest.mark.parametrize("how", ["503", "429", "hang up"])
def test_429_with_20_workers_then_an_outage_of_ten_minutes(made: Campus, how: str) -> None:
    """Ten minutes in which nothing works: few calls meanwhile, nothing dead, nothing doubled, all done soon after."""
    world, crew = made.world, Crew(made)
    every = courses(made)
    world.kura.faults.add(Fault("status", status=429, retry_after=20, match="POST"))
    minutes(made, crew, 30)
    world.kura.faults.clear()
    world.kura.faults.add(_outage(how))
    before = len(world.kura.calls)
    minutes(made, crew, OUTAGE, step=2.0)
    during = len(world.kura.calls) - before
    assert during <= 100, f"{during} calls to an instance that is down"
    with world.kit.database.reading() as tx:
        assert {row.gate for row in worklist.rows(tx)} == {"open"}
    world.kura.faults.clear()
    after = _until_in_step(made, crew, every)
    assert after <= 2 * DEFAULT.probe_interval + DEFAULT.cap, f"{after:g} s after the outage"
    assert set(crew.outcomes) <= {"done", "retry"}
    assert invited_twice(world) == []
    assert len(world.kura.invites) == COURSES
    with world.kit.database.reading() as tx:
        instance = instances.get(tx, world.instance_id)
    assert instance is not None
    assert (instance.gate, instance.failures) == ("open", 0)


def _outage(how: str) -> Fault:
    if how == "hang up":
        return Fault("reset_before")
    return Fault("status", status=int(how))


def _until_in_step(made: Campus, crew: Crew, every: list[World]) -> float:
    began = made.world.clock()
    while not all(at.emails() for at in every):
        minutes(made, crew, 5.0, step=5.0)
        assert made.world.clock() - began < 3600, crew.outcomes
    return made.world.clock() - began

