"""The console's pages of runs: what was done, how it ended, and what it said."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.kit import Kit
from tests.conftest import SetClock
from tests.visiting import Visitor, visiting
from tests.world import World, world


@pytest.fixture
def made(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    """A course that nobody has approved yet: what its first run found is held."""
    with world(sqlite_kit, clock, started=False) as made:
        made.enrol("Ana", "Lee", email="ana.lee@example.edu")
        made.sync()
        yield made


@pytest.fixture
def visitor(made: World) -> Visitor:
    return visiting(made.kit, "viewer")


def test_runs_are_listed_with_their_course_and_what_they_said(visitor: Visitor) -> None:
    page = visitor.get("/runs")
    assert 'href="/runs/1"' in page.text
    assert 'href="/mappings/1">Physiology 1</a>' in page.text
    assert "done" in visitor.text("/runs")


@pytest.mark.parametrize("asked", [{"mapping": "2"}, {"kind": "grades"}, {"outcome": "dead"}])
def test_runs_are_chosen_by_mapping_kind_and_outcome(visitor: Visitor, asked: dict[str, str]) -> None:
    assert "There was no such run" in visitor.text("/runs", **asked)
    assert "There was no such run" not in visitor.text("/runs", mapping="1", kind="roster", outcome="done")


def test_a_run_shows_its_plan_in_words(made: World, visitor: Visitor) -> None:
    said = visitor.text("/runs/1")
    assert "Held for approval" in said
    assert "Ana Lee" in said
    assert "not there → invited" in said
    assert "Why" in said


def test_a_run_that_found_nothing_says_so(made: World, visitor: Visitor) -> None:
    made.approve()
    made.sync()
    assert "In step: nothing to do." in visitor.text("/runs/3")


def test_a_run_leads_to_its_trace_and_its_audit(visitor: Visitor) -> None:
    page = visitor.get("/runs/1").text
    assert 'href="/trace?run=1"' in page
    assert 'href="/audit?run=1"' in page


def test_a_run_that_is_not_there_is_not_found(visitor: Visitor) -> None:
    said = visitor.text("/runs/99", 404)
    assert "There is no run 99" in said
    assert "kurasync runs" not in said
