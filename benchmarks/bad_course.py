"""One bad course among 1,000 of one kuraCloud instance: how much later the students of the other 999 come.

Time is simulated: the queue's real tables, its claims, what is due, and what follows from each end; only how long a run
takes is made up. So ten minutes of a university take seconds, and nothing else the machine does is measured with it.
"""

from __future__ import annotations

import heapq
import logging
import random
import statistics
import tempfile
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import structlog
from cryptography.fernet import Fernet

from app.errors import TransientError
from app.kit import Kit
from app.settings import Settings
from app.store import instances, mappings, migrate, sites, worklist
from app.store.db import Database
from app.store.vault import Vault
from app.sync.lease import Ended, Lease, boottime
from app.sync.settle import Result, settle
from benchmarks.figure import Figure

COURSES = 1000
SECONDS = 600.0
RATE = 1.0  # events a second for all the good courses together: each of a thousand has one every 17 minutes
GOOD_RUN = 0.2  # seconds: both sides read, and one request that writes (floors of contracts/moodle.md 2)
MOST = 1.10
_BAD_EVENT_EVERY = 2.0


@dataclass(frozen=True, slots=True)
class Bad:
    """How the bad course is bad: what a run of it takes, in seconds, and how it ends."""

    name: str
    seconds: float
    end: Callable[[], Result]


def _no_answer() -> Result:
    return TransientError("kuraCloud did not answer in time.", reason="no_answer", origin="kuracloud")


KINDS = (
    Bad("never answers", Settings().connect_timeout + Settings().call_timeout, _no_answer),
    Bad("fails at once", GOOD_RUN, _no_answer),
    Bad("is very slow", 30.0, Ended),
    Bad("has a defect", GOOD_RUN, lambda: ValueError("a defect")),
)


class Clock:
    """The time that the database takes for now."""

    def __init__(self) -> None:
        self.at = 1_700_000_000.0

    def __call__(self) -> float:
        return self.at


@dataclass
class Simulation:
    """One clock, the workers of a default installation, and events that come at random."""

    kit: Kit
    clock: Clock
    good: list[int]
    bad: int
    course: Bad | None
    chance: random.Random
    lags: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._queue: deque[tuple[int, str]] = deque()
        self._free = self.kit.settings.workers
        self._heard: dict[int, list[float]] = defaultdict(list)

    def run(self, seconds: float) -> list[float]:
        """Seconds from each event of a good course until the end of the run that covered it."""
        ends = self.clock.at + seconds
        self._tick()
        self._at(0.0, self._good_event)
        if self.course is not None:
            self._at(0.0, self._bad_event)
        while self._agenda[0][0] < ends:
            self.clock.at, _, act = heapq.heappop(self._agenda)
            act()
        return self.lags

    def _at(self, after: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (self.clock.at + after, next(self._numbers), act))

    def _good_event(self) -> None:
        mapping_id = self.chance.choice(self.good)
        self._heard[mapping_id].append(self.clock.at)
        self._want(mapping_id)
        self._at(self.chance.expovariate(RATE), self._good_event)

    def _bad_event(self) -> None:
        self._want(self.bad)
        self._at(_BAD_EVENT_EVERY, self._bad_event)

    def _want(self, mapping_id: int) -> None:
        given = self.kit.settings
        with self.kit.database.transaction() as tx:
            worklist.want(tx, self.clock.at, {(mapping_id, "roster"): ()}, quiet=given.quiet, cap=given.cap)

    def _tick(self) -> None:
        self._fill()
        self._at(self.kit.settings.tick, self._tick)

    def _fill(self) -> None:
        """What the clock does each tick, and workers after a run: what is due, and not on the queue yet, goes there."""
        given = self.kit.settings
        with self.kit.database.reading() as tx:
            due = worklist.due(tx, self.clock.at, given.window, given.runs_per_instance)
        self._queue.extend(each for each in due if each not in self._queue)
        self._work()

    def _work(self) -> None:
        while self._free and self._queue:
            self._begin(*self._queue.popleft())

    def _begin(self, mapping_id: int, kind: str) -> None:
        given, taken_at = self.kit.settings, boottime()
        with self.kit.database.transaction() as tx:
            claim = worklist.claim(
                tx, self.clock.at, mapping_id, kind, "bench:1:1:1", given.lease, given.runs_per_instance
            )
        if claim is None:
            return
        self._free -= 1
        lease = Lease(self.kit, claim, taken_at=taken_at)
        if mapping_id == self.bad and self.course is not None:
            course = self.course
            self._at(course.seconds, lambda: self._end(lease, course.end(), []))
        else:
            heard = self._heard.pop(mapping_id, [])
            self._at(GOOD_RUN, lambda: self._end(lease, Ended(), heard))

    def _end(self, lease: Lease, result: Result, heard: list[float]) -> None:
        settle(self.kit, lease, result, self.chance.random)
        self._free += 1
        self.lags += [self.clock.at - each for each in heard]
        self._fill()


def p95(lags: list[float]) -> float:
    """The slowest twentieth begins here."""
    return statistics.quantiles(lags, n=20)[-1]


def lag(course: Bad | None, *, seconds: float = SECONDS, seed: int = 4) -> float:
    """The p95 lag of the good courses, in seconds, beside such a course; None: all are good."""
    clock = Clock()
    with _kit(clock) as kit:
        *good, bad = _mapped(kit, COURSES)
        return p95(Simulation(kit, clock, good, bad, course, random.Random(seed)).run(seconds))


def figures() -> list[Figure]:
    """Each kind of bad course against none, with the same events of the others."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    usual = lag(None)
    return [
        Figure(
            f"p95 lag of 999 courses, one {course.name} / none",
            (beside := lag(course)) / usual,
            MOST,
            "x",
            note=f"{beside:.2f} s against {usual:.2f} s",
        )
        for course in KINDS
    ]


@contextmanager
def _kit(clock: Clock) -> Iterator[Kit]:
    with tempfile.TemporaryDirectory(prefix="kurasync-bench-") as home:
        key = Fernet.generate_key().decode()
        given = replace(Settings(), home=Path(home), secret_key=key)
        database = Database(f"sqlite:///{home}/kurasync.db", clock=clock)
        migrate.upgrade(database)
        yield Kit(given, database, Vault([key]))
        database.dispose()


def _mapped(kit: Kit, number: int) -> list[int]:
    """So many started mappings of one site and one instance, none of which wants anything."""
    url, token = "http://127.0.0.1:9", kit.vault.encrypt("token")
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        site = sites.add(tx, now, name="uni", url=url, wwwroot=url, identity=None, token=token, ways=["signed"])
        instance = instances.add(tx, now, name="kura", url=url, token=token, remote_id="1", display_name="Kura")
        return [
            mappings.add(
                tx,
                now,
                site_id=site,
                courseid=each,
                course_name="",
                instance_id=instance,
                kura_courseid=each,
                kura_course_name="",
                settings={},
                reconcile_at=now + kit.settings.reconcile,
            )
            for each in range(1, number + 1)
        ]
