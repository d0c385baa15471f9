"""What Redis carries: queue names, job ids, what it holds, what is put on it. With workers/, all that knows RQ."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid4

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.executions import WORKER_EXECUTIONS_KEY_TEMPLATE
from rq.registry import FailedJobRegistry, StartedJobRegistry
from rq.utils import utcparse
from rq.worker import BaseWorker
from rq.worker_registration import REDIS_WORKER_KEYS

from app.errors import SettingsError
from app.settings import Settings

TASKS = "tasks"

Target = tuple[int, str]
"""(mapping id, kind), or (task id, TASKS)."""

NAMES = (TASKS, "roster", "grades")
"""The queues, in the order in which workers look at them: somebody waits for a task. Each is called like its work."""

_JOBS = {TASKS: "workers.jobs.do_task", "roster": "workers.jobs.sync_roster", "grades": "workers.jobs.sync_grades"}
_SWEEP = "kurasync:sweep"
# Lost jobs are put on again by the next sweep, so nothing has to be kept long (queue.md 3).
_WAITS_AT_MOST = 600
_FAILURE_KEPT = 3600


@dataclass(frozen=True, slots=True)
class Load:
    """How many jobs of a queue wait, were begun and not ended, and failed within the last hour."""

    queue: str
    waiting: int
    started: int
    failed: int


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker process as it reported itself; `at` is what it works on, times are seconds since the epoch.

    `renewed_at`: when it last said that it lives, which an idle one does every 45 s; it is forgotten soon afterwards.
    """

    host: str
    pid: int
    state: str
    at: Target | None
    began_at: float | None
    renewed_at: float | None
    done: int
    failed: int


@dataclass(frozen=True, slots=True)
class Overview:
    """What Redis carries: the queues in the order of NAMES, and the workers by host and process."""

    loads: list[Load]
    workers: list[Worker]


def connect(settings: Settings) -> Redis:
    """Redis for the clock and the web server: an absent one is noticed within milliseconds (queue.md 4).

    Raises SettingsError when no URL is set.
    """
    return Redis.from_url(_url(settings), retry=Retry(NoBackoff(), 0), socket_connect_timeout=0.5, socket_timeout=2.0)


def connect_worker(settings: Settings) -> Redis:
    """Redis for a worker, which waits out a short absence (queue.md 7). Raises SettingsError when no URL is set."""
    return Redis.from_url(_url(settings))


def _url(settings: Settings) -> str:
    if not settings.redis_url:
        raise SettingsError(
            "KURASYNC_REDIS_URL is not set. Only `kurasync up` brings a Redis of its own; a process that is started "
            "alone needs the URL of one.",
            reason="no_redis",
        )
    return settings.redis_url


def job_id(number: int, kind: str) -> str:
    """A new id each time: a second job for a mapping must not overwrite what belongs to a running one (queue.md 1)."""
    return f"{kind}_{number}_{uuid4().hex}"


def parse(text: str) -> Target | None:
    """The target of a job id; None when it is not one of ours."""
    kind, _, rest = text.partition("_")
    number = rest.partition("_")[0]
    return (int(number), kind) if kind in NAMES and number.isdecimal() else None


def take_sweep(redis: Redis, seconds: float) -> bool:
    """Whether nobody else swept within this time; RedisError when Redis is away."""
    return bool(redis.set(_SWEEP, 1, nx=True, px=max(1, int(seconds * 1000))))


def held(redis: Redis) -> list[Target]:
    """What waits in Redis at this moment, each job once; RedisError when Redis is away."""
    with redis.pipeline(transaction=False) as pipe:
        for name in NAMES:
            pipe.lrange(Queue.redis_queue_namespace_prefix + name, 0, -1)
        waiting = [entry.decode() for entries in pipe.execute() for entry in entries]
    return [target for target in map(parse, waiting) if target is not None]


def overview(redis: Redis) -> Overview:
    """What there is, in two round trips; RedisError when Redis is away.

    Nothing is tidied up, as RQ does wherever it counts: a look must not end anybody's job.
    """
    now = time.time()
    with redis.pipeline(transaction=False) as pipe:
        for name in NAMES:
            pipe.llen(Queue.redis_queue_namespace_prefix + name)
            pipe.zcount(StartedJobRegistry.key_template.format(name), now, "+inf")
            pipe.zcount(FailedJobRegistry.key_template.format(name), now, "+inf")
        pipe.smembers(REDIS_WORKER_KEYS)
        *counts, keys = pipe.execute()
    workers = _workers(redis, [key.decode() for key in keys])
    loads = [Load(name, *counts[place * 3 : place * 3 + 3]) for place, name in enumerate(NAMES)]
    return Overview(loads, sorted(workers, key=lambda each: (each.host, each.pid)))


def _workers(redis: Redis, keys: Iterable[str]) -> Iterator[Worker]:
    with redis.pipeline(transaction=False) as pipe:
        for key in keys:
            pipe.hgetall(key)
            name = key.removeprefix(BaseWorker.redis_worker_namespace_prefix)
            pipe.smembers(WORKER_EXECUTIONS_KEY_TEMPLATE.format(name))
        answers = pipe.execute()
    for said, runs in zip(answers[::2], answers[1::2], strict=True):
        reported = {name.decode(): value.decode() for name, value in said.items()}
        # Of a worker that RQ has forgotten already, its last sign of life may be left over.
        if "pid" in reported:
            yield _worker(reported, [each.decode().partition(":")[0] for each in runs])


def _worker(said: Mapping[str, str], jobs: Sequence[str]) -> Worker:
    return Worker(
        host=said.get("hostname", ""),
        pid=int(said["pid"]),
        state=said.get("state", "unknown"),
        at=parse(jobs[0]) if jobs else None,
        began_at=_moment(said.get("birth")),
        renewed_at=_moment(said.get("last_heartbeat")),
        done=int(said.get("successful_job_count", 0)),
        failed=int(said.get("failed_job_count", 0)),
    )


def _moment(text: str | None) -> float | None:
    return utcparse(text).timestamp() if text else None


def enqueue(redis: Redis, targets: Iterable[Target], *, timeout: int) -> None:
    """Put one job for each target on its queue; `timeout` is RQ's, in seconds. RedisError when Redis is away."""
    wanted = list(targets)
    for name in NAMES:
        jobs = [
            Queue.prepare_data(
                _JOBS[kind],
                args=(number,),
                timeout=timeout,
                ttl=_WAITS_AT_MOST,
                result_ttl=0,
                failure_ttl=_FAILURE_KEPT,
                job_id=job_id(number, kind),
            )
            for number, kind in wanted
            if kind == name
        ]
        if jobs:
            Queue(name, connection=redis).enqueue_many(jobs)
