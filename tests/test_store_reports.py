"""What lists and pages read."""

from __future__ import annotations

import pytest

from app.store import holds, links, reports, runs, worklist
from app.store.db import Database
from app.store.worklist import GRADES, Dead, Done
from tests.conftest import SetClock
from tests.making import add_courses, claimed, want, want_now


@pytest.fixture
def courses(database: Database, clock: SetClock) -> list[int]:
    with database.transaction() as tx:
        return add_courses(tx, clock(), 4)


def test_the_queue_in_numbers(database: Database, clock: SetClock, courses: list[int]) -> None:
    with database.transaction() as tx:
        empty = reports.queue_overview(tx, clock())
        assert (empty.states, empty.due, empty.late, empty.oldest_failing) == ({}, 0, 0.0, None)
        want_now(tx, clock(), *courses[:3])
        want(tx, clock(), courses[0], kind=GRADES)
        worklist.release(tx, clock(), claimed(tx, clock(), courses[0]), Done())
        worklist.release(tx, clock(), claimed(tx, clock(), courses[1]), Dead())
        want_now(tx, clock(), courses[3])
        worklist.release(tx, clock(), claimed(tx, clock(), courses[3]), Done(clock() + 60))
        overview = reports.queue_overview(tx, clock() + 2)
    assert overview.states == {
        ("roster", "idle"): 1,
        ("roster", "dead"): 1,
        ("roster", "wanted"): 1,
        ("roster", "scheduled"): 1,
        ("grades", "wanted"): 1,
    }
    assert (overview.due, overview.late, overview.oldest_failing) == (2, 2.0, clock())


def test_mappings_with_the_state_of_their_work(database: Database, clock: SetClock, courses: list[int]) -> None:
    with database.transaction() as tx:
        want_now(tx, clock(), courses[0], courses[1], courses[3])
        mine = claimed(tx, clock(), courses[0])
        runs.end(tx, clock(), mine.run_id, "done")
        worklist.release(tx, clock(), mine, Done())
        hold = holds.create(tx, clock(), mapping_id=courses[0], kind="roster", digest="d", items=[], run_id=1)
        links.create(tx, clock(), courses[0], [links.NewLink(each, each, "a@example.edu", {}) for each in (1, 2, 3)])
        links.end(tx, clock(), courses[0], [3], "left")
        worklist.park(tx, [courses[1]], "token_refused")
        worklist.release(tx, clock(), claimed(tx, clock(), courses[3]), Done(clock() + 60))
        first, second, third, fourth = reports.mapping_lines(tx)
    assert (first.site, first.courseid, first.instance, first.kura_courseid) == ("uni", 1, "lab", 1001)
    assert (first.state, first.links, first.hold_id) == ("idle", 2, hold)
    assert (first.last_outcome, first.last_ended_at) == ("done", clock())
    assert (second.state, second.gate_reason, second.due_at, second.links) == ("parked", "token_refused", clock(), 0)
    assert (third.state, third.hold_id, third.last_outcome) == ("idle", None, None)
    assert (fourth.state, fourth.due_at) == ("scheduled", clock() + 60)


def test_a_decided_hold_is_not_listed(database: Database, clock: SetClock, courses: list[int]) -> None:
    with database.transaction() as tx:
        number = holds.create(tx, clock(), mapping_id=courses[0], kind="roster", digest="d", items=[], run_id=1)
        hold = holds.get(tx, number)
        assert hold
        holds.decide(tx, clock(), hold, "approved", "x")
        assert reports.mapping_lines(tx)[0].hold_id == number
        approved = holds.get(tx, number)
        assert approved
        holds.decide(tx, clock(), approved, "applied", "x")
        assert reports.mapping_lines(tx)[0].hold_id is None


def test_what_gave_up_and_what_it_said_last(database: Database, clock: SetClock, courses: list[int]) -> None:
    with database.transaction() as tx:
        for course in courses[:2]:
            want_now(tx, clock(), course)
            mine = claimed(tx, clock(), course)
            worklist.release(tx, clock(), mine, Dead())
            runs.end(tx, clock(), mine.run_id, "dead", "timeout", f"course {course}")
            clock.advance(1)
        lines = reports.dead_lines(tx)
    assert [(each.mapping_id, each.reason, each.message) for each in lines] == [
        (each, "timeout", f"course {each}") for each in courses[:2]
    ]
    assert (lines[0].site, lines[0].courseid, lines[0].kind, lines[0].attempts) == ("uni", 1, "roster", 1)


def test_drift_and_outcomes_of_a_time(database: Database, clock: SetClock, courses: list[int]) -> None:
    with database.transaction() as tx:
        start = clock()
        for course, drift in ((courses[0], 2), (courses[0], 3), (courses[1], 0)):
            want_now(tx, clock(), course)
            mine = claimed(tx, clock(), course)
            worklist.release(tx, clock(), mine, Done())
            runs.end(tx, clock(), mine.run_id, "done", drift=drift)
            clock.advance(10)
        want_now(tx, clock(), courses[2])
        claimed(tx, clock(), courses[2])
        assert reports.drift(tx, start) == {courses[0]: 5}
        assert reports.drift(tx, start + 10) == {courses[0]: 3}
        assert reports.outcomes(tx, start) == {("roster", "done"): 3}
        assert reports.outcomes(tx, clock()) == {}
