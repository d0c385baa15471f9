"""What a teacher of one course, or of another site, could learn or reach at the course door that is not theirs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.kit import Kit
from app.store import mappings, sites
from app.store.mappings import Mapping
from tests.conftest import SetClock
from tests.paging_courses import Page
from tests.world import World
from tests.world import world as a_world


@pytest.fixture
def world(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    with a_world(sqlite_kit, clock) as made:
        yield made


@pytest.fixture
def elsewhere(world: World) -> Page:
    """A course that is not mapped; the instance serves another site alone."""
    with world.kit.database.transaction() as tx:
        secret_site = sites.add(
            tx,
            0.0,
            name="medicine",
            url="https://med.example.edu",
            wwwroot="https://med.example.edu",
            identity=None,
            token=world.kit.vault.encrypt("t"),
            ways=("signed",),
        )
        theirs = _mapping(world)
        mappings.remove(tx, theirs.id)
        mappings.add(
            tx,
            0.0,
            site_id=secret_site,
            courseid=77,
            course_name="Secret seminar",
            instance_id=world.instance_id,
            kura_courseid=world.kura_course,
            kura_course_name="Hidden course",
            settings={},
            reconcile_at=0.0,
        )
    return Page(world, course=world.moodle.create_course("Anatomy", shortname="ANA"))


def _mapping(world: World) -> Mapping:
    with world.kit.database.reading() as tx:
        found = mappings.get(tx, world.mapping_id)
    assert found is not None
    return found


def test_an_instance_of_another_site_can_neither_be_mapped_nor_asked_about(elsewhere: Page) -> None:
    world = elsewhere.world
    free = world.kura.add_course("Free course", code="FREE")
    answers = [elsewhere.refused("map", instance="kura", course=course) for course in (world.kura_course, free, 999)]
    answers.append(elsewhere.refused("map", instance="nowhere", course=1))
    assert len(set(answers)) == 1, answers
    said = answers[0][2]
    assert not any(word in said for word in ("Secret", "Hidden", "medicine", "kura:"))


def test_whose_a_mapped_course_is_a_teacher_is_not_told(world: World) -> None:
    other = Page(world, course=world.moodle.create_course("Anatomy", shortname="ANA"))
    status, _, said = other.refused("map", instance="kura", course=world.kura_course)
    assert status in (404, 409)
    assert _mapping(world).course_name not in said
