"""A site that used to report events and does so no more: somebody is told, once a silence."""

from __future__ import annotations

from dataclasses import replace

from app.kit import Kit
from app.sync.alerting import note_silence
from tests.conftest import SetClock
from tests.courses import mapped
from tests.test_alerts import heard, raised, still

HOUR = 3600.0


def silence(kit: Kit, clock: SetClock, hours: float) -> int:
    clock.advance(hours * HOUR)
    return note_silence(kit)


def test_a_site_that_used_to_speak_and_fell_silent_is_told_once(kit: Kit, clock: SetClock) -> None:
    mapped(kit)
    heard(kit, clock)
    assert silence(kit, clock, 71) == 0
    assert [silence(kit, clock, 1.1) for _ in range(3)] == [1, 0, 0]
    (alert,) = raised(kit)
    assert (alert.kind, alert.topic) == ("silent", "site:1")
    assert "The site uni has reported nothing for more than 72 hours, since 2023-11-14 22:13 UTC." in alert.message


def test_a_site_that_speaks_again_is_told_no_more_and_its_next_silence_is_another_one(
    sqlite_kit: Kit, clock: SetClock
) -> None:
    mapped(sqlite_kit)
    heard(sqlite_kit, clock)
    assert silence(sqlite_kit, clock, 73) == 1
    assert still(sqlite_kit) == [True]
    clock.advance(1)
    heard(sqlite_kit, clock)
    assert still(sqlite_kit) == [False]
    assert silence(sqlite_kit, clock, 73) == 1


def test_a_site_that_never_spoke_is_not_silent(sqlite_kit: Kit, clock: SetClock) -> None:
    mapped(sqlite_kit)
    mapped(sqlite_kit, name="other", url="http://127.0.0.1:8")
    heard(sqlite_kit, clock, 2)
    assert silence(sqlite_kit, clock, 1000) == 1
    assert [alert.topic for alert in raised(sqlite_kit)] == ["site:2"]


def test_silence_may_be_nobody_s_concern(sqlite_kit: Kit, clock: SetClock) -> None:
    mapped(sqlite_kit)
    heard(sqlite_kit, clock)
    unconcerned = replace(sqlite_kit, settings=replace(sqlite_kit.settings, silent_hours=0.0))
    assert silence(unconcerned, clock, 1000) == 0
