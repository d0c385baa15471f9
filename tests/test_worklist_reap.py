"""Taking back the work of workers that were killed, hang or were frozen (queue.md 3, reap; D10, D12)."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from app.store import runs, worklist
from app.store.db import Database
from app.store.worklist import ROSTER, Done, Later, Reaped
from tests.conftest import SetClock
from tests.making import add_courses, claimed, row, want, want_now


@pytest.fixture
def course(database: Database, clock: SetClock) -> int:
    with database.transaction() as tx:
        course = add_courses(tx, clock())[0]
        want_now(tx, clock(), course)
        return course


def reap(tx: Connection, now: float) -> list[Reaped]:
    return worklist.reap(tx, now, recheck=600.0, dead_crashes=5, backoff=lambda times: 10.0 * times)


def crash(tx: Connection, clock: SetClock, course: int) -> list[Reaped]:
    found = row(tx, course)
    assert found.due_at is not None
    clock.at = max(clock.at, found.due_at)
    claimed(tx, clock(), course, lease=3)
    clock.advance(3)
    return reap(tx, clock())


def test_a_lease_in_force_is_left_alone(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        claimed(tx, clock(), course, lease=3)
        clock.advance(2.9)
        assert reap(tx, clock()) == []
        assert row(tx, course).state == "running"


def test_the_first_crash_keeps_its_place(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        due_at = row(tx, course).due_at
        mine = claimed(tx, clock(), course, lease=3)
        clock.advance(3)
        assert reap(tx, clock()) == [Reaped(course, ROSTER, mine.run_id, 1, False)]
        found, run = row(tx, course), runs.get(tx, mine.run_id)
    assert (found.state, found.due_at, found.not_before) == ("wanted", due_at, 0)
    assert (found.crashes, found.attempts, found.failing_since) == (1, 0, clock())
    assert found.recheck_at == clock() + 600
    assert run is not None
    assert (run.outcome, run.ended_at) == ("reaped", clock())


def test_the_next_crashes_wait_longer_and_longer(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        waits = []
        for _ in range(4):
            crash(tx, clock, course)
            waits.append(max(row(tx, course).not_before - clock(), 0.0))
    assert waits == [0.0, 10.0, 20.0, 30.0]


def test_a_crash_loop_is_dead_after_five(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        outcomes = [crash(tx, clock, course)[0] for _ in range(5)]
        assert [(each.crashes, each.dead) for each in outcomes] == [
            (1, False),
            (2, False),
            (3, False),
            (4, False),
            (5, True),
        ]
        found = row(tx, course)
        assert worklist.due(tx, clock() + 1000, 10, 2) == []
    assert (found.state, found.wanted, found.seen) == ("dead", 1, 0)


def test_only_crashes_in_a_row_count(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        for _ in range(4):
            crash(tx, clock, course)
        clock.at = row(tx, course).not_before
        worklist.release(tx, clock(), claimed(tx, clock(), course), Later(clock()))
        assert [crash(tx, clock, course)[0].dead for _ in range(4)] == [False] * 4


def test_age_alone_does_not_kill_a_row_d10(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        crash(tx, clock, course)
        clock.advance(10 * 86400)
        assert [each.dead for each in crash(tx, clock, course)] == [False]


def test_a_paused_row_is_taken_back_and_stays_paused(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        for _ in range(4):
            crash(tx, clock, course)
        clock.at = row(tx, course).not_before
        claimed(tx, clock(), course, lease=3)
        worklist.pause(tx, course)
        clock.advance(3)
        assert [(each.crashes, each.dead) for each in reap(tx, clock())] == [(5, False)]
        assert row(tx, course).state == "paused"


def test_after_an_unclean_end_there_is_one_more_look_d12(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        crash(tx, clock, course)
        at = clock() + 600
        worklist.release(tx, clock(), claimed(tx, clock(), course), Done())
        assert row(tx, course).due_at == at
        clock.at = at
        worklist.release(tx, clock(), claimed(tx, clock(), course), Done())
        assert row(tx, course).state == "idle"


def test_what_was_wanted_meanwhile_is_kept(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        claimed(tx, clock(), course, lease=3)
        want(tx, clock(), course)
        clock.advance(3)
        reap(tx, clock())
        again = claimed(tx, clock(), course)
    assert (again.gen_from, again.gen_to) == (0, 2)


def test_a_run_that_comes_back_says_itself_that_it_was_lost(
    database: Database, clock: SetClock, course: int
) -> None:
    with database.transaction() as tx:
        mine = claimed(tx, clock(), course, lease=3)
        clock.advance(3)
        reap(tx, clock())
        assert worklist.release(tx, clock(), mine, Done()) is False
        runs.end(tx, clock(), mine.run_id, "lost", counts={"add": 1})
        run = runs.get(tx, mine.run_id)
    assert run is not None
    assert (run.outcome, run.counts) == ("lost", {"add": 1})


def test_all_that_ran_out_is_taken_back_at_once(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        courses = add_courses(tx, clock(), 5)
        want_now(tx, clock(), *courses)
        for course in courses:
            claimed(tx, clock(), course, lease=3)
        clock.advance(3)
        assert [each.mapping_id for each in reap(tx, clock())] == courses
