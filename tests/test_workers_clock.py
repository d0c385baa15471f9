"""What the clock does besides dispatching: reconcile, probe, forget (design.md 9)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import insert, select, update
from structlog.testing import capture_logs

from app.kit import Kit
from app.store import connections, instances, mappings, runs, signs, sites, worklist
from app.store.tables import events
from app.store.tables import mappings as mapping_table
from app.store.tables import worklist as rows
from app.sync.probe import probe, probe_parked
from app.sync.reconcile import reconcile
from sandbox.kuracloud.sim import SimKuraCloud
from sandbox.moodle.sim import SimMoodle
from tests.conftest import SetClock
from tests.courses import mapped, row, wanted
from workers.clock import Beat, Pulse, beats, forget

DAY = 86400.0


def reconcile_times(kit: Kit) -> list[float]:
    with kit.database.reading() as tx:
        return [each.reconcile_at for each in mappings.every(tx)]


def make_due(kit: Kit, clock: SetClock) -> None:
    with kit.database.transaction() as tx:
        tx.execute(update(mapping_table).values(reconcile_at=clock() - 1))


def test_a_mapping_is_looked_at_without_any_event(kit: Kit, clock: SetClock) -> None:
    (mapping_id,) = mapped(kit)
    assert reconcile(kit, 10) == 0
    clock.advance(kit.settings.reconcile)
    assert reconcile(kit, 10) == 1
    assert row(kit, mapping_id).state == "wanted"
    assert row(kit, mapping_id).due_at == clock() + kit.settings.quiet
    assert reconcile(kit, 10) == 0


def test_what_reconciling_finds_is_drift_since_no_event_explains_it(sqlite_kit: Kit, clock: SetClock) -> None:
    (mapping_id,) = mapped(sqlite_kit)
    make_due(sqlite_kit, clock)
    reconcile(sqlite_kit, 1)
    clock.advance(sqlite_kit.settings.quiet)
    with sqlite_kit.database.transaction() as tx:
        claim = worklist.claim(tx, clock(), mapping_id, "roster", "host:1:a:b", 3.0, 2)
        assert claim is not None
        assert not runs.explained(tx, claim)


def test_mappings_added_together_drift_apart(sqlite_kit: Kit, clock: SetClock) -> None:
    mapped(sqlite_kit, 20)
    make_due(sqlite_kit, clock)
    reconcile(sqlite_kit, 100)
    times = reconcile_times(sqlite_kit)
    assert len(set(times)) == 20
    interval = sqlite_kit.settings.reconcile
    assert clock() + 0.75 * interval <= min(times) <= max(times) <= clock() + 1.25 * interval


def test_after_a_long_pause_they_come_one_by_one_the_longest_waiting_first(sqlite_kit: Kit, clock: SetClock) -> None:
    first, second, third = mapped(sqlite_kit, 3)
    with sqlite_kit.database.transaction() as tx:
        for mapping_id, age in ((first, 10), (second, 30), (third, 20)):
            mappings.set_reconcile_at(tx, mapping_id, clock() - age)
    seen = []
    for _ in range(3):
        assert reconcile(sqlite_kit, 1) == 1
        with sqlite_kit.database.reading() as tx:
            seen.append({each.mapping_id for each in worklist.rows(tx)})
    assert seen == [{second}, {second, third}, {first, second, third}]


def test_a_course_that_was_gone_is_looked_at_again(kit: Kit, clock: SetClock) -> None:
    gone, broken, paused = mapped(kit, 3)
    wanted(kit, gone, broken, paused)
    with kit.database.transaction() as tx:
        worklist.park(tx, [gone], "course_gone")
        worklist.park(tx, [broken], "token_refused")
        worklist.pause(tx, paused)
    make_due(kit, clock)
    reconcile(kit, 10)
    assert [row(kit, each).state for each in (gone, broken, paused)] == ["wanted", "parked", "paused"]


@pytest.fixture
def moodle() -> Iterator[SimMoodle]:
    with SimMoodle.serving() as moodle:
        yield moodle


@pytest.fixture
def kura() -> Iterator[SimKuraCloud]:
    with SimKuraCloud.serving() as kura:
        yield kura


def park(kit: Kit, kind: connections.Kind, connection_id: int) -> None:
    with kit.database.transaction() as tx:
        now = kit.database.now(tx)
        connections.park(tx, kind, connection_id, "token_refused", now + kit.settings.probe_interval)
        worklist.park(tx, mappings.of_connection(tx, kind, connection_id), "token_refused")


def a_site(kit: Kit, moodle: SimMoodle, token: str) -> int:
    wanted(kit, *mapped(kit, 1, url=moodle.url))
    with kit.database.transaction() as tx:
        (site,) = sites.every(tx)
        sites.set_token(tx, site.id, kit.vault.encrypt(token))
    park(kit, "site", site.id)
    return site.id


def an_instance(kit: Kit, kura: SimKuraCloud, token: str) -> int:
    wanted(kit, *mapped(kit, 1, url=kura.url))
    with kit.database.transaction() as tx:
        (instance,) = instances.every(tx)
        instances.set_token(tx, instance.id, kit.vault.encrypt(token))
    park(kit, "instance", instance.id)
    return instance.id


def test_a_site_that_answers_again_is_opened_with_its_mappings(kit: Kit, moodle: SimMoodle, clock: SetClock) -> None:
    site_id = a_site(kit, moodle, moodle.token)
    assert probe_parked(kit) == 0
    clock.advance(kit.settings.probe_interval)
    assert probe_parked(kit) == 1
    with kit.database.reading() as tx:
        site = sites.get(tx, site_id)
    assert site is not None
    assert (site.gate, site.gate_reason, site.failures) == ("open", None, 0)
    assert row(kit, 1).gate == "open"
    assert clock() <= (row(kit, 1).due_at or 0) <= clock() + 30


def test_a_site_that_still_refuses_stays_parked(sqlite_kit: Kit, moodle: SimMoodle, clock: SetClock) -> None:
    site_id = a_site(sqlite_kit, moodle, "another-token")
    assert not probe(sqlite_kit, "site", site_id)
    with sqlite_kit.database.reading() as tx:
        site = sites.get(tx, site_id)
    assert site is not None
    assert (site.gate, site.probe_at) == ("parked", clock() + sqlite_kit.settings.probe_interval)


def test_an_instance_that_answers_again_is_opened(sqlite_kit: Kit, kura: SimKuraCloud, clock: SetClock) -> None:
    instance_id = an_instance(sqlite_kit, kura, kura.token)
    clock.advance(sqlite_kit.settings.probe_interval)
    assert probe_parked(sqlite_kit) == 1
    with sqlite_kit.database.reading() as tx:
        instance = instances.get(tx, instance_id)
    assert instance is not None
    assert instance.gate == "open"


def test_an_instance_whose_integration_is_off_stays_parked(sqlite_kit: Kit, kura: SimKuraCloud) -> None:
    instance_id = an_instance(sqlite_kit, kura, kura.token)
    kura.set_instance(lmsEnabled=False)
    assert not probe(sqlite_kit, "instance", instance_id)


def test_an_instance_that_cannot_be_reached_stays_parked(sqlite_kit: Kit) -> None:
    mapped(sqlite_kit)
    park(sqlite_kit, "instance", 1)
    assert not probe(sqlite_kit, "instance", 1)


def test_a_connection_removed_meanwhile_does_no_harm(sqlite_kit: Kit) -> None:
    assert not probe(sqlite_kit, "site", 99)
    assert not probe(sqlite_kit, "instance", 99)


def test_what_is_old_is_forgotten_slice_by_slice(sqlite_kit: Kit, clock: SetClock) -> None:
    mapped(sqlite_kit)
    event = {"site_id": 1, "way": "signed", "name": "x", "courseid": 1, "wanted": False}
    ages = [0.0] * 3 + [31 * DAY] * 2500
    with sqlite_kit.database.transaction() as tx:
        tx.execute(insert(events), [{**event, "received_at": clock() - age} for age in ages])
    forget(sqlite_kit)
    with sqlite_kit.database.reading() as tx:
        assert list(tx.execute(select(events.c.received_at)).scalars()) == [clock()] * 3


def test_a_beat_that_fails_is_told_once_and_goes_on() -> None:
    results = iter([None, ZeroDivisionError, ZeroDivisionError, None, ZeroDivisionError])

    def action() -> None:
        if error := next(results):
            raise error

    beat = Beat("probe", 1.0, action)
    with capture_logs() as lines:
        for _ in range(5):
            beat.strike()
    assert [(line["event"], line["task"]) for line in lines] == [("clock_failed", "probe")] * 2


def test_it_dispatches_each_tick_and_the_rest_less_often(sqlite_kit: Kit) -> None:
    kit = replace(sqlite_kit, settings=replace(sqlite_kit.settings, redis_url="redis://127.0.0.1:9", tick=0.5))
    assert [(beat.name, beat.interval) for beat in beats(kit)] == [
        ("dispatch", 0.5),
        ("reconcile", 1.0),
        ("grades", 1.0),
        ("probe", 0.5),
        ("identity", kit.settings.probe_interval),
        ("prune", 3600.0),
        ("seal", 60.0),
        ("alerts", 5.0),
        ("tasks", 5.0),
        ("sessions", 3600.0),
        ("silence", 600.0),
    ]


def test_rows_that_waited_for_a_dead_connection_are_not_late(sqlite_kit: Kit, clock: SetClock) -> None:
    (mapping_id,) = mapped(sqlite_kit)
    wanted(sqlite_kit, mapping_id)
    park(sqlite_kit, "site", 1)
    clock.advance(600)
    with sqlite_kit.database.transaction() as tx:
        tx.execute(update(rows).values(gate="open"))
        assert worklist.lateness(tx, clock()) == 0.0


def test_after_dispatching_it_leaves_a_sign_of_life_now_and_then(sqlite_kit: Kit, clock: SetClock) -> None:
    done: list[float] = []
    pulse = Pulse(sqlite_kit, lambda: done.append(clock()))
    for _ in range(3):
        pulse.strike()
        clock.advance(1)
    assert len(done) == 3
    with sqlite_kit.database.reading() as tx:
        assert signs.last(tx, signs.CLOCK) == done[0]
