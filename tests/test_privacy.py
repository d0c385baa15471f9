"""No token, secret, name or e-mail address is in logs, queue arguments, URLs or stored events (design.md 4, 11)."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest
import structlog
from fakeredis import FakeStrictRedis

from app import log
from app.kit import Kit
from app.store import links
from app.sync.ask import ask
from app.sync.dispatch import Dispatcher
from sandbox.faults import Fault
from tests.conftest import SetClock
from tests.receiving import happening, open_door
from tests.world import SECRET, World, world

FIRST, LAST, EMAIL, IDNUMBER = "Quetzalcoatl", "Zwiebelturm", "quetzal.zwiebel@example.edu", "ID-77881"


@pytest.fixture
def small(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    with world(sqlite_kit, clock) as made:
        yield made


@pytest.fixture
def noisy(small: World, capfd: pytest.CaptureFixture[str]) -> Iterator[World]:
    """The same, with every log line on standard error."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    log.configure(replace(small.kit.settings, log_level="debug"))
    yield small
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def _private(made: World) -> list[str]:
    return [FIRST, LAST, EMAIL, IDNUMBER, SECRET, made.kura.token, made.moodle.token]


def _eventful(made: World) -> None:
    """A student comes, kuraCloud fails in several ways, refuses the record with its words, and takes it."""
    made.enrol(FIRST, LAST, email=EMAIL, idnumber=IDNUMBER)
    for fault in (
        Fault("status", match="POST", times=1, status=500),
        Fault("html", match="GET", times=1),
        Fault("status", match="POST .*/student$", times=1, status=400, body=json.dumps({"message": f"{EMAIL}: no"})),
    ):
        made.kura.faults.clear()
        made.kura.faults.add(fault)
        made.sync()
        made.clock.advance(3600)


def test_logs_hold_nothing_private_whatever_fails(noisy: World, capfd: pytest.CaptureFixture[str]) -> None:
    _eventful(noisy)
    seen = capfd.readouterr()
    assert "run_ended" in seen.err
    assert [word for word in _private(noisy) if word in seen.err + seen.out] == []


def test_a_defect_shows_its_place_and_nobodys_data(
    noisy: World, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        rows = [links.NewLink(1, 1, EMAIL, {"given_name": {"sent": FIRST, "shown": LAST}})] * 2
        with noisy.kit.database.transaction() as tx:
            links.create(tx, 0.0, noisy.mapping_id, rows)

    monkeypatch.setattr("app.sync.roster.read_kuracloud", broken)
    noisy.enrol(FIRST, LAST, email=EMAIL)
    assert noisy.sync().reason == "defect"
    seen = capfd.readouterr().err
    assert "IntegrityError" in seen
    assert [word for word in _private(noisy) if word in seen] == []


def test_addresses_of_requests_hold_nothing_private(small: World) -> None:
    _eventful(small)
    asked = " ".join(call.path for call in (*small.kura.calls, *small.moodle.calls))
    assert [word for word in _private(small) if word in asked] == []


def test_queue_arguments_are_numbers_of_mappings(small: World) -> None:
    small.enrol(FIRST, LAST, email=EMAIL)
    ask(small.kit, small.mapping_id, "roster")
    redis = FakeStrictRedis()
    Dispatcher(small.kit, redis).dispatch()
    held = b" ".join(redis.dump(key) or b"" for key in redis.keys("*"))
    assert str(small.mapping_id).encode() in held
    assert [word for word in _private(small) if word.encode() in held] == []


def test_stored_events_hold_ids_alone(sqlite_kit: Kit) -> None:
    door = open_door(sqlite_kit)
    gone = {"username": FIRST, "email": EMAIL, "idnumber": IDNUMBER}
    answer = door.deliver(happening(r"\core\event\user_deleted", courseid=0, objectid=7, relateduserid=7, other=gone))
    assert answer.status_code == 200
    assert [event.relateduserid for event in door.stored()] == [7]
    sqlite_kit.database.dispose()
    files = b"".join(path.read_bytes() for path in sqlite_kit.settings.home.glob("kurasync.db*"))
    assert b"user_deleted" in files
    assert [word for word in (FIRST, EMAIL, IDNUMBER, SECRET) if word.encode() in files] == []
