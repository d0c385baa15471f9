"""What the property test found once (tests/test_property_roster.py), each in its smallest form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from app.kit import Kit
from app.sync.ask import ask
from app.sync.turn import take_turn
from sandbox.kuracloud.dialect import Dialect
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
    assert small.approve().counts == {"relink": 1, "conflicts": 1}
    assert small.wanted()
    small.turn()
    [student] = small.kura.students(small.kura_course)
    assert (student["givenName"], student["familyName"]) == ("Anna", "Lee-Brown")
    assert small.preview().plan.actions == ()
    assert not small.wanted()


def test_an_old_account_that_is_restored_for_a_new_address_gets_the_present_name(small: World) -> None:
    userid = small.enrol("Ana", "Lee", email="old@example.edu")
    small.sync()
    for address, lastname in (("new@example.edu", "Lee-Brown"), ("old@example.edu", "Brown")):
        small.moodle.change_email(userid, address)
        small.moodle.rename_user(userid, lastname=lastname)
        small.sync()
        assert small.approve().counts == {"reinvite": 1}
    assert small.wanted()
    small.turn()
    [student] = small.kura.students(small.kura_course)
    assert (student["email"], student["familyName"]) == ("old@example.edu", "Brown")
    assert small.preview().plan.actions == ()


def test_what_waited_for_lost_links_goes_ahead_when_a_person_gave_them_up(small: World) -> None:
    small.enrol("Ana", "Lee", email="ana@example.edu")
    small.sync()
    with small.kura.lock:
        small.kura.courses[small.kura_course].roster.active.clear()
    assert small.sync().counts == {"held": 2}
    small.enrol("Bo", "Ng", email="bo@example.edu")
    assert small.approve().counts == {"add": 1, "end_link": 1, "held": 1}
    assert small.wanted()
    small.turn()
    assert small.emails() == ["ana@example.edu", "bo@example.edu"]
    assert small.preview().plan.actions == ()


@pytest.mark.parametrize(("duplicate_add", "status"), [("refuse", 400), ("existing", 200)])
def test_what_a_person_wrote_of_a_student_whom_she_added_first_is_no_echo(
    sqlite_kit: Kit, clock: SetClock, duplicate_add: Any, status: int
) -> None:
    """Added by hand between the reading and the writing: hers is found, taken over and edited."""
    with world(sqlite_kit, clock, Dialect(duplicate_add=duplicate_add)) as made:
        made.enrol("Ana", "Lee", email="ana@example.edu")

        def by_hand() -> bool:
            if made.kura.calls.matching("deleted=true") and not made.kura.students(made.kura_course):
                made.kura.put_student(made.kura_course, givenName="Nan", familyName="", email="ana@example.edu")
            return False

        ask(made.kit, made.mapping_id, "roster")
        assert take_turn(made.kit, made.mapping_id, "roster", "test:1:1:1", by_hand) == "done"
        assert [call.status for call in made.kura.calls.matching("POST")] == [status]
        assert made.wanted()
        made.turn()
        [student] = made.kura.students(made.kura_course)
        assert (student["givenName"], student["familyName"]) == ("Ana", "Lee")
        assert made.preview().plan.actions == ()
