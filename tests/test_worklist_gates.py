"""Gates: parked, paused, dead; what is wanted behind them is kept (D9)."""

from __future__ import annotations

import pytest

from app.store import worklist
from app.store.db import Database
from app.store.worklist import GRADES, ROSTER, Dead, Done, Retry
from tests.conftest import SetClock
from tests.making import add_courses, claimed, row, want, want_now


@pytest.fixture
def courses(database: Database, clock: SetClock) -> list[int]:
    with database.transaction() as tx:
        courses = add_courses(tx, clock(), 3)
        want_now(tx, clock(), *courses)
        return courses


def test_parking_closes_open_rows_and_events_still_count(
    database: Database, clock: SetClock, courses: list[int]
) -> None:
    with database.transaction() as tx:
        assert worklist.park(tx, courses[:2], "token_refused") == 2
        want(tx, clock(), courses[0])
        found = row(tx, courses[0])
        assert worklist.due(tx, clock(), 10, 2) == [(courses[2], ROSTER)]
    assert (found.state, found.gate_reason, found.wanted, found.due_at) == ("parked", "token_refused", 2, clock())


def test_parking_leaves_paused_and_dead_rows_as_they_are(
    database: Database, clock: SetClock, courses: list[int]
) -> None:
    with database.transaction() as tx:
        worklist.pause(tx, courses[0])
        worklist.release(tx, clock(), claimed(tx, clock(), courses[1]), Dead())
        assert worklist.park(tx, courses, "x") == 1
        assert worklist.unpark(tx, clock(), courses, 30) == 1
        assert [row(tx, each).gate for each in courses] == ["paused", "dead", "open"]


def test_unparking_spreads_what_waits(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        courses = add_courses(tx, clock(), 50)
        want_now(tx, clock(), *courses)
        worklist.park(tx, courses, "x")
        clock.advance(1000)
        assert worklist.unpark(tx, clock(), courses, 30) == 50
        dues = {row(tx, each).due_at or 0 for each in courses}
        assert {row(tx, each).gate_reason for each in courses} == {None}
    assert len(dues) == 50
    assert clock() <= min(dues) < clock() + 10 < clock() + 20 < max(dues) <= clock() + 30


def test_unparking_obeys_a_backoff_and_wakes_nothing_idle(
    database: Database, clock: SetClock, courses: list[int]
) -> None:
    with database.transaction() as tx:
        worklist.release(tx, clock(), claimed(tx, clock(), courses[0]), Done())
        worklist.release(tx, clock(), claimed(tx, clock(), courses[1]), Retry(clock() + 500))
        worklist.park(tx, courses, "x")
        worklist.unpark(tx, clock(), courses, 30)
        assert (row(tx, courses[0]).state, row(tx, courses[1]).due_at) == ("idle", clock() + 500)


def test_pausing_stops_all_kinds_also_those_never_wanted(
    database: Database, clock: SetClock, courses: list[int]
) -> None:
    with database.transaction() as tx:
        worklist.pause(tx, courses[0])
        want_now(tx, clock(), courses[0])
        assert {each.kind: each.gate for each in worklist.rows(tx, courses[:1])} == {GRADES: "paused", ROSTER: "paused"}
        assert row(tx, courses[0]).wanted == 2


def test_pausing_a_parked_row_keeps_it_closed_when_the_connection_is_back(
    database: Database, clock: SetClock, courses: list[int]
) -> None:
    with database.transaction() as tx:
        worklist.park(tx, courses, "x")
        worklist.pause(tx, courses[0])
        worklist.unpark(tx, clock(), courses, 0)
        assert [row(tx, each).gate for each in courses] == ["paused", "open", "open"]


def test_what_a_command_paused_it_opens_again_and_what_a_person_paused_it_does_not(
    database: Database, clock: SetClock, courses: list[int]
) -> None:
    with database.transaction() as tx:
        worklist.pause(tx, courses[0], "removing")
        worklist.pause(tx, courses[1])
        worklist.pause(tx, courses[1], "removing")
        assert (row(tx, courses[0]).gate_reason, row(tx, courses[1]).gate_reason) == ("removing", None)
        assert [worklist.resume(tx, clock(), each, "removing") for each in courses[:2]] == [2, 0]
        worklist.pause(tx, courses[0], "removing")
        worklist.pause(tx, courses[0])
        assert worklist.resume(tx, clock(), courses[0], "removing") == 0
        assert [row(tx, each).gate for each in courses[:2]] == ["paused", "paused"]


def test_what_is_dead_stays_dead_when_paused(database: Database, clock: SetClock, courses: list[int]) -> None:
    with database.transaction() as tx:
        worklist.release(tx, clock(), claimed(tx, clock(), courses[0]), Dead())
        worklist.pause(tx, courses[0])
        assert row(tx, courses[0]).gate == "dead"


def test_resuming_makes_what_waits_due_now(database: Database, clock: SetClock, courses: list[int]) -> None:
    with database.transaction() as tx:
        worklist.pause(tx, courses[0])
        clock.advance(100)
        assert worklist.resume(tx, clock(), courses[0]) == 2
        found = row(tx, courses[0])
        assert (found.gate, found.due_at) == ("open", clock())
        assert row(tx, courses[0], GRADES).state == "idle"
        assert worklist.resume(tx, clock(), courses[0]) == 0


def test_requeueing_brings_the_dead_back_with_a_clean_sheet(
    database: Database, clock: SetClock, courses: list[int]
) -> None:
    with database.transaction() as tx:
        worklist.release(tx, clock(), claimed(tx, clock(), courses[0]), Retry(clock()))
        worklist.release(tx, clock(), claimed(tx, clock(), courses[0]), Dead())
        clock.advance(100)
        assert worklist.requeue(tx, clock()) == 1
        found = row(tx, courses[0])
    assert (found.gate, found.due_at, found.not_before) == ("open", clock(), 0)
    assert (found.attempts, found.crashes, found.failing_since) == (0, 0, None)


def test_requeueing_may_be_narrowed(database: Database, clock: SetClock, courses: list[int]) -> None:
    with database.transaction() as tx:
        for each in courses:
            worklist.release(tx, clock(), claimed(tx, clock(), each), Dead())
        assert worklist.requeue(tx, clock(), kind=GRADES) == 0
        assert worklist.requeue(tx, clock(), mapping_ids=courses[:1]) == 1
        assert worklist.requeue(tx, clock(), kind=ROSTER, mapping_ids=courses) == 2
        assert worklist.requeue(tx, clock()) == 0


def test_states_are_shown_in_the_words_of_people(database: Database, clock: SetClock, courses: list[int]) -> None:
    with database.transaction() as tx:
        worklist.release(tx, clock(), claimed(tx, clock(), courses[0]), Done())
        claimed(tx, clock(), courses[1])
        worklist.pause(tx, courses[1])
        assert [row(tx, each).state for each in courses] == ["idle", "running", "wanted"]
        assert worklist.get(tx, courses[0], GRADES) is None
