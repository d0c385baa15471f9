"""Keeps N worker processes running, and frees the work of those that died (queue.md 1, D6)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from uuid import uuid4

import structlog

from app import kit, log, queues, settings
from app.children import Child, show_as
from app.errors import SettingsError
from app.forks import copy
from app.settings import Settings
from app.store import tasks, worklist
from app.store.db import Database
from app.supervise import Supervisor
from workers.process import work
from workers.workplace import is_gone, owner_prefix

Work = Callable[[Settings, str], object]

_log = structlog.get_logger()
_BESIDES_THE_CALL = 5.0


class Crew:
    """The worker processes of one machine: copies of this one, which therefore never stays connected to anything."""

    def __init__(self, given: Settings, work: Work = work) -> None:
        self._settings = given
        self._start = uuid4().hex
        start = copy(partial(work, given, self._start))
        self._children = [Child(f"worker {number}", start) for number in range(1, given.workers + 1)]

    def run(self) -> None:
        """Returns after SIGTERM, SIGINT or SIGHUP, when every worker has released what it was working on."""
        given = self._settings
        patience = given.connect_timeout + given.call_timeout + _BESIDES_THE_CALL
        self._bury()
        try:
            Supervisor([self._children], patience=patience, died=self._died).run()
        finally:
            for child in self._children:
                self._expire(child)

    def _bury(self) -> None:
        """Give up what processes of this machine were at that are gone: a crew that is killed itself tells nobody."""
        database = Database(self._settings.database)
        try:
            with database.transaction() as tx:
                for owner in filter(is_gone, tasks.owners(tx)):
                    tasks.lose(tx, database.now(tx), owner)
        except Exception:
            _log.exception("burying_failed")
        finally:
            database.dispose()

    def _died(self, child: Child, status: int) -> None:
        if status == 0:
            _log.debug("worker_renewed", name=child.name, pid=child.pid)
        else:
            _log.warning("worker_ended", name=child.name, pid=child.pid, status=status)
        self._expire(child)

    def _expire(self, child: Child) -> None:
        """Let what a dead process had claimed be claimed again soon, not only when its lease ends."""
        database = Database(self._settings.database)
        try:
            with database.transaction() as tx:
                now = database.now(tx)
                owner = owner_prefix(child.pid, self._start)
                worklist.expire(tx, now, owner, self._settings.grace_dead)
                tasks.lose(tx, now, owner)
        except Exception:
            _log.exception("expire_failed", pid=child.pid)
        finally:
            database.dispose()


def supervise(given: Settings, work: Work = work, database: Database | None = None) -> None:
    """Run the workers of these settings until a signal says stop.

    `work` is what each of them does, given the settings and what tells this crew from others; `database` as in
    app.kit.make. Raises SettingsError when a worker could not start for want of a key or a Redis.
    """
    show_as("kurasync-crew")
    queues.connect(given).close()
    kit.make(given, database=database).close()
    Crew(given, work).run()


def main(database: Database | None = None) -> None:
    """`python -m workers.supervisor`; exit code 1 with a sentence when a setting is missing."""
    try:
        given = settings.load()
        log.configure(given)
        supervise(given, partial(work, database=database), database)
    except SettingsError as error:
        sys.exit(f"kurasync worker: {error.message}")


if __name__ == "__main__":
    main()
