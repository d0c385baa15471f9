"""The clock: puts due work on the queue each tick, and does what has to be done now and then. Any number may run."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

import structlog

from app import kit, log, metrics, queues, settings
from app.children import show_as
from app.errors import SettingsError
from app.setup import tasks
from app.setup.accounts import forget_sessions
from app.setup.sealing import seal
from app.store import signs
from app.store.db import Database
from app.store.prune import prune
from app.sync.alerting import note_silence
from app.sync.dispatch import Dispatcher
from app.sync.identity import check_sites
from app.sync.probe import probe_parked
from app.sync.reconcile import reconcile
from app.sync.schedule import schedule_grades
from app.sync.telling import tell

_log = structlog.get_logger()
_SECOND = 1.0
_SIGN = 10.0
_ALERTS = 5.0
_SILENCE = 600.0
_HOUR = 3600.0
_DAY = 86400.0
# One mapping a second: 21,600 in the six hours of one round, and never a crowd in front of an event.
_MAPPINGS_A_SECOND = 1


@dataclass(slots=True)
class Beat:
    """Something done every `interval` seconds; a failure is logged once until it works again, and never ends it."""

    name: str
    interval: float
    action: Callable[[], object]
    failing: bool = False

    def strike(self) -> None:
        """Do it once."""
        try:
            self.action()
        except Exception:
            if not self.failing:
                _log.exception("clock_failed", task=self.name)
            self.failing = True
        else:
            self.failing = False

    def keep(self) -> None:
        """Do it for as long as the process lives."""
        while True:
            self.strike()
            time.sleep(self.interval)


class Pulse:
    """Leaves a sign of life now and then after the action that everything waits for."""

    def __init__(self, box: kit.Kit, action: Callable[[], object]) -> None:
        self._box = box
        self._action = action
        self._next = 0.0

    def strike(self) -> None:
        """Do it, and say so if that was not said lately."""
        self._action()
        if time.monotonic() >= self._next:
            with self._box.database.transaction() as tx:
                signs.note(tx, self._box.database.now(tx), signs.CLOCK)
            self._next = time.monotonic() + _SIGN


def beats(box: kit.Kit) -> list[Beat]:
    """What the clock does; the first one is what everything waits for."""
    given = box.settings
    dispatcher = Dispatcher(box, queues.connect(given))
    return [
        Beat("dispatch", given.tick, Pulse(box, dispatcher.dispatch).strike),
        Beat("reconcile", _SECOND, lambda: reconcile(box, _MAPPINGS_A_SECOND)),
        Beat("grades", _SECOND, lambda: schedule_grades(box, _MAPPINGS_A_SECOND)),
        Beat("probe", min(_SECOND, given.probe_interval), lambda: probe_parked(box)),
        Beat("identity", given.probe_interval, lambda: check_sites(box)),
        Beat("prune", _HOUR, lambda: forget(box)),
        Beat("seal", given.seal_every, lambda: seal(box)),
        Beat("alerts", _ALERTS, lambda: tell(box)),
        Beat("tasks", _ALERTS, lambda: tasks.tidy(box)),
        Beat("sessions", _HOUR, lambda: forget_sessions(box)),
        Beat("silence", _SILENCE, lambda: note_silence(box)),
    ]


def forget(box: kit.Kit) -> None:
    """Delete what is older than the retention time, slice by slice."""
    while True:
        with box.database.transaction() as tx:
            counts = prune(tx, box.database.now(tx) - box.settings.retention_days * _DAY)
        if not any(counts.values()):
            return


def run(box: kit.Kit) -> None:
    """Beat until SIGTERM or SIGINT ends the process, whatever it is doing: all of it is done again by the next clock.

    Each beat has a thread of its own: a connection that does not answer its probe must hold up nothing else.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    dispatch, *others = beats(box)
    for beat in others:
        threading.Thread(target=beat.keep, name=beat.name, daemon=True).start()
    dispatch.keep()


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def main(database: Database | None = None) -> None:
    """`python -m workers.clock`; exit code 1 with a sentence when a setting is missing. `database` as in app.kit."""
    show_as("kurasync-clock")
    try:
        given = settings.load()
        log.configure(given)
        metrics.keep(given)
        run(kit.make(given, database=database))
    except SettingsError as error:
        sys.exit(f"kurasync clock: {error.message}")


if __name__ == "__main__":
    main()
