"""What is begun at the very moment at which a mapping is removed, or pointed elsewhere: one waits, none fails."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest

from app.errors import NotFound
from app.kit import Kit
from app.setup import exempting, looking, tasks
from app.setup import mappings as setup
from app.store import exemptions, mappings, worklist
from app.store.exemptions import Exemption
from app.store.holds import Hold
from app.sync.ask import ask
from app.sync.bypass import bypass
from app.sync.holds import approve, reject
from tests.conftest import SetClock
from tests.world import World, world

_LONG_ENOUGH = 0.5  # seconds until the other thread waits for a lock; shorter only makes the test easier


ACTS: dict[str, Callable[[World, Hold], object]] = {
    "sync": lambda made, _: looking.ask_now(made.kit, made.mapping_id, "roster", "user:ada"),
    "preview": lambda made, _: tasks.ask(made.kit, tasks.ROSTER_PLAN, made.mapping_id, "user:ada"),
    "pause": lambda made, _: setup.pause(made.kit, made.mapping_id, "user:ada"),
    "remove": lambda made, _: setup.remove(made.kit, made.mapping_id, "user:ada"),
    "include": lambda made, _: exempting.undo(made.kit, made.mapping_id, "moodle", 1, "user:ada"),
    "approve": lambda made, hold: approve(made.kit, hold.id, hold.digest, "user:ada"),
    "reject": lambda made, hold: reject(made.kit, hold.id, "user:ada"),
    "bypass": lambda made, hold: bypass(made.kit, made.mapping_id, "roster", hold.digest, "user:ada"),
}
"""What people do with a mapping of which something waits."""


@pytest.mark.parametrize("name", ACTS)
def test_what_meets_a_mapping_being_removed_waits_and_finds_that_it_is_gone(
    kit: Kit, clock: SetClock, name: str
) -> None:
    with world(kit, clock, started=False) as made, ThreadPoolExecutor(1) as pool:
        made.enrol()
        made.sync()
        hold = made.hold()
        assert hold is not None
        with kit.database.transaction() as tx:
            exemptions.add(tx, Exemption(made.mapping_id, "moodle", 1, "user:ben", clock()))
        with kit.database.transaction() as tx:
            assert mappings.seize(tx, made.mapping_id) is not None
            done = pool.submit(ACTS[name], made, hold)
            sleep(_LONG_ENOUGH)
            worklist.pause(tx, made.mapping_id, "removing")
            mappings.remove(tx, made.mapping_id)
        with pytest.raises(NotFound):
            done.result(20)


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
