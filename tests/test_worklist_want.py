"""Wanting work: counters, settling, and places in the line (queue.md 3, accept)."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.store import worklist
from app.store.db import Database
from app.store.tables import event_requests
from app.store.worklist import GRADES, ROSTER, Done, Later, Retry
from tests.conftest import SetClock
from tests.making import add_courses, claimed, row, want, want_now


@pytest.fixture
def course(database: Database, clock: SetClock) -> int:
    with database.transaction() as tx:
        return add_courses(tx, clock())[0]


def test_the_first_event_is_due_after_the_quiet_time(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        assert want(tx, clock(), course) == 1
        found = row(tx, course)
    assert (found.wanted, found.seen, found.due_at, found.first_wanted_at) == (1, 0, clock() + 3, clock())
    assert found.state == "wanted"


def test_each_event_counts_and_puts_the_look_off_until_it_is_quiet(
    database: Database, clock: SetClock, course: int
) -> None:
    with database.transaction() as tx:
        start = clock()
        want(tx, start, course)
        clock.advance(2)
        assert want(tx, clock(), course) == 2
        found = row(tx, course)
    assert (found.due_at, found.first_wanted_at) == (start + 5, start)


def test_a_stream_of_events_cannot_put_the_look_off_beyond_the_cap(
    database: Database, clock: SetClock, course: int
) -> None:
    with database.transaction() as tx:
        start = clock()
        for _ in range(8):
            want(tx, clock(), course)
            clock.advance(2)
        assert row(tx, course).due_at == start + 15


def test_a_quiet_time_longer_than_the_cap_is_cut_from_the_first_event_on(
    database: Database, clock: SetClock, course: int
) -> None:
    with database.transaction() as tx:
        worklist.want(tx, clock(), {(course, ROSTER): ()}, quiet=60.0, cap=15.0)
        assert row(tx, course).due_at == clock() + 15


def test_once_due_it_stays_due_d11(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        want(tx, clock(), course)
        clock.advance(4)
        due_at = row(tx, course).due_at
        want(tx, clock(), course)
        want_now(tx, clock(), course)
        assert row(tx, course).due_at == due_at


def test_an_event_during_a_run_is_due_after_its_own_quiet_time(
    database: Database, clock: SetClock, course: int
) -> None:
    with database.transaction() as tx:
        want_now(tx, clock(), course)
        claimed(tx, clock(), course)
        clock.advance(1)
        want(tx, clock(), course)
        found = row(tx, course)
    assert (found.due_at, found.first_wanted_at, found.state) == (clock() + 3, clock(), "running")


def test_an_event_does_not_cut_a_backoff_short(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        want_now(tx, clock(), course)
        until = clock() + 100
        worklist.release(tx, clock(), claimed(tx, clock(), course), Retry(until))
        want(tx, clock(), course)
        assert row(tx, course).due_at == until


def test_a_person_who_asks_does_not_wait_for_quiet_or_backoff(
    database: Database, clock: SetClock, course: int
) -> None:
    with database.transaction() as tx:
        want_now(tx, clock(), course)
        worklist.release(tx, clock(), claimed(tx, clock(), course), Later(clock() + 100))
        clock.advance(5)
        want_now(tx, clock(), course)
        found = row(tx, course)
    assert (found.due_at, found.not_before) == (clock(), 0)


def test_asking_on_an_idle_row_is_due_at_once(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        want_now(tx, clock(), course)
        assert row(tx, course).due_at == clock()


def test_it_notes_which_events_asked_for_each_gen(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        want(tx, clock(), course, events=[11, 12])
        want(tx, clock(), course, events=[13])
        found = tx.execute(select(event_requests).order_by(event_requests.c.event_id)).all()
    assert found == [(course, ROSTER, 1, 11), (course, ROSTER, 1, 12), (course, ROSTER, 2, 13)]


def test_many_targets_get_their_gens_at_once(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        courses = add_courses(tx, clock(), 300)
        want(tx, clock(), courses[0])
        targets: dict[worklist.Target, list[int]] = {
            (each, kind): [each] for each in reversed(courses) for kind in (GRADES, ROSTER)
        }
        gens = worklist.want(tx, clock(), targets, quiet=3.0, cap=15.0)
        assert gens == {target: 2 if target == (courses[0], ROSTER) else 1 for target in targets}
        assert len(tx.execute(select(event_requests)).all()) == 600


def test_wanting_nothing_does_nothing(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        assert worklist.want(tx, clock(), {}, quiet=3.0, cap=15.0) == {}
        worklist.set_recheck(tx, [], clock())
        assert worklist.rows(tx) == []


def test_a_recheck_comes_after_the_look_that_is_wanted_now_d12(
    database: Database, clock: SetClock, course: int
) -> None:
    with database.transaction() as tx:
        want_now(tx, clock(), course)
        worklist.set_recheck(tx, [(course, ROSTER)], clock() + 60)
        worklist.release(tx, clock(), claimed(tx, clock(), course), Done())
        found = row(tx, course)
    assert (found.due_at, found.recheck_at, found.wanted, found.seen) == (clock() + 60, None, 1, 1)


def test_of_several_rechecks_the_earliest_wins(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        want_now(tx, clock(), course)
        for at in (90, 60, 75):
            worklist.set_recheck(tx, [(course, ROSTER)], clock() + at)
        assert row(tx, course).recheck_at == clock() + 60


def test_a_recheck_of_an_idle_row_is_due_itself(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        want_now(tx, clock(), course)
        worklist.release(tx, clock(), claimed(tx, clock(), course), Done())
        worklist.set_recheck(tx, [(course, ROSTER)], clock() + 60)
        assert row(tx, course).due_at == clock() + 60


def test_a_recheck_set_during_a_run_outlives_its_end(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        want_now(tx, clock(), course)
        first = claimed(tx, clock(), course)
        want(tx, clock(), course)
        worklist.set_recheck(tx, [(course, ROSTER)], clock() + 60)
        worklist.release(tx, clock(), first, Done())
        assert (row(tx, course).due_at, row(tx, course).recheck_at) == (clock() + 3, clock() + 60)
        at = clock() + 60
        clock.advance(3)
        worklist.release(tx, clock(), claimed(tx, clock(), course), Done())
        assert row(tx, course).due_at == at


def test_an_event_before_the_recheck_does_not_swallow_it(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        want_now(tx, clock(), course)
        at = clock() + 60
        worklist.set_recheck(tx, [(course, ROSTER)], at)
        worklist.release(tx, clock(), claimed(tx, clock(), course), Done())
        clock.advance(10)
        want(tx, clock(), course)
        assert (row(tx, course).due_at, row(tx, course).recheck_at) == (clock() + 3, at)
        clock.advance(3)
        worklist.release(tx, clock(), claimed(tx, clock(), course), Done())
        assert row(tx, course).due_at == at


def test_a_run_at_the_time_of_the_recheck_is_the_recheck(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        want_now(tx, clock(), course)
        worklist.set_recheck(tx, [(course, ROSTER)], clock() + 60)
        clock.advance(60)
        worklist.release(tx, clock(), claimed(tx, clock(), course), Done())
        assert row(tx, course).state == "idle"


def test_an_event_that_comes_when_the_recheck_is_due_already_does_not_swallow_it_either(
    database: Database, clock: SetClock, course: int
) -> None:
    """The claim knows that it is the recheck as well: no event says what that one is about."""
    with database.transaction() as tx:
        want_now(tx, clock(), course)
        worklist.set_recheck(tx, [(course, ROSTER)], clock() + 60)
        first = claimed(tx, clock(), course)
        worklist.release(tx, clock(), first, Done())
        clock.advance(61)
        want(tx, clock(), course)
        assert row(tx, course).due_at == clock() - 1
        second = claimed(tx, clock(), course)
        assert (first.rechecks, second.rechecks, row(tx, course).recheck_at) == (False, True, None)
        worklist.release(tx, clock(), second, Done())
        assert row(tx, course).state == "idle"


def test_a_recheck_that_is_still_to_come_is_not_this_run(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        want_now(tx, clock(), course)
        worklist.set_recheck(tx, [(course, ROSTER)], clock() + 60)
        clock.advance(59)
        assert not claimed(tx, clock(), course).rechecks


def test_a_look_at_a_later_time_is_scheduled_and_late_only_when_that_has_come(
    database: Database, clock: SetClock, course: int
) -> None:
    with database.transaction() as tx:
        want_now(tx, clock(), course)
        claim = claimed(tx, clock(), course)
        assert row(tx, course).late(clock() + 5) == 0
        worklist.release(tx, clock(), claim, Done(clock() + 60))
        found = row(tx, course)
        assert (found.state, found.late(clock() + 60), found.late(clock() + 62)) == ("scheduled", 0, 2)
        want_now(tx, clock(), course)
        found = row(tx, course)
        assert (found.state, found.late(clock() + 2)) == ("wanted", 2)
        worklist.park(tx, [course], "token_refused")
        assert row(tx, course).late(clock() + 2) == 0
