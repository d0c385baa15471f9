"""Users and keys over the API: for administrators of every site alone."""

from __future__ import annotations

import json

import pytest

from app.planning.roles import Role
from app.setup import accounts, api_keys
from tests.api_desk import ApiDesk

PASSWORD = "correct horse battery"


def test_a_user_is_added_and_can_sign_in(api: ApiDesk) -> None:
    made = api.post("/users", {"name": "anna", "role": "operator", "password": PASSWORD}, status=201)
    assert (made["name"], made["role"], made["locked"], made["signed_in_at"]) == ("anna", "operator", False, None)
    accounts.sign_in(api.desk.kit, "anna", PASSWORD)
    [listed] = api.get("/users")["items"]
    assert listed["id"] == made["id"]
    assert listed["signed_in_at"] is not None
    assert PASSWORD not in json.dumps([made, listed])


@pytest.mark.parametrize(
    ("changed", "reason"), [({"password": "short"}, "short_password"), ({"name": "Anna B"}, "refused")]
)
def test_a_user_who_cannot_be(api: ApiDesk, changed: dict[str, str], reason: str) -> None:
    body = {"name": "anna", "password": PASSWORD, **changed}
    assert api.refused("POST", "/users", body, status=409) == reason
    assert api.get("/users") == {"items": []}


def test_a_name_is_taken_once(api: ApiDesk) -> None:
    api.post("/users", {"name": "anna", "password": PASSWORD}, status=201)
    assert api.refused("POST", "/users", {"name": "anna", "password": PASSWORD}, status=409) == "name_taken"


def test_another_password_signs_out(api: ApiDesk) -> None:
    number = api.post("/users", {"name": "anna", "password": PASSWORD}, status=201)["id"]
    session = accounts.sign_in(api.desk.kit, "anna", PASSWORD)
    api.put(f"/users/{number}/password", {"password": "quite another one"})
    assert accounts.signed_in(api.desk.kit, session) is None
    accounts.sign_in(api.desk.kit, "anna", "quite another one")


def test_the_last_administrator_stays_one(api: ApiDesk) -> None:
    number = api.post("/users", {"name": "anna", "role": "admin", "password": PASSWORD}, status=201)["id"]
    assert api.refused("PUT", f"/users/{number}/role", {"role": "viewer"}, status=409) == "last_administrator"
    assert api.refused("DELETE", f"/users/{number}", status=409) == "last_administrator"
    other = api.post("/users", {"name": "berta", "role": "admin", "password": PASSWORD}, status=201)["id"]
    assert api.put(f"/users/{number}/role", {"role": "viewer"})["role"] == "viewer"
    assert api.ask("DELETE", f"/users/{number}").status_code == 204
    assert [each["id"] for each in api.get("/users")["items"]] == [other]
    assert api.refused("DELETE", f"/users/{number}", status=404) == "not_found"


def test_a_key_is_shown_once_and_opens_what_its_role_opens(api: ApiDesk) -> None:
    made = api.post("/keys", {"name": "lab", "role": "operator", "days": 30}, status=201)
    whose = api_keys.holder(api.desk.kit, made["key"])
    assert whose is not None
    assert (whose.actor, whose.role, whose.site_id) == ("key:lab", "operator", None)
    listed = api.get("/keys")["items"]
    assert {each["name"] for each in listed} == {"admin-all", "lab"}
    assert made["key"] not in json.dumps(listed)


def test_a_key_for_one_site_is_made(api: ApiDesk) -> None:
    api.desk.connect()
    assert api.post("/keys", {"name": "lab", "site": "uni"}, status=201)["site"] == "uni"
    assert api.refused("POST", "/keys", {"name": "lab2", "site": "elsewhere"}, status=404) == "not_found"
    assert api.refused("POST", "/keys", {"name": "lab"}, status=409) == "name_taken"


def test_a_removed_key_opens_nothing(api: ApiDesk) -> None:
    made = api.post("/keys", {"name": "lab"}, status=201)
    assert api.ask("DELETE", f"/keys/{made['id']}").status_code == 204
    assert api_keys.holder(api.desk.kit, made["key"]) is None
    assert api.refused("DELETE", f"/keys/{made['id']}", status=404) == "not_found"


@pytest.mark.parametrize("path", ["/users", "/keys"])
@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_only_administrators_see_them(api: ApiDesk, path: str, role: Role) -> None:
    assert api.refused("GET", path, role=role, status=403) == "forbidden"


def test_a_key_for_one_site_makes_no_way_around_that(api: ApiDesk) -> None:
    api.desk.connect()
    for method, path, body in (
        ("GET", "/keys", None),
        ("POST", "/keys", {"name": "lab", "role": "admin"}),
        ("DELETE", "/keys/1", None),
        ("GET", "/users", None),
        ("POST", "/users", {"name": "anna", "password": PASSWORD}),
        ("PUT", "/users/1/role", {"role": "admin"}),
        ("PUT", "/users/1/password", {"password": PASSWORD}),
        ("DELETE", "/users/1", None),
    ):
        assert api.refused(method, path, body, site="uni", status=403) == "forbidden"
