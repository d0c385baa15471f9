"""A whole day's way in one process: Moodle's events through the real receiver, and turns as the workers take them.

    with campus(kit, clock) as made:
        made.world.enrol()
        made.deliver()
        assert made.rest() == ["done"]
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.kit import Kit
from app.store import audit, runs, worklist
from app.store.runs import Run
from app.sync.backoff import backoff
from app.sync.probe import probe_parked
from app.sync.turn import take_turn
from app.web import create_app
from sandbox.kuracloud.dialect import Dialect
from sandbox.moodle.events import Event
from tests import points
from tests.conftest import SetClock
from tests.mortal import Killed
from tests.receiving import sealed
from tests.world import SECRET, World, world

OWNER = f"test:{os.getpid()}:0:0"
_SOON = 3600.0
_ROUNDS = 60
_PAUSE = 1.0  # so long a round in which nothing could be done lasts: a connection may be paused


class Mailbag:
    """What Moodle said, each event with an id of its own, and how far it was delivered."""

    in_transaction = False

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.delivered = 0

    def accept(self, event: Event, wwwroot: str) -> None:
        """Keep an event."""
        self.events.append({"id": str(uuid4()), **event})

    def close(self) -> None:
        """Nothing is kept open."""


@dataclass
class Campus:
    """A site's first course is `world`; `client` is the receiver's, `mail` what Moodle has to say."""

    world: World
    client: FlaskClient
    mail: Mailbag = field(default_factory=Mailbag)

    def post(self, *events: Event, secret: str = SECRET, number: str = "") -> TestResponse:
        """A signed delivery of these events; `number` is its webhook-id."""
        content = {"wwwroot": self.world.moodle.wwwroot, "events": list(events)}
        document = {"type": "moodle.events", "timestamp": "2026-01-31T12:00:00Z", "data": content}
        body, headers = sealed(json.dumps(document), secret=secret, number=number)
        return self.send(body, headers)

    def send(self, body: str | bytes, headers: dict[str, str], path: str = "/events/uni") -> TestResponse:
        """A request as it comes."""
        return self.client.post(path, data=body, headers=headers, buffered=True)

    def hook(self, event: Event) -> TestResponse:
        """The same event by local_webhooks: unsigned, without an id, named by its host alone."""
        host = urlsplit(self.world.moodle.wwwroot).hostname
        body = {**{name: value for name, value in event.items() if name != "id"}, "host": host, "token": SECRET}
        return self.send(json.dumps(body), {"Content-Type": "application/json"}, "/events/uni/local_webhooks")

    def deliver(self) -> None:
        """Post whatever was not posted yet, in one delivery."""
        news, self.mail.delivered = self.mail.events[self.mail.delivered :], len(self.mail.events)
        if news:
            assert self.post(*news).status_code == 200

    def turns(self) -> list[str]:
        """What the clock and the workers do at this moment: outcomes of the turns taken at what is due."""
        kit = self.world.kit
        with kit.database.transaction() as tx:
            worklist.reap(
                tx,
                kit.database.now(tx),
                recheck=kit.settings.recheck,
                dead_crashes=kit.settings.dead_crashes,
                backoff=lambda crashes: backoff(kit.settings, crashes, lambda: 0.5),
            )
        probe_parked(kit)
        with kit.database.reading() as tx:
            due = worklist.due(tx, kit.database.now(tx), 1000, kit.settings.runs_per_instance)
        return [take_turn(kit, mapping_id, kind, OWNER, chance=lambda: 0.5) for mapping_id, kind in due]

    def rest(self) -> list[str]:
        """Turns until nothing is due within the hour; their outcomes. What Moodle said is delivered first."""
        self.deliver()
        outcomes: list[str] = []
        for _ in range(_ROUNDS):
            taken = self.turns()
            outcomes += taken
            wait = self._next_wait()
            if wait is None:
                return outcomes
            self.world.clock.advance(wait if wait or taken else _PAUSE)
        raise AssertionError(f"it does not come to rest: {outcomes}")

    def run(self, kind: str = "roster") -> Run:
        """The newest run of the world's course."""
        with self.world.kit.database.reading() as tx:
            found = runs.last(tx, self.world.mapping_id, kind)
        assert found is not None
        return found

    def _next_wait(self) -> float | None:
        with self.world.kit.database.reading() as tx:
            rows = worklist.rows(tx)
        moments = [row.lease_until or row.due_at for row in rows if row.gate == "open"]
        waits = [max(0.0, moment - self.world.clock()) for moment in moments if moment is not None]
        return min((wait for wait in waits if wait <= _SOON), default=None)


@contextmanager
def campus(kit: Kit, clock: SetClock, dialect: Dialect | None = None, *, plugin: bool = True) -> Iterator[Campus]:
    """A campus whose Moodle has the plugin (which proves who left) or, without it, stock functions alone."""
    with world(kit, clock, dialect) as made:
        if plugin:
            made.moodle.install_plugin()
        campus = Campus(made, create_app(kit).test_client())
        made.moodle.attach(campus.mail)
        yield campus


def with_students(made: Campus, number: int) -> list[int]:
    """So many students, in step; their Moodle user ids."""
    users = [made.world.enrol(f"Ana{each}") for each in range(number)]
    assert set(made.rest()) == {"done"}
    assert len(made.world.emails()) == number
    return users


def kill_once(monkeypatch: pytest.MonkeyPatch, where: str) -> list[str]:
    """Let the process die when it passes this step (tests.points) for the first time; what is returned tells of it."""
    met: list[str] = []

    def passing(step: str) -> None:
        if step == where and not met:
            met.append(step)
            raise Killed

    points.install(monkeypatch.setattr, passing)
    return met


def invited_twice(made: World) -> list[tuple[int, str]]:
    """(kuraCloud course, address) of everybody invited more than once."""
    times = Counter((course, email.lower()) for course, email, _ in made.kura.invites)
    return [each for each, number in times.items() if number > 1]


def in_step(made: World) -> None:
    """Both sides hold the same people with the same names and sections, and another run plans nothing."""
    look = made.preview().as_json()
    assert (look["go"], look["held"], look["dropped"], look["conflicts"]) == ([], [], [], [])
    # Never the two compared as a whole: to show how hundreds differ takes pytest minutes.
    assert set(truth(made).items()) ^ set(shown(made).items()) == set()
    assert invited_twice(made) == []


def truth(made: World) -> dict[str, tuple[str, str, str]]:
    """Moodle's students: address -> first name, last name, section."""
    return {
        each["email"]: (each["firstname"], each["lastname"], each["groups"][0]["name"] if each["groups"] else "")
        for each in made.moodle.expected_students(made.course)
    }


def shown(made: World) -> dict[str, tuple[str, str, str]]:
    """kuraCloud's, in the same form."""
    return {
        each["email"]: (each["givenName"], each["familyName"], each["section"] or "")
        for each in made.kura.students(made.kura_course)
    }


def audited(made: World) -> bool:
    """Whether each write to kuraCloud has a row before it and one after."""
    with made.kit.database.reading() as tx:
        rows = audit.search(tx, system="kuracloud", limit=100_000)
    written = [call for call in made.kura.calls if not call.name.startswith("GET ")]
    phases: dict[str, list[str]] = {}
    for row in reversed(rows):
        phases.setdefault(row.call_uid, []).append(row.phase)
    return len(phases) >= len(written) and all(found == ["begin", "end"] for found in phases.values())
