"""The overview: numbers of a day, what needs somebody, and the way to each cause."""

from __future__ import annotations

import pytest

from app.kit import Kit
from app.store import connections, mappings, overview, worklist
from app.store.db import Database
from tests.a_day import HOUR, add_events, add_run, live_through
from tests.conftest import SetClock
from tests.making import add_courses, want_now
from tests.visiting import Visitor, visiting


@pytest.fixture
def mapping_id(sqlite_kit: Kit, clock: SetClock) -> int:
    with sqlite_kit.database.transaction() as tx:
        [made] = add_courses(tx, clock())
    return made


@pytest.fixture
def visitor(sqlite_kit: Kit, mapping_id: int) -> Visitor:
    return visiting(sqlite_kit, "viewer")


def tile(visitor: Visitor, title: str) -> tuple[int, bool, str]:
    """Its number, whether it asks for somebody, and where it leads."""
    page = visitor.get("/").text
    part = next(each for each in page.split('<div class="tile ')[1:] if f">{title}</a>" in each.partition("</dt>")[0])
    number = part.partition("<dd>")[2].partition("<")[0]
    return int(number), not part.startswith('"'), part.partition('href="')[2].partition('"')[0]


def test_events_are_counted_by_the_hour_in_which_they_came(database: Database, clock: SetClock) -> None:
    now = clock()
    with database.transaction() as tx:
        add_courses(tx, now)
        for ago, number in ((0.1, 2), (0.9, 1), (1.1, 4), (23.9, 5), (24.1, 6)):
            add_events(tx, now - ago * HOUR, 1, number)
        found = overview.hours(tx, now - 24 * HOUR, 24)
    assert [each.events for each in found] == [5, *[0] * 21, 4, 3]


def test_lags_are_those_that_half_and_nineteen_of_twenty_runs_stay_within(database: Database, clock: SetClock) -> None:
    now = clock()
    with database.transaction() as tx:
        [mapping_id] = add_courses(tx, now)
        for lag in range(1, 101):
            add_run(tx, now - 60, mapping_id, lag=float(lag))
        add_run(tx, now - 60, mapping_id, "retry", lag=1000.0)
        add_run(tx, now - 60, mapping_id, lag=2000.0, kind="grades")
        add_run(tx, now - 60, mapping_id)
        add_run(tx, now - HOUR - 60, mapping_id, lag=7.0)
        *_, before, last = overview.hours(tx, now - 24 * HOUR, 24)
    assert (last.half, last.most) == (50.0, 95.0)
    assert (before.half, before.most) == (7.0, 7.0)


def test_runs_are_counted_by_how_they_ended_and_drift_with_them(database: Database, clock: SetClock) -> None:
    now = clock()
    with database.transaction() as tx:
        [mapping_id] = add_courses(tx, now)
        for outcome in ("done", "done", "retry", "dead"):
            add_run(tx, now - 60, mapping_id, outcome, drift=2)
        quiet, last = overview.hours(tx, now - 2 * HOUR, 2)
    assert last.outcomes == {"done": 2, "retry": 1, "dead": 1}
    assert last.drift == 8
    assert (quiet.outcomes, quiet.drift, quiet.half) == ({}, 0, None)


def test_the_last_event_of_each_site_is_known(database: Database, clock: SetClock) -> None:
    now = clock()
    with database.transaction() as tx:
        add_courses(tx, now)
        assert overview.last_events(tx) == {1: None}
        add_events(tx, now - 90, 1, 1)
        add_events(tx, now - 30, 1, 1)
        assert overview.last_events(tx) == {1: now - 30}


def test_when_all_is_well_it_says_so(visitor: Visitor) -> None:
    assert "All is well" in visitor.text("/")


def test_before_anything_is_connected_it_says_where_to_begin(sqlite_kit: Kit) -> None:
    said = visiting(sqlite_kit).text("/")
    assert "Connect a Moodle site" in said
    assert "Connect a kuraCloud instance" in said


def test_what_waits_for_a_person_is_counted_with_how_long(
    sqlite_kit: Kit, visitor: Visitor, mapping_id: int, clock: SetClock
) -> None:
    with sqlite_kit.database.transaction() as tx:
        live_through(tx, clock(), 1, mapping_id)
    assert tile(visitor, "Held") == (1, True, "/holds")
    said = visitor.text("/")
    assert "the oldest for 8 hours" in said
    assert "All is well" not in said
    assert '<span class="count">1<span class="unseen"> open</span></span>' in visitor.get("/account").text


def test_drift_leads_to_the_runs(sqlite_kit: Kit, visitor: Visitor, mapping_id: int, clock: SetClock) -> None:
    with sqlite_kit.database.transaction() as tx:
        add_run(tx, clock() - 60, mapping_id, drift=4)
    assert tile(visitor, "Drift") == (4, True, "/runs")


def test_what_is_late_is_counted(sqlite_kit: Kit, visitor: Visitor, mapping_id: int, clock: SetClock) -> None:
    with sqlite_kit.database.transaction() as tx:
        want_now(tx, clock(), mapping_id)
    assert tile(visitor, "Late")[:2] == (0, False)
    clock.advance(sqlite_kit.settings.late_after + 1)
    assert tile(visitor, "Late") == (1, True, "/queues")


def test_a_paused_mapping_counts_once_and_leads_to_the_list(
    sqlite_kit: Kit, visitor: Visitor, mapping_id: int, clock: SetClock
) -> None:
    with sqlite_kit.database.transaction() as tx:
        want_now(tx, clock(), mapping_id)
        worklist.pause(tx, mapping_id)
    assert tile(visitor, "Paused") == (1, True, "/mappings?state=paused")


def test_a_broken_connection_and_a_silent_site_are_counted(
    sqlite_kit: Kit, visitor: Visitor, mapping_id: int, clock: SetClock
) -> None:
    with sqlite_kit.database.transaction() as tx:
        connections.park(tx, "instance", 1, "token_refused", clock() + 60)
        add_events(tx, clock() - sqlite_kit.settings.silent_hours * HOUR - 60, 1, 1)
    assert tile(visitor, "Broken connections") == (1, True, "/connections")
    assert tile(visitor, "Silent sites") == (1, True, "/connections")
    assert "token refused" in visitor.text("/")


def test_a_site_that_never_reported_is_not_called_silent(visitor: Visitor) -> None:
    assert tile(visitor, "Silent sites")[:2] == (0, False)


def test_the_four_columns_of_an_instance_are_those_of_the_guide(visitor: Visitor) -> None:
    said = visitor.text("/")
    assert "Instance name Status LMS integration Actions" in said


def test_mappings_of_each_connection_are_counted(sqlite_kit: Kit, mapping_id: int) -> None:
    with sqlite_kit.database.reading() as tx:
        assert mappings.kura_courses(tx, 1) == {1001: mapping_id}
