"""The examples by which the plugin was written are what the course door takes and gives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from app.kit import Kit
from app.planning import standing
from app.planning.standing import GradeWord, Word
from app.web.course import _ACTS, _LOOKS
from schemas import course as schemas
from schemas.course import CourseRequestRefused, Verb
from tests.conftest import SetClock
from tests.grading import course as a_course
from tests.paging_courses import Page
from tests.world import world as a_world

RECORDED = {
    path.stem: json.loads(path.read_text())
    for path in sorted((Path(__file__).parent / "recordings" / "course").glob("*.json"))
}


@pytest.mark.parametrize("name", RECORDED)
def test_each_request_is_one_that_is_taken_but_for_the_one_that_shows_a_mistake(name: str) -> None:
    if name == "refused_invalid":
        with pytest.raises(CourseRequestRefused) as refused:
            schemas.read(RECORDED[name]["request"])
        errors = RECORDED[name]["answer"]["errors"]
        assert [(error.field, error.reason) for error in refused.value.errors] == [
            (each["field"], each["reason"]) for each in errors
        ]
    else:
        assert schemas.read(RECORDED[name]["request"]).verb in get_args(Verb)


def test_every_verb_has_an_example_and_is_carried_out() -> None:
    shown = {each["request"]["data"]["verb"] for each in RECORDED.values()}
    assert shown == set(get_args(Verb)) == {*_ACTS, *_LOOKS}


def test_every_standing_has_an_example_that_people_can_read() -> None:
    def told(name: str, rows: str) -> set[str]:
        found: list[dict[str, Any]] = RECORDED[name]["answer"][rows]
        assert all(each["message"].endswith(".") for each in found)
        return {each["standing"] for each in found}

    assert told("students", "students") == set(get_args(Word))
    assert told("grades", "cells") <= set(get_args(GradeWord))
    assert standing.key(None, 9100) > 10**15


@pytest.fixture
def page(sqlite_kit: Kit, clock: SetClock) -> Iterator[Page]:
    """A course where something is done, waits and is in conflict."""
    with a_world(sqlite_kit, clock) as world, a_course(world) as made:
        made.in_step()
        world.kura.add_course("Anatomy")
        world.set(mode="review")
        for name in ("Bo", "Cleo"):
            world.enrol(name, email="shared@example.edu")
        world.enrol("Dan")
        world.sync()
        yield Page(world)


def _fields(value: Any) -> Any:
    """The names of all fields, of lists those of the first element; names of counts and rows vary."""
    if isinstance(value, dict):
        return {name: _fields(each) for name, each in value.items() if name not in ("counts", "rows", "titles", "next")}
    return [_fields(value[0])] if isinstance(value, list) and value else None


def test_the_answers_have_the_fields_of_the_examples(page: Page) -> None:
    shown = page.previewed()
    for name, answer in (
        ("status_held", page.ask("status")),
        ("task_done", shown),
        ("students", page.ask("students")),
        ("candidates", page.ask("candidates")),
        ("preview", page.ask("preview", kind="grades")),
        ("continue", page.ask("continue", task=shown["task"], digest=shown["digest"])),
        ("sync", page.ask("sync", kind="roster")),
    ):
        assert _fields(answer) == _fields(RECORDED[name]["answer"]), name


def test_the_answer_about_grades_has_the_fields_of_the_example(page: Page) -> None:
    assert _fields(page.ask("grades")) == _fields(RECORDED["grades"]["answer"])


def test_the_status_of_a_course_that_is_not_mapped_is_that_of_the_example(page: Page) -> None:
    elsewhere = Page(page.world, course=page.world.moodle.create_course("Anatomy", shortname="ANA"))
    assert elsewhere.ask("status") == RECORDED["status_unmapped"]["answer"]
