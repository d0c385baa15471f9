"""Whatever is asked at the course door with a valid signature, the answer is one of the documented ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from app.kit import Kit
from schemas.course import Verb
from tests.conftest import SetClock
from tests.paging_courses import Page
from tests.receiving import sealed
from tests.world import world as a_world

DOCUMENTED = {200, 403, 404, 409, 422, 502, 503}

texts = some.text(some.characters(codec=None), max_size=20)
values: some.SearchStrategy[Any] = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | texts,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
USUAL: dict[str, some.SearchStrategy[Any]] = {
    "kind": some.sampled_from(["roster", "grades"]),
    "digest": some.just("0" * 64),
    "task": some.integers(-1, 3),
    "mapping": some.integers(-1, 3),
    "instance": some.just("kura"),
    "course": some.integers(-1, 200),
    "search": some.just("phys"),
    "after": some.just("7"),
    "limit": some.integers(-1, 600),
}
OF_VERB = {
    "status": (),
    "candidates": ("search",),
    "map": ("instance", "course"),
    "unmap": ("mapping",),
    "preview": ("kind",),
    "task": ("task",),
    "continue": ("task", "digest"),
    "sync": ("kind",),
    "approve": ("kind", "digest"),
    "reject": ("kind", "digest"),
    "students": ("after", "limit"),
    "grades": ("after", "limit"),
}


@some.composite
def asked(draw: some.DrawFn) -> tuple[str, dict[str, Any]]:
    """A verb with its arguments, some of them strange, some lacking."""
    verb = draw(some.sampled_from(get_args(Verb)))
    strange = draw(some.sets(some.sampled_from([*USUAL]), max_size=1))
    names = [name for name in OF_VERB[verb] if draw(some.integers(0, 9))]
    return verb, {name: draw(values if name in strange else USUAL[name]) for name in names}


BOUNDED = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


@pytest.fixture
def page(kit: Kit, clock: SetClock) -> Iterator[Page]:
    with a_world(kit, clock) as world:
        world.enrol("Ana")
        world.sync()
        yield Page(world)


def _answered(page: Page, document: Any) -> None:
    answer = page.send(*sealed(json.dumps(document), secret=page.secret))
    assert answer.status_code in DOCUMENTED, answer.text
    problem = answer.content_type == "application/problem+json"
    assert problem == (answer.status_code != 200), answer.text
    assert "`kurasync" not in answer.text


@BOUNDED
@given(asked=asked())
def test_any_arguments_of_any_verb(page: Page, asked: tuple[str, dict[str, Any]]) -> None:
    verb, arguments = asked
    data = {"wwwroot": page.wwwroot, "courseid": page.course, "userid": 5, "verb": verb, "arguments": arguments}
    _answered(page, {"type": "moodle.course", "timestamp": "2026-03-02T09:15:00Z", "data": data})


@BOUNDED
@given(document=values, field=some.sampled_from(["wwwroot", "courseid", "userid", "verb", "arguments", "timestamp"]))
def test_any_value_of_any_field(page: Page, document: Any, field: str) -> None:
    data = {"wwwroot": page.wwwroot, "courseid": page.course, "userid": 5, "verb": "status", "arguments": {}}
    whole = {"type": "moodle.course", "timestamp": "2026-03-02T09:15:00Z", "data": data}
    (whole if field == "timestamp" else data)[field] = document
    _answered(page, whole)
    _answered(page, document)
