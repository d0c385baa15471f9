"""Instances over the API: tried and added, their courses, another token, removed."""

from __future__ import annotations

import json
from typing import Any

from app.store import instances
from app.store.instances import Instance
from tests.api_desk import ApiDesk
from tests.making import add_instance, add_mapping, add_site


def stored(api: ApiDesk) -> Instance | None:
    with api.desk.kit.database.reading() as tx:
        return instances.by_name(tx, "kura")


def new(api: ApiDesk, **changed: Any) -> dict[str, Any]:
    return {"name": "kura", "url": api.desk.kura.url, "token": api.desk.kura.token, **changed}


def test_it_adds_an_instance_and_never_shows_its_token(api: ApiDesk) -> None:
    made = api.post("/instances", new(api), status=201)
    found = api.get("/instances", role="viewer")["items"]
    assert [(each["id"], each["name"], each["lms_enabled"]) for each in found] == [(made["id"], "kura", True)]
    assert api.get("/instances/kura", role="viewer") == found[0]
    assert api.desk.kura.token not in json.dumps([made, found])


def test_a_token_that_kuracloud_refuses_adds_nothing(api: ApiDesk) -> None:
    assert api.refused("POST", "/instances", new(api, token="f" * 32), status=502) == "token_refused"
    assert stored(api) is None


def test_an_instance_is_added_once(api: ApiDesk) -> None:
    api.desk.connect()
    assert api.refused("POST", "/instances", new(api), status=409) == "refused"
    assert api.refused("POST", "/instances", new(api, name="again"), status=409) == "refused"


def test_a_test_says_what_kuracloud_says(api: ApiDesk) -> None:
    api.desk.connect()
    assert api.post("/instances/kura/test", role="operator")["instance"] == "kura"


def test_courses_say_what_is_mapped(api: ApiDesk) -> None:
    mapping_id = api.desk.map()
    free = api.desk.kura.add_course("Anatomy", "ANA")
    courses = api.get("/instances/kura/courses", role="viewer")["items"]
    assert {each["id"]: each["mapping"] for each in courses} == {api.desk.kura_course: mapping_id, free: None}


def test_courses_of_an_instance_that_is_down_are_a_problem(api: ApiDesk) -> None:
    token, nobody = api.desk.kit.vault.encrypt("t"), "http://127.0.0.1:1"
    with api.desk.kit.database.transaction() as tx:
        instances.add(tx, 1.0, name="down", url=nobody, token=token, remote_id="down", display_name="Down")
    answer = api.ask("GET", "/instances/down/courses")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_another_token_is_tried_before_it_is_used(api: ApiDesk) -> None:
    api.desk.connect()
    before = stored(api)
    assert api.refused("PUT", "/instances/kura/token", {"token": "f" * 32}, status=502) == "token_refused"
    assert stored(api) == before
    api.put("/instances/kura/token", {"token": api.desk.kura.token})
    assert stored(api) != before


def test_what_a_probe_found_out_is_shown(api: ApiDesk) -> None:
    api.desk.connect()
    never = api.get("/instances/kura/probe")
    assert never == {"instance": "kura", "probed_at": None, "answers": {}}
    with api.desk.kit.database.transaction() as tx:
        instances.set_dialect(tx, 1, {"edit_email": True}, 86400.0)
    found = api.get("/instances/kura/probe")
    assert found == {"instance": "kura", "probed_at": "1970-01-02T00:00:00+00:00", "answers": {"edit_email": True}}


def test_an_instance_is_removed_with_its_mappings(api: ApiDesk) -> None:
    mapping_id = api.desk.map()
    assert api.told("DELETE", "/instances/kura") == {"mappings": [mapping_id]}
    assert api.refused("GET", "/instances/kura", status=404) == "not_found"


def test_a_key_for_one_site_sees_what_serves_it_or_nobody(api: ApiDesk) -> None:
    with api.desk.kit.database.transaction() as tx:
        uni, other = add_site(tx, 1.0, name="uni"), add_site(tx, 1.0, name="other")
        ours, theirs = (add_instance(tx, 1.0, name=name) for name in ("ours", "theirs"))
        add_instance(tx, 1.0, name="nobodys")
        add_mapping(tx, 1.0, uni, ours, 8)
        add_mapping(tx, 1.0, other, theirs, 9)
    assert [each["name"] for each in api.get("/instances", site="uni")["items"]] == ["nobodys", "ours"]
    assert api.refused("GET", "/instances/theirs", site="uni", status=404) == "not_found"
    for method, path, body in (
        ("POST", "/instances", new(api)),
        ("PUT", "/instances/ours/token", {"token": "t"}),
        ("DELETE", "/instances/ours", None),
    ):
        assert api.refused(method, path, body, site="uni", status=403) == "forbidden"
