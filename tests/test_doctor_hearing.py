"""`kurasync doctor`: whether sites are heard of, whether Moodle's outbox empties, and whether alerts reach anybody."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import update

from app.kit import Kit
from app.setup import hearing, plugin
from app.setup.check import Check
from app.store import alerts, sites
from app.store.sites import Site
from app.store.tables import alerts as alert_rows
from schemas.plugin_status import Outbox, PluginStatus
from tests.conftest import SetClock
from tests.tracing import come
from tests.world import World, world


@pytest.fixture
def small(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    with world(sqlite_kit, clock) as made:
        yield made


def site(made: World) -> Site:
    with made.kit.database.reading() as tx:
        found = sites.get(tx, made.site_id)
    assert found is not None
    return found


def heard(made: World) -> tuple[str, str]:
    check = hearing.events_of(made.kit, site(made))
    return check.state, check.message


def test_a_site_that_never_reported_is_a_note(small: World) -> None:
    assert heard(small)[0] == "note"


def test_a_site_that_fell_silent_is_a_warning(small: World) -> None:
    come(small)
    assert heard(small)[0] == "ok"
    small.clock.advance(73 * 3600)
    assert heard(small)[0] == "warn"
    given = replace(small.kit, settings=replace(small.kit.settings, silent_hours=0.0))
    assert hearing.events_of(given, site(small)).state == "ok"


def test_alerts_that_reach_nobody_are_told(small: World) -> None:
    (nobody,) = hearing.of_alerts(small.kit)
    assert nobody.state == "note"
    given = replace(small.kit, settings=replace(small.kit.settings, smtp_host="mail.example.edu"))
    (fine,) = hearing.of_alerts(given)
    assert fine.state == "ok"
    with small.kit.database.transaction() as tx:
        alerts.add(tx, 0.0, "silent", "site:1", "text")
        tx.execute(update(alert_rows).values(attempts=2))
    (failing,) = hearing.of_alerts(given)
    assert failing.state == "warn"
    assert "kurasync alerts test" in failing.message


def outbox(waiting: int = 0, oldest: float = 0, setaside: int = 0, lasterror: str = "") -> Outbox:
    return Outbox(waiting, int(oldest), setaside, int(time.time()) - 120, lasterror)


def told(found: Outbox) -> list[Check]:
    """What the doctor says of an outbox."""
    status = PluginStatus("2026010100", "0.3.0", "4.5.6", "8.1", "https://moodle.example.edu", "x", False, found, ())
    return [check for check in plugin.states("site uni plugin", status) if check.name.endswith("outbox")]


def test_an_outbox_that_empties_is_well() -> None:
    (check,) = told(outbox())
    assert (check.state, check.message) == ("ok", "0 event(s) wait; the last delivery was 2 minutes ago.")


def test_events_that_wait_too_long_in_moodle_are_a_warning() -> None:
    (check,) = told(outbox(waiting=4, oldest=time.time() - 3600))
    assert check.state == "warn"
    assert "4 event(s) wait in Moodle, the oldest for 60 minutes: does Moodle's cron run?" in check.message


def test_what_was_set_aside_and_the_last_error_are_told() -> None:
    checks = told(outbox(setaside=2, lasterror="401 Unauthorized"))
    assert [check.state for check in checks] == ["warn", "warn"]
    assert "“401 Unauthorized”" in checks[1].message
