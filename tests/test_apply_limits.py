"""What goes ahead within 24 hours, counted over runs, and what waits when it is too much (design.md 6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.errors import Refused
from app.kit import Kit
from app.planning.rules import Rules
from app.planning.students import Reading
from app.store import runs
from app.store.runs import Run
from app.sync.ask import ask
from app.sync.connect import Sides
from app.sync.holds import approve
from app.sync.read import read_roster
from sandbox.faults import Fault
from tests.applying import (
    DAY,
    approved,
    class_of_six,
    deletes,
    in_step,
    turn,
)
from tests.conftest import SetClock
from tests.world import World, world


@pytest.fixture
def six(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    with class_of_six(sqlite_kit, clock) as made:
        yield made


def proven(kit: Kit, both: Sides, rules: Rules) -> Reading:
    """A reading as with a total, by which a missing user is known to have left."""
    return replace(read_roster(kit, both, rules), proven=True)


def proven_run(made: World) -> Run:
    ask(made.kit, made.mapping_id, "roster")
    assert turn(made, proven) == "done"
    with made.kit.database.reading() as tx:
        run = runs.last(tx, made.mapping_id, "roster")
    assert run is not None
    return run


@pytest.fixture
def sixty(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    """Sixty students in step: twelve may be removed unasked within 24 hours, and fewer as they become fewer."""
    with world(sqlite_kit, clock) as made:
        made.moodle.create_students(made.course, 60)
        assert made.sync().counts == {"add": 60}
        yield made


def leave(made: World, number: int) -> None:
    for student in made.moodle.expected_students(made.course)[:number]:
        made.moodle.unenrol(student["id"], made.course)


def test_forty_removals_four_a_run_within_an_hour_are_held_in_time(sixty: World) -> None:
    counts = []
    for _ in range(10):
        leave(sixty, 4)
        counts.append(proven_run(sixty).counts)
        sixty.clock.advance(360)
    assert counts[:3] == [{"delete": 4}, {"delete": 4}, {"held": 4}]
    assert counts[-1] == {"held": 32}
    hold = sixty.hold()
    assert hold is not None
    assert {reason for item in hold.items for reason in item["reasons"]} == {"removals"}
    assert len(sixty.kura.students(sixty.kura_course)) == 52


def test_the_budget_is_that_of_24_hours_and_not_more(sixty: World) -> None:
    for _ in range(2):
        leave(sixty, 8)
        assert proven_run(sixty).counts == {"delete": 8}
        leave(sixty, 4)
        assert proven_run(sixty).counts == {"held": 4}
        sixty.clock.advance(DAY + 1)
        assert proven_run(sixty).counts == {"delete": 4}
        sixty.clock.advance(DAY + 1)


def test_what_a_person_approved_is_not_charged_to_the_budget(sixty: World) -> None:
    leave(sixty, 30)
    assert proven_run(sixty).counts == {"held": 30}
    approved(sixty)
    assert proven_run(sixty).counts == {"delete": 30}
    leave(sixty, 6)
    assert proven_run(sixty).counts == {"delete": 6}
    leave(sixty, 1)
    assert proven_run(sixty).counts == {"held": 1}


def test_a_removal_that_was_tried_twice_is_charged_once(sixty: World) -> None:
    leave(sixty, 8)
    sixty.kura.faults.add(Fault("reset_before", match="delete$", times=1))
    ask(sixty.kit, sixty.mapping_id, "roster")
    assert turn(sixty, proven) == "retry"
    sixty.clock.advance(3600)
    assert proven_run(sixty).counts == {"delete": 8}


def test_nobody_is_left_in_no_course_unasked(six: World) -> None:
    six.set(removals_least=100)
    leave(six, 6)
    run = proven_run(six)
    assert run.counts == {"held": 6}
    assert {reason for held in run.plan["held"] for reason in held["reasons"]} == {"empties"}


def test_one_held_removal_and_fifty_additions_do_not_wait_for_each_other(six: World) -> None:
    leave(six, 1)
    for _ in range(50):
        six.enrol()
    assert six.sync().counts == {"add": 50, "held": 1}
    assert len(six.kura.students(six.kura_course)) == 56
    assert len([name for name in six.writes() if name.startswith("POST")]) == 1


def test_more_additions_than_a_course_has_students_wait(six: World) -> None:
    six.set(adds_least=5)
    for _ in range(7):
        six.enrol()
    assert six.sync().counts == {"held": 7}
    assert six.approve().counts == {"add": 7}
    in_step(six)


def test_a_change_that_does_not_last_is_made_three_times_a_day_and_then_reported(six: World) -> None:
    link = six.links()[0]
    six.moodle.rename_user(link.userid, firstname="Anna")
    for _ in range(3):
        assert six.sync().counts == {"edit": 1}
        six.kura.edit_student(six.kura_course, link.studentid, givenName="Ana")
    six.kura.calls.clear()
    run = six.sync()
    assert (run.counts, six.writes()) == ({"conflicts": 1}, [])
    assert [conflict["conflict"] for conflict in run.plan["conflicts"]] == ["does_not_converge"]
    six.clock.advance(DAY + 1)
    assert six.sync().counts == {"edit": 1}


def test_an_approval_decided_twice_is_refused_the_second_time(six: World) -> None:
    deletes(six)
    hold = six.hold()
    assert hold is not None
    with pytest.raises(Refused, match="approved already"):
        approve(six.kit, hold.id, hold.digest, "another teacher")
