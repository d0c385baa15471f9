"""Real processes in tests: a private Redis, and whatever a test starts; none is left when the test is over.

    def test_something(processes, redis_url, live_kit):
        clock = processes.start("-m", "workers.clock", environ=variables(live_kit.settings))
        ...
        clock.send_signal(signal.SIGTERM)

`live_kit` is a kit on the real clock, as processes have it. Whatever carries the mark of this test in its environment
counts as its process, however it was started: `processes.alive()`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet

from app import settings
from app.kit import Kit
from app.redis_server import running
from app.settings import Settings
from app.store.db import Database
from app.store.vault import Vault
from tests.conftest import SHORT

ROOT = Path(__file__).parent.parent
_MARK = "TEST_PROCESSES_OF"
_LOOK = 0.02


def variables(given: Settings) -> dict[str, str]:
    """The environment that makes another process have these settings."""
    default = Settings()
    changed = [each.name for each in fields(Settings) if getattr(given, each.name) != getattr(default, each.name)]
    return {settings.variable(name): str(getattr(given, name)) for name in changed}


def wait_until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Return as soon as it holds; fail the test when it doesn't within this time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"nothing came of it within {seconds:g} s")
        time.sleep(_LOOK)


class Processes:
    """Processes started by one test, and those which they started in turn."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._mark = uuid4().hex
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, *arguments: str, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Python with these arguments; its output is kept for `output`."""
        log = self.folder / f"process{len(self._started)}.log"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("KURASYNC_")}
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env={**kept, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", _MARK: self._mark, **environ},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._started.append(process)
        return process

    def output(self, process: subprocess.Popen[bytes]) -> str:
        """What it wrote so far to standard output and standard error."""
        return (self.folder / f"process{self._started.index(process)}.log").read_text(errors="replace")

    def alive(self) -> dict[int, str]:
        """Process id -> name and command line of every living process of this test."""
        found = {}
        for folder in Path("/proc").iterdir():
            if folder.name.isdecimal() and (command := self._command_of_mine(folder)):
                found[int(folder.name)] = command
        return found

    def find(self, word: str) -> list[int]:
        """The ids of the living processes with this word in their name or command line, the oldest first."""
        return sorted(pid for pid, command in self.alive().items() if word in command)

    def children_of(self, pid: int) -> list[int]:
        """The ids of the living processes that this one started."""
        return sorted(child for child in self.alive() if _parent(child) == pid)

    def end(self) -> None:
        """Kill whatever is alive."""
        for pid in self.alive():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for process in self._started:
            process.wait()

    def _command_of_mine(self, folder: Path) -> str:
        # A process that has ended and that nobody has waited for has neither environment nor command line.
        try:
            environ = (folder / "environ").read_bytes()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            name = (folder / "comm").read_text().strip()
        except OSError:
            return ""
        # Redis overwrites its environment with its title, which names its socket.
        mine = f"{_MARK}={self._mark}".encode() in environ or f"{self.folder}/" in command
        return f"{name} {command}" if mine and command else ""


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    """Processes of this test; all of them are killed when it is over."""
    mine = Processes(tmp_path)
    yield mine
    mine.end()


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """A Redis of this test alone."""
    with running(tmp_path / "redis-home") as url:
        yield url


@pytest.fixture
def live_kit(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Kit]:
    """A kit on either database, on the real clock, with short times and a Redis."""
    yield from _kit(database_url, redis_url, tmp_path)


@pytest.fixture
def live_sqlite_kit(sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[Kit]:
    """The same on SQLite alone."""
    yield from _kit(sqlite_url, redis_url, tmp_path)


def _kit(database_url: str, redis_url: str, home: Path) -> Iterator[Kit]:
    key = Fernet.generate_key().decode()
    given = Settings(home=home, database_url=database_url, redis_url=redis_url, secret_key=key, workers=2, **SHORT)
    kit = Kit(given, Database(database_url), Vault([key]))
    yield kit
    kit.close()
