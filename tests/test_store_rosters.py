"""Rosters as last read, and what a run knows of why it was asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.store import events, rosters, runs, worklist
from app.store.db import Database
from app.store.events import Request
from app.store.rosters import KnownRoster
from app.store.worklist import ROSTER, Claim, Done, Retry
from tests.conftest import SetClock
from tests.making import add_courses, claimed, event, want_now
from tests.planning_builders import member

KNOWN = KnownRoster((member(1), member(2, groups=((4, "Hall"), (9, "Zoë's Lab")))), "a" * 64, 100.5, 200.0)


@pytest.fixture
def course(database: Database, clock: SetClock) -> int:
    with database.transaction() as tx:
        return add_courses(tx, clock())[0]


def test_a_roster_is_kept_until_it_is_replaced(database: Database, course: int) -> None:
    with database.transaction() as tx:
        assert rosters.get(tx, course) is None
        rosters.keep(tx, course, KNOWN)
        assert rosters.get(tx, course) == KNOWN
        later = replace(KNOWN, members=(), basis="b" * 64, read_at=300.0, next_change=None)
        rosters.keep(tx, course, later)
        assert rosters.get(tx, course) == later


def test_rosters_of_courses_are_apart(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        first, second = add_courses(tx, clock(), 2)
        rosters.keep(tx, first, KNOWN)
        assert rosters.get(tx, second) is None


def accept(database: Database, now: float, course: int, *names: str) -> None:
    """One delivery with an event of each name about user 7, as intake takes it."""
    with database.transaction() as tx:
        found = [replace(event(f"{now}{name}"), name=name, relateduserid=7) for name in names]
        ids = [each for each in events.insert(tx, now, 1, "signed", None, found) if each]
        worklist.want(tx, now, {(course, ROSTER): ids}, quiet=0.0, cap=0.0)


def run(database: Database, now: float, course: int) -> Claim:
    with database.transaction() as tx:
        return claimed(tx, now, course)


def test_a_run_knows_the_events_behind_it_and_no_others(database: Database, clock: SetClock, course: int) -> None:
    accept(database, clock(), course, "early")
    early = run(database, clock(), course)
    with database.transaction() as tx:
        worklist.release(tx, clock(), early, Done())
    accept(database, clock() + 1, course, "one", "two")
    clock.advance(1)
    with database.transaction() as tx:
        want_now(tx, clock(), course)
    mine = run(database, clock(), course)
    accept(database, clock() + 2, course, "late")
    with database.reading() as tx:
        found = sorted(events.behind(tx, mine), key=lambda each: each.name)
    assert (mine.gen_from, mine.gen_to) == (1, 3)
    assert found == [Request(2, "one", 7), Request(2, "two", 7)]


def test_a_run_knows_how_the_one_before_it_ended(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        course, other = add_courses(tx, clock(), 2)
        outcomes = []
        for ending, outcome in ((Retry(clock()), "retry"), (Done(), "done"), (Done(), "done")):
            want_now(tx, clock(), course)
            mine = claimed(tx, clock(), course)
            outcomes.append(runs.outcome_before(tx, mine))
            worklist.release(tx, clock(), mine, ending)
            runs.end(tx, clock(), mine.run_id, outcome)
        assert outcomes == [None, "retry", "done"]
        want_now(tx, clock(), other)
        assert runs.outcome_before(tx, claimed(tx, clock(), other)) is None
