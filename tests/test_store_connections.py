"""What sites and instances share: gate and breaker."""

from __future__ import annotations

import pytest

from app.store import connections, instances, sites
from app.store.connections import Kind
from app.store.db import Database
from app.store.instances import Instance
from app.store.sites import Site
from tests.conftest import SetClock
from tests.making import add_courses


@pytest.fixture(params=["site", "instance"])
def kind(request: pytest.FixtureRequest, database: Database, clock: SetClock) -> Kind:
    with database.transaction() as tx:
        add_courses(tx, clock())
    return "site" if request.param == "site" else "instance"


def read(database: Database, kind: Kind) -> Site | Instance:
    with database.reading() as tx:
        found = sites.get(tx, 1) if kind == "site" else instances.get(tx, 1)
    assert found is not None
    return found


def test_a_parked_connection_is_probed_when_its_time_has_come(database: Database, clock: SetClock, kind: Kind) -> None:
    with database.transaction() as tx:
        connections.park(tx, kind, 1, "token_refused", clock() + 60)
        assert connections.to_probe(tx, clock() + 59) == []
        assert connections.to_probe(tx, clock() + 60) == [(kind, 1)]
        connections.set_probe_at(tx, kind, 1, clock() + 120)
        assert connections.to_probe(tx, clock() + 60) == []
    found = read(database, kind)
    assert (found.gate, found.gate_reason, found.probe_at) == ("parked", "token_refused", clock() + 120)


def test_an_open_connection_is_not_probed(database: Database, clock: SetClock, kind: Kind) -> None:
    with database.transaction() as tx:
        connections.set_probe_at(tx, kind, 1, clock())
        assert connections.to_probe(tx, clock()) == []


def test_unparking_forgets_failures_and_pause(database: Database, clock: SetClock, kind: Kind) -> None:
    with database.transaction() as tx:
        connections.note_failure(tx, kind, 1, clock() + 60)
        connections.park(tx, kind, 1, "token_refused", clock())
        connections.unpark(tx, kind, 1)
    found = read(database, kind)
    assert (found.gate, found.gate_reason, found.probe_at) == ("open", None, None)
    assert (found.failures, found.paused_until) == (0, 0)


def test_failures_are_counted_and_the_longest_pause_counts(database: Database, clock: SetClock, kind: Kind) -> None:
    with database.transaction() as tx:
        assert connections.note_failure(tx, kind, 1, clock() + 60) == 1
        assert connections.note_failure(tx, kind, 1, clock() + 30) == 2
        assert connections.note_failure(tx, kind, 1, 0.0) == 3
    found = read(database, kind)
    assert (found.failures, found.paused_until) == (3, clock() + 60)


def test_a_success_ends_the_failures_but_not_a_pause_that_was_asked_for(
    database: Database, clock: SetClock, kind: Kind
) -> None:
    with database.transaction() as tx:
        connections.note_failure(tx, kind, 1, clock() + 60)
        connections.note_success(tx, kind, 1, clock())
    found = read(database, kind)
    assert (found.failures, found.paused_until, found.last_success_at) == (0, clock() + 60, clock())


def test_a_success_is_written_down_once_a_minute(database: Database, clock: SetClock, kind: Kind) -> None:
    with database.transaction() as tx:
        start = clock()
        connections.note_success(tx, kind, 1, start)
        connections.note_success(tx, kind, 1, start + 59)
    assert read(database, kind).last_success_at == start
    with database.transaction() as tx:
        connections.note_success(tx, kind, 1, start + 60)
    assert read(database, kind).last_success_at == start + 60
