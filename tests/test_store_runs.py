"""Runs: what they covered, how they ended, and which of them handled an event."""

from __future__ import annotations

import pytest

from app.store import runs, worklist
from app.store.db import Database
from app.store.worklist import Done, Retry
from tests.conftest import SetClock
from tests.making import add_courses, claimed, want, want_now


@pytest.fixture
def course(database: Database, clock: SetClock) -> int:
    with database.transaction() as tx:
        return add_courses(tx, clock())[0]


def test_a_run_keeps_how_it_ended(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        want_now(tx, clock(), course)
        mine = claimed(tx, clock(), course)
        plan = [{"action": "add", "userid": 1}]
        runs.end(tx, clock() + 5, mine.run_id, "done", "in_step", "In step.", plan, {"add": 1}, 2)
        run = runs.get(tx, mine.run_id)
        assert runs.last(tx, course, "roster") == run
        assert runs.last(tx, course, "grades") is None
        assert runs.get(tx, mine.run_id + 1) is None
    assert run is not None
    assert (run.outcome, run.reason, run.message, run.ended_at) == ("done", "in_step", "In step.", clock() + 5)
    assert (run.plan, run.counts, run.drift) == (plan, {"add": 1}, 2)


def test_a_run_ends_once(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        want_now(tx, clock(), course)
        mine = claimed(tx, clock(), course)
        runs.end(tx, clock(), mine.run_id, "done")
        runs.end(tx, clock() + 9, mine.run_id, "lost")
        run = runs.get(tx, mine.run_id)
    assert run is not None
    assert (run.outcome, run.ended_at) == ("done", clock())


def test_the_run_that_handled_an_event_is_the_one_that_was_done(
    database: Database, clock: SetClock, course: int
) -> None:
    with database.transaction() as tx:
        want(tx, clock(), course, events=[1])
        clock.advance(3)
        failed = claimed(tx, clock(), course)
        want(tx, clock(), course, events=[2])
        worklist.release(tx, clock(), failed, Retry(clock()))
        runs.end(tx, clock(), failed.run_id, "retry")
        clock.advance(3)
        done = claimed(tx, clock(), course)
        worklist.release(tx, clock(), done, Done())
        runs.end(tx, clock(), done.run_id, "done")
        assert [(each.id, each.outcome) for each in runs.covering(tx, 1)] == [
            (failed.run_id, "retry"),
            (done.run_id, "done"),
        ]
        assert [each.id for each in runs.covering(tx, 2)] == [done.run_id]
        assert runs.covering(tx, 3) == []


def test_a_run_is_explained_by_an_event_but_not_by_a_clock(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        want_now(tx, clock(), course)
        by_clock = claimed(tx, clock(), course)
        want(tx, clock(), course, events=[1])
        assert not runs.explained(tx, by_clock)
        worklist.release(tx, clock(), by_clock, Done())
        clock.advance(3)
        by_event = claimed(tx, clock(), course)
        assert runs.explained(tx, by_event)
        worklist.release(tx, clock(), by_event, Done(again_at=clock()))
        assert not runs.explained(tx, claimed(tx, clock(), course))


def test_runs_are_searched_the_newest_first(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        for outcome in ("done", "retry", "done"):
            want_now(tx, clock(), course)
            mine = claimed(tx, clock(), course)
            worklist.release(tx, clock(), mine, Done())
            runs.end(tx, clock(), mine.run_id, outcome)
        third, second, first = (each.id for each in runs.search(tx))
        assert first < second < third
        assert [each.id for each in runs.search(tx, outcome="done")] == [third, first]
        assert [each.id for each in runs.search(tx, before_id=third, limit=1)] == [second]
        assert runs.search(tx, mapping_id=course + 1) == runs.search(tx, kind="grades") == []
        assert len(runs.search(tx, mapping_id=course, kind="roster")) == 3


def test_lists_of_runs_leave_their_plans_in_the_database(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        want_now(tx, clock(), course)
        run_id = claimed(tx, clock(), course).run_id
        runs.end(tx, clock(), run_id, "done", "", "", plan={"actions": ["many"]}, counts={}, drift=0)
        assert [each.plan for each in runs.search(tx)] == [None]
        assert [each.plan for each in runs.search(tx, plans=True)] == [{"actions": ["many"]}]
