"""What a run must do before each request: queue.md 3 (check), 4 (need), 8 (clocks)."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from sqlalchemy import update

from app.errors import LeaseLost, RunStopped
from app.kit import Kit
from app.store import worklist
from app.store.tables import worklist as rows
from app.sync.lease import Lease, boottime
from tests.conftest import SetClock
from tests.courses import mapped, row, wanted

OWNER = "host:1:start:a"


def claimed(kit: Kit, elapsed: SetClock, **options: Any) -> Lease:
    (mapping_id,) = mapped(kit)
    wanted(kit, mapping_id)
    return claim_again(kit, elapsed, mapping_id, **options)


def claim_again(kit: Kit, elapsed: SetClock, mapping_id: int, owner: str = OWNER, **options: Any) -> Lease:
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        claim = worklist.claim(tx, now, mapping_id, "roster", owner, kit.settings.lease, 2)
    assert claim is not None
    return Lease(kit, claim, taken_at=elapsed(), elapsed=elapsed, **options)


def pass_time(clock: SetClock, elapsed: SetClock, seconds: float) -> None:
    clock.advance(seconds)
    elapsed.advance(seconds)


def test_it_costs_no_statement_while_enough_time_is_left(sqlite_kit: Kit) -> None:
    elapsed = SetClock(100.0)
    lease = claimed(sqlite_kit, elapsed)
    until = row(sqlite_kit, lease.mapping_id).lease_until
    elapsed.advance(sqlite_kit.settings.lease - sqlite_kit.settings.need)
    lease.check()
    assert row(sqlite_kit, lease.mapping_id).lease_until == until


def test_it_is_renewed_when_a_request_might_outlast_it(kit: Kit, clock: SetClock) -> None:
    elapsed = SetClock(100.0)
    lease = claimed(kit, elapsed)
    pass_time(clock, elapsed, kit.settings.lease - kit.settings.need + 0.1)
    lease.check()
    assert row(kit, lease.mapping_id).lease_until == clock() + kit.settings.lease


def test_a_renewal_that_is_answered_too_late_is_not_enough(sqlite_kit: Kit) -> None:
    kit = dataclasses.replace(sqlite_kit, settings=dataclasses.replace(sqlite_kit.settings, run_budget=20.0))

    class Dragging(SetClock):
        def __call__(self) -> float:
            self.advance(0.8)
            return self.at

    # Renewed each time, and 1.6 s gone before anybody looks: less than `need` is left of 3 s.
    with pytest.raises(RunStopped) as stopped:
        claimed(kit, Dragging(100.0)).check()
    assert stopped.value.reason == "run_budget"


def test_a_lease_that_ran_out_is_lost_even_before_anybody_took_the_row(kit: Kit, clock: SetClock) -> None:
    elapsed = SetClock(100.0)
    lease = claimed(kit, elapsed)
    pass_time(clock, elapsed, kit.settings.lease)
    with pytest.raises(LeaseLost):
        lease.check()


def test_a_lease_is_lost_when_another_run_has_the_row(kit: Kit, clock: SetClock) -> None:
    elapsed = SetClock(100.0)
    lease = claimed(kit, elapsed)
    pass_time(clock, elapsed, kit.settings.lease)
    with kit.database.transaction() as tx:
        worklist.reap(tx, clock(), recheck=1.0, dead_crashes=5, backoff=lambda _: 0.0)
    claim_again(kit, elapsed, lease.mapping_id, "host:2:start:b")
    with pytest.raises(LeaseLost):
        lease.check()


def test_a_run_stops_at_its_next_renewal_when_its_gate_was_closed(kit: Kit, clock: SetClock) -> None:
    elapsed = SetClock(100.0)
    lease = claimed(kit, elapsed)
    with kit.database.transaction() as tx:
        tx.execute(update(rows).values(gate="paused"))
    lease.check()
    pass_time(clock, elapsed, kit.settings.lease - 1.0)
    with pytest.raises(RunStopped) as stopped:
        lease.check()
    assert stopped.value.reason == "gate_paused"


def test_a_run_stops_before_its_next_request_when_the_worker_is_told_to(sqlite_kit: Kit) -> None:
    told = [False]
    lease = claimed(sqlite_kit, SetClock(100.0), stopping=lambda: told[0])
    lease.check()
    told[0] = True
    with pytest.raises(RunStopped) as stopped:
        lease.check()
    assert stopped.value.reason == "shutting_down"


def test_a_run_stops_when_its_budget_is_used_up(sqlite_kit: Kit, clock: SetClock) -> None:
    kit = dataclasses.replace(sqlite_kit, settings=dataclasses.replace(sqlite_kit.settings, run_budget=10.0))
    elapsed = SetClock(100.0)
    lease = claimed(kit, elapsed)
    for _ in range(9):
        pass_time(clock, elapsed, 1.0)
        lease.check()
    pass_time(clock, elapsed, 1.0)
    with pytest.raises(RunStopped) as stopped:
        lease.check()
    assert stopped.value.reason == "run_budget"


def test_its_clock_goes_on_while_the_machine_sleeps() -> None:
    with open("/proc/uptime") as file:
        assert boottime() == pytest.approx(float(file.read().split()[0]), abs=1.0)
