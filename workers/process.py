"""One worker process: takes jobs from Redis and runs them one after another in itself (queue.md 1, D6)."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from types import FrameType

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.timeouts import UnixSignalDeathPenalty
from rq.worker.base import WorkerStatus

from app import kit, metrics, queues
from app.children import show_as
from app.settings import Settings
from app.store.db import Database
from app.sync.dispatch import Dispatcher
from app.sync.turn import VERBS, Verb
from workers import jobs
from workers.workplace import Workplace

_log = structlog.get_logger()
_MAX_JOBS = 1000
_MAINTENANCE = 60
# How long RQ blocks on an empty queue is this less 15 s; a connection that died silently is noticed after that.
_WORKER_TTL = 60
_REDIS_LOOK = 0.5


class Backstop(UnixSignalDeathPenalty):
    """Ends the process when a job takes far too long: an exception could strike inside a commit (queue.md 4)."""

    def handle_death_penalty(self, signum: int, frame: FrameType | None) -> None:
        """Leave at once; the lease ends by itself, and the supervisor starts another process."""
        _log.error("job_timeout", seconds=self._timeout)
        os._exit(1)


class Worker(SimpleWorker):
    """RQ's worker, with a stop that finishes the current call and nothing more.

    `rest`: seconds without a job after which one that has worked ends, for a fresh copy to take its place.
    """

    death_penalty_class = Backstop
    max_connection_wait_time = 2.0

    def __init__(self, redis: Redis, workplace: Workplace, rest: int) -> None:
        super().__init__(
            list(queues.NAMES), connection=redis, maintenance_interval=_MAINTENANCE, worker_ttl=_WORKER_TTL
        )
        self._workplace = workplace
        self._rest = rest
        self._has_worked = False

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Do one job."""
        self._has_worked = True
        super().execute_job(job, queue)

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, Queue] | None:
        """The next job; None, which ends the process, when after its last one none has come for a while.

        What a job touches of the memory that processes share is this one's own from then on (app.forks): most of what
        a worker needs. Its successor begins with nearly all of it shared again.
        """
        return super().dequeue_job_and_maintain_ttl(timeout, self._rest if self._has_worked else None)

    def subscribe(self) -> None:
        """Listen to no commands: workers are told to stop by signals alone."""

    def _install_signal_handlers(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.request_stop)

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Stop at the next check of the lease, or at once while idle; a second signal changes nothing."""
        self._workplace.stopping = True
        self._stop_requested = True
        if self.get_state() != WorkerStatus.BUSY:
            raise StopRequested


def work(
    given: Settings, start: str, verbs: Mapping[str, Verb] = VERBS, *, database: Database | None = None
) -> None:
    """Run jobs until told to stop, or until the process is to be renewed: after many jobs, or none for a while.

    `start` tells this process from another one that once had its pid; `database` as in app.kit.make.
    """
    show_as("kurasync-worker")
    metrics.keep(given)
    box = kit.make(given, database=database)
    workplace = Workplace(box, start, verbs, refill=Dispatcher(box, queues.connect(given)).refill)
    jobs.work_at(workplace)
    _wait_for_redis(given)
    # Not all at once: somebody should be there when the next job comes.
    rest = given.worker_rest + os.getpid() % max(1, given.worker_rest // 2)
    Worker(queues.connect_worker(given), workplace, rest).work(max_jobs=_MAX_JOBS, logging_level="WARNING")


def _wait_for_redis(given: Settings) -> None:
    """RQ's worker dies at once without Redis; waiting here spares a respawn each second."""
    missed = False
    with queues.connect(given) as redis:
        while True:
            try:
                redis.ping()
            except RedisError:
                if not missed:
                    _log.warning("redis_away")
                missed = True
                time.sleep(_REDIS_LOOK)
            else:
                return
