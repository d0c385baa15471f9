"""Persons over the API: their trace, what is stored of them, and erasing it. They are named in bodies alone."""

from __future__ import annotations

from typing import Any

import pytest

from app.store import worklist
from tests.api_desk import ApiDesk
from tests.making import add_site
from tests.people import HER, HERS, HIM, HIS, Planted, plant

EMAIL = HERS[2]
SHE = {"user": {"site": "uni", "userid": HER}}


@pytest.fixture
def planted(api: ApiDesk) -> Planted:
    return plant(api.desk.kit)


def test_a_trace_finds_a_person_by_number_and_by_address(api: ApiDesk, planted: Planted) -> None:
    (by_number,) = api.post("/trace", SHE, role="operator")["items"]
    assert by_number["about"]["users"] == [{"site": "uni", "userid": HER}]
    assert {each["mapping"] for each in by_number["mappings"]} >= {planted.mapping_ids[0]}
    assert by_number["moments"]
    by_address = [each["about"] for each in api.post("/trace", {"email": EMAIL}, role="operator")["items"]]
    assert by_number["about"] in by_address


def test_times_of_a_trace_are_told_as_everywhere(api: ApiDesk, planted: Planted) -> None:
    (found,) = api.post("/trace", SHE)["items"]
    times = [each["at"] for each in found["moments"]]
    assert times == sorted(times)
    assert all(each.endswith("+00:00") for each in times)


def test_a_trace_of_nobody(api: ApiDesk, planted: Planted) -> None:
    nobody = {"user": {"site": "uni", "userid": 999}}
    assert api.refused("POST", "/trace", nobody, status=404) == "not_found"
    assert api.refused("POST", "/trace", {"email": "nobody@example.edu"}, status=404) == "not_found"


@pytest.mark.parametrize("path", ["/trace", "/people/disclose", "/people/erase"])
@pytest.mark.parametrize("body", [{}, {**SHE, "email": EMAIL}, {"user": {"site": "uni"}}, {"email": 5}])
def test_somebody_is_named_in_one_way(api: ApiDesk, path: str, body: dict[str, Any]) -> None:
    assert api.refused("POST", path, body, status=422) == "invalid"


def test_a_trace_of_a_run_and_of_an_event(api: ApiDesk, planted: Planted) -> None:
    run = api.get(f"/trace/runs/{planted.run_ids[0]}", role="viewer")
    assert run["about"] == {"run": planted.run_ids[0]}
    number = api.get("/events?site=uni")["items"][0]["id"]
    assert api.get(f"/trace/events/{number}", role="viewer")["about"] == {"event": number}
    assert api.refused("GET", "/trace/runs/999", status=404) == "not_found"
    assert api.refused("GET", "/trace/events/999", status=404) == "not_found"


def test_everything_stored_is_disclosed(api: ApiDesk, planted: Planted) -> None:
    answer = api.ask("POST", "/people/disclose", SHE)
    assert EMAIL in answer.text
    assert HIS[2] not in answer.text
    acts = api.get("/audit?actor=key:admin-all&operation=disclose")["items"]
    assert len(acts) == 2


def test_a_dry_run_erases_nothing(api: ApiDesk, planted: Planted) -> None:
    told = api.post("/people/erase", {**SHE, "dry_run": True})
    assert (told["erased"], told["compacted"]) == (False, None)
    assert told["stored"]["links"] > 0
    assert f"uni:{HER}" in told["who"]
    assert planted.where(HERS)


def test_who_still_takes_part_is_erased_only_by_force(api: ApiDesk, planted: Planted) -> None:
    assert api.refused("POST", "/people/erase", SHE, status=409) == "still_there"
    told = api.post("/people/erase", {**SHE, "force": True})
    assert (told["erased"], told["compacted"]) == (True, True)
    assert planted.where(HERS) == []
    assert planted.where(HIS)
    again = api.post("/people/erase", {**SHE, "force": True})
    assert (again["erased"], set(again["stored"].values())) == (False, {0})


def test_nobody_is_erased_while_a_run_may_know_her(api: ApiDesk, planted: Planted) -> None:
    mapping_id = planted.mapping_ids[0]
    with api.desk.kit.database.transaction() as tx:
        now = api.desk.kit.database.now(tx)
        worklist.want(tx, now, {(mapping_id, "roster"): ()}, quiet=0, cap=0, urgent=True)
        worklist.resume(tx, now, mapping_id)
        assert worklist.claim(tx, now, mapping_id, "roster", "host:1:1:a", 120.0, 9)
    assert api.refused("POST", "/people/erase", {**SHE, "force": True}, status=409) == "run_at_work"


def test_only_administrators_of_every_site_disclose_and_erase(api: ApiDesk, planted: Planted) -> None:
    for path in ("/people/disclose", "/people/erase"):
        assert api.refused("POST", path, SHE, role="operator", status=403) == "forbidden"
        assert api.refused("POST", path, SHE, site="uni", status=403) == "forbidden"


def test_a_key_for_one_site_traces_its_own(api: ApiDesk, planted: Planted) -> None:
    with api.desk.kit.database.transaction() as tx:
        add_site(tx, 1.0, "other")
    him = {"user": {"site": "uni", "userid": HIM}}
    assert api.post("/trace", him, site="uni")["items"]
    assert api.refused("POST", "/trace", him, site="other", status=404) == "not_found"
    assert api.refused("POST", "/trace", {"email": EMAIL}, site="uni", status=403) == "forbidden"
    assert api.refused("GET", f"/trace/runs/{planted.run_ids[0]}", site="other", status=404) == "not_found"
    number = api.get("/events?site=uni")["items"][0]["id"]
    assert api.refused("GET", f"/trace/events/{number}", site="other", status=404) == "not_found"
