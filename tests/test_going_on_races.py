"""Continue, when something else happens at the same moment; on both databases (app.sync.going_on)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest

from app.errors import KurasyncError, Refused
from app.kit import Kit
from app.store import audit, holds, worklist
from app.sync.holds import approve
from tests.conftest import SetClock
from tests.showing_plans import carried_on, planned
from tests.world import World, world

_LONG_ENOUGH = 0.3  # seconds until the other thread waits for a lock; shorter only makes the test easier


@pytest.fixture
def made(kit: Kit, clock: SetClock) -> Iterator[World]:
    with world(kit, clock, started=False) as one:
        one.enrol()
        yield one


def outcome(work: object) -> str:
    """`done`, or why not."""
    try:
        work()  # type: ignore[operator]
    except KurasyncError as error:
        return error.reason
    return "done"


def invited(made: World) -> list[str]:
    """The calls of one invitation, and no more."""
    return [f"POST /v2/course/{made.kura_course}/student"]


def test_of_many_clicks_at_once_one_counts(made: World) -> None:
    task = planned(made.kit, made.mapping_id)
    with ThreadPoolExecutor(4) as pool:
        clicks = [pool.submit(outcome, lambda: carried_on(made.kit, task)) for _ in range(4)]
        assert sorted(click.result(20) for click in clicks) == ["done", "used", "used", "used"]
    with made.kit.database.reading() as tx:
        assert len(holds.search(tx, mapping_id=made.mapping_id)) == 1
        assert len(audit.search(tx, mapping_id=made.mapping_id, operation="go_on")) == 2
    assert made.turn() == "done"
    assert (made.writes(), made.wanted()) == (invited(made), False)


def test_a_click_that_meets_an_approval_of_the_same_approves_once(made: World) -> None:
    made.sync()
    made.clock.advance(1)
    task, waiting = planned(made.kit, made.mapping_id), made.hold()
    assert waiting is not None
    with ThreadPoolExecutor(2) as pool:
        click = pool.submit(outcome, lambda: carried_on(made.kit, task))
        approval = pool.submit(outcome, lambda: approve(made.kit, waiting.id, waiting.digest, "user:ben"))
        assert click.result(20) == "done"
        assert approval.result(20) in ("done", "hold_approved", "hold_decided")
    assert made.turn() == "done"
    assert made.writes() == invited(made)


def test_a_click_that_meets_the_end_of_a_run_waits_for_it(made: World) -> None:
    made.sync()
    hold = made.hold()
    assert hold is not None
    made.clock.advance(1)
    task = planned(made.kit, made.mapping_id)
    with ThreadPoolExecutor(1) as pool:
        with made.kit.database.transaction() as tx:
            # As a run that ends locks them: its row of the worklist, then the hold.
            worklist.set_recheck(tx, [(made.mapping_id, "roster")], made.clock())
            click = pool.submit(carried_on, made.kit, task)
            sleep(_LONG_ENOUGH)
            assert holds.decide(tx, made.clock(), hold, "overtaken", "kurasync")
        gone = click.result(20)
    assert gone.hold_id not in (None, hold.id)
    assert made.turn() == "done"
    assert made.writes() == invited(made)


def test_a_click_while_a_run_reads_is_answered_by_a_run(made: World) -> None:
    """The run may know of the approval already: what it did then, the next does not do again."""
    made.sync()
    made.clock.advance(1)
    task, clicked = planned(made.kit, made.mapping_id), []
    made.before_call("core_enrol_get_enrolled_users", 1, lambda: clicked.append(carried_on(made.kit, task)))
    assert made.sync().outcome == "done"
    assert (len(clicked), made.wanted()) == (1, True)
    assert made.turn() == "done"
    assert (made.writes(), made.hold(), made.wanted()) == (invited(made), None, False)


def test_a_refused_click_leaves_no_trace(made: World) -> None:
    task = planned(made.kit, made.mapping_id)
    carried_on(made.kit, task)
    assert made.turn() == "done"
    with pytest.raises(Refused):
        carried_on(made.kit, task)
    assert not made.wanted()
