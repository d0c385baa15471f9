"""Holds over the API: listed, looked at, approved by their digest, rejected, and lifted for one run."""

from __future__ import annotations

import pytest

from app.store import audit
from tests.api_desk import ApiDesk

DIGEST = "0" * 64


@pytest.fixture
def held(api: ApiDesk) -> ApiDesk:
    """With hold 1: the two students of a first run."""
    api.desk.enrol(2)
    api.desk.map()
    api.desk.work()
    return api


def _enrol_another(api: ApiDesk) -> None:
    moodle = api.desk.moodle
    user = moodle.create_user(firstname="Ana", lastname="Lee", email="ana@example.edu")
    moodle.enrol(user, api.desk.course)


def test_what_waits_is_listed_and_shown(held: ApiDesk) -> None:
    [listed] = held.get("/holds")["items"]
    assert (listed["state"], listed["actions"], listed["mapping"]) == ("open", {"add and invite": 2}, 1)
    shown = held.get("/holds/1")
    assert {name: shown[name] for name in listed} == listed
    assert ([each["action"] for each in shown["items"]], shown["bypass_lifts"]) == (["add", "add"], 0)
    assert held.refused("GET", "/holds/2", status=404) == "not_found"


def test_just_what_was_looked_at_is_approved_and_once(held: ApiDesk) -> None:
    digest = {"digest": held.get("/holds/1")["digest"]}
    assert held.refused("POST", "/holds/1/approve", {"digest": DIGEST}, status=409) == "stale_digest"
    approved = held.post("/holds/1/approve", digest, role="operator")
    assert (approved["state"], approved["decided_by"]) == ("approved", "key:operator-all")
    assert held.refused("POST", "/holds/1/approve", digest, status=409) == "hold_approved"
    held.desk.work()
    assert len(held.desk.kura.students(held.desk.kura_course)) == 2
    assert held.get("/holds")["items"] == []
    assert held.get("/holds?state=applied&mapping=1&kind=roster")["items"][0]["id"] == 1
    with held.desk.kit.database.reading() as tx:
        assert audit.search(tx, operation="hold_approved")[0].actor == "key:operator-all"


def test_what_is_rejected_is_not_asked_again(held: ApiDesk) -> None:
    assert held.post("/holds/1/reject", role="operator")["state"] == "rejected"
    held.desk.work()
    assert held.get("/holds")["items"] == []
    assert held.refused("POST", "/holds/1/reject", status=409) == "hold_rejected"
    assert [each["became"] for each in held.get("/holds?state=any")["items"]] == [
        "rejected, decided by key:operator-all"
    ]


def test_limits_are_lifted_for_one_run(held: ApiDesk) -> None:
    first = held.get("/holds/1")["digest"]
    assert held.refused("POST", "/holds/1/bypass", {"digest": first}, status=409) == "no_limit"
    held.post("/holds/1/approve", {"digest": first})
    held.desk.work()
    held.told("PATCH", "/mappings/1/rules", {"mode": "review"})
    _enrol_another(held)
    held.desk.work()
    [waiting] = held.get("/holds")["items"]
    shown = held.get(f"/holds/{waiting['id']}")
    assert shown["bypass_lifts"] == 1
    asked = held.post(f"/holds/{waiting['id']}/bypass", {"digest": shown["digest"]}, status=202, role="operator")
    assert (asked["mapping"], asked["kind"], asked["obstacle"]) == (1, "roster", None)
    held.desk.work()
    assert len(held.desk.kura.students(held.desk.kura_course)) == 3


def test_holds_are_paged(held: ApiDesk) -> None:
    _enrol_another(held)
    held.post("/mappings/1/runs", {"kind": "roster"}, status=202)
    held.desk.work()
    first = held.get("/holds?state=any&limit=1")
    second = held.get(f"/holds?state=any&limit=1&cursor={first['next']}")
    assert [each["id"] for each in first["items"] + second["items"]] == [2, 1]
    assert (second["items"][0]["overtaken_by"], second["next"]) == (2, None)
