"""Alerts and what became of holds, as both databases keep them."""

from __future__ import annotations

import pytest

from app.store import alerts, bypasses, holds
from app.store.bypasses import Bypass
from app.store.db import Database
from app.store.holds import Hold, State
from tests.conftest import SetClock
from tests.making import add_courses

BY = "cli:ada"


@pytest.fixture
def course(database: Database, clock: SetClock) -> int:
    with database.transaction() as tx:
        return add_courses(tx, clock())[0]


def made(database: Database, clock: SetClock, course: int) -> Hold:
    with database.transaction() as tx:
        values = {"mapping_id": course, "kind": "roster", "digest": "d", "items": [], "run_id": 1}
        number = holds.create(tx, clock(), **values)  # type: ignore[arg-type]
        hold = holds.get(tx, number)
    assert hold is not None
    return hold


def decided(database: Database, clock: SetClock, hold: Hold, state: State, by: str = BY) -> None:
    with database.transaction() as tx:
        assert holds.decide(tx, clock(), hold, state, by)


def test_an_overtaken_hold_knows_the_one_that_took_its_place_at_that_moment(
    database: Database, clock: SetClock, course: int
) -> None:
    first = made(database, clock, course)
    clock.advance(1)
    decided(database, clock, first, "overtaken")
    second = made(database, clock, course)
    decided(database, clock, second, "overtaken")
    clock.advance(1)
    third = made(database, clock, course)
    decided(database, clock, third, "rejected")
    with database.reading() as tx:
        assert holds.successors(tx, [first.id, second.id, third.id]) == {first.id: second.id}
        assert holds.successors(tx, []) == {}


def test_what_waits_for_a_person_is_open(database: Database, clock: SetClock, course: int) -> None:
    hold = made(database, clock, course)
    with database.reading() as tx:
        assert holds.open_targets(tx) == {(course, "roster")}
    decided(database, clock, hold, "approved")
    with database.reading() as tx:
        assert holds.open_targets(tx) == set()


@pytest.mark.parametrize(("by", "found"), [(BY, True), ("kurasync", False)])
def test_only_what_a_person_decided_lately_is_a_decision(
    database: Database, clock: SetClock, course: int, by: str, found: bool
) -> None:
    hold = made(database, clock, course)
    at = clock()
    decided(database, clock, hold, "overtaken", by)
    with database.reading() as tx:
        assert holds.decided_since(tx, at, "kurasync") == ({(course, "roster"): at} if found else {})
        assert holds.decided_since(tx, at + 1, "kurasync") == {}


def test_an_alert_is_taken_once_and_put_off_as_if_it_had_not_been(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        assert alerts.oldest_due(tx) is None
        alerts.add(tx, clock(), "drift", "mapping:1", "One.")
        assert alerts.oldest_due(tx) == clock()
        (taken,) = alerts.take(tx, clock(), clock() + 60)
        assert (taken.attempts, taken.due_at) == (1, clock() + 60)
        assert alerts.take(tx, clock(), clock() + 60) == []
        alerts.put_off(tx, {taken.id: clock() + 90})
        (row,) = alerts.search(tx)
        assert (row.attempts, row.due_at) == (0, clock() + 90)


def test_one_that_another_clock_has_taken_since_is_left_to_it(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        alerts.add(tx, clock(), "drift", "mapping:1", "One.")
        mine = alerts.take(tx, clock(), clock() + 60)
        clock.advance(60)
        theirs = alerts.take(tx, clock(), clock() + 60)
        alerts.set_due(tx, mine, None)
        assert alerts.oldest_due(tx) == clock() + 60
        alerts.set_due(tx, theirs, None)
        assert alerts.oldest_due(tx) is None


def test_what_was_told_is_known_by_kind_and_topic(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        assert alerts.last_told(tx) is None
        for kind, topic in (("drift", "mapping:1"), ("drift", "mapping:1"), ("hold", "mapping:1")):
            alerts.add(tx, clock(), kind, topic, "Something.")  # type: ignore[arg-type]
        one, two, three = alerts.take(tx, clock(), clock() + 60)
        alerts.note_told(tx, clock(), "mail", [one.id])
        alerts.note_told(tx, clock() + 5, "webhook", [two.id, three.id])
        assert alerts.last_told(tx) == clock() + 5
        both = {("drift", "mapping:1"): clock() + 5, ("hold", "mapping:1"): clock() + 5}
        assert alerts.told_since(tx, clock()) == both
        assert alerts.told_since(tx, clock() + 6) == {}
        assert alerts.last_at(tx, "silent", "site:1") is None
        assert alerts.last_at(tx, "drift", "mapping:1") == clock()


def test_a_bypass_takes_the_place_of_one_before_and_ends_with_the_generation_it_is_for(
    database: Database, clock: SetClock, course: int
) -> None:
    with database.transaction() as tx:
        for gen in (3, 5):
            bypasses.give(tx, clock(), mapping_id=course, kind="roster", gen=gen, by=BY)
        assert bypasses.get(tx, course, "roster") == Bypass(course, "roster", 5, BY, clock())
        assert bypasses.get(tx, course, "grades") is None
        assert not bypasses.end(tx, course, "roster", up_to=4)
        assert bypasses.end(tx, course, "roster", up_to=5)
        assert bypasses.get(tx, course, "roster") is None
