"""kurasync as it runs: `kurasync up` with all its processes, both simulators over HTTP, Moodle's signed sender."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from app.kit import Kit
from app.settings import Settings
from app.store import worklist
from app.store.db import Database
from app.store.vault import Vault
from sandbox.kuracloud.dialect import Dialect
from sandbox.moodle.senders import Signed
from tests.conftest import SHORT, SetClock
from tests.fated import VARIABLE, Fates
from tests.fixtures_processes import Processes, variables, wait_until
from tests.verdict import is_idle, wrong
from tests.world import SECRET, World, world

DOUBLING = Dialect(duplicate_add="second")
"""A kuraCloud that lets nobody get away with adding somebody twice: it makes a second student, and invites again."""

_UP = ("-c", "from app.cli import main; main()", "up")
_FATED = ("-m", "tests.fated", "up")
_STARTS_WITHIN = 60.0


class Live:
    """A running service with one site, whose first course is `world`; `fates` are those of its processes."""

    def __init__(self, made: World, processes: Processes, *, fated: bool, background: bool) -> None:
        self.world = made
        self.kit = made.kit
        self.processes = processes
        self.fates = Fates(self.kit.settings.home / "fate")
        self.sender = Signed("", SECRET, background=background, retry_after=0.05)
        self._command = _FATED if fated else _UP
        self._up: subprocess.Popen[bytes] | None = None
        self._events_before = len(made.moodle.events)
        made.moodle.attach(self.sender)

    def start(self) -> None:
        """Start it, or start it again after it was killed."""
        folder = self.kit.settings.home / "fate"
        folder.mkdir(exist_ok=True)
        environ = {**variables(self.kit.settings), VARIABLE: str(folder)}
        up = self._up = self.processes.start(*self._command, environ=environ)
        wait_until(lambda: _address(self.processes.output(up)), _STARTS_WITHIN)
        url = _address(self.processes.output(up))
        self.sender.url = f"{url}/events/uni"
        wait_until(lambda: _answers(f"{url}/readyz"), _STARTS_WITHIN)

    @property
    def pid(self) -> int:
        """The process id of `kurasync up`."""
        assert self._up is not None
        return self._up.pid

    def post(self) -> None:
        """Have Moodle's events delivered, however often that takes."""
        wait_until(self.sender.flush, 60)

    def running_pid(self, mapping_id: int) -> int:
        """The process that works on a mapping, 0 for none."""
        with self.kit.database.reading() as tx:
            row = worklist.get(tx, mapping_id, "roster")
        return int(row.lease_owner.split(":")[1]) if row and row.lease_owner else 0

    def kill_at_work(self, mapping_id: int, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal to the worker that works on a mapping, which one must; returns its process id."""
        pid = self.running_pid(mapping_id)
        assert pid
        os.kill(pid, number)
        return pid

    def come_to_rest(self, seconds: float = 60.0) -> None:
        """Wait until nothing is wanted any more."""
        self.post()
        wait_until(lambda: is_idle(self.kit), seconds)

    def wrong(self, *worlds: World) -> list[str]:
        """What is wrong with these courses, and with the site as a whole, now that all has come to rest."""
        return wrong(worlds, events_sent=len(self.world.moodle.events) - self._events_before)


@contextmanager
def live(
    folder: Path,
    database_url: str,
    processes: Processes,
    *,
    dialect: Dialect = DOUBLING,
    keep_alive: float = 5.0,
    fated: bool = False,
    background: bool = False,
    **given: Any,
) -> Iterator[Live]:
    """A service on this empty, migrated database, with short times and these settings; not started yet.

    `fated`: something may be made to die at a step (tests.fated). `background`: Moodle delivers by itself.
    """
    key = Fernet.generate_key().decode()
    times = {**SHORT, "quiet": 0.1, "cap": 0.5, "recheck": 0.3}
    chosen = Settings(
        **{**times, "home": folder, "database_url": database_url, "secret_key": key, "port": 0, "workers": 2, **given}
    )
    kit = Kit(chosen, Database(database_url), Vault([key]))
    with world(kit, SetClock(time.time()), dialect, keep_alive=keep_alive) as made:
        yield Live(made, processes, fated=fated, background=background)
        processes.end()
    kit.close()


def _address(output: str) -> str:
    """Where it says that it listens; "" as long as it has not."""
    found = re.search(r"listens on (http://127\.0\.0\.1:\d+)", output)
    return found[1] if found else ""


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
