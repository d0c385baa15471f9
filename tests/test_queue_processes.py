"""The queue with real workers, a real clock and a real Redis: nothing lost, nothing doubled (queue.md 9)."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import select

from app.kit import Kit
from app.redis_server import RedisServer
from app.store import worklist
from app.store.tables import runs
from tests.courses import mapped, row, wanted
from tests.fixtures_processes import Processes, variables, wait_until
from tests.ledger import Ledger, serving


class Trial:
    """A ledger, mappings of it, and the processes that bring it in step."""

    def __init__(self, kit: Kit, processes: Processes, ledger: Ledger, url: str) -> None:
        self.kit = kit
        self.processes = processes
        self.ledger = ledger
        self._url = url

    def start(self, *arguments: str, **changed: Any) -> subprocess.Popen[bytes]:
        """One process, with these settings changed."""
        environ = {**variables(replace(self.kit.settings, **changed)), "LEDGER_URL": self._url}
        return self.processes.start(*arguments, environ=environ)

    def clock(self, **changed: Any) -> subprocess.Popen[bytes]:
        return self.start("-m", "workers.clock", **changed)

    def crew(self, workers: int = 2, **changed: Any) -> subprocess.Popen[bytes]:
        return self.start("-m", "tests.small_worker", workers=workers, **changed)

    def change(self, *mapping_ids: int) -> None:
        for mapping_id in mapping_ids:
            self.ledger.change(mapping_id)
        wanted(self.kit, *mapping_ids)

    def in_step(self, *mapping_ids: int) -> bool:
        """Whether the ledger shows what it should, and nothing is wanted or running."""
        shown = all(self.ledger.shown.get(each) == self.ledger.wanted[each] for each in mapping_ids)
        return shown and all(row(self.kit, each).wanted == row(self.kit, each).seen for each in mapping_ids)

    def outcomes(self, mapping_id: int) -> list[str]:
        with self.kit.database.reading() as tx:
            return list(
                tx.execute(select(runs.c.outcome).where(runs.c.mapping_id == mapping_id).order_by(runs.c.id)).scalars()
            )


@pytest.fixture
def trial(live_kit: Kit, processes: Processes) -> Iterator[Trial]:
    ledger = Ledger()
    with serving(ledger) as url:
        yield Trial(live_kit, processes, ledger, url)


@pytest.fixture
def sqlite_trial(live_sqlite_kit: Kit, processes: Processes) -> Iterator[Trial]:
    ledger = Ledger()
    with serving(ledger) as url:
        yield Trial(live_sqlite_kit, processes, ledger, url)


def running_pid(trial: Trial, mapping_id: int) -> int:
    """The process that has claimed this mapping, 0 for none."""
    owner = row(trial.kit, mapping_id).lease_owner
    return int(owner.split(":")[1]) if owner else 0


def test_work_that_is_wanted_is_done(trial: Trial) -> None:
    mapping_ids = mapped(trial.kit, 5)
    trial.clock()
    trial.crew()
    trial.change(*mapping_ids)
    wait_until(lambda: trial.in_step(*mapping_ids))
    assert all(trial.outcomes(each) == ["done"] for each in mapping_ids)


def test_nothing_is_doubled_with_two_clocks(trial: Trial) -> None:
    mapping_ids = mapped(trial.kit, 8)
    trial.clock()
    trial.clock()
    trial.crew()
    for _ in range(3):
        trial.change(*mapping_ids)
        wait_until(lambda: trial.in_step(*mapping_ids))
    assert all(trial.outcomes(each) == ["done"] * 3 for each in mapping_ids)


def test_what_redis_forgot_between_sweep_and_claim_is_put_on_again(sqlite_trial: Trial) -> None:
    mapping_ids = mapped(sqlite_trial.kit, 5)
    sqlite_trial.clock()
    sqlite_trial.change(*mapping_ids)
    redis = Redis.from_url(sqlite_trial.kit.settings.redis_url)
    wait_until(lambda: redis.llen("rq:queue:roster"))
    redis.flushall()
    redis.close()
    sqlite_trial.crew()
    wait_until(lambda: sqlite_trial.in_step(*mapping_ids))


def test_a_crash_loop_is_given_up_after_five_and_hurts_nobody_else(trial: Trial) -> None:
    bad, good = mapped(trial.kit, 2)
    trial.ledger.orders[bad] = {"die": True}
    trial.clock()
    trial.crew()
    trial.change(bad, good)
    wait_until(lambda: trial.in_step(good))
    wait_until(lambda: row(trial.kit, bad).gate == "dead", 40)
    assert trial.outcomes(bad) == ["reaped"] * 5
    assert row(trial.kit, bad).wanted > row(trial.kit, bad).seen
    assert trial.ledger.reads[bad] == 5
    trial.change(good)
    wait_until(lambda: trial.in_step(good))


def test_a_storm_on_one_mapping_leaves_a_bystander_in_peace(sqlite_trial: Trial) -> None:
    stormy, calm = mapped(sqlite_trial.kit, 2)
    sqlite_trial.clock()
    sqlite_trial.crew()
    sqlite_trial.ledger.orders[stormy] = {"writes": 3, "pause": 0.1}

    def served_in_the_storm() -> bool:
        sqlite_trial.change(*[stormy] * 10)
        return sqlite_trial.in_step(calm)

    for _ in range(5):
        sqlite_trial.change(calm)
        wait_until(served_in_the_storm)
        assert not sqlite_trial.in_step(stormy)
    wait_until(lambda: sqlite_trial.in_step(stormy))
    assert len(sqlite_trial.outcomes(stormy)) < sqlite_trial.ledger.wanted[stormy] / 5


def test_a_worker_that_is_killed_is_replaced_and_its_work_goes_on_soon(trial: Trial) -> None:
    (mapping_id,) = mapped(trial.kit)
    trial.ledger.orders[mapping_id] = {"writes": 100, "pause": 0.1, "once": True}
    trial.clock()
    trial.crew(lease=30.0)
    trial.change(mapping_id)
    wait_until(lambda: trial.ledger.writes)
    os.kill(running_pid(trial, mapping_id), signal.SIGKILL)
    # Without the supervisor's word it would be 30 s.
    wait_until(lambda: trial.in_step(mapping_id), 15)
    assert trial.outcomes(mapping_id)[:2] == ["reaped", "done"]
    wait_until(lambda: len(trial.processes.find("kurasync-worker")) == 2)
    wait_until(lambda: len(trial.outcomes(mapping_id)) == 3)  # one more look after an unclean end


def test_a_worker_that_is_told_to_stop_hands_its_run_over(trial: Trial) -> None:
    (mapping_id,) = mapped(trial.kit)
    trial.ledger.orders[mapping_id] = {"writes": 1000, "pause": 0.05, "once": True}
    trial.clock()
    crew = trial.crew(workers=1)
    trial.change(mapping_id)
    wait_until(lambda: trial.ledger.writes)
    crew.send_signal(signal.SIGTERM)
    assert crew.wait(10) == 0
    assert trial.processes.find("small_worker") == []
    assert trial.outcomes(mapping_id) == ["later"]
    assert row(trial.kit, mapping_id).state == "wanted"
    trial.crew(workers=1)
    wait_until(lambda: trial.in_step(mapping_id))
    assert trial.outcomes(mapping_id) == ["later", "done"]


def test_a_second_signal_changes_nothing(sqlite_trial: Trial) -> None:
    (mapping_id,) = mapped(sqlite_trial.kit)
    sqlite_trial.ledger.orders[mapping_id] = {"writes": 1000, "pause": 0.3, "once": True}
    sqlite_trial.clock()
    crew = sqlite_trial.crew(workers=1)
    sqlite_trial.change(mapping_id)
    wait_until(lambda: sqlite_trial.ledger.writes)
    worker = running_pid(sqlite_trial, mapping_id)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
        os.kill(worker, number)
    wait_until(lambda: sqlite_trial.outcomes(mapping_id)[0] == "later")
    crew.send_signal(signal.SIGTERM)
    assert crew.wait(10) == 0


def test_a_worker_that_slept_between_check_and_send_writes_nothing_late(trial: Trial) -> None:
    (mapping_id,) = mapped(trial.kit)
    trial.ledger.orders[mapping_id] = {"freeze": True, "once": True}
    trial.clock()
    trial.crew(workers=2)
    trial.change(mapping_id)
    wait_until(lambda: running_pid(trial, mapping_id))
    frozen = running_pid(trial, mapping_id)
    wait_until(lambda: _state(frozen) == "T")
    trial.change(mapping_id)
    wait_until(lambda: trial.in_step(mapping_id), 15)  # the rival, once the lease has run out
    before = list(trial.ledger.writes)
    os.kill(frozen, signal.SIGCONT)
    wait_until(lambda: "lost" in trial.outcomes(mapping_id))
    wait_until(lambda: trial.in_step(mapping_id))
    fences = [fence for _, fence in trial.ledger.writes]
    assert fences == sorted(fences)
    assert (trial.ledger.late, trial.ledger.overlapping) == (0, 0)
    assert len(before) >= 1


def test_redis_may_be_away_and_come_back(sqlite_trial: Trial, processes: Processes) -> None:
    mapping_ids = mapped(sqlite_trial.kit, 3)
    (redis,) = processes.find("redis-server")
    clock = sqlite_trial.clock()
    crew = sqlite_trial.crew()
    sqlite_trial.change(*mapping_ids)
    wait_until(lambda: sqlite_trial.in_step(*mapping_ids))
    os.kill(redis, signal.SIGSTOP)
    sqlite_trial.change(*mapping_ids)
    wait_until(lambda: "redis_away" in processes.output(clock))
    time.sleep(2.5)
    assert processes.output(clock).count("redis_away") == 1
    os.kill(redis, signal.SIGCONT)
    wait_until(lambda: sqlite_trial.in_step(*mapping_ids), 20)
    assert crew.poll() is None
    assert clock.poll() is None


def test_workers_may_be_there_before_redis(sqlite_trial: Trial, tmp_path: Path) -> None:
    server = RedisServer(tmp_path / "later")
    mapping_ids = mapped(sqlite_trial.kit, 3)
    clock = sqlite_trial.clock(redis_url=server.url)
    crew = sqlite_trial.crew(redis_url=server.url)
    sqlite_trial.change(*mapping_ids)
    wait_until(lambda: sqlite_trial.processes.output(crew).count("redis_away") == 2)
    redis = server.child()
    redis.start()
    wait_until(lambda: sqlite_trial.in_step(*mapping_ids))
    assert "worker_ended" not in sqlite_trial.processes.output(crew)
    for process in (crew, clock):
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    redis.kill()


def test_a_job_that_takes_far_too_long_ends_its_worker_and_nothing_else(sqlite_trial: Trial) -> None:
    (mapping_id,) = mapped(sqlite_trial.kit)
    sqlite_trial.ledger.orders[mapping_id] = {"writes": 1000, "pause": 0.05, "once": True}
    sqlite_trial.clock(job_timeout=1)
    crew = sqlite_trial.crew(workers=1)
    sqlite_trial.change(mapping_id)
    wait_until(lambda: "job_timeout" in sqlite_trial.processes.output(crew))
    wait_until(lambda: sqlite_trial.in_step(mapping_id))
    assert sqlite_trial.outcomes(mapping_id)[:2] == ["reaped", "done"]


def test_a_crew_whose_supervisor_is_killed_leaves_no_process_behind(sqlite_trial: Trial) -> None:
    crew = sqlite_trial.crew(workers=3)
    wait_until(lambda: len(sqlite_trial.processes.find("kurasync-worker")) == 3)
    crew.kill()
    wait_until(lambda: not sqlite_trial.processes.find("small_worker"), 5)


def test_a_clock_ends_at_once_when_it_is_told_to(sqlite_trial: Trial) -> None:
    clock = sqlite_trial.clock()
    (mapping_id,) = mapped(sqlite_trial.kit)
    wanted(sqlite_trial.kit, mapping_id)
    redis = Redis.from_url(sqlite_trial.kit.settings.redis_url)
    wait_until(lambda: redis.llen("rq:queue:roster"))
    redis.close()
    clock.send_signal(signal.SIGTERM)
    assert clock.wait(5) == 0


def test_an_event_that_comes_while_a_run_is_claimed_is_never_lost(trial: Trial) -> None:
    (mapping_id,) = mapped(trial.kit)
    trial.clock()
    trial.crew()
    for _ in range(300):
        trial.change(mapping_id)
        time.sleep(0.005)
    wait_until(lambda: trial.in_step(mapping_id))
    with trial.kit.database.reading() as tx:
        ranges = list(tx.execute(select(runs.c.gen_from, runs.c.gen_to).order_by(runs.c.id)))
    assert [each.gen_from for each in ranges] == [0, *(each.gen_to for each in ranges[:-1])]
    assert ranges[-1].gen_to == 300
    assert trial.ledger.overlapping == 0


def _state(pid: int) -> str:
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0]


def test_no_row_is_late_after_all_that(sqlite_trial: Trial) -> None:
    mapping_ids = mapped(sqlite_trial.kit, 3)
    sqlite_trial.clock()
    sqlite_trial.crew()
    sqlite_trial.change(*mapping_ids)
    wait_until(lambda: sqlite_trial.in_step(*mapping_ids))
    with sqlite_trial.kit.database.reading() as tx:
        assert worklist.lateness(tx, sqlite_trial.kit.database.now(tx)) == 0.0


def test_a_worker_that_has_worked_makes_room_for_a_fresh_one_when_nothing_comes(
    sqlite_trial: Trial, processes: Processes
) -> None:
    (mapping_id,) = mapped(sqlite_trial.kit, 1)
    sqlite_trial.clock()
    crew = sqlite_trial.crew(workers=2, worker_rest=1)
    wait_until(lambda: len(processes.find("kurasync-worker")) == 2)
    fresh = set(processes.find("kurasync-worker"))
    sqlite_trial.change(mapping_id)
    wait_until(lambda: sqlite_trial.in_step(mapping_id))
    wait_until(lambda: len(set(processes.find("kurasync-worker")) - fresh) == 1)
    assert len(fresh.intersection(processes.find("kurasync-worker"))) == 1, "one that has done nothing stays"
    sqlite_trial.change(mapping_id)
    wait_until(lambda: sqlite_trial.in_step(mapping_id))
    assert "worker_ended" not in processes.output(crew)
