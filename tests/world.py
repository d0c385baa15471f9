"""A small world to sync in: both simulators over HTTP, one mapping, one kit, and a clock to set."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from sqlalchemy import Connection

from app.kit import Kit
from app.store import holds, instances, links, mappings, runs, sites, worklist
from app.store.holds import Hold
from app.store.links import Link
from app.store.runs import Run
from app.sync import roster
from app.sync.ask import ask
from app.sync.holds import approve
from app.sync.roster import Preview
from app.sync.turn import take_turn
from sandbox.kuracloud.dialect import Dialect
from sandbox.kuracloud.sim import SimKuraCloud
from sandbox.moodle.actions.gradebook import GradebookActions
from sandbox.moodle.sim import SimMoodle
from tests.conftest import SetClock

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass
class World:
    """One Moodle course mapped to one kuraCloud course, in step with nobody in it."""

    kit: Kit
    clock: SetClock
    moodle: SimMoodle
    kura: SimKuraCloud
    site_id: int
    instance_id: int
    mapping_id: int
    course: int
    kura_course: int
    outcomes: list[str] = field(default_factory=list)

    def enrol(self, firstname: str = "Ana", lastname: str = "Lee", *, email: str | None = None, **user: Any) -> int:
        """A new user, enrolled as a student; returns the Moodle user id."""
        number = len(self.moodle.state()["users"]) + 1
        userid = self.moodle.create_user(
            firstname=firstname, lastname=lastname, email=email or f"user{number}@example.edu", **user
        )
        self.moodle.enrol(userid, self.course)
        return int(userid)

    def sync(self) -> Run:
        """Ask for a look and take the turn: the run it made."""
        ask(self.kit, self.mapping_id, "roster")
        self.outcomes.append(self.turn())
        with self.kit.database.reading() as tx:
            run = runs.last(tx, self.mapping_id, "roster")
        assert run is not None
        return run

    def turn(self) -> str:
        """One turn at the mapping, as a worker takes it; returns its outcome."""
        return take_turn(self.kit, self.mapping_id, "roster", f"test:{os.getpid()}:0:0")

    def preview(self) -> Preview:
        """What a run would do."""
        return roster.preview(self.kit, self.mapping_id)

    def hold(self) -> Hold | None:
        """What waits."""
        with self.kit.database.reading() as tx:
            return holds.waiting(tx, self.mapping_id, "roster")

    def approve(self) -> Run:
        """Approve what waits, and run."""
        self.decide()
        return self.sync()

    def decide(self) -> None:
        """Approve what waits, and leave the run that this asks for to others."""
        hold = self.hold()
        assert hold is not None
        approve(self.kit, hold.id, hold.digest, "a teacher")

    def start(self) -> None:
        """Say that the first plan was approved: from now on only what is risky is held."""
        with self.kit.database.transaction() as tx:
            mappings.start(tx, self.mapping_id, self.kit.database.now(tx))

    def set(self, **settings: Any) -> None:
        """Settings of the mapping (app.planning.rules)."""
        with self.kit.database.transaction() as tx:
            mapping = mappings.get(tx, self.mapping_id)
            assert mapping is not None
            mappings.set_settings(tx, self.mapping_id, {**mapping.settings, **settings})

    def links(self, *, ended: bool = False) -> list[Link]:
        """The links in force, or those that ended."""
        with self.kit.database.reading() as tx:
            return links.ended(tx, self.mapping_id) if ended else links.active(tx, self.mapping_id)

    def emails(self) -> list[str]:
        """Addresses of the active students in kuraCloud."""
        return sorted(student["email"] for student in self.kura.students(self.kura_course))

    def writes(self) -> list[str]:
        """The calls that wrote to kuraCloud, in order: `POST /v2/course/1/student`."""
        return [call.name for call in self.kura.calls if not call.name.startswith("GET ")]

    def before_call(self, function: str, number: int, act: Callable[[], object]) -> None:
        """Let something happen just before the `number`th call of a Moodle function from now on is answered."""
        original, calls = self.moodle.functions[function], count(1)

        def run(moodle: GradebookActions, given: dict[str, Any]) -> Any:
            if next(calls) == number:
                act()
            return original.run(moodle, given)

        self.moodle.functions[function] = replace(original, run=run)

    def another(self) -> World:
        """A second course of the same two sides, mapped, started and empty."""
        course = self.moodle.create_course("Physiology", shortname=f"PHY-{len(self.moodle.site.courses)}")
        kura_course = self.kura.add_course("Physiology")
        with self.kit.database.transaction() as tx:
            mapping_id = pair(tx, self.kit, self.site_id, course, self.instance_id, kura_course)
        made = replace(self, mapping_id=mapping_id, course=course, kura_course=kura_course, outcomes=[])
        made.start()
        return made

    def wanted(self) -> bool:
        """Whether another look at the mapping is due or scheduled."""
        with self.kit.database.reading() as tx:
            return any(row.due_at is not None for row in worklist.rows(tx) if row.mapping_id == self.mapping_id)


@contextmanager
def world(
    kit: Kit, clock: SetClock, dialect: Dialect | None = None, *, started: bool = True, keep_alive: float = 5.0
) -> Iterator[World]:
    """A world on this kit. `started` False: nothing was approved yet, so everything is held."""
    with SimKuraCloud.serving(dialect, keep_alive=keep_alive) as kura, SimMoodle.serving() as moodle:
        moodle.now = clock
        course = moodle.create_course("Physiology 1", shortname="PHY1")
        kura_course = kura.add_course("Physiology", code="PHY")
        made = World(kit, clock, moodle, kura, *_stored(kit, moodle, kura, course, kura_course), course, kura_course)
        if started:
            made.start()
        yield made


def _stored(kit: Kit, moodle: SimMoodle, kura: SimKuraCloud, course: int, kura_course: int) -> tuple[int, int, int]:
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        site_id = sites.add(
            tx,
            now,
            name="uni",
            url=moodle.url,
            wwwroot=moodle.url,
            identity=None,
            token=kit.vault.encrypt(moodle.token),
            ways=("signed", "local_webhooks", "tool_trigger"),
        )
        sites.add_secret(tx, now, site_id, kit.vault.encrypt(SECRET))
        instance_id = connect(tx, kit, kura, "kura")
        return site_id, instance_id, pair(tx, kit, site_id, course, instance_id, kura_course)


def connect(tx: Connection, kit: Kit, kura: SimKuraCloud, name: str) -> int:
    """The id of a new instance."""
    return instances.add(
        tx,
        kit.database.now(tx),
        name=name,
        url=kura.url,
        token=kit.vault.encrypt(kura.token),
        remote_id=name,
        display_name="Example University",
    )


def pair(tx: Connection, kit: Kit, site_id: int, course: int, instance_id: int, kura_course: int) -> int:
    """The id of a new mapping of these two courses."""
    now = kit.database.now(tx)
    return mappings.add(
        tx,
        now,
        site_id=site_id,
        courseid=course,
        course_name="Physiology 1",
        instance_id=instance_id,
        kura_courseid=kura_course,
        kura_course_name="Physiology",
        settings={},
        reconcile_at=now + 21600,
    )
