"""Sites over the API: tried and added, secrets exchanged, moved, removed; each key sees its own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.setup import sites as verbs
from app.store import audit, sites
from app.store.sites import Site
from tests.api_desk import ApiDesk


def stored(api: ApiDesk, name: str = "uni") -> Site | None:
    with api.desk.kit.database.reading() as tx:
        return sites.by_name(tx, name)


def new(api: ApiDesk, **changed: Any) -> dict[str, Any]:
    return {"name": "uni", "url": api.desk.moodle.url, "token": api.desk.moodle.token, **changed}


def test_it_adds_a_site_and_shows_its_secret_once(api: ApiDesk) -> None:
    made = api.post("/sites", new(api), status=201)
    assert made["secret"].startswith("whsec_")
    assert made["site_name"]
    found = api.get("/sites", role="viewer")
    assert [each["name"] for each in found["items"]] == ["uni"]
    assert api.get("/sites/uni", role="viewer") == found["items"][0]
    shown = json.dumps([found, api.get("/sites/uni/secrets", role="viewer")])
    assert made["secret"] not in shown
    assert api.desk.moodle.token not in shown


def test_who_added_it_is_written_down(api: ApiDesk) -> None:
    api.post("/sites", new(api), status=201)
    with api.desk.kit.database.reading() as tx:
        assert [each.operation for each in audit.search(tx, actor="key:admin-all")] == ["add_site", "add_site"]


def test_a_token_that_moodle_refuses_adds_nothing(api: ApiDesk) -> None:
    assert api.refused("POST", "/sites", new(api, token="f" * 32), status=502) == "invalidtoken"
    assert stored(api) is None


@pytest.mark.parametrize("token", ["", "two words", "two\nlines", " "])
def test_what_is_no_token_is_not_tried_and_not_repeated(api: ApiDesk, token: str) -> None:
    answer = api.ask("POST", "/sites", new(api, token=token))
    assert answer.status_code == 422
    assert [each["field"] for each in answer.get_json()["errors"]] == ["token"]
    assert "two" not in answer.text


def test_a_second_site_of_one_moodle_must_be_said_to_be_shared(api: ApiDesk) -> None:
    api.post("/sites", new(api), status=201)
    assert api.refused("POST", "/sites", new(api, name="again"), status=409) == "refused"
    api.post("/sites", new(api, name="again", shared=True), status=201)


def test_a_test_says_what_moodle_says(api: ApiDesk) -> None:
    api.desk.connect()
    assert api.post("/sites/uni/test", role="operator")["wwwroot"] == api.desk.moodle.url


def test_another_token_is_tried_before_it_is_used(api: ApiDesk) -> None:
    api.desk.connect()
    before = stored(api)
    assert api.refused("PUT", "/sites/uni/token", {"token": "f" * 32}, status=502) == "invalidtoken"
    assert stored(api) == before
    api.put("/sites/uni/token", {"token": api.desk.moodle.token})
    assert stored(api) != before


def test_a_site_that_moved_is_tried_at_its_new_address(api: ApiDesk) -> None:
    api.desk.connect()
    same = {"url": api.desk.moodle.url}
    assert api.refused("PUT", "/sites/uni/address", same, status=409) == "refused"
    assert api.put("/sites/uni/address", {**same, "force": True})["site"] == "uni"


def test_ways_that_are_not_named_are_closed(api: ApiDesk) -> None:
    api.desk.connect()
    assert api.put("/sites/uni/ways", {"ways": ["signed"]})["ways"] == ["signed"]
    assert api.told("PUT", "/sites/uni/ways", {"ways": []}, status=422)
    assert api.told("PUT", "/sites/uni/ways", {"ways": ["pigeon"]}, status=422)


def test_secrets_are_exchanged(api: ApiDesk) -> None:
    api.desk.connect()
    [old] = api.get("/sites/uni/secrets")["items"]
    assert api.refused("POST", f"/sites/uni/secrets/{old['id']}/end", {}, status=409) == "refused"
    made = api.post("/sites/uni/secrets", status=201)
    ended = api.post(f"/sites/uni/secrets/{old['id']}/end", {"after_hours": 1})
    assert ended["valid"]
    assert ended["ends_at"]
    listed = api.get("/sites/uni/secrets")["items"]
    assert [each["id"] for each in listed] == [made["id"], old["id"]]
    assert made["secret"] not in json.dumps(listed)
    assert not api.post(f"/sites/uni/secrets/{made['id']}/end", {"force": True})["valid"]
    assert api.refused("POST", "/sites/uni/secrets/999/end", {}, status=404) == "not_found"


def test_a_site_is_removed_with_its_mappings(api: ApiDesk) -> None:
    mapping_id = api.desk.map()
    assert api.get("/sites/uni")["mappings"] == 1
    assert api.told("DELETE", "/sites/uni") == {"mappings": [mapping_id]}
    assert api.refused("GET", "/sites/uni", status=404) == "not_found"


def test_a_key_for_one_site_sees_no_other(api: ApiDesk) -> None:
    api.desk.connect()
    verbs.add(
        api.desk.kit, name="test", url=api.desk.moodle.url, token=api.desk.moodle.token, actor="test", shared=True
    )
    assert [each["name"] for each in api.get("/sites", site="test")["items"]] == ["test"]
    assert api.get("/sites/test", site="test")["name"] == "test"
    other = api.told("GET", "/sites/uni", site="test", status=404)
    assert other["detail"] == "There is no site called 'uni'."
    assert api.refused("DELETE", "/sites/uni", site="test", status=404) == "not_found"
    assert api.refused("POST", "/sites/uni/secrets", site="test", status=404) == "not_found"
    assert api.refused("POST", "/sites", new(api, name="third", shared=True), site="test", status=403) == "forbidden"


def test_the_file_of_moodles_plugin_adds_a_site_with_the_secret_it_has(api: ApiDesk) -> None:
    moodle, secret = api.desk.moodle, f"whsec_{'k' * 40}"
    facts = {"name": "uni", "url": moodle.url, "token": moodle.token, "secret": secret, "siteidentifier": "a" * 64}
    file = json.dumps({**facts, "wwwroot": moodle.url, "plugin": "2026112300"})
    made = api.ask("POST", "/sites/from-file", {"file": file})
    assert (made.status_code, made.get_json()["secret"]) == (201, None)
    assert secret not in made.text
    site = stored(api)
    assert site is not None
    assert (site.identity, site.ways) == ("a" * 64, ("signed",))


def test_another_file_adds_nothing(api: ApiDesk) -> None:
    assert api.refused("POST", "/sites/from-file", {"file": "{}"}, status=409) == "refused"
    assert stored(api) is None
