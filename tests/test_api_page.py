"""The API's page: what can be asked for, in words; for people, without a key and without a script."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.kit import Kit
from app.web.api.described import Field, nouns, shapes, spec
from tests.browser import PHONE, Visit, violations
from tests.visiting import console_at

FEW = """() => {
  const gone = [...document.querySelectorAll('main > section')].slice(1, -1);
  const few = 'article:nth-of-type(n+4), section > details:nth-of-type(n+6)';
  [...gone, ...document.querySelectorAll(few)].forEach(each => each.remove());
  document.querySelectorAll('details').forEach(each => each.open = true);
}"""
"""Leaves a few of each sort, opened: all are made alike, and to judge them all takes a minute."""


@pytest.fixture
def stranger(sqlite_kit: Kit) -> FlaskClient:
    return console_at(sqlite_kit).test_client()


def test_it_shows_everything_that_is_described(stranger: FlaskClient) -> None:
    answer = stranger.get("/api/v1/")
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    document = spec(stranger.application)
    for path, operations in document["paths"].items():
        for method in set(operations) - {"parameters"}:
            assert f"<code>{method.upper()} {path}</code>" in answer.text
    for name in document["components"]["schemas"]:
        assert f'id="shape-{name}"' in answer.text


def test_every_place_that_it_points_to_is_there(stranger: FlaskClient) -> None:
    page = stranger.get("/api/v1/").text
    places = re.findall(r'id="([^"]+)"', page)
    assert len(places) == len(set(places))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(places)


def test_it_says_whose_key_each_operation_takes(stranger: FlaskClient) -> None:
    found = {
        (each.method, each.path): each for noun in nouns(spec(stranger.application)) for each in noun.operations
    }
    assert found["GET", "/api/v1/mappings"].role == "viewer"
    assert found["POST", "/api/v1/holds/{number}/approve"].role == "operator"
    added = found["POST", "/api/v1/mappings"]
    assert (added.role, added.body, added.status, added.answer) == ("admin", "NewMappingBody", "201", "AddedMapping")


def test_shapes_say_what_their_fields_are(stranger: FlaskClient) -> None:
    found = {shape.name: shape for shape in shapes(spec(stranger.application))}
    fields = {field.name: field for field in found["MappingPage"].fields}
    assert (fields["items"].kind, fields["items"].shape) == ("list of Mapping", "Mapping")
    assert fields["next"] == Field("next", "string or null", None, True, "cursor of the next page")
    assert {field.name: field.kind for field in found["RulesBody"].fields}["mode"] == "one of auto, review"
    assert all(shape.about for shape in found.values())


def test_the_documentation_asks_for_what_there_is(stranger: FlaskClient) -> None:
    text = (Path(__file__).parent.parent / "docs" / "api.md").read_text(encoding="utf-8")
    there = [
        (each.method, re.compile(re.sub(r"\{\w+\}", "[^/]+", each.path)))
        for noun in nouns(spec(stranger.application))
        for each in noun.operations
    ]
    asked = re.findall(r"(GET|POST|PUT|PATCH|DELETE) (/api/v1/[\w/-]+)", text)
    assert len(asked) > 10
    for method, path in asked:
        assert any(each == method and at.fullmatch(path) for each, at in there), (method, path)


@pytest.mark.browser
def test_it_breaks_no_rule_of_accessibility(visit: Visit) -> None:
    page = visit("/api/v1/", role=None)
    page.evaluate(FEW)
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(PHONE)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
