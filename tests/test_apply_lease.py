"""A run whose lease ended, or that is asked to stop, writes nothing more (queue.md 3, 5)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from fakeredis import FakeRedis, FakeServer

from app.kit import Kit
from app.planning.rules import Rules
from app.planning.students import Reading
from app.store import audit, worklist
from app.store.worklist import Claim
from app.sync.ask import ask
from app.sync.connect import Sides
from app.sync.dispatch import Dispatcher
from app.sync.read import read_roster
from app.sync.turn import take_turn
from tests.applying import (
    LOOK_BEFORE_REMOVALS,
    class_of_six,
    deletes,
    every_call_has_two_rows,
    in_step,
    rows,
    turn,
)
from tests.conftest import SetClock
from tests.world import World


@pytest.fixture
def six(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    with class_of_six(sqlite_kit, clock) as made:
        yield made


@contextmanager
def rival(made: World) -> Iterator[list[Claim]]:
    """Somebody who takes the lease away when told to, and gives it back at the end."""
    taken: list[Claim] = []
    yield taken
    with made.kit.database.transaction() as tx:
        worklist.release(tx, made.kit.database.now(tx), taken[0], worklist.Later(0.0))


def steal(made: World, taken: list[Claim], frozen: float = 0.0) -> None:
    """End the lease of the run under way, let another worker have the row, and let the run sleep for some seconds."""
    with made.kit.database.transaction() as tx:
        now = made.kit.database.now(tx)
        worklist.expire(tx, now, "test:", 0.0)
        worklist.reap(tx, now, recheck=600.0, dead_crashes=5, backoff=lambda _: 0.0)
        claim = worklist.claim(tx, now, made.mapping_id, "roster", "rival:1:1:1", 120.0, 2)
        assert claim is not None
        taken.append(claim)
    time.sleep(frozen)


def test_a_run_that_lost_its_lease_while_reading_writes_nothing_not_even_links(
    sqlite_kit: Kit, clock: SetClock
) -> None:
    with class_of_six(sqlite_kit, clock, lease=4.6) as made:  # renewed after 0.1 s
        made.kura.put_student(made.kura_course, givenName="Ana", familyName="Lee", email="by.hand@example.edu")
        made.enrol(email="by.hand@example.edu")
        with rival(made) as taken:
            made.before_call("core_group_get_course_groups", 1, partial(steal, made, taken, 0.15))
            assert first_outcome(made) == "lost"
            assert (made.writes(), len(made.links())) == ([], 6)
        assert made.sync().counts == {"link": 1}


def test_links_are_not_tied_by_a_run_whose_lease_ended_after_its_last_call(sqlite_kit: Kit, clock: SetClock) -> None:
    """Between the last answer and the commit there is no request whose fence would notice."""
    with class_of_six(sqlite_kit, clock) as made:
        made.kura.put_student(made.kura_course, givenName="Ana", familyName="Lee", email="by.hand@example.edu")
        made.enrol(email="by.hand@example.edu")
        ask(made.kit, made.mapping_id, "roster")
        with rival(made) as taken:

            def read(kit: Kit, both: Sides, rules: Rules) -> Reading:
                reading = read_roster(kit, both, rules)
                steal(made, taken)
                return reading

            assert turn(made, read) == "lost"
            assert (made.writes(), len(made.links()), made.hold()) == ([], 6, None)


def test_a_run_that_loses_its_lease_between_two_writes_stops_there_and_asks_for_another(
    sqlite_kit: Kit, clock: SetClock
) -> None:
    with class_of_six(sqlite_kit, clock, lease=4.6) as made:
        deletes(made)
        made.enrol(email="new@example.edu")
        made.kura.calls.clear()
        with rival(made) as taken:
            made.before_call(*LOOK_BEFORE_REMOVALS, partial(steal, made, taken, 0.15))
            assert first_outcome(made) == "lost"
            assert made.writes() == [f"POST /v2/course/{made.kura_course}/student"]
            assert every_call_has_two_rows(made)
            with made.kit.database.reading() as tx:
                row = worklist.get(tx, made.mapping_id, "roster")
            assert row is not None
            assert row.wanted > taken[0].gen_to
        assert made.sync().counts == {"link": 1, "delete": 3}
        in_step(made)


def first_outcome(made: World) -> str:
    """The outcome of the next run; the rival's is still under way then."""
    ask(made.kit, made.mapping_id, "roster")
    return made.turn()


def test_a_worker_that_is_stopped_between_two_batches_leaves_the_rest_to_another(
    sqlite_kit: Kit, clock: SetClock
) -> None:
    with class_of_six(sqlite_kit, clock, batch_size=2) as made:
        for _ in range(6):
            made.enrol()
        made.kura.calls.clear()
        ask(made.kit, made.mapping_id, "roster")
        outcome = take_turn(made.kit, made.mapping_id, "roster", "test:1:0:0", lambda: len(made.writes()) >= 2)
        assert (outcome, len(made.writes()), len(made.kura.invites)) == ("later", 2, 10)
        assert every_call_has_two_rows(made)
        assert made.sync().counts == {"link": 4, "add": 2}
        in_step(made)


def test_a_call_whose_worker_died_is_ended_in_the_audit_when_its_run_is_taken_back(six: World) -> None:
    ask(six.kit, six.mapping_id, "roster")
    with six.kit.database.transaction() as tx:
        now = six.kit.database.now(tx)
        claim = worklist.claim(tx, now, six.mapping_id, "roster", "dead:1:1:1", 3.0, 2)
        assert claim is not None
        audit.begin(
            tx,
            now,
            actor="kurasync",
            system="kuracloud",
            operation="add_students",
            subject={},
            mapping_id=six.mapping_id,
            run_id=claim.run_id,
        )
    assert not every_call_has_two_rows(six)
    six.clock.advance(60)
    with FakeRedis(server=FakeServer()) as redis:
        Dispatcher(six.kit, redis).dispatch()
    assert every_call_has_two_rows(six)
    assert rows(six)[-1].outcome == "unknown"
