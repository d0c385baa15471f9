"""What a run read of both sides is kept for people to look at: as it stands after the run's own writes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.kit import Kit
from app.setup import mappings, repointing
from app.store import readings
from app.store.readings import Stored
from sandbox.faults import Fault
from tests.conftest import SetClock
from tests.world import World
from tests.world import world as a_world


@pytest.fixture
def world(kit: Kit, clock: SetClock) -> Iterator[World]:
    with a_world(kit, clock) as made:
        yield made


def _read(world: World) -> Stored:
    with world.kit.database.reading() as tx:
        found = readings.get(tx, world.mapping_id)
    assert found is not None
    return found


def test_both_sides_are_kept_as_they_are_after_the_writes(world: World) -> None:
    userid = world.enrol("Ana", "Lee", email="ana@example.edu", idnumber="S1")
    world.moodle.join_group(userid, world.moodle.create_group(world.course, "Group A"))
    world.sync()
    found = _read(world)
    assert found.members == [
        {
            "userid": userid,
            "firstname": "Ana",
            "lastname": "Lee",
            "email": "ana@example.edu",
            "idnumber": "S1",
            "section": "Group A",
        }
    ]
    (student,) = found.students
    assert {name: student[name] for name in ("email", "external_student_id", "section", "invited")} == {
        "email": "ana@example.edu",
        "external_student_id": "S1",
        "section": "Group A",
        "invited": True,
    }
    assert student["studentid"] == world.links()[0].studentid


def test_the_section_is_the_one_that_kuracloud_has_of_several(world: World) -> None:
    userid = world.enrol("Ana")
    second = world.moodle.create_group(world.course, "Second")
    world.moodle.join_group(userid, second)
    world.sync()
    first = world.moodle.create_group(world.course, "First")
    world.moodle.join_group(userid, first)
    world.sync()
    assert [member["section"] for member in _read(world).members] == ["Second"]
    assert [student["section"] for student in _read(world).students] == ["Second"]


def test_a_removed_student_is_in_it_no_more(world: World) -> None:
    leaver, _ = world.enrol("Ana"), world.enrol("Bo")
    world.sync()
    world.moodle.unenrol(leaver, world.course)
    world.sync()
    assert len(_read(world).members) == 1
    assert len(_read(world).students) == 2, "with stock functions a removal waits"
    world.approve()
    assert len(_read(world).students) == 1


def test_where_nothing_changed_only_the_time_does(world: World) -> None:
    world.enrol("Ana")
    world.sync()
    before = _read(world)
    world.clock.advance(60)
    world.sync()
    after = _read(world)
    assert after.read_at == before.read_at + 60
    assert (after.members, after.students) == (before.members, before.students)


def test_an_accepted_invitation_is_a_change(world: World) -> None:
    world.enrol("Ana")
    world.sync()
    (student,) = world.kura.students(world.kura_course)
    world.kura.edit_student(world.kura_course, student["studentId"], inviteComplete=True)
    world.sync()
    assert [each["invited"] for each in _read(world).students] == [False]


def test_a_first_plan_that_waits_shows_both_sides_too(sqlite_kit: Kit, clock: SetClock) -> None:
    with a_world(sqlite_kit, clock, started=False) as world:
        world.enrol("Ana")
        world.sync()
        assert [len(side) for side in (_read(world).members, _read(world).students)] == [1, 0]


def test_a_run_that_fails_leaves_what_was_read_before(world: World) -> None:
    world.enrol("Ana")
    world.sync()
    before = _read(world)
    world.enrol("Bo")
    world.kura.faults.add(Fault("status", match="POST", status=503))
    world.clock.advance(60)
    world.sync()
    assert world.outcomes[-1] == "retry"
    assert _read(world) == before


def test_it_goes_with_the_mapping_and_with_its_courses(world: World) -> None:
    world.enrol("Ana")
    world.sync()
    other = world.moodle.create_course("Anatomy", shortname="ANA")
    with world.kit.database.reading() as tx:
        assert readings.get(tx, world.mapping_id)
    move = repointing.planned(world.kit, world.mapping_id, moodle=("uni", str(other)))
    repointing.repoint(world.kit, move, "cli:tester")
    with world.kit.database.reading() as tx:
        assert readings.get(tx, world.mapping_id) is None
    world.sync()
    assert _read(world).members == []
    mappings.remove(world.kit, world.mapping_id, "cli:tester")
    with world.kit.database.reading() as tx:
        assert readings.get(tx, world.mapping_id) is None
