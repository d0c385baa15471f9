"""Mappings over the API: found, made, ruled, rested, repointed and given up, by the verbs of the commands."""

from __future__ import annotations

from typing import Any

import pytest

from app.store import audit, worklist
from tests.api_desk import ApiDesk

PAIR = {"site": "uni", "course": "PHY1", "instance": "kura", "kura_course": "PHY"}


@pytest.fixture
def connected(api: ApiDesk) -> ApiDesk:
    """With a site and an instance, and nothing mapped."""
    api.desk.connect()
    return api


@pytest.fixture
def mapped(connected: ApiDesk) -> ApiDesk:
    """With one mapping."""
    connected.post("/mappings", PAIR, status=201)
    return connected


def _acts(api: ApiDesk) -> list[tuple[str, str]]:
    with api.desk.kit.database.reading() as tx:
        found = audit.search(tx, system="kurasync", limit=100)
    return [(each.actor, each.operation) for each in found if each.phase == "begin" and each.actor.startswith("key:")]


def test_it_maps_two_courses_and_says_what_that_means(connected: ApiDesk) -> None:
    answer = connected.ask("POST", "/mappings", PAIR)
    made = answer.get_json()
    assert (answer.status_code, answer.headers["Location"]) == (201, f"/api/v1/mappings/{made['id']}")
    assert (made["moodle"], made["kuracloud"], made["state"]) == (
        f"uni:{connected.desk.course}",
        f"kura:{connected.desk.kura_course}",
        "wanted",
    )
    assert "can now no longer be edited there" in made["notes"][0]
    assert ("key:admin-all", "add_mapping") in _acts(connected)
    assert connected.refused("POST", "/mappings", PAIR, status=409) == "refused"


def test_a_course_that_is_not_there_is_not_mapped(connected: ApiDesk) -> None:
    for changed in ({"site": "else"}, {"instance": "else"}, {"course": "BIO"}, {"kura_course": "BIO"}):
        assert connected.refused("POST", "/mappings", {**PAIR, **changed}, status=404) == "not_found"


def test_it_lists_what_fits_and_pages_by_number(mapped: ApiDesk) -> None:
    desk = mapped.desk
    desk.moodle.create_course("Biology 1", "BIO1")
    desk.kura.add_course("Biology", "BIO", lmsEnabled=False)
    mapped.post("/mappings", {**PAIR, "course": "BIO1", "kura_course": "BIO"}, status=201)
    first = mapped.get("/mappings?limit=1")
    second = mapped.get(f"/mappings?limit=1&cursor={first['next']}")
    assert [each["id"] for each in first["items"] + second["items"]] == [1, 2]
    assert second["next"] is None
    assert [each["id"] for each in mapped.get("/mappings?search=biol")["items"]] == [2]
    assert [each["id"] for each in mapped.get("/mappings?state=wanted&site=uni&instance=kura")["items"]] == [1, 2]
    assert mapped.get("/mappings?state=held")["items"] == []
    assert mapped.refused("GET", "/mappings?site=else", status=404) == "not_found"


def test_it_shows_everything_about_one(mapped: ApiDesk) -> None:
    mapped.desk.enrol(2)
    mapped.desk.work()
    found = mapped.get("/mappings/1")
    assert (found["last_outcome"], found["started"], found["obstacle"]) == ("done", False, None)
    assert mapped.get("/holds")["items"][0]["id"] == found["hold"]
    assert mapped.refused("GET", "/mappings/2", status=404) == "not_found"


def test_rules_are_set_and_put_back(mapped: ApiDesk) -> None:
    asked = {"mode": "review", "removals_most": 7, "removals_share": 0.5, "freeze": False, "roles": ["student"]}
    changed = mapped.told("PATCH", "/mappings/1/rules", asked)
    assert {name: changed["rules"][name] for name in asked} == asked
    assert changed["defaults"]["mode"] == "auto"
    back = mapped.told("PATCH", "/mappings/1/rules", dict.fromkeys(asked))
    assert back["rules"] == back["defaults"] == mapped.get("/mappings/1/rules")["rules"]


@pytest.mark.parametrize(
    ("body", "field"),
    [({"mode": "wild"}, "mode"), ({"removals_share": 2}, "removals_share"), ({"colour": "red"}, "colour")],
)
def test_a_rule_that_cannot_be_is_refused_by_name(mapped: ApiDesk, body: Any, field: str) -> None:
    answer = mapped.ask("PATCH", "/mappings/1/rules", body)
    assert (answer.status_code, [each["field"] for each in answer.get_json()["errors"]]) == (422, [field])


