"""One turn: what each way of ending does to the row, the run and the two connections (design.md 9, queue.md 3)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from app.errors import (
    BatchRefused,
    ConnectionBroken,
    CourseGone,
    KurasyncError,
    LeaseLost,
    RosterUnverified,
    RunStopped,
    TransientError,
)
from app.kit import Kit
from app.store import instances, mappings, runs, sites, worklist
from app.store.instances import Instance
from app.store.runs import Run
from app.store.sites import Site
from app.store.tables import worklist as rows
from app.sync.lease import Ended, Lease
from app.sync.turn import REFUSED, take_turn
from tests.conftest import SetClock
from tests.courses import mapped, row, wanted

OWNER = "host:1:start:a"
HIGHEST = 0.999999


def turn(kit: Kit, mapping_id: int, verb: Callable[[Kit, Lease], Ended], *, chance: float = HIGHEST) -> str:
    return take_turn(kit, mapping_id, "roster", OWNER, verbs={"roster": verb}, chance=lambda: chance)


def failing(error: Exception) -> Callable[[Kit, Lease], Ended]:
    def verb(_kit: Kit, _lease: Lease) -> Ended:
        raise error

    return verb


def nothing(_kit: Kit, _lease: Lease) -> Ended:
    return Ended()


def one_due(kit: Kit) -> int:
    (mapping_id,) = mapped(kit)
    wanted(kit, mapping_id)
    return mapping_id


def last_run(kit: Kit, mapping_id: int) -> Run:
    with kit.database.reading() as tx:
        run = runs.last(tx, mapping_id, "roster")
    assert run is not None
    return run


def instance(kit: Kit) -> Instance:
    with kit.database.reading() as tx:
        return instances.every(tx)[0]


def site(kit: Kit) -> Site:
    with kit.database.reading() as tx:
        return sites.every(tx)[0]


def lose(kit: Kit) -> None:
    """Let another run take the row, as after a pause longer than the lease."""
    with kit.database.transaction() as tx:
        tx.execute(update(rows).values(lease_owner="host:2:start:b", fence=rows.c.fence + 1))


def test_a_run_that_came_to_its_end_leaves_nothing_wanted(kit: Kit) -> None:
    mapping_id = one_due(kit)
    ended = Ended("held", "2 wait", {"actions": []}, {"add": 1}, drift=3)
    assert turn(kit, mapping_id, lambda *_: ended) == "done"
    run = last_run(kit, mapping_id)
    assert (run.outcome, run.reason, run.message, run.plan, run.counts, run.drift) == (
        "done",
        "held",
        "2 wait",
        {"actions": []},
        {"add": 1},
        3,
    )
    assert row(kit, mapping_id).state == "idle"
    assert row(kit, mapping_id).seen == run.gen_to == 1


def test_a_run_may_ask_for_another_look_later(kit: Kit, clock: SetClock) -> None:
    mapping_id = one_due(kit)
    turn(kit, mapping_id, lambda *_: Ended(again_at=clock() + 60))
    assert row(kit, mapping_id).due_at == clock() + 60


def test_what_is_wanted_while_a_run_reads_leads_to_another_run(kit: Kit) -> None:
    mapping_id = one_due(kit)

    def verb(kit: Kit, _lease: Lease) -> Ended:
        wanted(kit, mapping_id)
        return Ended()

    assert turn(kit, mapping_id, verb) == "done"
    assert row(kit, mapping_id).state == "wanted"
    assert turn(kit, mapping_id, nothing) == "done"
    assert (last_run(kit, mapping_id).gen_from, last_run(kit, mapping_id).gen_to) == (1, 2)
    assert row(kit, mapping_id).state == "idle"


def test_a_second_job_for_what_is_being_worked_on_is_refused(kit: Kit) -> None:
    mapping_id = one_due(kit)
    inner: list[str] = []

    def verb(kit: Kit, _lease: Lease) -> Ended:
        inner.append(turn(kit, mapping_id, nothing))
        return Ended()

    assert turn(kit, mapping_id, verb) == "done"
    assert inner == [REFUSED]
    assert turn(kit, mapping_id, nothing) == REFUSED


def test_a_worker_that_is_told_to_stop_claims_nothing(sqlite_kit: Kit) -> None:
    mapping_id = one_due(sqlite_kit)
    assert take_turn(sqlite_kit, mapping_id, "roster", OWNER, lambda: True, verbs={"roster": nothing}) == REFUSED
    assert row(sqlite_kit, mapping_id).state == "wanted"


def test_a_stopped_run_goes_on_at_once_and_is_no_failure(kit: Kit, clock: SetClock) -> None:
    mapping_id = one_due(kit)
    assert turn(kit, mapping_id, failing(RunStopped("shutting down"))) == "later"
    after = row(kit, mapping_id)
    assert (after.attempts, after.due_at, after.state) == (0, clock(), "wanted")
    assert last_run(kit, mapping_id).outcome == "later"


@pytest.mark.parametrize(
    "error",
    [
        RosterUnverified("a short page"),
        BatchRefused("no"),
        KurasyncError("odd", origin="moodle"),
        TransientError("503"),
    ],
)
def test_a_failure_is_tried_again_after_a_pause_with_full_jitter(
    sqlite_kit: Kit, clock: SetClock, error: KurasyncError
) -> None:
    mapping_id = one_due(sqlite_kit)
    expected = [0.05, 0.1, 0.2, 0.4, 0.5, 0.5]  # half of 0.1 s x 2^n, 1 s at most
    for attempt, pause in enumerate(expected):
        assert turn(sqlite_kit, mapping_id, failing(error), chance=0.5) == "retry"
        after = row(sqlite_kit, mapping_id)
        assert after.due_at == pytest.approx(clock() + pause)
        assert after.attempts == attempt + 1
        clock.advance(pause + 0.001)
    assert last_run(sqlite_kit, mapping_id).reason == error.reason
    assert turn(sqlite_kit, mapping_id, nothing) == "done"
    assert row(sqlite_kit, mapping_id).attempts == 0


def test_the_other_sides_wish_to_wait_is_obeyed_by_the_whole_connection(kit: Kit, clock: SetClock) -> None:
    first, second = mapped(kit, 2)
    wanted(kit, first, second)
    busy = TransientError("429", origin="kuracloud", retry_after=40.0)
    assert turn(kit, first, failing(busy)) == "retry"
    assert row(kit, first).due_at == clock() + 40
    assert instance(kit).paused_until == clock() + 40
    assert turn(kit, second, nothing) == REFUSED
    clock.advance(41)
    assert turn(kit, second, nothing) == "done"


def test_a_write_that_may_have_been_carried_out_settles_first(sqlite_kit: Kit, clock: SetClock) -> None:
    mapping_id = one_due(sqlite_kit)
    turn(sqlite_kit, mapping_id, failing(TransientError("time-out", acted=True)), chance=0.5)
    assert row(sqlite_kit, mapping_id).due_at == pytest.approx(clock() + sqlite_kit.settings.settle + 0.05)


def test_three_mappings_that_fail_in_a_row_pause_their_connection(kit: Kit, clock: SetClock) -> None:
    first, second, third, fourth = mapped(kit, 4)
    wanted(kit, first, second, third, fourth)
    away = TransientError("no route", origin="kuracloud")
    for mapping_id in (first, second):
        turn(kit, mapping_id, failing(away), chance=0.5)
    assert (instance(kit).failures, instance(kit).paused_until) == (2, 0.0)
    turn(kit, third, failing(away), chance=0.5)
    assert (instance(kit).failures, instance(kit).paused_until) == (3, pytest.approx(clock() + 0.05))
    assert site(kit).failures == 0
    assert turn(kit, fourth, nothing) == REFUSED
    clock.advance(0.1)
    assert turn(kit, fourth, nothing) == "done"
    assert instance(kit).failures == 0


def test_a_pause_is_never_longer_than_a_probe_is_away(sqlite_kit: Kit, clock: SetClock) -> None:
    mapping_ids = mapped(sqlite_kit, 10)
    wanted(sqlite_kit, *mapping_ids)
    for mapping_id in mapping_ids:
        turn(sqlite_kit, mapping_id, failing(TransientError("no route", origin="moodle")))
        assert site(sqlite_kit).paused_until <= clock() + sqlite_kit.settings.probe_interval
        clock.advance(sqlite_kit.settings.probe_interval + 0.001)
    assert site(sqlite_kit).failures == 10


def test_one_mapping_that_always_fails_does_not_pause_the_others(sqlite_kit: Kit, clock: SetClock) -> None:
    mapping_id = one_due(sqlite_kit)
    for _ in range(6):
        turn(sqlite_kit, mapping_id, failing(TransientError("500", origin="kuracloud")))
        clock.advance(2.0)
    assert (instance(sqlite_kit).failures, instance(sqlite_kit).paused_until) == (1, 0.0)


@pytest.mark.parametrize(("origin", "broken", "well"), [("moodle", site, instance), ("kuracloud", instance, site)])
def test_a_connection_that_refuses_us_is_parked_with_all_its_mappings(
    kit: Kit, clock: SetClock, origin: str, broken: Callable[[Kit], Site], well: Callable[[Kit], Site]
) -> None:
    first, second = mapped(kit, 2)
    wanted(kit, first, second)
    refused = ConnectionBroken("The token is not valid.", reason="token_refused", origin=origin)
    assert turn(kit, first, failing(refused)) == "parked"
    assert (broken(kit).gate, broken(kit).gate_reason) == ("parked", "token_refused")
    assert broken(kit).probe_at == clock() + kit.settings.probe_interval
    assert well(kit).gate == "open"
    assert [(row(kit, each).gate, row(kit, each).gate_reason) for each in (first, second)] == [
        ("parked", "token_refused")
    ] * 2
    assert row(kit, first).wanted > row(kit, first).seen
    assert turn(kit, second, nothing) == REFUSED


def test_a_refusal_that_nobody_can_place_is_a_failure_of_the_mapping(sqlite_kit: Kit) -> None:
    mapping_id = one_due(sqlite_kit)
    assert turn(sqlite_kit, mapping_id, failing(ConnectionBroken("refused"))) == "retry"


def test_a_course_that_is_gone_parks_its_mapping_alone(kit: Kit) -> None:
    first, second = mapped(kit, 2)
    wanted(kit, first, second)
    assert turn(kit, first, failing(CourseGone("There is no such course.", origin="moodle"))) == "parked"
    assert (row(kit, first).gate, row(kit, first).gate_reason) == ("parked", "course_gone")
    assert (site(kit).gate, instance(kit).gate) == ("open", "open")
    assert turn(kit, second, nothing) == "done"


def test_it_gives_up_after_a_day_and_eight_failures(kit: Kit, clock: SetClock) -> None:
    mapping_id = one_due(kit)
    outcomes = []
    for _ in range(8):
        outcomes.append(turn(kit, mapping_id, failing(RosterUnverified("cut"))))
        clock.advance(86400 / 7 + 1)
    assert outcomes == ["retry"] * 7 + ["dead"]
    after = row(kit, mapping_id)
    assert (after.state, after.wanted - after.seen) == ("dead", 1)
    assert (last_run(kit, mapping_id).outcome, last_run(kit, mapping_id).reason) == ("dead", "roster_unverified")


def test_a_day_of_failures_is_not_enough_to_give_up(sqlite_kit: Kit, clock: SetClock) -> None:
    mapping_id = one_due(sqlite_kit)
    for _ in range(7):
        assert turn(sqlite_kit, mapping_id, failing(RosterUnverified("cut"))) == "retry"
        clock.advance(86400)


def test_eight_failures_within_a_day_are_not_enough_to_give_up(sqlite_kit: Kit, clock: SetClock) -> None:
    mapping_id = one_due(sqlite_kit)
    for _ in range(20):
        assert turn(sqlite_kit, mapping_id, failing(RosterUnverified("cut"))) == "retry"
        clock.advance(60)


def test_a_defect_is_a_failure_whose_traceback_is_logged(kit: Kit) -> None:
    mapping_id = one_due(kit)
    defect = ZeroDivisionError("division by zero")
    with capture_logs() as lines:
        assert turn(kit, mapping_id, failing(defect)) == "retry"
    assert [(line["event"], line["mapping_id"], line["exc_info"]) for line in lines] == [
        ("run_ended", mapping_id, defect)
    ]
    run = last_run(kit, mapping_id)
    assert (run.outcome, run.reason) == ("retry", "defect")
    assert run.message == "An unexpected ZeroDivisionError; the log of the worker shows where."


def test_a_run_that_lost_its_lease_after_writing_wants_another_run(kit: Kit) -> None:
    mapping_id = one_due(kit)

    def verb(kit: Kit, lease: Lease) -> Ended:
        lease.wrote = True
        lose(kit)
        raise LeaseLost("lost")

    assert turn(kit, mapping_id, verb) == "lost"
    assert last_run(kit, mapping_id).outcome == "lost"
    assert row(kit, mapping_id).wanted == 2
    assert row(kit, mapping_id).lease_owner == "host:2:start:b"


def test_a_run_that_lost_its_lease_before_writing_leaves_the_row_alone(kit: Kit) -> None:
    mapping_id = one_due(kit)

    def verb(kit: Kit, _lease: Lease) -> Ended:
        lose(kit)
        return Ended()

    assert turn(kit, mapping_id, verb) == "lost"
    assert (row(kit, mapping_id).wanted, row(kit, mapping_id).lease_owner) == (1, "host:2:start:b")


def test_a_lease_that_ran_out_with_nobody_else_at_it_is_given_back(sqlite_kit: Kit) -> None:
    mapping_id = one_due(sqlite_kit)
    assert turn(sqlite_kit, mapping_id, failing(LeaseLost("ran out"))) == "later"
    assert row(sqlite_kit, mapping_id).state == "wanted"


def test_a_mapping_that_is_removed_while_its_run_is_under_way_does_no_harm(sqlite_kit: Kit) -> None:
    mapping_id = one_due(sqlite_kit)

    def verb(kit: Kit, lease: Lease) -> Ended:
        lease.wrote = True
        with kit.database.transaction() as tx:
            mappings.remove(tx, mapping_id)
        raise TransientError("gone", origin="kuracloud")

    assert turn(sqlite_kit, mapping_id, verb) == "lost"
    with sqlite_kit.database.reading() as tx:
        assert worklist.rows(tx) == []
