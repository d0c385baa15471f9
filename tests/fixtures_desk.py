"""An administrator at a desk: the commands of `kurasync`, a database of their own, and both simulators to connect.

    def test_something(desk):
        done = desk.run("site", "list")
        assert done.exit_code == 0
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography.fernet import Fernet

from app import kit as kits
from app import settings
from app.cli import root
from app.kit import Kit
from app.store import worklist
from app.sync.turn import take_turn
from sandbox.kuracloud.sim import SimKuraCloud
from sandbox.moodle.sim import SimMoodle
from tests.conftest import WITHIN
from tests.fixtures_processes import wait_until


@dataclass
class Desk:
    """The commands with their environment, which may be changed; `course` and `kura_course` are called PHY1 and PHY."""

    environ: dict[str, str]
    kit: Kit
    moodle: SimMoodle
    kura: SimKuraCloud
    course: int
    kura_course: int

    def run(self, *arguments: str, typed: str | None = None) -> Result:
        """Run a command; what it does not expect fails the test."""
        cleared = {name: None for name in os.environ if name.startswith("KURASYNC_") or name == "COLUMNS"}
        done = CliRunner().invoke(
            root, arguments, input=typed, env={**cleared, **self.environ}, prog_name="kurasync"
        )
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    def done(self, *arguments: str, typed: str | None = None) -> str:
        """What a command printed that has to succeed."""
        done = self.run(*arguments, typed=typed)
        assert done.exit_code == 0, done.output
        return done.stdout

    def json(self, *arguments: str, typed: str | None = None) -> Any:
        """The same, parsed: nothing but JSON is on standard output."""
        return json.loads(self.done(*arguments, "--json", typed=typed))

    def connect(self) -> None:
        """Add the site `uni` and the instance `kura`."""
        self.done("site", "add", "uni", self.moodle.url, "--token-file", "-", typed=self.moodle.token)
        self.done("instance", "add", "kura", "--url", self.kura.url, "--token-file", "-", typed=self.kura.token)

    def map(self) -> int:
        """Connect, and map the course; returns the mapping's number."""
        self.connect()
        return int(self.json("mapping", "add", "uni:PHY1", "kura:PHY")["id"])

    def enrol(self, how_many: int = 1) -> None:
        """Students in the Moodle course."""
        self.moodle.create_students(self.course, how_many)

    def work(self, mapping_id: int = 1, kind: str = "roster") -> str:
        """One turn at a mapping, as a worker takes it; returns its outcome."""
        return take_turn(self.kit, mapping_id, kind, f"test:{os.getpid()}:0:0")

    def work_on_grades(self, mapping_id: int = 1) -> str:
        """Turns at the grades of a mapping that were or will be asked for, until one does not wait; its outcome."""
        outcome = ""

        def ended() -> bool:
            nonlocal outcome
            outcome = self.work(mapping_id, "grades")
            return outcome not in ("refused", "later")

        wait_until(ended)
        return outcome

    def work_when_asked(self, mapping_id: int = 1) -> None:
        """One turn, once somebody has asked for a look besides the one that mapping the course asks for."""
        wait_until(lambda: self._asked(mapping_id) > 1)
        self.work(mapping_id)

    def _asked(self, mapping_id: int) -> int:
        with self.kit.database.reading() as tx:
            row = worklist.get(tx, mapping_id, "roster")
        return row.wanted if row else 0


@pytest.fixture
def desk(sqlite_url: str, tmp_path: Path) -> Iterator[Desk]:
    """A desk with nothing connected yet."""
    with opened_desk(sqlite_url, tmp_path) as made:
        yield made


@contextmanager
def opened_desk(url: str, home: Path) -> Iterator[Desk]:
    """The same on a migrated database of one's own."""
    given = settings.load({}, home=home, database_url=url, secret_key=Fernet.generate_key().decode(), **WITHIN)
    named = {name: getattr(given, name) for name in ("home", "database_url", "secret_key", *WITHIN)}
    environ = {settings.variable(name): str(value) for name, value in named.items()}
    kit = kits.make(given)
    with SimMoodle.serving() as moodle, SimKuraCloud.serving() as kura:
        course = moodle.create_course("Physiology 1", "PHY1")
        kura_course = kura.add_course("Physiology", "PHY", lmsEnabled=False)
        yield Desk(environ, kit, moodle, kura, course, kura_course)
    kit.close()
