"""The console's page of grades: by lesson, where each is and why; and handing them back to kuraCloud."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest

from app.kit import Kit
from app.store import audit
from tests.conftest import SetClock
from tests.grading import Course, course
from tests.visiting import Visitor, said, visiting
from tests.world import world


@pytest.fixture
def heart(sqlite_kit: Kit, clock: SetClock) -> Iterator[Course]:
    """A student whose grade is in step, and one whose grade a teacher changed in Moodle."""
    with world(sqlite_kit, clock) as made, course(made) as one:
        ana, ben = one.students(2)
        one.grade(ana, 4)
        one.grade(ben, 5)
        assert one.sync().outcome == "done"
        one.teacher_sets(ben, 1)
        assert one.sync().outcome == "done"
        yield one


@pytest.fixture
def visitor(heart: Course) -> Visitor:
    return visiting(heart.world.kit, "operator")


def test_a_mapping_without_grades_says_so(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock):
        text = visiting(sqlite_kit).text("/mappings/1/grades")
    assert "No grades were looked at yet." in text
    assert "There is no column of kuraCloud's yet." in text


def test_lessons_are_listed_with_how_many_grades_are_in_step(visitor: Visitor) -> None:
    text = visitor.text("/mappings/1/grades")
    for each in ("Heart", "changed in Moodle 1", "in step 1"):
        assert each in text, each
    assert "Ana0 Lee" not in text


def test_each_grade_of_a_lesson_says_where_it_is_and_why(visitor: Visitor, heart: Course) -> None:
    text = visitor.text("/mappings/1/grades", column=f"{heart.lesson}-{heart.revision}")
    for each in ("Ana0 Lee", "Ana1 Lee", "in step", "changed in Moodle"):
        assert each in text, each


def test_grades_of_one_standing_are_listed_over_all_lessons(visitor: Visitor) -> None:
    text = visitor.text("/mappings/1/grades", standing="changed_in_moodle")
    assert "Ana1 Lee" in text
    assert "Ana0 Lee" not in text


@pytest.mark.parametrize("asked", [{"column": "heart"}, {"column": "1"}, {"standing": "lost"}, {"after": "x"}])
def test_what_cannot_be_meant_is_refused(visitor: Visitor, asked: dict[str, str]) -> None:
    visitor.get("/mappings/1/grades", 409, **asked)


def chosen(visitor: Visitor) -> list[str]:
    """The grades that the page offers."""
    page = visitor.get("/mappings/1/hand-back").text
    return [unescape(value) for value in re.findall(r'name="grade" [^>]*value="([^"]+)"', page)]


def test_a_grade_that_was_shown_is_handed_back(visitor: Visitor, heart: Course) -> None:
    text = visitor.text("/mappings/1/hand-back")
    assert "Ana1 Lee, Heart: 1 in Moodle, 5 in kuraCloud" in text
    (name,) = chosen(visitor)
    assert "Handed back: 1." in visitor.done("/mappings/1/hand-back", grade=name)
    assert heart.turns().counts == {"grade_set": 1}
    with heart.world.kit.database.reading() as tx:
        assert audit.search(tx, operation="hand_back")[-1].actor == "user:operator"
    assert "The newest run left no grade to a person." in visitor.text("/mappings/1/hand-back")


def test_a_grade_that_has_changed_since_is_left_alone(visitor: Visitor, heart: Course) -> None:
    (name,) = chosen(visitor)
    heart.teacher_sets(max(link.userid for link in heart.world.links()), 2)
    assert heart.sync().outcome == "done"
    assert "Nothing was handed back" in visitor.done("/mappings/1/hand-back", grade=name)


def test_nothing_chosen_is_refused_with_words(visitor: Visitor) -> None:
    assert "Choose the grades" in said(visitor.post("/mappings/1/hand-back", 409))
