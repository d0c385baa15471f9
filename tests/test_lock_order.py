"""Whoever locks several rows locks them in one order, so that others wait for it and never it for them: no deadlock."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import sleep

import pytest

from app.errors import Refused
from app.kit import Kit
from app.planning import actions as act
from app.planning.grade_actions import Column
from app.planning.gradebook import Cell
from app.setup import backups, erasing, whom
from app.setup import mappings as setup
from app.store import cells, holds, mappings, rosters, sites, worklist
from app.store.db import Database
from app.store.rosters import KnownRoster
from app.store.worklist import Kind
from app.sync import exporting
from app.sync.ask import ask
from app.sync.connect import sides
from app.sync.holds import approve
from app.sync.intake import Parcel, accept
from app.sync.lease import Lease, Waiting, boottime
from app.sync.returners import ask_for_returners
from schemas.events import MoodleEvent
from tests.conftest import SetClock
from tests.grading import course
from tests.world import World, world

_LONG_ENOUGH = 0.5  # seconds until the other thread waits for a lock; shorter only makes the test easier


def test_an_approval_that_meets_the_end_of_a_run_waits_for_it(kit: Kit, clock: SetClock) -> None:
    with world(kit, clock, started=False) as made, ThreadPoolExecutor(1) as pool:
        made.enrol()
        made.sync()
        hold = made.hold()
        assert hold is not None
        with kit.database.transaction() as tx:
            worklist.set_recheck(tx, [(made.mapping_id, "roster")], clock())
            approval = pool.submit(approve, kit, hold.id, hold.digest, "a teacher")
            sleep(_LONG_ENOUGH)
            assert holds.decide(tx, clock(), hold, "overtaken", "kurasync")
        with pytest.raises(Refused):
            approval.result(20)


def test_a_delivery_for_students_and_grades_that_meets_the_parking_of_a_site_waits_for_it(
    kit: Kit, clock: SetClock
) -> None:
    with world(kit, clock) as made, ThreadPoolExecutor(1) as pool:
        ask(kit, made.mapping_id, "roster")
        ask(kit, made.mapping_id, "grades")
        events = [
            MoodleEvent(name, name, made.course, 70, 1, 50, made.course, 1_700_000_000)
            for name in (r"\core\event\user_enrolment_created", r"\local_kurasync\event\grades_requested")
        ]
        with kit.database.transaction() as tx:
            site = sites.get(tx, made.site_id)
            assert site is not None
            # As parking locks them: in the order of their keys.
            worklist.set_recheck(tx, [(made.mapping_id, "grades")], clock())
            delivery = pool.submit(accept, kit, [Parcel(site, "signed", "msg_1", events)])
            sleep(_LONG_ENOUGH)
            worklist.set_recheck(tx, [(made.mapping_id, "roster")], clock())
        assert [each.accepted for each in delivery.result(20)] == [2]


def test_the_end_of_the_first_approved_run_waits_for_a_delivery_that_makes_removals_wait(
    kit: Kit, clock: SetClock
) -> None:
    with world(kit, clock, started=False) as made, ThreadPoolExecutor(1) as pool:
        made.enrol()
        made.sync()
        made.decide()
        with kit.database.transaction() as tx:
            mappings.quieten(tx, [made.mapping_id], clock())
            run = pool.submit(made.turn)
            sleep(3 * _LONG_ENOUGH)
            worklist.set_recheck(tx, [(made.mapping_id, "roster")], clock() + 60)
        assert run.result(20) == "done"


def test_the_removal_of_a_mapping_waits_for_a_delivery_that_makes_its_removals_wait(kit: Kit, clock: SetClock) -> None:
    with world(kit, clock) as made, ThreadPoolExecutor(1) as pool:
        ask(kit, made.mapping_id, "roster")
        with kit.database.transaction() as tx:
            mappings.quieten(tx, [made.mapping_id], clock())
            removal = pool.submit(setup.remove, kit, made.mapping_id, "an administrator")
            sleep(2 * _LONG_ENOUGH)
            worklist.set_recheck(tx, [(made.mapping_id, "roster")], clock() + 60)
        assert removal.result(20) is True


def test_of_two_who_change_rules_at_once_neither_undoes_the_other(kit: Kit, clock: SetClock) -> None:
    with world(kit, clock) as made, ThreadPoolExecutor(1) as pool:
        with kit.database.transaction() as tx:
            mappings.lock(tx, made.mapping_id)
            change = pool.submit(setup.set_rules, kit, made.mapping_id, {"mode": "review"}, (), "an administrator")
            sleep(_LONG_ENOUGH)
            mappings.set_settings(tx, made.mapping_id, {"unmanaged": "keep"})
        change.result(20)
        with kit.database.reading() as tx:
            found = mappings.get(tx, made.mapping_id)
        assert found is not None
        assert found.settings == {"unmanaged": "keep", "mode": "review"}


def test_a_new_beginning_waits_for_a_run_that_ends_and_keeps_what_hangs_on_its_mapping(
    kit: Kit, clock: SetClock
) -> None:
    with world(kit, clock) as made, ThreadPoolExecutor(1) as pool:
        ask(kit, made.mapping_id, "roster")
        with kit.database.transaction() as tx:
            worklist.set_recheck(tx, [(made.mapping_id, "roster")], clock() + 60)
            begun = pool.submit(backups.begin_anew, kit, "an administrator")
            sleep(_LONG_ENOUGH)
            rosters.keep(tx, made.mapping_id, KnownRoster((), "basis", clock(), None))
        assert begun.result(20).mappings == 1


def test_an_unsigned_delivery_that_meets_whoever_points_its_mapping_elsewhere_waits(kit: Kit, clock: SetClock) -> None:
    with world(kit, clock) as made, ThreadPoolExecutor(1) as pool:
        ask(kit, made.mapping_id, "roster")
        event = MoodleEvent(r"\core\event\course_updated", None, made.course, None, 1, 50, made.course, 1_700_000_000)
        with kit.database.transaction() as tx:
            site = sites.get(tx, made.site_id)
            assert site is not None
            mappings.seize(tx, made.mapping_id)
            delivery = pool.submit(accept, kit, [Parcel(site, "local_webhooks", None, [event])])
            sleep(_LONG_ENOUGH)
            worklist.pause(tx, made.mapping_id, "repointing")
        assert [each.accepted for each in delivery.result(20)] == [1]


def test_erasing_somebody_named_in_a_hold_waits_for_whoever_points_its_mapping_elsewhere(
    kit: Kit, clock: SetClock
) -> None:
    with world(kit, clock, started=False) as made, ThreadPoolExecutor(1) as pool:
        userid = made.enrol()
        made.sync()
        with kit.database.reading() as tx:
            person = whom.by_user(tx, [whom.numbered(tx, f"uni:{userid}")])
        with kit.database.transaction() as tx:
            mappings.seize(tx, made.mapping_id)
            erasure = pool.submit(erasing.erase, kit, person, "an administrator", force=True)
            sleep(2 * _LONG_ENOUGH)
            worklist.pause(tx, made.mapping_id, "repointing")
        erasure.result(20)
        assert made.hold() is None


@pytest.mark.parametrize("name", ["user_enrolment_created", "course_reset_started"])
def test_a_delivery_that_meets_the_removal_of_its_mapping_is_taken_in_all_the_same(
    kit: Kit, clock: SetClock, name: str
) -> None:
    with world(kit, clock) as made, ThreadPoolExecutor(1) as pool:
        event = MoodleEvent(f"\\core\\event\\{name}", name, made.course, 70, 1, 50, made.course, 1_700_000_000)
        with kit.database.transaction() as tx:
            site = sites.get(tx, made.site_id)
            assert site is not None
            mappings.remove(tx, made.mapping_id)
            delivery = pool.submit(accept, kit, [Parcel(site, "signed", "msg_1", [event])])
            sleep(_LONG_ENOUGH)
        assert [each.accepted for each in delivery.result(20)] == [1]


def leased(made: World, kind: Kind) -> Lease:
    """A run that has just begun."""
    ask(made.kit, made.mapping_id, kind)
    taken_at = boottime()
    with made.kit.database.transaction() as tx:
        now = made.kit.database.now(tx)
        claim = worklist.claim(tx, now, made.mapping_id, kind, "test:1:1:1", made.kit.settings.lease, 2)
    assert claim is not None
    return Lease(made.kit, claim, taken_at=taken_at)


def test_an_approval_of_grades_that_meets_the_end_of_a_run_waits_for_it(kit: Kit, clock: SetClock) -> None:
    with world(kit, clock) as made, course(made) as graded, ThreadPoolExecutor(1) as pool:
        (ana,) = graded.students(1)
        graded.grade(ana, 4)
        made.set(mode="review")
        graded.sync()
        hold = graded.hold()
        assert hold is not None
        with kit.database.transaction() as tx:
            worklist.set_recheck(tx, [(made.mapping_id, "grades")], clock())
            approval = pool.submit(approve, kit, hold.id, hold.digest, "a teacher")
            sleep(_LONG_ENOUGH)
            assert holds.decide(tx, clock(), hold, "overtaken", "kurasync")
        with pytest.raises(Refused):
            approval.result(20)


def test_a_run_that_asks_for_the_grades_of_returners_holds_no_other_row_meanwhile(kit: Kit, clock: SetClock) -> None:
    with world(kit, clock) as made, ThreadPoolExecutor(1) as pool:
        ask(kit, made.mapping_id, "grades")
        lease = leased(made, "roster")
        with kit.database.transaction() as tx:
            cells.settle(tx, clock(), made.mapping_id, {Cell(Column(1, 2), 7): (5.0, 5.0)})
        with kit.database.transaction() as tx:
            # As a delivery locks them: in the order of their keys.
            worklist.set_recheck(tx, [(made.mapping_id, "grades")], clock())
            returners = pool.submit(ask_for_returners, kit, lease, [act.Link(7, 70, "ana@example.edu")])
            sleep(_LONG_ENOUGH)
            worklist.set_recheck(tx, [(made.mapping_id, "roster")], clock())
        returners.result(20)
        with kit.database.reading() as tx:
            grades = worklist.get(tx, made.mapping_id, "grades")
        assert grades is not None
        assert grades.wanted == 2


@pytest.fixture
def postgres_kit(postgres_url: str, clock: SetClock, sqlite_kit: Kit) -> Iterator[Kit]:
    """On SQLite one transaction waits for the other whatever it locks."""
    database = Database(postgres_url, clock=clock)
    yield replace(sqlite_kit, database=database)
    database.dispose()


def test_a_grades_run_that_waits_for_the_students_locks_no_row_of_theirs(postgres_kit: Kit, clock: SetClock) -> None:
    with world(postgres_kit, clock) as made, ThreadPoolExecutor(1) as pool:
        ask(postgres_kit, made.mapping_id, "roster")
        lease = leased(made, "grades")
        with sides(postgres_kit, made.mapping_id) as both, postgres_kit.database.transaction() as tx:
            worklist.set_recheck(tx, [(made.mapping_id, "roster")], clock())
            step = pool.submit(exporting.awaited, postgres_kit, lease, both.kuracloud, made.kura_course).result(20)
            worklist.set_recheck(tx, [(made.mapping_id, "grades")], clock())
    assert isinstance(step, Waiting)
    assert step.reason == "students_first"
