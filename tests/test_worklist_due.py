"""What is handed out: due rows behind open gates, within each connection's limits; bystanders do not suffer."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import Connection

from app.store import connections, worklist
from app.store.db import Database
from app.store.worklist import GRADES, ROSTER, Done
from app.store.worklist.due import FAILING
from tests.conftest import SetClock
from tests.making import add_courses, add_instance, add_mapping, add_site, claimed, want, want_now


def due(tx: Connection, now: float, limit: int = 100, runs_per_instance: int = 2) -> list[int]:
    found = worklist.due(tx, now, limit, runs_per_instance)
    assert {kind for _, kind in found} <= {ROSTER}
    return [mapping_id for mapping_id, _ in found]


def wanted_in_turn(tx: Connection, clock: SetClock, courses: list[int]) -> None:
    for course in courses:
        want_now(tx, clock(), course)
        clock.advance(1)


def test_the_longest_due_comes_first_up_to_the_limit(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        courses = add_courses(tx, clock(), 4)
        wanted_in_turn(tx, clock, courses[::-1])
        assert due(tx, clock(), runs_per_instance=9) == courses[::-1]
        assert due(tx, clock(), limit=2, runs_per_instance=9) == courses[:1:-1]


def test_rows_that_cannot_start_are_left_out(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        idle, later, running, parked, ready = add_courses(tx, clock(), 5)
        want_now(tx, clock(), idle, running, parked, ready)
        want(tx, clock(), later)
        worklist.release(tx, clock(), claimed(tx, clock(), idle), Done())
        claimed(tx, clock(), running)
        worklist.park(tx, [parked], "x")
        assert due(tx, clock(), runs_per_instance=9) == [ready]


def test_students_come_before_grades_that_are_due_a_little_longer(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        first, second = add_courses(tx, clock(), 2)
        want_now(tx, clock(), first, kind=GRADES)
        clock.advance(29)
        want_now(tx, clock(), second)
        assert worklist.due(tx, clock(), 9, 1) == [(second, ROSTER)]
        assert worklist.due(tx, clock(), 9, 2) == [(second, ROSTER), (first, GRADES)]


def test_a_stream_of_enrolments_does_not_starve_grades(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        first, second = add_courses(tx, clock(), 2)
        want_now(tx, clock(), first, kind=GRADES)
        clock.advance(31)
        want_now(tx, clock(), second)
        assert worklist.due(tx, clock(), 9, 1) == [(first, GRADES)]
        assert worklist.lateness(tx, clock()) == 31


def test_an_instance_gets_what_it_has_room_for(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        courses = add_courses(tx, clock(), 4)
        wanted_in_turn(tx, clock, courses)
        assert due(tx, clock()) == courses[:2]
        claimed(tx, clock(), courses[0])
        assert due(tx, clock()) == courses[1:2]
        claimed(tx, clock(), courses[1])
        assert due(tx, clock()) == []


def test_more_runs_than_allowed_are_simply_no_room(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        courses = add_courses(tx, clock(), 4)
        wanted_in_turn(tx, clock, courses)
        for course in courses[:3]:
            claimed(tx, clock(), course)
        assert due(tx, clock()) == []


@pytest.mark.parametrize("kind", ["site", "instance"])
def test_a_failing_connection_gets_one_run_at_a_time(
    database: Database, clock: SetClock, kind: connections.Kind
) -> None:
    with database.transaction() as tx:
        courses = add_courses(tx, clock(), 3)
        wanted_in_turn(tx, clock, courses)
        for _ in range(FAILING):
            connections.note_failure(tx, kind, 1, clock() + 5)
        assert due(tx, clock()) == []
        clock.advance(5)
        assert due(tx, clock()) == courses[:1]
        claimed(tx, clock(), courses[0])
        assert due(tx, clock()) == []
        connections.note_success(tx, kind, 1, clock())
        assert due(tx, clock()) == courses[1:2]


@pytest.mark.parametrize("kind", ["site", "instance"])
def test_one_failure_may_be_the_fault_of_a_course_and_takes_no_room(
    database: Database, clock: SetClock, kind: connections.Kind
) -> None:
    with database.transaction() as tx:
        courses = add_courses(tx, clock(), 2)
        wanted_in_turn(tx, clock, courses)
        connections.note_failure(tx, kind, 1, 0.0)
        claimed(tx, clock(), courses[0])
        assert due(tx, clock()) == courses[1:]


@pytest.mark.parametrize("kind", ["site", "instance"])
def test_a_parked_connection_gets_nothing(database: Database, clock: SetClock, kind: connections.Kind) -> None:
    with database.transaction() as tx:
        want_now(tx, clock(), *add_courses(tx, clock(), 3))
        connections.park(tx, kind, 1, "token_refused", clock())
        assert due(tx, clock()) == []
        clock.advance(100)
        assert worklist.lateness(tx, clock()) == 0.0
        connections.unpark(tx, kind, 1)
        assert worklist.lateness(tx, clock()) == 100.0


class Crossing:
    """A well and an ill site on a shared instance, and an instance of each; older rows belong to the ill site."""

    def __init__(self, tx: Connection, clock: SetClock) -> None:
        self.ill, self.well = add_site(tx, clock(), "ill"), add_site(tx, clock(), "well")
        self.shared, self.own = add_instance(tx, clock(), "shared"), add_instance(tx, clock(), "own")
        self.ill_shared = [add_mapping(tx, clock(), self.ill, self.shared, each) for each in (1, 2, 3)]
        self.well_shared = [add_mapping(tx, clock(), self.well, self.shared, each) for each in (11, 12, 13)]
        self.ill_own = [add_mapping(tx, clock(), self.ill, self.own, each) for each in (21, 22)]
        wanted_in_turn(tx, clock, [*self.ill_shared, *self.well_shared, *self.ill_own])
        for _ in range(FAILING):
            connections.note_failure(tx, "site", self.ill, 0.0)


def test_a_failing_site_takes_no_place_from_others_on_its_instance(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        crossing = Crossing(tx, clock)
        assert due(tx, clock()) == [crossing.ill_shared[0], crossing.well_shared[0]]
        claimed(tx, clock(), crossing.ill_shared[0])
        assert due(tx, clock()) == crossing.well_shared[:1]


def test_a_failing_site_is_tried_where_there_is_room(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        crossing = Crossing(tx, clock)
        for course in crossing.well_shared[:2]:
            claimed(tx, clock(), course)
        assert due(tx, clock()) == crossing.ill_own[:1]


def test_whatever_is_handed_out_alone_may_be_claimed(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        Crossing(tx, clock)
        while handed := worklist.due(tx, clock(), 1, 2):
            assert worklist.claim(tx, clock(), *handed[0], "host:1:1:a", 120.0, 2)
        assert [each.state for each in worklist.rows(tx)].count("running") == 2


def test_a_saturated_instance_does_not_hold_up_another(sqlite_database: Database, clock: SetClock) -> None:
    with sqlite_database.transaction() as tx:
        site = add_site(tx, clock())
        slow, quick = add_instance(tx, clock(), "slow"), add_instance(tx, clock(), "quick")
        on_slow = [add_mapping(tx, clock(), site, slow, each) for each in range(500)]
        on_quick = [add_mapping(tx, clock(), site, quick, each) for each in range(1000, 1500)]
        want_now(tx, clock(), *on_slow)
        clock.advance(1)
        want_now(tx, clock(), *on_quick)
        for course in on_slow[:2]:
            claimed(tx, clock(), course)
    took = []
    for _ in range(5):
        started = time.thread_time()
        with sqlite_database.reading() as tx:
            assert due(tx, clock(), limit=40) == on_quick[:2]
        took.append(time.thread_time() - started)
    assert min(took) < 0.020


def test_lateness_is_the_age_of_the_oldest_row_that_may_start(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        first, second = add_courses(tx, clock(), 2)
        assert worklist.lateness(tx, clock()) == 0.0
        want(tx, clock(), first)
        assert worklist.lateness(tx, clock()) == 0.0
        clock.advance(10)
        want_now(tx, clock(), second)
        clock.advance(1)
        assert worklist.lateness(tx, clock()) == 8.0
        claimed(tx, clock(), first)
        assert worklist.lateness(tx, clock()) == 1.0
