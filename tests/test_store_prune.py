"""Pruning forgets what is old, and only what nobody needs any more."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, func, select

from app.store import audit, events, holds, links, runs, steps, worklist
from app.store.db import Database
from app.store.prune import prune
from app.store.tables import event_requests, metadata
from app.store.worklist import Done
from tests.conftest import SetClock
from tests.making import add_courses, claimed, event, row, want_now

NOTHING = {"event_requests": 0, "events": 0, "runs": 0, "holds": 0, "alerts": 0, "steps": 0}


@pytest.fixture
def course(database: Database, clock: SetClock) -> int:
    with database.transaction() as tx:
        return add_courses(tx, clock())[0]


def accept(tx: Connection, now: float, course: int, uid: str) -> int:
    (event_id,) = events.insert(tx, now, 1, "signed", None, [event(uid)])
    assert event_id is not None
    worklist.want(tx, now, {(course, "roster"): [event_id]}, quiet=0.0, cap=0.0)
    return event_id


def work(tx: Connection, now: float, course: int) -> int:
    mine = claimed(tx, now, course)
    worklist.release(tx, now, mine, Done())
    runs.end(tx, now, mine.run_id, "done")
    return mine.run_id


def count(tx: Connection, table: str) -> int:
    return int(tx.execute(select(func.count()).select_from(metadata.tables[table])).scalar_one())


def test_old_events_go_with_their_requests(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        accept(tx, clock(), course, "old")
        events.insert(tx, clock(), 1, "signed", None, [event("ignored")])
        clock.advance(100)
        young = accept(tx, clock(), course, "young")
        work(tx, clock(), course)
        assert prune(tx, clock()) == {**NOTHING, "events": 2, "event_requests": 1}
        assert [each.id for each in events.search(tx)] == [young]
        assert tx.execute(select(event_requests.c.event_id)).scalars().all() == [young]


def test_an_event_that_no_run_has_covered_stays(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        covered = accept(tx, clock(), course, "covered")
        work(tx, clock(), course)
        wanted = accept(tx, clock(), course, "wanted")
        worklist.pause(tx, course)
        clock.advance(100)
        assert prune(tx, clock())["events"] == 1
        assert events.get(tx, covered) is None
        assert [each.id for each in events.search(tx)] == [wanted]
        worklist.resume(tx, clock(), course)
        assert runs.explained(tx, claimed(tx, clock(), course))


def test_an_event_wanted_by_one_of_two_mappings_stays(database: Database, clock: SetClock) -> None:
    with database.transaction() as tx:
        first, second = add_courses(tx, clock(), 2)
        event_id = accept(tx, clock(), first, "both")
        worklist.want(tx, clock(), {(second, "roster"): [event_id]}, quiet=0.0, cap=0.0)
        work(tx, clock(), first)
        clock.advance(100)
        assert prune(tx, clock()) == NOTHING
        work(tx, clock(), second)
        assert prune(tx, clock()) == {**NOTHING, "events": 1, "event_requests": 2}


def test_old_runs_go_but_the_last_of_a_row_stays(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        made = []
        for _ in range(3):
            want_now(tx, clock(), course)
            made.append(work(tx, clock(), course))
        clock.advance(100)
        assert prune(tx, clock()) == {**NOTHING, "runs": 2}
        assert [each.id for each in runs.search(tx)] == made[2:]


def test_a_run_that_is_not_over_stays(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        want_now(tx, clock(), course)
        claimed(tx, clock(), course)
        clock.advance(100)
        assert prune(tx, clock()) == NOTHING
        assert row(tx, course).state == "running"


def test_a_run_whose_plan_waits_for_a_person_stays(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        want_now(tx, clock(), course)
        held = work(tx, clock(), course)
        holds.create(tx, clock(), mapping_id=course, kind="roster", digest="d", items=[], run_id=held)
        want_now(tx, clock(), course)
        work(tx, clock(), course)
        clock.advance(100)
        assert prune(tx, clock()) == NOTHING
        hold = holds.waiting(tx, course, "roster")
        assert hold
        holds.decide(tx, clock(), hold, "overtaken", "kurasync")
        assert prune(tx, clock() + 1) == {**NOTHING, "holds": 1, "runs": 1}
        assert runs.get(tx, held) is None


def test_decided_holds_go_but_the_last_rejection_is_remembered(
    database: Database, clock: SetClock, course: int
) -> None:
    with database.transaction() as tx:
        for state in ("rejected", "rejected", "applied"):
            number = holds.create(tx, clock(), mapping_id=course, kind="roster", digest="d", items=[], run_id=1)
            hold = holds.get(tx, number)
            assert hold
            holds.decide(tx, clock(), hold, state, "x")  # type: ignore[arg-type]
        waiting = holds.create(tx, clock(), mapping_id=course, kind="roster", digest="d", items=[], run_id=1)
        clock.advance(100)
        assert prune(tx, clock()) == {**NOTHING, "holds": 2}
        assert [(each.id, each.state) for each in holds.search(tx)] == [(waiting, "open"), (waiting - 2, "rejected")]


def test_steps_go_but_invitations_are_remembered_for_good(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        rows = [steps.NewStep(kind, "f", "c", f"{kind}@", False) for kind in ("add", "reinvite", "edit", "delete")]
        steps.finish(tx, steps.begin(tx, clock(), course, 1, rows), "done")
        clock.advance(100)
        assert prune(tx, clock()) == {**NOTHING, "steps": 2}
        assert steps.invited(tx, course) == {"add@", "reinvite@"}


def test_audit_rows_and_links_stay(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        audit.end(
            tx, clock(), audit.begin(tx, clock(), actor="x", system="moodle", operation="o", subject={}), "done"
        )
        links.create(tx, clock(), course, [links.NewLink(1, 10, "u1@example.edu", {})])
        links.end(tx, clock(), course, [10], "left")
        clock.advance(1e9)
        assert prune(tx, clock()) == NOTHING
        assert (count(tx, "audit"), count(tx, "links")) == (2, 1)


def test_nothing_young_goes(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        accept(tx, clock(), course, "a")
        work(tx, clock(), course)
        assert prune(tx, clock()) == NOTHING


def test_it_works_in_slices_until_nothing_is_left(database: Database, clock: SetClock, course: int) -> None:
    with database.transaction() as tx:
        events.insert(tx, clock(), 1, "signed", None, [event(f"e{number}") for number in range(25)])
    clock.advance(100)
    slices = []
    while True:
        with database.transaction() as tx:
            went = prune(tx, clock(), slice_size=10)
        if went == NOTHING:
            break
        slices.append(went["events"])
    assert slices == [10, 10, 5]
