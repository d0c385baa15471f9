"""A trace of grades: what was written from what to what, what Moodle kept, and what was left to a person."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.kit import Kit
from app.sync import trace as tracing
from app.words import traced
from tests.conftest import SetClock
from tests.grading import Course, course
from tests.world import world


@pytest.fixture
def graded(sqlite_kit: Kit, clock: SetClock) -> Iterator[Course]:
    with world(sqlite_kit, clock) as made, course(made) as graded:
        yield graded


def lines(graded: Course, userid: int) -> list[str]:
    """The trace of a user in words."""
    found = tracing.of_user(graded.world.kit, "uni", userid)
    return [": ".join(traced.line(each)) for each in found.moments]


def test_a_grade_is_told_from_what_to_what(graded: Course) -> None:
    userid = graded.in_step()
    column = f"{graded.lesson}-{graded.revision}"
    told = lines(graded, userid)
    assert "planned: write Ana0 Lee (Heart, - -> 4)" in told
    assert any(f"by kurasync itself: write column {column} (user {userid}): - -> 4" in line for line in told)
    assert "shown after: as it was sent" in told


def test_a_grade_that_a_person_changed_is_told_as_left(graded: Course) -> None:
    userid = graded.in_step()
    graded.teacher_sets(userid, 9.25)
    graded.grade(userid, 5)
    graded.sync()
    assert any(line.startswith("left as it is: Heart of Ana0 Lee") for line in lines(graded, userid))


def test_the_column_itself_is_nobodys(graded: Course) -> None:
    userid = graded.in_step()
    assert not any("make the column" in line for line in lines(graded, userid))
    whole = tracing.of_run(graded.world.kit, graded.last().id)
    assert any("make the column" in traced.line(each)[1] for each in whole.moments)
