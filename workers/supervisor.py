"""Keeps N worker processes running, and frees the work of those that died (queue.md 1, D6)."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from uuid import uuid4

import structlog

from app import kit, log, queues, settings
from app.children import Child
from app.errors import SettingsError
from app.store import worklist
from app.supervise import Supervisor
from workers.workplace import owner_prefix

_log = structlog.get_logger()
_PROCESS = (sys.executable, "-m", "workers.process")
_BESIDES_THE_CALL = 5.0


class Crew:
    """The worker processes of one machine."""

    def __init__(self, box: kit.Kit, command: Sequence[str] = _PROCESS) -> None:
        self._kit = box
        self._start = uuid4().hex
        self._children = [
            Child(f"worker {number}", [*command, self._start]) for number in range(1, box.settings.workers + 1)
        ]

    def run(self) -> None:
        """Returns after SIGTERM, SIGINT or SIGHUP, when every worker has released what it was working on."""
        given = self._kit.settings
        patience = given.connect_timeout + given.call_timeout + _BESIDES_THE_CALL
        try:
            Supervisor([self._children], patience=patience, died=self._died).run()
        finally:
            for child in self._children:
                self._expire(child)

    def _died(self, child: Child, status: int) -> None:
        _log.warning("worker_ended", name=child.name, pid=child.pid, status=status)
        self._expire(child)

    def _expire(self, child: Child) -> None:
        """Let what a dead process had claimed be claimed again soon, not only when its lease ends."""
        try:
            with self._kit.database.transaction() as tx:
                now = self._kit.database.now(tx)
                worklist.expire(tx, now, owner_prefix(child.pid, self._start), self._kit.settings.grace_dead)
        except Exception:
            _log.exception("expire_failed", pid=child.pid)


def supervise(given: settings.Settings, command: Sequence[str] = _PROCESS) -> None:
    """Run the workers of these settings until a signal says stop.

    `command` starts one worker process; what its leases begin with is added as the last argument. Raises
    SettingsError when a worker could not start for want of a key or a Redis.
    """
    queues.connect(given).close()
    box = kit.make(given)
    try:
        Crew(box, command).run()
    finally:
        box.close()


def main() -> None:
    """`python -m workers.supervisor`; exit code 1 with a sentence when a setting is missing."""
    try:
        given = settings.load()
        log.configure(given)
        supervise(given)
    except SettingsError as error:
        sys.exit(f"kurasync worker: {error.message}")


if __name__ == "__main__":
    main()
