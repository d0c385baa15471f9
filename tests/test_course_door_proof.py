"""Who may ask at the course door: the site itself, with its secret, for its own courses; and nothing twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.kit import Kit
from app.web import create_app
from app.web.once import Once
from app.web.problems import Refusal
from tests.conftest import SetClock
from tests.paging_courses import Page
from tests.receiving import sealed
from tests.world import World
from tests.world import world as a_world

ANOTHER = "whsec_YW5vdGhlciBzZWNyZXQgYWx0b2dldGhlcg=="


@pytest.fixture
def world(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    with a_world(sqlite_kit, clock) as made:
        yield made


@pytest.fixture
def page(world: World) -> Page:
    return Page(world)


def _document(page: Page, **changed: Any) -> dict[str, Any]:
    data = {"wwwroot": page.wwwroot, "courseid": page.course, "userid": 5, "verb": "status", "arguments": {}}
    return {"type": "moodle.course", "timestamp": "2026-03-02T09:15:00Z", "data": {**data, **changed}}


def test_without_the_sites_secret_nothing_is_answered(page: Page) -> None:
    status, reason, _ = replace(page, secret=ANOTHER).refused("status")
    assert (status, reason) == (401, "bad_signature")


def test_an_old_request_is_refused_and_says_by_how_much(page: Page) -> None:
    answer = page.send(*sealed(json.dumps(_document(page)), secret=page.secret, late=400))
    assert (answer.status_code, answer.json and answer.json["reason"]) == (401, "clock_skew")


def test_an_unknown_site_is_none_and_names_no_command(page: Page) -> None:
    answer = page.send(*page.signed("status"), site="elsewhere")
    assert answer.json is not None
    assert (answer.status_code, answer.json["reason"]) == (404, "unknown_site")
    assert "kurasync site" not in answer.json["detail"]


def test_a_copy_of_the_moodle_is_refused(page: Page) -> None:
    found = replace(page, wwwroot="https://copy.example.edu").refused("status")
    assert found[:2] == (403, "wrong_moodle")


def test_another_sites_course_is_not_reached_with_the_same_number(world: World) -> None:
    """The site is that of the address and the signature; a course of the same number there is another one."""
    assert Page(world, course=world.course + 1000).ask("status")["mapping"] is None


def test_it_can_be_switched_off(page: Page) -> None:
    kit = page.world.kit
    page.client = create_app(replace(kit, settings=replace(kit.settings, course_pages=False))).test_client()
    assert page.refused("status")[:2] == (403, "course_pages_off")
    unproven = replace(page, secret=ANOTHER)
    unproven.client = page.client
    assert unproven.refused("status")[:2] == (401, "bad_signature"), "who proves nothing learns nothing"


def test_other_bodies_than_json_are_refused(page: Page) -> None:
    body, headers = page.signed("status")
    assert page.send(body, {**headers, "Content-Type": "text/plain"}).status_code == 415


def test_what_is_caught_and_sent_again_is_carried_out_once(page: Page) -> None:
    caught = page.signed("sync", kind="roster")
    assert page.send(*caught).status_code == 200
    again = page.send(*caught)
    assert (again.status_code, again.json and again.json["reason"]) == (409, "repeated")
    assert page.ask("status")["mapping"]["state"] == "wanted"


def test_looking_may_be_repeated(page: Page) -> None:
    caught = page.signed("status")
    assert [page.send(*caught).status_code for _ in range(2)] == [200, 200]


def test_what_failed_may_be_sent_again(page: Page) -> None:
    caught = page.signed("sync", kind="grades")
    assert [page.send(*caught).status_code for _ in range(2)] == [409, 409]
    page.world.moodle.install_plugin()
    assert page.send(*caught).status_code == 200


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"verb": "destroy"}, "data.verb"),
        ({"verb": None}, "data.verb"),
        ({"courseid": "2"}, "data.courseid"),
        ({"courseid": 0}, "data.courseid"),
        ({"userid": 2**53}, "data.userid"),
        ({"wwwroot": "\x00"}, "data.wwwroot"),
        ({"arguments": {"search": "x"}}, "data.arguments.search"),
        ({"arguments": ["x"]}, "data.arguments"),
        ({"verb": "sync"}, "data.arguments.kind"),
        ({"verb": "sync", "arguments": {"kind": "all"}}, "data.arguments.kind"),
        ({"verb": "approve", "arguments": {"kind": "roster", "digest": "x"}}, "data.arguments.digest"),
        ({"verb": "candidates", "arguments": {"search": "x" * 101}}, "data.arguments.search"),
        ({"verb": "students", "arguments": {"limit": 501}}, "data.arguments.limit"),
        ({"verb": "students", "arguments": {"after": "-1"}}, "data.arguments.after"),
        ({"verb": "map", "arguments": {"instance": "a\x00", "course": 1}}, "data.arguments.instance"),
    ],
)
def test_what_cannot_be_understood_is_refused_field_by_field(page: Page, changed: dict[str, Any], field: str) -> None:
    answer = page.send(*sealed(json.dumps(_document(page, **changed)), secret=page.secret))
    assert answer.json is not None
    assert (answer.status_code, answer.json["reason"]) == (422, "invalid")
    assert [error["field"] for error in answer.json["errors"]] == [field]


@pytest.mark.parametrize("document", [[], "x", {}, {"type": "moodle.events"}, None])
def test_other_documents_are_refused(page: Page, document: Any) -> None:
    assert page.send(*sealed(json.dumps(document), secret=page.secret)).status_code == 422


def test_an_empty_list_is_phps_empty_object(page: Page) -> None:
    body = json.dumps(_document(page, arguments=[]))
    assert page.send(*sealed(body, secret=page.secret)).status_code == 200


def test_what_was_carried_out_is_forgotten_after_a_while() -> None:
    brief, long = Once(0.0), Once(60.0)
    for once in (brief, long):
        with once.only("a"):
            pass
    with brief.only("a"):
        pass
    with pytest.raises(Refusal), long.only("a"):
        pass


def test_of_very_many_the_oldest_are_forgotten() -> None:
    once = Once(60.0)
    for number in range(10_001):
        with once.only(str(number)):
            pass
    with once.only("0"):
        pass
    with pytest.raises(Refusal), once.only("10000"):
        pass


def test_what_is_still_being_carried_out_is_not_begun_again() -> None:
    once = Once(60.0)
    with once.only("a"), pytest.raises(Refusal), once.only("a"):
        pass
    with pytest.raises(ValueError, match="broken"), once.only("b"):
        raise ValueError("broken")
    with once.only("b"):
        pass
