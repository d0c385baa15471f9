"""What the guard holds of a grades run, over a day and over runs (design.md 6)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.kit import Kit
from app.store import links
from app.store.links import NewLink
from tests.conftest import SetClock
from tests.grading import Course, course
from tests.world import World, world

DAY = 86_400.0


@pytest.fixture
def graded(sqlite_kit: Kit, clock: SetClock) -> Iterator[Course]:
    with world(sqlite_kit, clock) as made, course(made) as graded:
        yield graded


def _link(small: World, owners: dict[int, int]) -> None:
    """Link users to these students and to nobody else."""
    with small.kit.database.transaction() as tx:
        now = small.kit.database.now(tx)
        links.end(tx, now, small.mapping_id, list(owners.values()), "merged")
        made = [NewLink(userid, studentid, f"{userid}@example.edu", {}) for userid, studentid in owners.items()]
        links.create(tx, now, small.mapping_id, made)


def test_too_many_losses_wait_for_a_person(graded: Course) -> None:
    users = graded.students(8)
    for user in users:
        graded.grade(user, 6)
    graded.sync()
    for user in users[:6]:
        graded.grade(user, 2)
    graded.grade(users[7], 6, 4)
    run = graded.sync()
    assert run.counts == {"grade_set": 1, "held": 6}
    assert set(graded.book()[graded.name].values()) == {6, 10}
    assert graded.approve().counts == {"grade_lower": 6}
    assert sorted(graded.book()[graded.name].values()) == [2] * 6 + [6, 10]


def test_losses_count_over_a_day_and_over_runs(graded: Course) -> None:
    users = graded.students(8)
    for user in users:
        graded.grade(user, 6)
    graded.sync()
    for user in users[:5]:
        graded.grade(user, 2)
    assert graded.sync().counts == {"grade_lower": 5}
    graded.grade(users[5], None)
    assert graded.sync().counts == {"held": 1}
    graded.world.clock.advance(DAY)
    assert graded.sync().counts == {"grade_clear": 1}


def test_a_column_that_vanished_stays_until_a_person_lets_it_go(graded: Course) -> None:
    ana = graded.in_step()
    small = graded.world
    lessons = [{**lesson, "gradedPublishedRevisions": []} for lesson in small.kura.lessons(small.kura_course)]
    small.kura.set_lessons(small.kura_course, lessons)
    assert graded.sync().counts == {"held": 1}
    assert graded.book() == {graded.name: {ana: 4}}
    assert graded.approve().counts == {"column_remove": 1}
    assert graded.book() == {}
    assert graded.known() == {}


def test_everything_of_a_mapping_that_was_never_approved_waits(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock, started=False) as made, course(made) as graded:
        ana = made.enrol()
        studentid = made.kura.put_student(made.kura_course, email="ana@example.edu", givenName="Ana")
        _link(made, {ana: studentid})
        clock.advance(1)
        graded.grade(ana, 4)
        assert graded.sync().counts == {"held": 2}
        assert graded.book() == {}
        assert graded.approve().counts == {"column_add": 1, "grade_set": 1}
        assert made.preview().mapping.started_at is None
