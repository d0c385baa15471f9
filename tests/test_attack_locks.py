"""A run that is begun at the very moment at which a mapping is removed, or pointed elsewhere: one waits, none fails."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from time import sleep

from app.kit import Kit
from app.store import mappings, worklist
from app.sync.ask import ask
from tests.conftest import SetClock
from tests.world import world

_LONG_ENOUGH = 0.5  # seconds until the other thread waits for a lock; shorter only makes the test easier


def test_a_run_that_meets_a_mapping_being_seized_waits_for_that(kit: Kit, clock: SetClock) -> None:
    """The gate was opened again meanwhile (`resume`, or another command that failed), so that a run may begin."""
    with world(kit, clock) as made, ThreadPoolExecutor(1) as pool:
        ask(kit, made.mapping_id, "roster")
        with kit.database.transaction() as tx:
            # As app.setup.resting does it.
            assert mappings.seize(tx, made.mapping_id) is not None
            run = pool.submit(made.turn)
            sleep(_LONG_ENOUGH)
            worklist.pause(tx, made.mapping_id, "repointing")
        assert run.result(20) == "refused"
