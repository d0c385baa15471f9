"""Fifty kills (SIGKILL) at random times, of whatever `kurasync up` runs, while people are busy: all comes right.

KILLS makes it longer, SEED another one.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import pytest

from app.errors import Refused
from tests.fixtures_processes import Processes
from tests.live import Live, live
from tests.world import World

KILLS = int(os.environ.get("KILLS", "50"))
SEED = int(os.environ.get("SEED", "1"))
T = TypeVar("T")
COURSES = 4
VICTIMS = ("kurasync-web", "kurasync-clock", "kurasync-worker", "redis-server")


class Bustle:
    """What people do in a few courses, drawn by lot."""

    def __init__(self, service: Live, chance: random.Random) -> None:
        self._service = service
        self._chance = chance
        self.courses = [service.world, *(service.world.another() for _ in range(COURSES - 1))]
        self._enrolled: dict[int, list[int]] = {made.course: [] for made in self.courses}
        self._gone: dict[int, list[int]] = {made.course: [] for made in self.courses}
        # Who was removed once stays: the same restoration three times in a day would be a conflict, and rightly so.
        self._left: set[int] = set()
        self._deleted: set[tuple[int, int]] = set()
        self._groups = {made.course: made.moodle.create_group(made.course, "Lab") for made in self.courses}
        self._deeds: list[tuple[Callable[[World], object], int]] = [
            (self._arrive, 40),
            (self._rename, 20),
            (self._move, 10),
            (self._leave, 8),
            (self._return, 8),
            (self._delete_by_hand, 6),
            (self._decide, 8),
        ]

    def go_on(self) -> None:
        """One deed more."""
        [deed] = self._chance.choices([each for each, _ in self._deeds], [weight for _, weight in self._deeds])
        deed(self._chance.choice(self.courses))

    def end(self) -> None:
        """Let all come to rest, and approve what is held until nothing is."""
        for _ in range(3):
            self._service.come_to_rest(120)
            for made in self.courses:
                self._decide(made)
        self._service.come_to_rest(120)

    def _arrive(self, made: World) -> None:
        self._enrolled[made.course].append(made.enrol())

    def _rename(self, made: World) -> None:
        for userid in self._one_of(self._enrolled[made.course]):
            made.moodle.rename_user(userid, firstname=f"Anna{self._chance.randrange(100)}")

    def _move(self, made: World) -> None:
        for userid in self._one_of(self._enrolled[made.course]):
            made.moodle.join_group(userid, self._groups[made.course])

    def _leave(self, made: World) -> None:
        for userid in self._one_of([each for each in self._enrolled[made.course] if each not in self._left]):
            self._left.add(userid)
            made.moodle.unenrol(userid, made.course)
            self._enrolled[made.course].remove(userid)
            self._gone[made.course].append(userid)

    def _return(self, made: World) -> None:
        for userid in self._one_of(self._gone[made.course]):
            made.moodle.enrol(userid, made.course)
            self._gone[made.course].remove(userid)
            self._enrolled[made.course].append(userid)

    def _delete_by_hand(self, made: World) -> None:
        found = [(made.kura_course, int(each["studentId"])) for each in made.kura.students(made.kura_course)]
        for place in self._one_of([each for each in found if each not in self._deleted]):
            self._deleted.add(place)
            made.kura.delete_student(*place)

    def _decide(self, made: World) -> None:
        hold = made.hold()
        if hold is not None and hold.state == "open":
            with suppress(Refused):  # a run has just replaced it
                made.decide()

    def _one_of(self, people: list[T]) -> list[T]:
        return self._chance.sample(people, 1) if people else []


@pytest.fixture
def service(database_url: str, processes: Processes, tmp_path: Path) -> Iterator[Live]:
    # A row is given up after five crashes in a row; here that would be bad luck, and no sign of anything.
    with live(tmp_path, database_url, processes, background=True, dead_crashes=1000) as made:
        made.start()
        yield made


def kill_one(processes: Processes, chance: random.Random) -> str:
    """Kill one of those that live; returns its name."""
    while True:
        name = chance.choice(VICTIMS)
        if found := processes.find(name):
            with suppress(ProcessLookupError):
                os.kill(chance.choice(found), signal.SIGKILL)
            return name


def attacked(service: Live, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    bustle = Bustle(service, chance)
    done = 0
    next_kill = time.monotonic() + 0.5
    while done < kills:
        bustle.go_on()
        if time.monotonic() >= next_kill:
            kill_one(service.processes, chance)
            done += 1
            next_kill = time.monotonic() + chance.uniform(0.2, 0.6)
        time.sleep(0.02)
    bustle.end()
    assert service.wrong(*bustle.courses) == [], f"seed {seed}"


@pytest.mark.timeout(300)
def test_fifty_random_kills_lose_nothing_and_double_nothing(service: Live) -> None:
    attacked(service, KILLS, SEED)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_thousand_random_kills_lose_nothing_and_double_nothing(service: Live) -> None:
    attacked(service, 1000, random.SystemRandom().randrange(1_000_000))
