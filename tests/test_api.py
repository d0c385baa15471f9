"""What is true of the whole API: who is let in, how it refuses, how lists are paged, and its description."""

from __future__ import annotations

import pytest

from app.kit import Kit
from app.web.api.described import spec
from tests.calling import PREFIX, Caller, caller
from tests.receiving import PROBLEM, open_door


@pytest.fixture
def program(sqlite_kit: Kit) -> Caller:
    open_door(sqlite_kit)
    return caller(sqlite_kit)


@pytest.mark.parametrize("given", ["", "Bearer ", "Bearer kurasync_wrong", "Basic a2V5", "bearer"])
def test_it_opens_to_a_valid_key_alone(program: Caller, given: str) -> None:
    answer = program.client.get(f"{PREFIX}/runs", headers={"Authorization": given})
    assert (answer.status_code, answer.content_type) == (401, PROBLEM)
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.get_json()["reason"] == "bad_key"


def test_what_it_does_not_know_is_refused_by_name(program: Caller) -> None:
    of_list = program.refused("GET", "/runs", 422, colour="red")
    assert of_list["errors"] == [{"index": None, "field": "colour", "reason": "Unknown field."}]
    of_one = program.refused("GET", "/runs/1", 422, colour="red")
    assert of_one["errors"] == of_list["errors"]


def test_what_no_database_could_hold_is_refused_by_name(program: Caller) -> None:
    for value in (10**30, "1\0"):
        problem = program.refused("GET", "/runs", 422, mapping=value)
        assert [each["field"] for each in problem["errors"]] == ["mapping"]
    program.refused("GET", f"/runs/{10**30}", 404)


def test_addresses_and_methods_that_are_not_there_are_problems_too(program: Caller) -> None:
    assert program.refused("GET", "/no/such/place", 404)["reason"] == "not_found"
    assert program.refused("POST", "/runs", 405)["reason"] == "method_not_allowed"


def test_a_cursor_that_no_list_gave_is_refused(program: Caller) -> None:
    for cursor in ("x", "ä", "LTE", "MS41", ""):
        assert program.refused("GET", "/runs", 422, cursor=cursor)["errors"][0]["field"] == "cursor"


def test_whatever_is_read_is_read_from_either_database(kit: Kit) -> None:
    open_door(kit)
    for program in (caller(kit), caller(kit, "viewer", site="uni")):
        for path, operations in spec(program.client.application)["paths"].items():
            at = path.removeprefix(PREFIX).replace("{name}", "uni").replace("{number}", "1")
            if "get" in operations and not at.endswith(("/candidates", "/courses")):
                assert program.call("GET", at).status_code in (200, 403, 404), at


def test_a_number_beyond_a_column_selects_nothing_or_is_refused(kit: Kit) -> None:
    open_door(kit)
    program = caller(kit)
    for path in ("/holds", "/runs", "/tasks", "/audit", "/events"):
        answer = program.call("GET", path, **{"course" if path == "/events" else "mapping": 2**40})
        assert answer.status_code == 422 or answer.get_json()["items"] == [], path
    assert program.call("GET", f"/mappings/{2**40}").status_code in (404, 422)


def test_its_description_names_every_resource_and_needs_no_key(program: Caller) -> None:
    answer = program.client.get(f"{PREFIX}/openapi.json")
    assert answer.status_code == 200
    document = answer.get_json()
    assert document == spec(program.client.application)
    tags = {each["name"] for each in document["tags"]}
    operations = [each for path in document["paths"].values() for each in path.values() if "tags" in each]
    assert {tag for each in operations for tag in each["tags"]} == tags
