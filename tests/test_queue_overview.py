"""What Redis says of queues and workers: read as it is, and nothing is tidied up by looking."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from redis import Redis
from rq import Queue, SimpleWorker
from rq.executions import Execution
from rq.registry import FailedJobRegistry, StartedJobRegistry

from app import queues
from app.errors import SettingsError, TransientError
from app.settings import Settings
from app.setup import carrier


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as connected:
        yield connected


def born(redis: Redis, name: str) -> SimpleWorker:
    """A worker that has reported itself."""
    made = SimpleWorker(list(queues.NAMES), name=name, connection=redis)
    made.register_birth()  # type: ignore[no-untyped-call]
    return made


def test_an_empty_redis_has_three_queues_and_no_worker(redis: Redis) -> None:
    found = queues.overview(redis)
    assert [(each.queue, each.waiting, each.started, each.failed) for each in found.loads] == [
        ("tasks", 0, 0, 0),
        ("roster", 0, 0, 0),
        ("grades", 0, 0, 0),
    ]
    assert found.workers == []


def test_jobs_are_counted_by_queue(redis: Redis) -> None:
    queues.enqueue(redis, [(1, "roster"), (2, "roster"), (1, "grades")], timeout=60)
    assert [each.waiting for each in queues.overview(redis).loads] == [0, 2, 1]


def test_jobs_that_were_begun_and_that_failed_are_counted(redis: Redis) -> None:
    soon = time.time() + 60
    redis.zadd(StartedJobRegistry("roster", connection=redis).key, {"roster_1_a:1": soon})
    redis.zadd(FailedJobRegistry("grades", connection=redis).key, {"grades_1_a": soon, "grades_2_a": soon})
    assert [(each.started, each.failed) for each in queues.overview(redis).loads] == [(0, 0), (1, 0), (0, 2)]


def test_looking_ends_no_job_whose_time_is_over(redis: Redis) -> None:
    started = StartedJobRegistry("roster", connection=redis)
    redis.zadd(started.key, {"roster_1_a:1": time.time() - 60})
    assert queues.overview(redis).loads[1].started == 0
    assert started.get_job_count(cleanup=False) == 1


def test_a_worker_says_what_it_works_on(redis: Redis) -> None:
    worker = born(redis, "one")
    queues.enqueue(redis, [(7, "roster")], timeout=60)
    (job,) = Queue("roster", connection=redis).jobs
    worker.set_state("busy")
    with redis.pipeline() as pipe:
        Execution.create(job, 60, pipe, worker.name)
        pipe.execute()
    (found,) = queues.overview(redis).workers
    assert (found.state, found.at, found.pid) == ("busy", (7, "roster"), worker.pid)
    assert found.began_at == pytest.approx(time.time(), abs=30)
    assert found.renewed_at == pytest.approx(time.time(), abs=30)


def test_a_worker_that_ended_is_not_listed(redis: Redis) -> None:
    born(redis, "one").register_death()  # type: ignore[no-untyped-call]
    assert queues.overview(redis).workers == []


def test_a_worker_that_was_forgotten_is_not_listed_and_stays_registered(redis: Redis) -> None:
    worker = born(redis, "one")
    redis.delete(worker.key)
    redis.hset(worker.key, "last_heartbeat", "2026-01-31T12:00:00.000000Z")
    assert queues.overview(redis).workers == []
    assert redis.scard(SimpleWorker.redis_workers_keys) == 1


def test_a_redis_that_is_away_is_said_in_words(tmp_path: Path) -> None:
    away = Settings(home=tmp_path, redis_url=f"unix://{tmp_path}/none.sock")
    with pytest.raises(TransientError, match="Redis cannot be reached"):
        carrier.overview(away)
    with pytest.raises(SettingsError, match="There is no Redis"):
        carrier.overview(replace(away, redis_url=""))
