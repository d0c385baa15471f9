"""From the worklist to the queue: one function that repairs whatever Redis lost, and whose loss nothing needs."""

from __future__ import annotations

import random
from dataclasses import asdict

import structlog
from redis import Redis
from redis.exceptions import RedisError

from app import metrics, queues
from app.errors import Refused
from app.kit import Kit
from app.queues import Target
from app.setup.backups import refuse_older
from app.store import audit, tasks, worklist
from app.sync import alerting
from app.sync.backoff import Chance, backoff

_JOBS_A_WORKER = 10
_SWEEP_SHARE = 0.8

_NOT_SAID = "The worker ended, or was frozen, before it could say how the call ended."

_log = structlog.get_logger()


def take_back(kit: Kit, chance: Chance = random.random) -> None:
    """Take back every row whose lease ran out: whoever had it finds it lost, and writes nothing more."""
    settings = kit.settings
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        reaped = worklist.reap(
            tx,
            now,
            recheck=settings.recheck,
            dead_crashes=settings.dead_crashes,
            backoff=lambda crashes: backoff(settings, crashes, chance),
        )
        audit.end_open(tx, now, [each.run_id for each in reaped if each.run_id], _NOT_SAID)
        for each in reaped:
            if each.dead:
                alerting.gave_up(tx, now, each.mapping_id, each.kind, "crashed")
    for each in reaped:
        _log.warning("run_reaped", **asdict(each))
        metrics.run_ended(each.kind, "reaped")


class Dispatcher:
    """Puts due work on the queue: the clock asks each tick, workers after a run, the receiver when it is urgent."""

    def __init__(self, kit: Kit, redis: Redis, *, chance: Chance = random.random) -> None:
        self._kit = kit
        self._redis = redis
        self._chance = chance
        self._trouble = ""

    def dispatch(self) -> int:
        """How many jobs were put on the queue: what is due, open and unleased, and not yet in Redis (queue.md 3).

        Never raises: whatever is wrong with Redis or the database is logged once, and the next call tries again. After
        an old backup was put back, nothing is done (docs/backup.md).
        """
        try:
            refuse_older(self._kit)
            take_back(self._kit, self._chance)
            count = self._sweep()
        except Exception as error:
            self._note(error)
            return 0
        self._note(None)
        return count

    def refill(self) -> int:
        """The same, when a run has just ended: the room that it made on its connection is used at once.

        Else an instance would get no more runs than fit beside each other in a tick, and one that a hanging course
        keeps half of, half as many. Never raises either.
        """
        try:
            return self._fill()
        except Exception as error:
            self._note(error)
            return 0

    def _sweep(self) -> int:
        if not queues.take_sweep(self._redis, self._kit.settings.tick * _SWEEP_SHARE):
            return 0
        return self._fill()

    def _fill(self) -> int:
        held = queues.held(self._redis)
        room = self._window - len(held)
        if room <= 0:
            return 0
        missing = [target for target in self._due(self._window + len(held)) if target not in set(held)]
        queues.enqueue(self._redis, missing[:room], timeout=self._kit.settings.job_timeout)
        return len(missing[:room])

    @property
    def _window(self) -> int:
        return max(self._kit.settings.window, _JOBS_A_WORKER * self._kit.settings.workers)

    def _due(self, limit: int) -> list[Target]:
        with self._kit.database.reading() as tx:
            runs = worklist.due(tx, self._kit.database.now(tx), limit, self._kit.settings.runs_per_instance)
            # Half the workers at most: what somebody looks at must not hold up what has to be done.
            room = max(1, self._kit.settings.workers // 2) - tasks.running(tx)
            asked = tasks.wanted(tx, room) if room > 0 else []
        return [*((number, queues.TASKS) for number in asked), *runs]

    def _note(self, error: Exception | None) -> None:
        trouble = type(error).__name__ if error else ""
        if trouble == self._trouble:
            return
        self._trouble = trouble
        if error is None:
            _log.info("dispatch_works_again")
        elif isinstance(error, RedisError):
            _log.warning("redis_away", error=trouble)
        elif isinstance(error, Refused):
            _log.error(error.reason, message=error.message)
        else:
            _log.error("dispatch_failed", exc_info=error)
