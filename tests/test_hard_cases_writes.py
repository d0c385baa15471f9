"""Hard cases of writes: restore and re-enrol, a kill between add and link, a batch refused in part (design.md 5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.kit import Kit
from sandbox.faults import Fault
from sandbox.kuracloud.dialect import Dialect
from tests.campus import Campus, audited, campus, in_step, invited_twice, kill_once, truth, with_students
from tests.conftest import SetClock
from tests.grading import Course, course
from tests.mortal import Killed
from tests.world import World

DOUBLING = Dialect(duplicate_add="second", add_deleted_email="new")
"""Nobody gets away with adding somebody twice: it makes a second student, and invites again."""


@pytest.fixture
def made(sqlite_kit: Kit, clock: SetClock) -> Iterator[Campus]:
    with campus(sqlite_kit, clock, DOUBLING) as made:
        yield made


def one_account_each(made: World) -> None:
    """Each address has one student, active or deleted, and was invited at most once."""
    both = [*made.kura.students(made.kura_course), *made.kura.deleted(made.kura_course)]
    assert [address for address, number in Counter(each["email"] for each in both).items() if number > 1] == []
    assert invited_twice(made) == []


# Restore and re-enrol


@pytest.mark.parametrize("times", [1, 3])
def test_restore_and_re_enrol(made: Campus, times: int) -> None:
    """Who leaves and comes back has the account from before, is not invited again, and has the present name."""
    world = made.world
    user, *_ = with_students(made, 6)
    studentid = next(link.studentid for link in world.links() if link.userid == user)
    for number in range(times):
        world.moodle.unenrol(user, world.course)
        made.rest()
        assert studentid in {each["studentId"] for each in world.kura.deleted(world.kura_course)}
        world.moodle.rename_user(user, lastname=f"Married {number}")
        world.moodle.enrol(user, world.course)
        made.rest()
        world.clock.advance(90_000)
    assert next(link.studentid for link in world.links() if link.userid == user) == studentid
    assert len(world.kura.invites) == 6
    one_account_each(world)
    in_step(world)


def test_restore_and_re_enrol_before_anybody_looked(made: Campus) -> None:
    """Gone and back within the settling time: nothing is written at all."""
    world = made.world
    user, *_ = with_students(made, 6)
    writes = len(world.writes())
    world.moodle.unenrol(user, world.course)
    made.deliver()
    world.moodle.enrol(user, world.course)
    made.rest()
    assert len(world.writes()) == writes
    in_step(world)


@pytest.mark.parametrize("kept", ["kept", "lost"])
def test_restore_and_re_enrol_brings_the_grades_back(sqlite_kit: Kit, clock: SetClock, kept: Any) -> None:
    """The last unenrolment deletes a user's grades in Moodle: they are pushed again, "unchanged" or not."""
    dialect = replace(DOUBLING, restored_grades=kept)
    with campus(sqlite_kit, clock, dialect) as made, course(made.world) as graded:
        _graded_leaver_returns(made, graded)
        assert graded.book() == ({graded.name: {_first(graded): 4.0}} if kept == "kept" else {graded.name: {}})


def _first(graded: Course) -> int:
    return min(link.userid for link in graded.world.links())


def _graded_leaver_returns(made: Campus, graded: Course) -> None:
    world = graded.world
    user, *_ = with_students(made, 4)
    world.clock.advance(1)
    graded.grade(user, 4)
    assert graded.sync().outcome == "done"
    assert graded.book() == {graded.name: {user: 4.0}}
    world.moodle.unenrol(user, world.course)
    made.rest()
    assert graded.book() == {graded.name: {}}
    world.moodle.enrol(user, world.course)
    made.rest()


# Kill between add and link


WHERE = (
    "before add_students",
    "after add_students",
    "after writing the end of add_students",
    "before read-back",
    "after read-back",
    "before linking the new",
    "after linking the new",
    "before holding",
)


@pytest.mark.parametrize("where", WHERE)
def test_kill_between_add_and_link(
    sqlite_kit: Kit, clock: SetClock, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """The process is gone after kuraCloud invited somebody and before anybody knows of it: nobody is invited twice."""
    with campus(sqlite_kit, clock, DOUBLING) as made:
        world = made.world
        with_students(made, 3)
        killed = kill_once(monkeypatch, where)
        for name in ("bo", "cy"):
            world.enrol(name, email=f"{name}@example.edu")
        made.deliver()
        clock.advance(world.kit.settings.quiet)
        with pytest.raises(Killed):
            made.turns()
        assert killed == [where]
        world.kit.database.dispose()
        assert set(made.rest()) <= {"done", "refused"}
        assert len(world.kura.invites) == 5
        assert {link.email for link in world.links()} == set(truth(world))
        one_account_each(world)
        in_step(world)


# Bulk partial failure


BULK, MOST_EXTRA_WRITES = 200, 16
BAD = "É@example.edu"


def _bulk(made: World, bad: int) -> None:
    """Two hundred newcomers; kuraCloud, which folds more letters, takes the address of one for somebody else's."""
    made.set(unmanaged="keep")
    made.kura.put_student(made.kura_course, givenName="É", familyName="Lee", email="é@example.edu")
    for number in range(BULK):
        made.enrol(f"Ana{number}", email=BAD if number == bad else f"s{number}@example.edu")


@pytest.mark.parametrize("done", ["nothing_done", "part_done"])
@pytest.mark.parametrize("bad", [0, 131, 199])
def test_bulk_partial_failure(sqlite_kit: Kit, clock: SetClock, done: Any, bad: int) -> None:
    """One bad record in a batch of 200: it is found in 16 further writes at most, and 199 people are students."""
    with campus(sqlite_kit, clock, Dialect(refused_batch=done)) as made:
        world = made.world
        _bulk(world, bad)
        made.rest()
        run = made.run()
        assert run.counts == {"add": BULK - 1, "failed": 1}
        assert [each["profile"]["email"] for each in run.plan["failed"]] == [BAD]
        assert len(world.writes()) <= 1 + MOST_EXTRA_WRITES
        assert len(world.kura.invites) == BULK - 1
        assert audited(world)
        written = len(world.writes())
        world.sync()
        assert (made.run().counts, len(world.writes())) == ({"conflicts": 1}, written)
        one_account_each(world)


@pytest.mark.parametrize("status", [400, 409, 413, 422])
def test_bulk_partial_failure_of_every_record_ends(made: Campus, status: int) -> None:
    """kuraCloud refuses them all, one by one: the run ends, says so of each, and does not come back to it."""
    world = made.world
    for number in range(20):
        world.enrol(f"Ana{number}", email=f"s{number}@example.edu")
    world.kura.faults.add(Fault("status", match="POST .*/student$", status=status))
    made.rest()
    assert made.run().counts == {"failed": 20}
    written = len(world.writes())
    assert written <= 2 * 20
    world.sync()
    assert (made.run().counts, len(world.writes())) == ({"conflicts": 20}, written)


def test_bulk_partial_failure_of_a_batch_that_is_too_large_loses_nobody(sqlite_kit: Kit, clock: SetClock) -> None:
    with campus(sqlite_kit, clock, replace(DOUBLING, batch_maximum=60)) as made:
        for number in range(BULK):
            made.world.enrol(f"Ana{number}", email=f"s{number}@example.edu")
        made.rest()
        assert made.run().counts == {"add": BULK}
        assert len(made.world.kura.invites) == BULK
        in_step(made.world)
