"""A command that is killed while it points a mapping elsewhere, or removes it: the same command finishes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from app.kit import Kit
from app.setup import mappings as setup
from app.setup.obstacles import obstacle
from app.setup.repointing import repoint
from app.store import mappings
from tests.conftest import SetClock
from tests.mortal import Fate, Killed, MortalDatabase, die
from tests.moving import ACTOR, Moving, in_step
from tests.world import world


class Mortality(Fate):
    """As Fate; who is dead stays so, and does nothing more, whatever wants to tidy up."""

    def __init__(self) -> None:
        super().__init__()
        self.dead = False

    def pass_by(self) -> None:
        """Another point."""
        if self.dead:
            raise Killed
        super().pass_by()


@contextmanager
def killed(kit: Kit, clock: SetClock, url: str, points: int) -> Iterator[tuple[Kit, Mortality]]:
    """A kit for a command that dies after so many points."""

    def dying() -> None:
        fate.dead = True
        die()

    fate = Mortality()
    database = MortalDatabase(url, clock=clock)
    database.fate = fate
    fate.arm(points, dying)
    yield replace(kit, database=database), fate
    database.dispose()


def carried_out(kit: Kit, clock: SetClock, url: str, points: int, command: Callable[[Kit], object]) -> bool:
    """Whether the command came to its end before it had passed so many points."""
    with killed(kit, clock, url, points) as (mortal, fate):
        try:
            command(mortal)
        except Killed:
            return False
        assert not fate.dead
        return True


REPOINTING, REMOVING = 18, 12
"""How many points each has: three at each transaction, and its requests lie between those."""


@pytest.fixture
def moving(sqlite_kit: Kit, clock: SetClock) -> Iterator[Moving]:
    with world(sqlite_kit, clock) as made:
        yield in_step(made)


@pytest.mark.parametrize("points", range(REPOINTING))
def test_a_repoint_that_was_killed_is_finished_by_the_same_command(
    moving: Moving, clock: SetClock, sqlite_url: str, points: int
) -> None:
    kit, move = moving.made.kit, moving.planned(moodle=moving.other, kuracloud=moving.other_kura)
    assert not carried_out(kit, clock, sqlite_url, points, lambda mortal: repoint(mortal, move, ACTOR))
    if _is_old(moving):
        moving.repoint(moodle=moving.other, kuracloud=moving.other_kura)
    assert (moving.mapping.courseid, moving.mapping.kura_courseid) == (moving.other, moving.other_kura)
    assert moving.enabled() == (False, True)
    assert moving.gates == {("open", None)}
    assert moving.made.sync().outcome == "done"
    assert moving.made.links() == []


def _is_old(moving: Moving) -> bool:
    """Whether it has its former courses; else it has the new ones: never a bit of both, and no run in between."""
    made, mapping = moving.made, moving.mapping
    if mapping.courseid == made.course:
        assert (mapping.kura_courseid, len(made.links()), mapping.started_at is None) == (made.kura_course, 2, False)
        if moving.gates != {("open", None)}:
            assert made.turn() == "refused"
            assert "broken off" in str(obstacle(made.kit, made.mapping_id))
        return True
    assert (mapping.kura_courseid, made.links(), mapping.started_at) == (moving.other_kura, [], None)
    assert moving.gates == {("open", None)}
    return False


@pytest.mark.parametrize("points", [3, 6, 9, 12, 15])
def test_a_repoint_that_was_killed_may_be_given_up(
    moving: Moving, clock: SetClock, sqlite_url: str, points: int
) -> None:
    made, move = moving.made, moving.planned(kuracloud=moving.other_kura)
    assert not carried_out(made.kit, clock, sqlite_url, points, lambda mortal: repoint(mortal, move, ACTOR))
    setup.resume(made.kit, made.mapping_id, ACTOR)
    assert moving.gates == {("open", None)}
    assert made.sync().outcome == "done"
    assert made.kura.courses[moving.mapping.kura_courseid].lms_enabled
    assert made.emails() == ["ana@example.edu", "bo@example.edu"]


@pytest.mark.parametrize("points", range(1, REMOVING, 2))
def test_a_removal_that_was_killed_is_finished_by_the_same_command(
    moving: Moving, clock: SetClock, sqlite_url: str, points: int
) -> None:
    made = moving.made
    assert not carried_out(
        made.kit, clock, sqlite_url, points, lambda mortal: setup.remove(mortal, made.mapping_id, ACTOR)
    )
    with made.kit.database.reading() as tx:
        is_there = mappings.get(tx, made.mapping_id) is not None
    if is_there:
        setup.remove(made.kit, made.mapping_id, ACTOR)
    assert moving.enabled()[0] is False
    assert made.emails() == ["ana@example.edu", "bo@example.edu"]


def test_every_point_was_tried(moving: Moving, clock: SetClock, sqlite_url: str) -> None:
    made = moving.made
    move = moving.planned(moodle=moving.other, kuracloud=moving.other_kura)
    assert carried_out(made.kit, clock, sqlite_url, REPOINTING, lambda mortal: repoint(mortal, move, ACTOR))
    number = made.mapping_id
    assert carried_out(made.kit, clock, sqlite_url, REMOVING, lambda mortal: setup.remove(mortal, number, ACTOR))
