"""Alerts over the API: what was told, and a trial of each way."""

from __future__ import annotations

from dataclasses import replace

from app.store import alerts
from app.web import create_app
from tests.alarm import SECRET, Hook
from tests.api_desk import ApiDesk
from tests.conftest import PATIENT
from tests.line_server import listening


def test_they_are_listed_the_newest_first_page_by_page(api: ApiDesk) -> None:
    with api.desk.kit.database.transaction() as tx:
        for number in range(3):
            alerts.add(tx, 86400.0, "drift", f"mapping:{number}:roster", f"About {number}.")
    page = api.get("/alerts?limit=2", role="viewer")
    assert [each["message"] for each in page["items"]] == ["About 2.", "About 1."]
    assert page["items"][0]["state"] == "about to be"
    assert page["items"][0]["at"] == "1970-01-02T00:00:00+00:00"
    rest = api.get(f"/alerts?limit=2&cursor={page['next']}")
    assert ([each["message"] for each in rest["items"]], rest["next"]) == (["About 0."], None)


def test_a_trial_goes_each_way_that_is_set_up(api: ApiDesk) -> None:
    hook = Hook()
    with listening(hook.talk) as server:
        settings = replace(
            api.desk.kit.settings, alert_webhook=server.url, alert_webhook_secret=SECRET, **PATIENT
        )
        told = ApiDesk(api.desk, create_app(replace(api.desk.kit, settings=settings)).test_client())
        found = told.post("/alerts/test", role="operator")
    assert found == {"items": [{"way": "webhook", "sent": True, "error": None}]}
    assert len(hook.requests) == 1


def test_a_trial_without_a_way_is_refused(api: ApiDesk) -> None:
    assert api.refused("POST", "/alerts/test", role="operator", status=409) == "no_channel"


def test_they_are_for_keys_of_every_site(api: ApiDesk) -> None:
    api.desk.connect()
    assert api.refused("GET", "/alerts", site="uni", status=403) == "forbidden"
    assert api.refused("POST", "/alerts/test", site="uni", status=403) == "forbidden"
