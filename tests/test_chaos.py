"""Everything goes wrong at once, and nothing is lost, doubled or left behind (queue.md 6).

20 s of events for each database; CHAOS_SECONDS makes it longer. Times are scaled down as in queue.md 6: what has to be
longer than something else at the real values (queue.md 4) is so here too.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from app.children import Child
from app.kit import Kit
from app.redis_server import RedisServer
from app.store import worklist
from app.store.tables import runs
from tests.courses import mapped, want
from tests.fixtures_processes import Processes, variables, wait_until
from tests.ledger import Ledger, serving, sometimes

SECONDS = float(os.environ.get("CHAOS_SECONDS", "20"))
COURSES, INSTANCES = 60, 3
WORKERS, CLOCKS = 4, 2
EVENTS_A_SECOND = 60
# A write that was carried out after its client gave up must have ended before anybody goes on with the mapping:
# call time-out + settle, grace_dead, and what is left of a lease (need) are all longer.
LONGEST_WRITE = 1.3
TIMES: dict[str, Any] = {
    "grace_dead": 1.5,
    "settle": 0.8,
    "grace": 0.7,
    "lease": 3.4,
    "recheck": 1.5,
    "window": 40,
    "workers": WORKERS,
}


class Chaos:
    """Processes under attack; `blows` are what may happen to them, each drawn as often as its weight says."""

    def __init__(self, kit: Kit, processes: Processes, ledger: Ledger, url: str, redis: RedisServer) -> None:
        self.kit = kit
        self.processes = processes
        self.ledger = ledger
        self.mapping_ids = [
            each for number in range(INSTANCES) for each in mapped(kit, COURSES // INSTANCES, name=f"uni{number}")
        ]
        self.chance = random.Random(1)
        self.counts: Counter[str] = Counter()
        self.asleep: list[tuple[float, int]] = []
        self._redis = redis
        self._environ = {**variables(kit.settings), "LEDGER_URL": url}
        self._child: Child | None = None
        self._redis_returns_at = 0.0
        self._clocks: list[subprocess.Popen[bytes]] = []
        self.blows: list[tuple[Callable[[], None], int]] = [
            (self.kill_worker, 45),
            (lambda: self.stop_worker(0.05, 1.0), 25),
            (lambda: self.stop_worker(3.8, 6.0), 10),
            (self.kill_clock, 10),
            (self.flush, 12),
            (self.kill_redis, 6),
            (self.park, 8),
        ]

    def start(self) -> None:
        self._start_redis()
        self._crew = self.processes.start("-m", "tests.small_worker", environ=self._environ)
        self.keep_clocks()
        wait_until(lambda: len(self.workers()) == WORKERS)

    def keep_clocks(self) -> None:
        self._clocks = [each for each in self._clocks if each.poll() is None]
        while len(self._clocks) < CLOCKS:
            self._clocks.append(self.processes.start("-m", "workers.clock", environ=self._environ))

    def workers(self) -> list[int]:
        return self.processes.children_of(self._crew.pid)

    def event(self) -> None:
        mapping_id = self.chance.choice(self.mapping_ids)
        given = self.kit.settings
        self.ledger.change(mapping_id)
        self.insist(lambda: want(self.kit, {(mapping_id, "roster"): ()}, quiet=given.quiet, cap=given.cap))
        self.counts["events"] += 1

    def insist(self, action: Callable[[], None]) -> None:
        """Try again, as Moodle does after a 503: a worker put to sleep inside a transaction keeps SQLite locked."""
        while True:
            try:
                return action()
            except OperationalError:
                self.counts["database locked"] += 1
                self.heal()

    def blow(self) -> None:
        (blow,) = self.chance.choices([each for each, _ in self.blows], [weight for _, weight in self.blows])
        blow()

    def kill_worker(self) -> None:
        self._signal(signal.SIGKILL)

    def stop_worker(self, shortest: float, longest: float) -> None:
        if pid := self._signal(signal.SIGSTOP):
            self.asleep.append((time.monotonic() + self.chance.uniform(shortest, longest), pid))

    def kill_clock(self) -> None:
        self.chance.choice(self._clocks).kill()
        self.counts["clocks killed"] += 1

    def flush(self) -> None:
        with suppress(RedisError), Redis.from_url(self._redis.url) as redis:
            redis.flushall()
            self.counts["flushes"] += 1

    def kill_redis(self) -> None:
        if self._child is None:
            return
        self._child.kill()
        self._child = None
        if self.chance.random() < 0.5:
            (self._redis.folder / "appendonly.aof").unlink(missing_ok=True)
        self._redis_returns_at = time.monotonic() + self.chance.uniform(0.0, 3.0)
        self.counts["redis killed"] += 1

    def park(self) -> None:
        """What a refused token does, and its return."""
        some = self.chance.sample(self.mapping_ids, 10)
        self.insist(lambda: self._gate(some, closed=True))
        self.insist(lambda: self._gate(some, closed=False))
        self.counts["parked"] += 1

    def heal(self, *, at_once: bool = False) -> None:
        """Bring back what is due to come back."""
        now = time.monotonic()
        for until, pid in list(self.asleep):
            if at_once or until <= now:
                self.asleep.remove((until, pid))
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
        if self._child is None and (at_once or self._redis_returns_at <= now):
            self._start_redis()
        self.keep_clocks()

    def calm(self) -> bool:
        """Whether nothing is wanted, running, waiting or closed any more; what died in between is started again."""
        self.keep_clocks()
        with self.kit.database.reading() as tx:
            return all(row.state == "idle" for row in worklist.rows(tx))

    def wrong(self) -> list[int]:
        """Mappings whose other side does not show what it should."""
        return [each for each in self.mapping_ids if self.ledger.shown.get(each, 0) != self.ledger.wanted[each]]

    def end(self) -> None:
        if self._child:
            self._child.kill()

    def _gate(self, mapping_ids: list[int], *, closed: bool) -> None:
        with self.kit.database.transaction() as tx:
            if closed:
                worklist.park(tx, mapping_ids, "token_refused")
            else:
                worklist.unpark(tx, self.kit.database.now(tx), mapping_ids, 1.0)

    def _signal(self, number: signal.Signals) -> int:
        frozen = {pid for _, pid in self.asleep}
        awake = [pid for pid in self.workers() if pid not in frozen]
        if not awake:
            return 0
        pid = self.chance.choice(awake)
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        self.counts[f"workers hit by {number.name}"] += 1
        return pid

    def _start_redis(self) -> None:
        self._child = self._redis.child()
        self._child.start()
        assert self._child.ready
        self._child.ready(self._child)


@pytest.fixture
def chaos(live_kit: Kit, processes: Processes, tmp_path: Path) -> Iterator[Chaos]:
    redis = RedisServer(tmp_path / "chaos")
    given = replace(live_kit.settings, redis_url=redis.url, runs_per_instance=3, **TIMES)
    ledger = Ledger(before_write=sometimes(refused=0.02, stuck=0.01, longest=LONGEST_WRITE, seed=2))
    with serving(ledger) as url:
        chaos = Chaos(replace(live_kit, settings=given), processes, ledger, url, redis)
        yield chaos
        processes.end()
        chaos.end()


@pytest.mark.timeout(SECONDS + 100)
def test_nothing_is_lost_doubled_or_left_behind(chaos: Chaos) -> None:
    chaos.start()
    ends = time.monotonic() + SECONDS
    next_blow = time.monotonic()
    while time.monotonic() < ends:
        chaos.event()
        chaos.heal()
        if time.monotonic() >= next_blow:
            chaos.blow()
            next_blow = time.monotonic() + chaos.chance.uniform(0.3, 1.2)
        time.sleep(1 / EVENTS_A_SECOND)
    chaos.heal(at_once=True)
    wait_until(chaos.calm, 60)

    assert chaos.wrong() == []
    assert (chaos.ledger.late, chaos.ledger.overlapping) == (0, 0)
    assert covered_once(chaos.kit)
    assert chaos.counts["events"] > SECONDS * 5
    assert chaos.counts["workers hit by SIGKILL"] > 0


def covered_once(kit: Kit) -> bool:
    """Whether the done runs of each mapping follow each other without gap or overlap up to what was wanted."""
    with kit.database.reading() as tx:
        query = select(runs.c.mapping_id, runs.c.gen_from, runs.c.gen_to).where(runs.c.outcome == "done")
        done = list(tx.execute(query.order_by(runs.c.mapping_id, runs.c.id)))
        wanted = {row.mapping_id: row.wanted for row in worklist.rows(tx)}
    reached: Counter[int] = Counter()
    for run in done:
        if run.gen_from != reached[run.mapping_id]:
            return False
        reached[run.mapping_id] = run.gen_to
    return dict(reached) == wanted
