"""How it stands with students and grades over the API: page by page, and by standing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.kit import Kit
from app.store import sites
from tests.calling import Caller, caller
from tests.conftest import SetClock
from tests.grading import course as a_course
from tests.world import World
from tests.world import world as a_world


@pytest.fixture
def world(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    with a_world(sqlite_kit, clock) as made:
        yield made


@pytest.fixture
def viewer(world: World) -> Caller:
    return caller(world.kit, "viewer")


def test_students_come_page_by_page_with_their_standing(world: World, viewer: Caller) -> None:
    users = [world.enrol(f"Ana{number}") for number in range(2)]
    world.kura.put_student(world.kura_course, email="byhand@example.edu", givenName="Kim", familyName="Loo")
    world.sync()
    first = viewer.got(f"/mappings/{world.mapping_id}/students", limit=2)
    assert [each["userid"] for each in first["items"]] == users
    assert (first["counts"], first["looking"]) == ({"invited": 2, "only_in_kuracloud": 1}, False)
    assert first["read_at"].startswith("2023-11-14T22:13:20")
    second = viewer.got(f"/mappings/{world.mapping_id}/students", limit=2, cursor=first["next"])
    assert [(each["name"], each["standing"], each["reasons"]) for each in second["items"]] == [
        ("Kim Loo", "only_in_kuracloud", ["unmanaged"])
    ]
    assert second["next"] is None


def test_students_of_one_standing_are_picked_out(world: World, viewer: Caller) -> None:
    world.enrol("Ana")
    world.kura.put_student(world.kura_course, email="byhand@example.edu", givenName="Kim", familyName="Loo")
    world.sync()
    found = viewer.got(f"/mappings/{world.mapping_id}/students", standing="invited")
    assert [each["standing"] for each in found["items"]] == ["invited"]
    assert found["counts"] == {"invited": 1, "only_in_kuracloud": 1}


def test_before_the_first_look_there_is_nobody(world: World, viewer: Caller) -> None:
    world.enrol("Ana")
    found = viewer.got(f"/mappings/{world.mapping_id}/students")
    assert (found["read_at"], found["items"], found["next"]) == (None, [], None)


def test_grades_come_student_by_student(world: World, viewer: Caller) -> None:
    with a_course(world) as course:
        ana, bo = course.students(2)
        course.grade(ana, 4)
        course.grade(bo, 6, 4)
        course.sync()
        course.teacher_sets(bo, 3.0)
        course.sync()
    at = f"/mappings/{world.mapping_id}/grades"
    first = viewer.got(at, limit=1)
    assert [(each["title"], each["standing"]) for each in first["columns"]] == [("Heart", "in_step")]
    assert [(each["userid"], each["name"]) for each in first["items"]] == [(ana, "Ana0 Lee")]
    (changed,) = viewer.got(at, limit=1, cursor=first["next"])["items"]
    assert [(each["standing"], each["value"], each["shown"]) for each in changed["grades"]] == [
        ("changed_in_moodle", 10.0, 3.0)
    ]
    picked = viewer.got(at, standing="changed_in_moodle")
    assert [each["userid"] for each in picked["items"]] == [bo]


def test_another_sites_key_sees_neither(world: World) -> None:
    with world.kit.database.transaction() as tx:
        sites.add(tx, 0.0, name="b", url="u", wwwroot="u", identity=None, token="t", ways=())
    stranger, admin = caller(world.kit, "admin", "b"), caller(world.kit)
    for what in ("students", "grades"):
        assert stranger.refused("GET", f"/mappings/{world.mapping_id}/{what}", 404)["reason"] == "not_found"
        assert admin.refused("GET", f"/mappings/99/{what}", 404)["reason"] == "not_found"
