"""Whoever locks several rows locks them in one order, so that others wait for it and never it for them: no deadlock."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest

from app.errors import Refused
from app.kit import Kit
from app.store import holds, sites, worklist
from app.sync.ask import ask
from app.sync.holds import approve
from app.sync.intake import Parcel, accept
from schemas.events import MoodleEvent
from tests.conftest import SetClock
from tests.world import world

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
