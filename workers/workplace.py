"""What the jobs of one worker process share: they get nothing but a mapping's number from the queue."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from uuid import uuid4

import structlog
from structlog.contextvars import bound_contextvars

from app.kit import Kit
from app.setup import tasks
from app.sync.turn import REFUSED, VERBS, Verb, take_turn

_log = structlog.get_logger()


def owner_prefix(pid: int, start: str) -> str:
    """How the leases of one worker process begin: host:pid:start: (queue.md 2)."""
    return f"{socket.gethostname()}:{pid}:{start}:"


def is_gone(owner: str) -> bool:
    """Whether an owner is a process of this machine that does not live any more."""
    host, pid, _ = owner.split(":", 2)
    try:
        os.kill(int(pid), 0)
    except OSError as error:
        return host == socket.gethostname() and isinstance(error, ProcessLookupError)
    return False


class Workplace:
    """The kit of one worker process, and whether it has been told to stop.

    `start` tells this process from another one that once had its pid. `refill` is called after each run: it puts on
    the queue what there is room for now.
    """

    def __init__(
        self, kit: Kit, start: str, verbs: Mapping[str, Verb] = VERBS, refill: Callable[[], object] = lambda: None
    ) -> None:
        self.stopping = False
        self._kit = kit
        self._refill = refill
        self._verbs = verbs
        self._prefix = owner_prefix(os.getpid(), start)

    def turn(self, mapping_id: int, kind: str) -> None:
        """Take one turn; whatever goes wrong is logged here, so that nothing of it reaches Redis."""
        owner = self._prefix + uuid4().hex
        try:
            outcome = take_turn(self._kit, mapping_id, kind, owner, lambda: self.stopping, verbs=self._verbs)
        except Exception:
            _log.exception("turn_failed", mapping_id=mapping_id, kind=kind)
            self._kit.close()
        else:
            if outcome != REFUSED and not self.stopping:
                self._refill()

    def task(self, task_id: int) -> None:
        """Do a task; only a database that is away can end it here, and then it is given up in time."""
        try:
            with bound_contextvars(task_id=task_id):
                tasks.do(self._kit, task_id, self._prefix)
        except Exception:
            _log.exception("task_lost", task_id=task_id)
            self._kit.close()