def test_rules_that_exclude_each_other_are_refused(mapped: ApiDesk) -> None:
    both = {"roles": ["student"], "capability": "mod/assign:submit"}
    assert mapped.refused("PATCH", "/mappings/1/rules", both, status=409) == "refused"


def test_it_rests_and_goes_on(mapped: ApiDesk) -> None:
    assert mapped.post("/mappings/1/pause", role="operator")["state"] == "paused"
    asked = mapped.post("/mappings/1/runs", {"kind": "roster"}, status=202)
    assert "is paused" in asked["obstacle"]
    assert mapped.post("/mappings/1/resume", role="operator")["state"] == "wanted"
    assert mapped.refused("POST", "/mappings/1/resume", status=409) == "refused"
    assert [
        each for each in _acts(mapped) if each[0] == "key:operator-all"
    ] == [("key:operator-all", "resume_mapping"), ("key:operator-all", "pause_mapping")]


def test_a_run_that_was_asked_for_is_found_by_its_generation(mapped: ApiDesk) -> None:
    answer = mapped.ask("POST", "/mappings/1/runs", {"kind": "roster"}, role="operator")
    asked = answer.get_json()
    assert (answer.status_code, asked["obstacle"]) == (202, None)
    mapped.desk.work()
    listed = mapped.get(answer.headers["Location"].removeprefix("/api/v1"))
    first, last = listed["items"][0]["covers"]
    assert first <= asked["generation"] <= last
    assert ("key:operator-all", "ask_for_run") in _acts(mapped)


def test_grades_are_asked_for_where_moodle_has_the_plugin_alone(mapped: ApiDesk) -> None:
    assert mapped.refused("POST", "/mappings/1/runs", {"kind": "grades"}, status=409) != ""
    with mapped.desk.kit.database.reading() as tx:
        assert worklist.get(tx, 1, "grades") is None


def test_pointing_it_elsewhere_is_told_before_it_is_done(mapped: ApiDesk) -> None:
    other = mapped.desk.kura.add_course("Biology", "BIO", lmsEnabled=False)
    body = {"kuracloud": {"instance": "kura", "course": "BIO"}}
    planned = mapped.post("/mappings/1/repoint", {**body, "dry_run": True})
    assert (planned["to"]["kura_courseid"], planned["given_back"], planned["keeps_links"]) == (other, None, False)
    assert mapped.get("/mappings/1")["kuracloud"] == f"kura:{mapped.desk.kura_course}"
    done = mapped.post("/mappings/1/repoint", body)
    assert (done["before"], done["given_back"]) == (planned["before"], True)
    assert mapped.get("/mappings/1")["kuracloud"] == f"kura:{other}"
    assert mapped.refused("POST", "/mappings/1/repoint", body, status=409) == "refused"


def test_its_moodle_course_may_be_another_one(mapped: ApiDesk) -> None:
    course = mapped.desk.moodle.create_course("Biology 1", "BIO1")
    done = mapped.post("/mappings/1/repoint", {"moodle": {"site": "uni", "course": "BIO1"}})
    assert (done["to"]["courseid"], done["given_back"]) == (course, False)


def test_it_is_forgotten_and_its_students_given_back(mapped: ApiDesk) -> None:
    assert mapped.told("DELETE", "/mappings/1") == {"given_back": True}
    assert mapped.get("/mappings")["items"] == []
    assert mapped.refused("DELETE", "/mappings/1", status=404) == "not_found"


def test_courses_that_probably_belong_together_are_shown(connected: ApiDesk) -> None:
    connected.desk.moodle.create_course("Physiology", "PH")
    found = connected.get("/mappings/candidates")
    [likely] = found["likely"]
    assert (likely["kuracloud"], likely["why"]) == (f"kura:{connected.desk.kura_course}", "same name")
    assert {each["shortname"] for each in found["moodle"]} == {"PHY1", "PH"}
    assert (found["more"], found["silent"]) == (False, {})
    assert [each["shortname"] for each in connected.get("/mappings/candidates?search=phy1")["moodle"]] == ["PHY1"]
    assert connected.get("/mappings/candidates?limit=1&site=uni&instance=kura")["more"] is True
