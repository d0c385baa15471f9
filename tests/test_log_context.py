"""Log lines say which request, run, mapping and events they are about."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from app.kit import Kit
from app.store import events
from app.sync import roster
from app.sync.turn import take_turn
from app.web import create_app
from tests.conftest import SetClock
from tests.making import want_now
from tests.receiving import Door, happening, open_door
from tests.world import World, world

Lines = list[Any]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Every line with what it carries along, as structlog and as the standard library's loggers write it."""
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as written:
        yield written
    assert structlog.contextvars.get_contextvars() == {}


@pytest.fixture
def door(sqlite_kit: Kit) -> Door:
    return open_door(sqlite_kit)


@pytest.fixture
def small(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    with world(sqlite_kit, clock) as made:
        yield made


def test_a_delivery_names_its_request_its_site_and_its_events(door: Door, lines: Lines) -> None:
    answer = door.deliver(happening(), happening(courseid="77"))
    (line,) = [each for each in lines if each["event"] == "events_taken"]
    assert line["request_id"] == answer.headers["X-Request-Id"]
    assert (line["site"], line["accepted"], line["ignored"]) == ("uni", 2, 1)
    assert list(line["event_ids"]) == [each.id for each in door.stored()]


def test_of_a_large_delivery_five_events_are_named(door: Door, lines: Lines) -> None:
    door.deliver(*(happening() for _ in range(20)))
    (line,) = [each for each in lines if each["event"] == "events_taken"]
    assert len(line["event_ids"]) == 5
    assert line["accepted"] == 20


def test_each_request_has_a_name_of_its_own_also_one_that_is_refused(sqlite_kit: Kit) -> None:
    client = create_app(sqlite_kit).test_client()
    names = [client.get(path).headers["X-Request-Id"] for path in ("/healthz", "/nowhere", "/events/uni", "/healthz")]
    assert len(set(names)) == 4


def test_nobody_chooses_the_name_of_her_request(sqlite_kit: Kit) -> None:
    answer = create_app(sqlite_kit).test_client().get("/healthz", headers={"X-Request-Id": "forged\tline"})
    assert len(answer.headers["X-Request-Id"]) == 12
    assert answer.headers["X-Request-Id"].isalnum()


def test_every_line_of_a_run_names_it_its_mapping_and_the_events_behind_it(sqlite_kit: Kit, lines: Lines) -> None:
    door = open_door(sqlite_kit)
    door.deliver(happening())
    (event,) = door.stored()
    with sqlite_kit.database.transaction() as tx:
        want_now(tx, sqlite_kit.database.now(tx), door.mapping[8])

    def verb(*_: object) -> Any:
        structlog.get_logger().info("deep_inside")
        return roster.Ended()

    assert take_turn(sqlite_kit, door.mapping[8], "roster", "host:1:2:3", verbs={"roster": verb}) == "done"
    for name in ("deep_inside", "run_ended"):
        (line,) = [each for each in lines if each["event"] == name]
        assert (line["mapping_id"], line["kind"], line["event_ids"]) == (door.mapping[8], "roster", [event.id])
        assert line["run_id"] > 0


def test_a_run_that_no_event_asked_for_names_none(small: World, lines: Lines) -> None:
    small.sync()
    (line,) = [each for each in lines if each["event"] == "run_ended"]
    assert "event_ids" not in line
    assert line["mapping_id"] == small.mapping_id


def test_the_first_events_behind_a_run_are_those_it_covers_and_no_others(sqlite_kit: Kit) -> None:
    door = open_door(sqlite_kit)
    door.deliver(*(happening() for _ in range(3)))
    named: list[list[int]] = []

    def verb(kit: Kit, lease: Any) -> Any:
        door.deliver(happening())  # while it runs: the next one's
        with kit.database.reading() as tx:
            named.append(events.first_behind(tx, lease.claim, 2))
        return roster.Ended()

    with sqlite_kit.database.transaction() as tx:
        want_now(tx, sqlite_kit.database.now(tx), door.mapping[8])
    take_turn(sqlite_kit, door.mapping[8], "roster", "host:1:2:3", verbs={"roster": verb})
    assert named == [[each.id for each in door.stored()[:2]]]


def test_lines_of_libraries_carry_the_same(small: World, caplog: pytest.LogCaptureFixture) -> None:
    carried: list[dict[str, Any]] = []

    class Listening(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            carried.append(structlog.contextvars.get_contextvars())

    def verb(*_: object) -> Any:
        logging.getLogger("somebody_elses").warning("something")
        return roster.Ended()

    handler = Listening()
    logging.getLogger("somebody_elses").addHandler(handler)
    with small.kit.database.transaction() as tx:
        want_now(tx, small.clock(), small.mapping_id)
    take_turn(small.kit, small.mapping_id, "roster", "host:1:2:3", verbs={"roster": verb})
    logging.getLogger("somebody_elses").removeHandler(handler)
    assert [each["mapping_id"] for each in carried] == [small.mapping_id]
