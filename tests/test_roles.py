"""Who may do what: asked of every route there is, so that none is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from app.kit import Kit
from app.web.access import needed
from tests.calling import caller
from tests.receiving import open_door
from tests.visiting import console_at, visiting

SAFE = {"GET", "HEAD", "OPTIONS"}
SIGNED = ("/events/", "/courses/")
"""Doors of Moodles, which sign what they send: nobody has a role there."""

ONES_OWN = {"/sign-in", "/sign-out", "/account"}
"""What everybody may post at the console: to come and go, and to change the own password."""

SEARCHES = {"/trace", "/audit/search"}
"""What is looked for by a form, since a person's name or address stands in no URL; it changes nothing."""


@pytest.fixture
def app(sqlite_kit: Kit) -> Iterator[Flask]:
    open_door(sqlite_kit)
    return console_at(sqlite_kit)


def _changing(app: Flask) -> list[tuple[str, Rule]]:
    """What changes something, by method: from the table of routes itself."""
    return [
        (method, rule)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - SAFE)
        if not rule.rule.startswith(SIGNED)
    ]


def _of_api(app: Flask) -> list[tuple[str, Rule]]:
    return [(method, rule) for method, rule in _changing(app) if rule.endpoint.startswith("api_")]


def _of_console(app: Flask) -> list[tuple[str, Rule]]:
    return [(method, rule) for method, rule in _changing(app) if rule.endpoint.startswith("console_")]


def _address(app: Flask, rule: Rule) -> str:
    """An address of the route, at which there may be something."""
    values: dict[str, Any] = dict.fromkeys(rule.arguments, "1")
    with app.test_request_context():
        return app.url_for(rule.endpoint, **values)


def test_what_changes_something_is_at_a_door_of_people_or_programs(app: Flask) -> None:
    assert _changing(app) == [each for each in _changing(app) if each in _of_api(app) + _of_console(app)]


def test_a_key_of_a_viewer_changes_nothing(app: Flask, sqlite_kit: Kit) -> None:
    program, routes = caller(sqlite_kit, "viewer"), _of_api(app)
    assert len(routes) > 30
    for method, rule in routes:
        path = _address(app, rule).removeprefix("/api/v1")
        assert program.refused(method, path, 403, body={})["reason"] == "forbidden", rule


def test_a_viewer_at_the_console_changes_nothing(app: Flask, sqlite_kit: Kit) -> None:
    visitor, routes = visiting(sqlite_kit, "viewer"), _of_console(app)
    assert len(routes) > 20
    for method, rule in routes:
        if rule.rule not in ONES_OWN | SEARCHES:
            assert method == "POST"
            visitor.post(_address(app, rule), 403)


def test_nobody_posts_to_the_console_without_a_token_of_its_pages(app: Flask, sqlite_kit: Kit) -> None:
    visitor = visiting(sqlite_kit, "admin")
    for _, rule in _of_console(app):
        assert visitor.client.post(_address(app, rule), data={"csrf_token": "forged"}).status_code == 400, rule


def test_nobody_who_is_not_signed_in_sees_a_page(app: Flask) -> None:
    stranger = app.test_client()
    pages = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("console_")]
    for rule in pages:
        if "GET" in (rule.methods or set()) and rule.rule != "/sign-in":
            answer = stranger.get(_address(app, rule))
            assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, "/sign-in"), rule


def test_an_operators_key_does_the_daily_work_and_no_more(app: Flask, sqlite_kit: Kit) -> None:
    program = caller(sqlite_kit, "operator")
    for method, rule in _of_api(app):
        answer = program.call(method, _address(app, rule).removeprefix("/api/v1"), {})
        assert (answer.status_code == 403) == (needed(app.view_functions[rule.endpoint]) == "admin"), rule


def test_an_operator_at_the_console_does_not_do_what_administrators_do(app: Flask, sqlite_kit: Kit) -> None:
    visitor = visiting(sqlite_kit, "operator")
    of_admins = [rule for _, rule in _of_console(app) if needed(app.view_functions[rule.endpoint]) == "admin"]
    assert len(of_admins) > 10
    for rule in of_admins:
        visitor.post(_address(app, rule), 403)
