"""Workers frozen (SIGSTOP) for twice their lease at random moments, with rivals at work: no addition is doubled.

kuraCloud closes idle connections after less than `need`, as it has to (queue.md 5). FREEZES makes it longer, SEED
another one.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from app.store import worklist
from app.store.tables import runs
from sandbox.faults import Fault
from tests.fixtures_processes import Processes
from tests.live import Live, live

FREEZES = int(os.environ.get("FREEZES", "10"))
SEED = int(os.environ.get("SEED", "1"))
WORKERS = 4
LEASE, KEEP_ALIVE = 2.0, 0.8
SLOW = 0.02
"""Seconds that each addition takes, so that a random moment is a moment of some run."""


class Frost:
    """Freezes workers that have a lease, for twice as long as that lasts, and always leaves two awake."""

    def __init__(self, service: Live, chance: random.Random) -> None:
        self.count = 0
        self._service = service
        self._chance = chance
        self._asleep: dict[int, float] = {}

    def strike(self) -> None:
        """Freeze somebody at work, at some moment soon."""
        busy = self._busy() - self._asleep.keys()
        if not busy or len(self._asleep) > WORKERS - 2:
            return
        time.sleep(self._chance.uniform(0.0, 0.1))
        pid = self._chance.choice(sorted(busy))
        os.kill(pid, signal.SIGSTOP)
        self._asleep[pid] = time.monotonic() + 2 * LEASE
        self.count += 1

    def thaw(self) -> None:
        """Wake those who have slept for long enough."""
        for pid in [pid for pid, until in self._asleep.items() if until <= time.monotonic()]:
            del self._asleep[pid]
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    @property
    def anybody(self) -> bool:
        """Whether somebody is asleep."""
        return bool(self._asleep)

    def _busy(self) -> set[int]:
        with self._service.kit.database.reading() as tx:
            owners = [row.lease_owner for row in worklist.rows(tx) if row.lease_owner]
        return {int(owner.split(":")[1]) for owner in owners}


@pytest.fixture
def service(database_url: str, processes: Processes, tmp_path: Path) -> Iterator[Live]:
    given: dict[str, Any] = {"workers": WORKERS, "runs_per_instance": WORKERS, "dead_crashes": 1000, "lease": LEASE}
    given |= {"batch_size": 1, "background": True, "keep_alive": KEEP_ALIVE}
    with live(tmp_path, database_url, processes, **given) as made:
        assert KEEP_ALIVE < made.kit.settings.need < LEASE
        made.world.kura.faults.add(Fault("latency", match="POST ", seconds=SLOW))
        made.start()
        yield made


def frozen(service: Live, freezes: int, seed: int) -> None:
    chance = random.Random(seed)
    frost = Frost(service, chance)
    courses = [service.world, *(service.world.another() for _ in range(WORKERS - 1))]
    next_strike = 0.0
    while frost.count < freezes or frost.anybody:
        made = chance.choice(courses)
        for _ in range(3):
            made.enrol()
        if frost.count < freezes and time.monotonic() >= next_strike:
            frost.strike()
            next_strike = time.monotonic() + chance.uniform(0.5, 1.5)
        frost.thaw()
        time.sleep(0.1)
    service.come_to_rest(120)
    assert service.wrong(*courses) == [], f"seed {seed}"
    assert overtaken(service) >= freezes / 3


def overtaken(service: Live) -> int:
    """How many runs were taken back by the clock."""
    with service.kit.database.reading() as tx:
        lost = select(func.count()).select_from(runs).where(runs.c.outcome.in_(("reaped", "lost")))
        return int(tx.execute(lost).scalar_one())


@pytest.mark.timeout(300)
def test_a_frozen_worker_and_its_rival_invite_nobody_twice(service: Live) -> None:
    frozen(service, FREEZES, SEED)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_many_frozen_workers_and_their_rivals_invite_nobody_twice(service: Live) -> None:
    frozen(service, 200, random.SystemRandom().randrange(1_000_000))
