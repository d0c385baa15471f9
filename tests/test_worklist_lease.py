"""Claiming, keeping and giving back: leases end by themselves, and a stale fence changes nothing (queue.md 3)."""

from __future__ import annotations

import dataclasses

import pytest

from app.store import connections, mappings, runs, worklist
from app.store.db import Database
from app.store.worklist import GRADES, ROSTER, Dead, Done, Ending, Later, Parked, Retry
from app.store.worklist.due import FAILING
from tests.conftest import SetClock
from tests.making import OWNER, add_courses, claim, claimed, row, want, want_now

SHUT: list[Ending] = [Dead(), Parked("course_gone")]


@pytest.fixture
def course(database: Database, clock: SetClock) -> int:
    with database.transaction() as tx:
        course = add_courses(tx, clock())[0]
        want_now(tx, clock(), course)
        return course


def test_a_claim_covers_what_was_wanted_and_opens_its_run(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        want(tx, clock(), course)
        made = claimed(tx, clock(), course)
        run = runs.get(tx, made.run_id)
        found = row(tx, course)
    assert (made.fence, made.gen_from, made.gen_to, made.attempts, made.due_at) == (1, 0, 2, 0, clock())
    assert run is not None
    assert (run.mapping_id, run.kind, run.fence, run.gen_from, run.gen_to) == (course, ROSTER, 1, 0, 2)
    assert (run.owner, run.started_at, run.due_at, run.outcome) == (OWNER, clock(), clock(), None)
    assert (found.lease_owner, found.lease_until, found.last_run_id) == (OWNER, clock() + 120, made.run_id)
    assert (found.first_wanted_at, found.state) == (None, "running")


def test_a_second_claim_is_refused(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        assert claim(tx, clock(), course)
        assert claim(tx, clock(), course) is None


def test_nothing_wanted_or_not_yet_due_is_refused(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        worklist.release(tx, clock(), claimed(tx, clock(), course), Done())
        assert claim(tx, clock(), course) is None
        want(tx, clock(), course)
        assert claim(tx, clock(), course) is None
        assert claim(tx, clock(), course, kind=GRADES) is None
        assert claim(tx, clock(), course + 1) is None


def test_a_closed_gate_is_refused(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        worklist.park(tx, [course], "x")
        assert claim(tx, clock(), course) is None


@pytest.mark.parametrize("kind", ["site", "instance"])
def test_a_parked_or_paused_connection_is_refused(
    database: Database, clock: SetClock, course: int, kind: connections.Kind
) -> None:
    with database.transaction() as tx:
        connections.park(tx, kind, 1, "token_refused", clock())
        assert claim(tx, clock(), course) is None
        connections.unpark(tx, kind, 1)
        connections.note_failure(tx, kind, 1, clock() + 10)
        assert claim(tx, clock(), course) is None
        clock.advance(10)
        assert claim(tx, clock(), course)


def test_an_instance_has_no_more_runs_than_allowed(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        courses = add_courses(tx, clock(), 3)
        want_now(tx, clock(), *courses)
        first = claim(tx, clock(), courses[0])
        assert first
        assert claim(tx, clock(), courses[1])
        assert claim(tx, clock(), courses[2]) is None
        worklist.release(tx, clock(), first, Done())
        assert claim(tx, clock(), courses[2])


@pytest.mark.parametrize("kind", ["site", "instance"])
def test_a_failing_connection_is_tried_by_one_run_at_a_time(
    database: Database, clock: SetClock, kind: connections.Kind
) -> None:
    with database.transaction() as tx:
        courses = add_courses(tx, clock(), 2)
        want_now(tx, clock(), *courses)
        for _ in range(FAILING):
            connections.note_failure(tx, kind, 1, 0.0)
        assert claim(tx, clock(), courses[0])
        assert claim(tx, clock(), courses[1]) is None
        connections.note_success(tx, kind, 1, clock())
        assert claim(tx, clock(), courses[1])


def test_a_renewal_keeps_the_lease(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        mine = claimed(tx, clock(), course, lease=10)
        clock.advance(9)
        assert worklist.renew(tx, clock(), mine, 10) == "open"
        assert row(tx, course).lease_until == clock() + 10


def test_a_lease_that_ran_out_cannot_be_renewed(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        mine = claimed(tx, clock(), course, lease=10)
        clock.advance(10)
        assert worklist.renew(tx, clock(), mine, 10) is None


def test_a_stale_fence_or_another_owner_cannot_renew(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        mine = claimed(tx, clock(), course)
        assert worklist.renew(tx, clock(), dataclasses.replace(mine, fence=mine.fence - 1), 10) is None
        assert worklist.renew(tx, clock(), dataclasses.replace(mine, owner="host:2:1:b"), 10) is None


def test_a_renewal_tells_of_a_gate_that_was_closed(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        mine = claimed(tx, clock(), course)
        worklist.pause(tx, course)
        assert worklist.renew(tx, clock(), mine, 10) == "paused"


def test_done_with_nothing_newer_leaves_the_row_idle(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        mine = claimed(tx, clock(), course)
        assert worklist.release(tx, clock(), mine, Done())
        found = row(tx, course)
    assert (found.state, found.wanted, found.seen, found.due_at) == ("idle", 1, 1, None)


def test_done_forgets_failures(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        worklist.release(tx, clock(), claimed(tx, clock(), course), Retry(clock()))
        worklist.release(tx, clock(), claimed(tx, clock(), course), Done())
        found = row(tx, course)
    assert (found.attempts, found.failing_since, found.not_before) == (0, None, 0)


def test_an_event_after_the_claim_leads_to_another_run_d2(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        mine = claimed(tx, clock(), course)
        want(tx, clock(), course)
        worklist.release(tx, clock(), mine, Done())
        found = row(tx, course)
        assert (found.wanted, found.seen, found.due_at) == (2, 1, clock() + 3)
        clock.advance(3)
        again = claimed(tx, clock(), course)
    assert (again.gen_from, again.gen_to) == (1, 2)


def test_done_may_ask_for_another_look(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        worklist.release(tx, clock(), claimed(tx, clock(), course), Done(again_at=clock() + 50))
        assert row(tx, course).due_at == clock() + 50
        clock.advance(50)
        again = claimed(tx, clock(), course)
        assert (again.gen_from, again.gen_to) == (1, 1)
        worklist.set_recheck(tx, [(course, ROSTER)], clock() + 20)
        worklist.release(tx, clock(), again, Done(again_at=clock() + 30))
        assert row(tx, course).due_at == clock() + 20


def test_something_newer_comes_before_the_look_that_done_asked_for(
    database: Database, clock: SetClock, course: int
) -> None:
    with database.transaction() as tx:
        mine = claimed(tx, clock(), course)
        want(tx, clock(), course)
        worklist.release(tx, clock(), mine, Done(again_at=clock() + 1000))
        assert row(tx, course).due_at == clock() + 3


def test_a_failure_is_counted_and_waits(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        since = clock()
        worklist.release(tx, clock(), claimed(tx, clock(), course), Retry(clock() + 7))
        clock.advance(7)
        worklist.release(tx, clock(), claimed(tx, clock(), course), Retry(clock() + 9))
        found = row(tx, course)
    assert (found.attempts, found.failing_since) == (2, since)
    assert (found.due_at, found.not_before, found.seen) == (clock() + 9, clock() + 9, 0)


def test_later_is_no_failure(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        worklist.release(tx, clock(), claimed(tx, clock(), course), Later(clock() + 5))
        found = row(tx, course)
    assert (found.attempts, found.failing_since, found.due_at) == (0, None, clock() + 5)


def test_a_wait_never_brings_forward_what_is_due_later(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        mine = claimed(tx, clock(), course)
        want(tx, clock(), course)
        worklist.release(tx, clock(), mine, Later(clock() + 1))
        assert row(tx, course).due_at == clock() + 3


def test_dead_keeps_what_is_wanted_and_is_not_handed_out(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        worklist.release(tx, clock(), claimed(tx, clock(), course), Dead())
        found = row(tx, course)
        assert worklist.due(tx, clock(), 10, 2) == []
    assert (found.state, found.wanted, found.seen, found.due_at, found.attempts) == ("dead", 1, 0, clock(), 1)
    assert found.failing_since == clock()


def test_parked_keeps_what_is_wanted_and_says_why(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        worklist.release(tx, clock(), claimed(tx, clock(), course), Parked("course_gone"))
        found = row(tx, course)
    assert (found.state, found.gate_reason, found.due_at, found.attempts) == ("parked", "course_gone", clock(), 0)


@pytest.mark.parametrize("ending", SHUT)
def test_a_person_who_paused_meanwhile_is_not_overruled(
    database: Database, clock: SetClock, course: int, ending: Ending
) -> None:
    with database.transaction() as tx:
        mine = claimed(tx, clock(), course)
        worklist.pause(tx, course)
        worklist.release(tx, clock(), mine, ending)
        assert (row(tx, course).gate, row(tx, course).gate_reason) == ("paused", None)


@pytest.mark.parametrize("ending", [Done(), Retry(0.0), Later(0.0), *SHUT])
def test_any_clean_end_forgets_the_crashes(
    database: Database, clock: SetClock, course: int, ending: Ending
) -> None:
    with database.transaction() as tx:
        claimed(tx, clock(), course, lease=1)
        clock.advance(1)
        worklist.reap(tx, clock(), recheck=600, dead_crashes=5, backoff=float)
        assert row(tx, course).crashes == 1
        worklist.release(tx, clock(), claimed(tx, clock(), course), ending)
        found = row(tx, course)
    assert (found.crashes, found.lease_owner, found.lease_until) == (0, None, None)


@pytest.mark.parametrize("ending", [Done(), Retry(0.0), Later(0.0), *SHUT])
def test_a_release_with_a_stale_fence_changes_nothing(
    database: Database, clock: SetClock, course: int, ending: Ending
) -> None:
    with database.transaction() as tx:
        stale = claimed(tx, clock(), course, lease=1)
        clock.advance(1)
        worklist.reap(tx, clock(), recheck=600, dead_crashes=5, backoff=float)
        claimed(tx, clock(), course, owner="host:2:1:b")
        before = row(tx, course)
        assert worklist.release(tx, clock(), stale, ending) is False
        assert row(tx, course) == before


def test_a_late_writer_asks_for_another_run(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        stale = claimed(tx, clock(), course, lease=1)
        clock.advance(1)
        worklist.reap(tx, clock(), recheck=600, dead_crashes=5, backoff=float)
        successor = claimed(tx, clock(), course, owner="host:2:1:b")
        assert worklist.release(tx, clock(), stale, Done(), wrote=True) is False
        worklist.release(tx, clock(), successor, Done())
        found = row(tx, course)
    assert (found.wanted, found.seen, found.due_at, found.state) == (2, 1, clock(), "wanted")


def test_a_late_writer_of_a_removed_mapping_asks_for_nothing(
    database: Database, clock: SetClock, course: int
) -> None:
    with database.transaction() as tx:
        stale = claimed(tx, clock(), course)
        mappings.remove(tx, course)
        assert worklist.release(tx, clock(), stale, Done(), wrote=True) is False
        assert worklist.rows(tx) == []


def test_release_and_end_of_run_are_one_transaction(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        mine = claimed(tx, clock(), course)

    class Killed(Exception):
        pass

    def settle_and_be_killed() -> None:
        with database.transaction() as tx:
            worklist.release(tx, clock(), mine, Done())
            runs.end(tx, clock(), mine.run_id, "done")
            raise Killed

    with pytest.raises(Killed):
        settle_and_be_killed()
    with database.reading() as tx:
        run = runs.get(tx, mine.run_id)
        assert row(tx, course).state == "running"
    assert run is not None
    assert run.outcome is None


def test_the_leases_of_a_dead_worker_end_soon(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        courses = add_courses(tx, clock(), 4)
        want_now(tx, clock(), *courses)
        for course, owner in zip(courses, ("h_a:1:5:x", "h_a:1:5:y", "hxa:1:5:x", "h_a:1:55:x"), strict=True):
            claimed(tx, clock(), course, owner=owner)
        assert worklist.expire(tx, clock(), "h_a:1:5:", 30) == 2
        assert [row(tx, course).lease_until for course in courses] == [clock() + at for at in (30, 30, 120, 120)]


def test_a_lease_that_ends_sooner_is_not_prolonged(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        claimed(tx, clock(), course, lease=5)
        assert worklist.expire(tx, clock(), "host:1:100:", 30) == 1
        assert row(tx, course).lease_until == clock() + 5
