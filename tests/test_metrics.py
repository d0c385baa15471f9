"""What is counted for Prometheus, by the verbs themselves; who may read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.errors import TransientError
from app.kit import Kit
from app.sync.dispatch import take_back
from app.web import create_app
from sandbox.faults import Fault
from tests.conftest import SetClock
from tests.making import claimed, want_now
from tests.receiving import Door, delivery, happening, open_door, signed
from tests.scraping import gained, scraped
from tests.test_clients_http import ask
from tests.world import World, world


@pytest.fixture
def door(sqlite_kit: Kit) -> Door:
    return open_door(sqlite_kit)


@pytest.fixture
def small(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    with world(sqlite_kit, clock) as made:
        yield made


def test_it_counts_events_by_site_and_result(door: Door) -> None:
    known, elsewhere, broken = happening(), happening(courseid="77"), happening(courseid="no number")

    def deliver() -> None:
        door.deliver(known, elsewhere, broken)
        door.deliver(known)

    assert gained(door.kit, "kurasync_events_total", deliver) == {
        ("accepted", "uni"): 1,
        ("ignored", "uni"): 1,
        ("duplicate", "uni"): 1,
        ("rejected", "uni"): 1,
    }


def test_it_counts_the_events_of_a_delivery_of_which_nothing_can_be_used(door: Door) -> None:
    def deliver() -> None:
        assert door.deliver(happening(courseid=None, relateduserid=None)).status_code == 422

    assert gained(door.kit, "kurasync_events_total", deliver) == {("rejected", "uni"): 1}


def test_it_counts_deliveries_by_status_also_those_of_nobody(door: Door) -> None:
    def deliver() -> None:
        door.deliver(happening())
        door.deliver(happening(), secret="whsec_" + "A" * 32)
        body, headers = signed(delivery(happening()))
        door.post("/events/nobody", body, headers)

    assert gained(door.kit, "kurasync_deliveries_total", deliver) == {("200",): 1, ("401",): 1, ("404",): 1}


def test_it_counts_claims_runs_lag_and_calls(small: World) -> None:
    small.enrol()
    before = scraped(small.kit)
    small.sync()
    after = scraped(small.kit)

    def more(name: str, *labels: str) -> float:
        return after[name][labels] - before.get(name, {}).get(labels, 0)

    assert more("kurasync_claims_total", "roster") == 1
    assert more("kurasync_runs_total", "roster", "done") == 1
    assert more("kurasync_calls_total", "2xx", "moodle") > 0
    calls = more("kurasync_calls_total", "2xx", "kuracloud")
    assert calls == more("kurasync_call_seconds_count", "kuracloud") > 1


def test_lag_is_counted_from_the_oldest_wish_through_every_attempt_that_failed(small: World) -> None:
    small.enrol()
    small.kura.faults.add(Fault("status", "student", status=503, times=1))
    before = scraped(small.kit)["kurasync_lag_seconds_sum"].get(("roster",), 0.0)

    def fail() -> None:
        small.sync()

    assert gained(small.kit, "kurasync_runs_total", fail) == {("roster", "retry"): 1}
    small.clock.advance(90)
    assert small.turn() == "done"
    lag = scraped(small.kit)["kurasync_lag_seconds_sum"]["roster",] - before
    assert lag >= 90


def test_a_run_whose_worker_was_killed_is_counted_as_reaped(small: World) -> None:
    with small.kit.database.transaction() as tx:
        want_now(tx, small.clock(), small.mapping_id)
        claimed(tx, small.clock(), small.mapping_id, lease=3.0)
    small.clock.advance(4)
    assert gained(small.kit, "kurasync_runs_total", lambda: take_back(small.kit)) == {("roster", "reaped"): 1}


def test_a_call_that_nobody_answers_is_counted_as_none(sqlite_kit: Kit) -> None:
    def call() -> None:
        with pytest.raises(TransientError):
            ask("http://127.0.0.1:9")

    assert gained(sqlite_kit, "kurasync_calls_total", call) == {("none", "kuracloud"): 1}


def test_without_a_token_in_the_settings_everybody_may_read_it(sqlite_kit: Kit) -> None:
    assert create_app(sqlite_kit).test_client().get("/metrics").status_code == 200


@pytest.mark.parametrize("given", [None, "Bearer wrong", "Bearer ", "Basic s3cret", "Bearer schlüssel"])
def test_with_one_nobody_without_it_may(sqlite_kit: Kit, given: str | None) -> None:
    kit = replace(sqlite_kit, settings=replace(sqlite_kit.settings, metrics_token="s3cret"))
    headers = {} if given is None else {"Authorization": given}
    answer = create_app(kit).test_client().get("/metrics", headers=headers)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.get_json()["reason"] == "unauthorized"
    assert "s3cret" not in answer.text


def test_with_it_prometheus_may(sqlite_kit: Kit) -> None:
    kit = replace(sqlite_kit, settings=replace(sqlite_kit.settings, metrics_token="s3cret"))
    answer = create_app(kit).test_client().get("/metrics", headers={"Authorization": "Bearer s3cret"})
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=")
