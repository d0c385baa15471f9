"""The console's pages of plans: waited for, read, and carried on with, once."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from app.kit import Kit
from app.setup import tasks
from app.store import audit, holds
from app.store import tasks as rows
from sandbox.faults import Fault
from tests.conftest import SetClock
from tests.grading import course
from tests.showing_plans import OWNER
from tests.visiting import Visitor, said, visiting
from tests.world import World, world


@pytest.fixture
def made(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    """A mapping that was never approved, with two students to invite."""
    with world(sqlite_kit, clock, started=False) as one:
        one.enrol("Ana", "Lee")
        one.enrol("Ben", "Kim")
        yield one


@pytest.fixture
def visitor(made: World) -> Visitor:
    return visiting(made.kit, "operator")


def asked(visitor: Visitor, what: str = "preview", **form: str) -> int:
    """The number of the task that a button made."""
    address = visitor.post(f"/mappings/1/{what}", **form).headers["Location"]
    return int(address.rpartition("/")[2])


def shown(visitor: Visitor, made: World, what: str = "preview", **form: str) -> int:
    """The same, when it is done."""
    number = asked(visitor, what, **form)
    tasks.do(made.kit, number, OWNER)
    return number


def digest(visitor: Visitor, number: int) -> str:
    """What the page's form says was shown."""
    found = re.search(r'name="digest" value="([^"]+)"', visitor.get(f"/tasks/{number}").text)
    assert found
    return found[1]


def test_a_preview_is_waited_for(made: World, visitor: Visitor) -> None:
    number = asked(visitor, kind="roster")
    assert "Waiting for a worker." in visitor.text(f"/tasks/{number}")
    with made.kit.database.transaction() as tx:
        rows.claim(tx, made.clock(), number, OWNER)
    text = visitor.text(f"/tasks/{number}")
    assert "Both sides are being read." in text
    assert "Nothing is changed by it." in text
    assert "Continue" not in text


def test_a_plan_is_read_action_by_action_with_what_would_wait_and_why(made: World, visitor: Visitor) -> None:
    text = visitor.text(f"/tasks/{shown(visitor, made)}")
    for each in ("2 to add and invite.", "Ana Lee", "Ben Kim", "Would wait for approval", "not there → invited"):
        assert each in text, each
    assert "The first plan of a mapping waits for approval." in text
    assert "Continue" in text


def test_courses_in_step_say_so_and_ask_nothing(made: World, visitor: Visitor) -> None:
    for userid in [member.userid for member in made.preview().members]:
        made.moodle.unenrol(userid, made.course)
    text = visitor.text(f"/tasks/{shown(visitor, made)}")
    assert "Enrolments are in step: nothing to change." in text
    assert "Continue" not in text


def test_grades_in_step_say_so(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock) as one, course(one) as heart:
        heart.in_step()
        visitor = visiting(sqlite_kit)
        assert "Grades are in step: nothing to change." in visitor.text(
            f"/tasks/{shown(visitor, one, kind='grades')}"
        )


def test_continue_carries_out_what_was_shown(made: World, visitor: Visitor) -> None:
    number = shown(visitor, made)
    text = visitor.done(f"/tasks/{number}/continue", digest=digest(visitor, number))
    assert "It is carried out now." in text
    assert made.turn() == "done"
    assert len(made.emails()) == 2
    with made.kit.database.reading() as tx:
        (hold,) = holds.search(tx)
        assert (hold.state, hold.decided_by) == ("applied", "user:operator")
        assert audit.search(tx, operation="go_on")[-1].actor == "user:operator"
    after = visitor.text(f"/tasks/{number}")
    assert "Somebody has let this plan be carried out." in after
    assert "Continue does what" not in after


def test_a_second_click_does_nothing(made: World, visitor: Visitor) -> None:
    number = shown(visitor, made)
    plan = digest(visitor, number)
    visitor.done(f"/tasks/{number}/continue", digest=plan)
    assert made.turn() == "done"
    assert "It is being carried out already, once." in visitor.done(f"/tasks/{number}/continue", digest=plan)
    assert not made.wanted()


def test_another_plan_than_was_shown_is_refused(made: World, visitor: Visitor) -> None:
    number = shown(visitor, made)
    text = said(visitor.post(f"/tasks/{number}/continue", 409, digest="0" * 64))
    assert "This is not the plan that you looked at: look at it again." in text
    assert not made.wanted()


def test_what_is_in_the_way_is_said_with_the_continuing(made: World, visitor: Visitor) -> None:
    number = shown(visitor, made)
    visitor.post("/mappings/1/pause")
    text = visitor.done(f"/tasks/{number}/continue", digest=digest(visitor, number))
    assert "It is carried out as soon as nothing is in the way: The mapping is paused." in text


def test_a_preview_that_failed_says_why(made: World, visitor: Visitor) -> None:
    made.moodle.faults.add(Fault("status", status=503))
    number = shown(visitor, made)
    text = visitor.text(f"/tasks/{number}")
    assert "Moodle" in text
    assert "Look at it again" in text


def test_a_check_says_what_is_right_and_what_is_wrong(made: World, visitor: Visitor) -> None:
    text = visitor.text(f"/tasks/{shown(visitor, made, 'check')}")
    assert "Nothing is wrong." in text
    assert "lmsEnabled" in text
    assert "`kurasync" not in text
    made.kura.set_course(made.kura_course, lmsEnabled=False)
    assert "Something is wrong: see below." in visitor.text(f"/tasks/{shown(visitor, made, 'check')}")


def test_a_task_of_another_page_is_none_of_a_mapping(made: World, visitor: Visitor) -> None:
    number = tasks.ask(made.kit, tasks.AUDIT_CHECK, None, "test")
    assert "is no preview and no check of a mapping" in visitor.text(f"/tasks/{number}", 404)


def test_a_viewer_reads_a_plan_and_is_offered_nothing(made: World, visitor: Visitor) -> None:
    number = shown(visitor, made)
    text = visiting(made.kit, "viewer").text(f"/tasks/{number}")
    assert "Ana Lee" in text
    assert "Continue" not in text


def test_plans_of_grades_are_asked_for_and_read(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock) as one, course(one) as heart:
        heart.one()
        visitor = visiting(sqlite_kit, "operator")
        text = visitor.text(f"/tasks/{shown(visitor, one, kind='grades')}")
        assert "1 to make the column, 1 to write." in text
        assert "Heart" in text
