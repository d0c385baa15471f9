"""Who decides a hold while a run is ending waits for it, and never the other way round as well: no deadlock."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest

from app.errors import Refused
from app.kit import Kit
from app.store import holds, worklist
from app.sync.holds import approve
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
