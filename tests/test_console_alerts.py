"""The console's pages of alerts and of what the doctor found."""

from __future__ import annotations

import pytest

from app.kit import Kit
from app.setup import tasks
from app.store import alerts
from app.store.alerts import Kind
from tests.alarm import alarm
from tests.conftest import SetClock
from tests.visiting import Visitor, said, visiting


@pytest.fixture
def visitor(sqlite_kit: Kit) -> Visitor:
    return visiting(sqlite_kit, "operator")


def arise(kit: Kit, clock: SetClock, kind: Kind, topic: str, message: str) -> None:
    with kit.database.transaction() as tx:
        alerts.add(tx, clock(), kind, topic, message)


def test_alerts_lead_to_what_they_are_about_and_name_no_command(
    sqlite_kit: Kit, clock: SetClock, visitor: Visitor
) -> None:
    arise(sqlite_kit, clock, "hold", "mapping:5:roster", "1 change waits. Look with `kurasync holds show 3`.")
    arise(sqlite_kit, clock, "connection", "site:1", "The site uni is parked.")
    page = visitor.get("/alerts").text
    assert 'href="/mappings/5"' in page
    assert 'href="/connections"' in page
    assert "1 change waits." in page
    assert "holds show" not in page


def test_alerts_are_chosen_by_kind(sqlite_kit: Kit, clock: SetClock, visitor: Visitor) -> None:
    arise(sqlite_kit, clock, "dead", "mapping:5:roster", "It was given up.")
    assert "It was given up." in visitor.text("/alerts", kind="dead")
    assert "Nothing had to be told lately." in visitor.text("/alerts", kind="hold")
    assert "Kind must be one of" in visitor.text("/alerts", 409, kind="odd")


def test_a_long_list_is_read_on(sqlite_kit: Kit, clock: SetClock, visitor: Visitor) -> None:
    for number in range(51):
        arise(sqlite_kit, clock, "drift", f"mapping:{number}", f"Drift {number}.")
    assert "/alerts?before=2" in visitor.get("/alerts").text
    assert "Drift 0." in visitor.text("/alerts?before=2")


def test_where_nobody_is_told_that_is_said(visitor: Visitor) -> None:
    text = visitor.text("/alerts")
    assert "Nobody is told" in text
    assert "Send a trial" not in text
    assert "No way to tell anybody is set up" in said(visitor.post("/alerts/test", 409))


def test_a_trial_goes_out_each_way_and_it_is_said_how_it_went(sqlite_kit: Kit, clock: SetClock) -> None:
    with alarm(sqlite_kit, clock) as made:
        made.hook.status = "410 Gone"
        text = visiting(made.kit, "operator").done("/alerts/test")
    assert "mail: a trial was taken. See that it arrives." in text
    assert "webhook: " in text
    assert "410" in text


def test_the_doctor_is_asked_and_says_what_is_wrong_first(sqlite_kit: Kit, visitor: Visitor) -> None:
    assert "It waits for a worker." in visitor.done("/doctor")
    tasks.do(sqlite_kit, 1, "test:1:0:")
    text = visitor.text("/doctor/1")
    assert text.index("There is no Redis") < text.index("SQLite answers")
    assert 'href="/doctor/1"' in visitor.get("/doctor").text


def test_another_task_is_no_look_of_the_doctor(visitor: Visitor) -> None:
    assert "Nobody has asked" in visitor.text("/doctor")
    visitor.post("/audit/verify")
    visitor.get("/doctor/1", 404)
    visitor.get("/doctor/99", 404)


def test_who_may_only_look_asks_for_nothing(sqlite_kit: Kit) -> None:
    viewer = visiting(sqlite_kit, "viewer")
    viewer.post("/doctor", 403)
    viewer.post("/alerts/test", 403)
