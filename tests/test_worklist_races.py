"""Real threads at the same rows: one claim wins, no event is lost, nobody exceeds a limit, nothing deadlocks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import TypeVar

from sqlalchemy import select

from app.store import connections, runs, worklist
from app.store.db import Database
from app.store.tables import event_requests
from app.store.worklist import ROSTER, Claim, Done, Reaped, Retry
from tests.conftest import SetClock
from tests.making import add_courses, claim, claimed, row, want_now

T = TypeVar("T")


def at_once(*works: Callable[[], T]) -> list[T]:
    """What each returns, all started at the same moment."""
    barrier = threading.Barrier(len(works))

    def start(work: Callable[[], T]) -> T:
        barrier.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return [each.result() for each in [pool.submit(start, work) for work in works]]


def ready(database: Database, clock: SetClock, how_many: int = 1) -> list[int]:
    with database.transaction() as tx:
        courses = add_courses(tx, clock(), how_many)
        want_now(tx, clock(), *courses)
        return courses


def test_of_many_claims_one_wins(database: Database, clock: SetClock) -> None:
    for course in ready(database, clock, 10):

        def one(course: int = course) -> Claim | None:
            with database.transaction() as tx:
                return claim(tx, clock(), course, runs_per_instance=100)

        assert len([each for each in at_once(one, one, one, one) if each]) == 1


def test_claims_of_several_courses_stay_within_the_instances_limit(database: Database, clock: SetClock) -> None:
    courses = ready(database, clock, 6)

    def one(course: int) -> Claim | None:
        with database.transaction() as tx:
            return claim(tx, clock(), course, runs_per_instance=2)

    for _ in range(5):
        made = [each for each in at_once(*(lambda course=each: one(course) for each in courses)) if each]
        assert len(made) == 2
        with database.transaction() as tx:
            for each in made:
                worklist.release(tx, clock(), each, Retry(clock()))


def test_an_event_that_races_a_claim_is_covered_by_it_or_leads_to_another_run(
    database: Database, clock: SetClock
) -> None:
    for course in ready(database, clock, 10):

        def accept(course: int = course) -> int:
            with database.transaction() as tx:
                return worklist.want(tx, clock(), {(course, ROSTER): [1]}, quiet=3.0, cap=15.0)[course, ROSTER]

        def work(course: int = course) -> int:
            with database.transaction() as tx:
                mine = claimed(tx, clock(), course)
            with database.transaction() as tx:
                worklist.release(tx, clock(), mine, Done())
            return mine.gen_to

        gen, covered = at_once(accept, work)
        with database.reading() as tx:
            assert (row(tx, course).state == "idle") == (gen <= covered)


def test_an_event_that_races_the_release_is_never_forgotten(database: Database, clock: SetClock) -> None:
    for course in ready(database, clock, 10):
        with database.transaction() as tx:
            mine = claimed(tx, clock(), course)

        def accept(course: int = course) -> bool:
            with database.transaction() as tx:
                return bool(worklist.want(tx, clock(), {(course, ROSTER): ()}, quiet=3.0, cap=15.0))

        def settle(mine: Claim = mine) -> bool:
            with database.transaction() as tx:
                return worklist.release(tx, clock(), mine, Done())

        assert at_once(accept, settle) == [True, True]
        with database.reading() as tx:
            found = row(tx, course)
        assert (found.wanted, found.seen, found.due_at) == (2, 1, clock() + 3)


def test_a_renewal_that_races_the_reaper_wins_or_loses_but_never_both(database: Database, clock: SetClock) -> None:
    for course in ready(database, clock, 10):
        with database.transaction() as tx:
            mine = claimed(tx, clock(), course, lease=10)
        in_time, too_late = clock() + 9, clock() + 10

        def renew(mine: Claim = mine, at: float = in_time) -> str | None:
            with database.transaction() as tx:
                return worklist.renew(tx, at, mine, 10)

        def reap(at: float = too_late) -> list[Reaped]:
            with database.transaction() as tx:
                return worklist.reap(tx, at, recheck=600, dead_crashes=5, backoff=float)

        renewed, reaped = at_once(renew, reap)
        assert (renewed is None) == bool(reaped)


def test_two_reapers_count_a_crash_once(database: Database, clock: SetClock) -> None:
    courses = ready(database, clock, 10)
    with database.transaction() as tx:
        for course in courses:
            claimed(tx, clock(), course, lease=1)
    clock.advance(1)

    def reap() -> list[Reaped]:
        with database.transaction() as tx:
            return worklist.reap(tx, clock(), recheck=600, dead_crashes=5, backoff=float)

    taken = [each.mapping_id for some in at_once(reap, reap, reap) for each in some]
    assert sorted(taken) == courses
    with database.reading() as tx:
        assert {row(tx, course).crashes for course in courses} == {1}


def test_everything_at_once_neither_deadlocks_nor_loses_an_event(database: Database, clock: SetClock) -> None:
    """Deliveries, workers, a breaker and a reaper on the same rows; then the rest is worked off."""
    courses = ready(database, clock, 8)
    covered: set[tuple[int, int, int]] = set()

    def deliver(seed: int) -> None:
        random = Random(seed)
        for number in range(40):
            some = random.sample(courses, 5)
            with database.transaction() as tx:
                worklist.want(
                    tx, clock(), {(each, ROSTER): [seed * 1000 + number] for each in some}, quiet=0.0, cap=0.0
                )

    def work(seed: int) -> None:
        random = Random(seed)
        for _ in range(60):
            with database.transaction() as tx:
                mine = claim(tx, clock(), random.choice(courses), owner=f"host:{seed}:1:a", runs_per_instance=3)
            if mine is None:
                continue
            done = random.random() < 0.7
            with database.transaction() as tx:
                if done:
                    connections.note_success(tx, "site", 1, clock())
                    connections.note_success(tx, "instance", 1, clock())
                else:
                    connections.note_failure(tx, random.choice(["site", "instance"]), 1, 0.0)
                worklist.release(tx, clock(), mine, Done() if done else Retry(clock()))
                runs.end(tx, clock(), mine.run_id, "done" if done else "retry")

    def disturb() -> None:
        for _ in range(20):
            with database.transaction() as tx:
                connections.park(tx, "instance", 1, "x", clock())
                worklist.park(tx, courses[::-1], "x")
            with database.transaction() as tx:
                connections.unpark(tx, "instance", 1)
                worklist.unpark(tx, clock(), courses, 0.0)
                worklist.reap(tx, clock(), recheck=600, dead_crashes=5, backoff=float)

    at_once(lambda: deliver(1), lambda: deliver(2), lambda: work(3), lambda: work(4), lambda: work(5), disturb)
    with database.transaction() as tx:
        for course in courses:
            if row(tx, course).state == "wanted":
                mine = claimed(tx, clock(), course)
                worklist.release(tx, clock(), mine, Done())
                runs.end(tx, clock(), mine.run_id, "done")
        assert {each.state for each in worklist.rows(tx)} == {"idle"}
        requests = {(each.mapping_id, each.event_id, each.gen) for each in tx.execute(select(event_requests))}
        for run in runs.search(tx, outcome="done", limit=10_000):
            mine_too = {each for each in requests if each[0] == run.mapping_id and run.gen_from < each[2] <= run.gen_to}
            assert not mine_too & covered, "an event was covered twice"
            covered |= mine_too
    assert covered == requests
    assert len(requests) == 2 * 40 * 5
