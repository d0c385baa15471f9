"""Grades by schedule: each mapping at its own time, spread so that they never come all at once (design.md 7)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.kit import Kit
from app.store import mappings, sites, worklist
from app.sync.schedule import schedule_grades
from tests.conftest import SetClock
from tests.making import add_courses
from workers.clock import beats

SIX_HOURS = 21_600.0
DAY = 86_400.0


@pytest.fixture
def courses(kit: Kit, clock: SetClock) -> list[int]:
    """Three mappings at a site that has the plugin."""
    with kit.database.transaction() as tx:
        made = add_courses(tx, clock(), 3)
        sites.set_plugin(tx, 1, "2026112200")
        return made


@pytest.fixture
def course(kit: Kit, clock: SetClock) -> int:
    """The only mapping at a site that has the plugin."""
    with kit.database.transaction() as tx:
        (made,) = add_courses(tx, clock())
        sites.set_plugin(tx, 1, "2026112200")
        return made


def grades_at(kit: Kit, mapping_id: int) -> float | None:
    with kit.database.reading() as tx:
        found = mappings.get(tx, mapping_id)
    assert found is not None
    return found.grades_at


def wanted(kit: Kit, mapping_id: int) -> int:
    """How often grades were asked for."""
    with kit.database.reading() as tx:
        row = worklist.get(tx, mapping_id, "grades")
    return row.wanted if row else 0


def set_to(kit: Kit, mapping_id: int, **settings: Any) -> None:
    with kit.database.transaction() as tx:
        mappings.set_settings(tx, mapping_id, settings)


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999])
def test_a_new_mapping_gets_a_time_within_its_first_interval_and_is_not_asked(
    kit: Kit, clock: SetClock, course: int, chance: float
) -> None:
    assert schedule_grades(kit, 10, chance=lambda: chance) == 0
    assert grades_at(kit, course) == pytest.approx(clock() + chance * SIX_HOURS)
    assert wanted(kit, course) == 0


@pytest.mark.parametrize(("chance", "share"), [(0.0, 0.75), (0.5, 1.0), (1.0, 1.25)])
def test_a_mapping_whose_time_has_come_is_asked_once_and_gets_its_next_time(
    kit: Kit, clock: SetClock, course: int, chance: float, share: float
) -> None:
    schedule_grades(kit, 10, chance=lambda: 0.5)
    clock.advance(SIX_HOURS / 2)
    assert schedule_grades(kit, 10, chance=lambda: chance) == 1
    assert schedule_grades(kit, 10, chance=lambda: chance) == 0
    assert wanted(kit, course) == 1
    assert grades_at(kit, course) == pytest.approx(clock() + share * SIX_HOURS)


def test_nobody_is_asked_before_the_time_has_come(kit: Kit, clock: SetClock, course: int) -> None:
    schedule_grades(kit, 10, chance=lambda: 0.5)
    clock.advance(SIX_HOURS / 2 - 1)
    assert schedule_grades(kit, 10) == 0
    assert wanted(kit, course) == 0


def test_what_is_asked_by_the_clock_settles_like_an_event(kit: Kit, clock: SetClock, course: int) -> None:
    schedule_grades(kit, 10, chance=lambda: 0.0)
    schedule_grades(kit, 10)
    with kit.database.reading() as tx:
        row = worklist.get(tx, course, "grades")
    assert row is not None
    assert row.due_at == clock() + kit.settings.quiet


def test_an_interval_of_zero_means_never_and_is_looked_at_again_the_next_day(
    kit: Kit, clock: SetClock, course: int
) -> None:
    set_to(kit, course, grades_every=0)
    for _ in range(3):
        assert schedule_grades(kit, 10) == 0
        assert grades_at(kit, course) == clock() + DAY
        clock.advance(DAY)
    assert wanted(kit, course) == 0


def test_a_site_without_the_plugin_is_never_asked(kit: Kit, clock: SetClock) -> None:
    with kit.database.transaction() as tx:
        (mapping_id,) = add_courses(tx, clock())
    for _ in range(3):
        assert schedule_grades(kit, 10) == 0
        clock.advance(DAY)
    assert grades_at(kit, mapping_id) is None
    assert wanted(kit, mapping_id) == 0


def test_new_settings_count_from_the_moment_they_are_made(kit: Kit, clock: SetClock, course: int) -> None:
    schedule_grades(kit, 10, chance=lambda: 0.9)
    set_to(kit, course, grades_every=600)
    assert schedule_grades(kit, 10, chance=lambda: 0.5) == 0
    assert grades_at(kit, course) == pytest.approx(clock() + 300)
    clock.advance(300)
    assert schedule_grades(kit, 10, chance=lambda: 0.5) == 1
    assert grades_at(kit, course) == pytest.approx(clock() + 600)


def test_a_mapping_that_is_removed_meanwhile_is_passed_over(
    kit: Kit, clock: SetClock, courses: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = courses
    schedule_grades(kit, 10, chance=lambda: 0.0)
    found = mappings.grades_due

    def removed_just_after(*given: Any) -> list[int]:
        due = found(*given)
        with kit.database.transaction() as tx:
            mappings.remove(tx, second)
        return due

    monkeypatch.setattr(mappings, "grades_due", removed_just_after)
    assert schedule_grades(kit, 10) == 2
    assert [wanted(kit, each) for each in courses] == [1, 0, 1]
    assert grades_at(kit, first) != clock()
    assert grades_at(kit, third) != clock()


def test_only_so_many_are_asked_at_a_time_the_longest_waiting_first(
    kit: Kit, clock: SetClock, courses: list[int]
) -> None:
    first, second, third = courses
    with kit.database.transaction() as tx:
        for mapping_id, pause in ((first, 3), (second, 1), (third, 2)):
            mappings.set_grades_at(tx, mapping_id, clock() + pause)
    clock.advance(10)
    assert schedule_grades(kit, 2) == 2
    assert [wanted(kit, each) for each in courses] == [0, 1, 1]
    assert schedule_grades(kit, 2) == 1


def test_the_clock_looks_at_one_mapping_a_second(kit: Kit, clock: SetClock, courses: list[int]) -> None:
    nowhere = replace(kit, settings=replace(kit.settings, redis_url="redis://127.0.0.1:1"))
    (beat,) = [each for each in beats(nowhere) if each.name == "grades"]
    schedule_grades(kit, 10, chance=lambda: 0.0)
    asked = []
    for _ in range(4):
        beat.strike()
        asked.append(sum(wanted(kit, each) for each in courses))
    assert (beat.interval, asked) == (1.0, [1, 2, 3, 3])
