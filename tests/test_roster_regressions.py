"""What the property test found once (tests/test_property_roster.py), each in its smallest form."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.kit import Kit
from tests.conftest import SetClock
from tests.world import World, world


@pytest.fixture
def small(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    with world(sqlite_kit, clock) as made:
        yield made


def test_after_a_relink_the_names_follow_without_anybody_asking(small: World) -> None:
    leaver = small.enrol("Ana", "Lee", email="ana@example.edu")
    small.sync()
    small.moodle.unenrol(leaver, small.course)
    small.enrol("Anna", "Lee-Brown", email="ana@example.edu")
    small.sync()
    assert small.approve().counts["relink"] == 1
    assert small.wanted()
    small.turn()
    [student] = small.kura.students(small.kura_course)
    assert (student["givenName"], student["familyName"]) == ("Anna", "Lee-Brown")
    assert small.preview().plan.actions == ()
    assert not small.wanted()
