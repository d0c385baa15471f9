"""What a course's own fate means for its students: deleted, reset, over, restored, switched off (design.md 5, 8)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from functools import partial

import pytest

from app.kit import Kit
from app.planning.rules import Rules
from app.planning.students import Reading
from app.setup import mappings as setup
from app.store import audit, mappings, sites, worklist
from app.sync import intake, roster
from app.sync.ask import ask
from app.sync.connect import Sides
from app.sync.holds import approve
from app.sync.read import read_roster
from app.sync.reconcile import reconcile
from app.sync.turn import take_turn
from sandbox.faults import Fault
from sandbox.kuracloud.dialect import Dialect
from sandbox.moodle.events import Event
from schemas import events
from tests.conftest import SetClock
from tests.world import World, world

LOOK_BEFORE_REMOVALS = ("core_course_get_courses_by_field", 2)
PUBLIC = "\\core\\event\\"


def proven(kit: Kit, both: Sides, rules: Rules) -> Reading:
    """A reading that would let removals go unasked, as those of stock functions never do."""
    return replace(read_roster(kit, both, rules), proven=True)


def run_unasked(made: World) -> str:
    """A run that may remove whoever is missing, within the limits."""
    ask(made.kit, made.mapping_id, "roster")
    verbs = {"roster": partial(roster.run, read=proven)}
    return take_turn(made.kit, made.mapping_id, "roster", "test:1:0:0", verbs=verbs)


def deliver(made: World, event: Event) -> None:
    """Take one event in, as the receiver does."""
    with made.kit.database.reading() as tx:
        site = sites.get(tx, made.site_id)
    assert site is not None
    parcel = intake.Parcel(site, "local_webhooks", None, [found for _, found in events.hooked(event).events])
    intake.accept(made.kit, [parcel])


class SlowMotion:
    """Takes each event of Moodle in when it happens, and runs after every so-many-th, while Moodle is not done yet."""

    in_transaction = False

    def __init__(self, made: World, every: int, run: Callable[[World], str]) -> None:
        self.outcomes: list[str] = []
        self.names: list[str] = []
        self._made = made
        self._every = every
        self._run = run
        made.moodle.lock = nullcontext()  # type: ignore[assignment]  # Moodle is read in the middle of its own action
        made.moodle.attach(self)

    def accept(self, event: Event, wwwroot: str) -> None:
        self.names.append(str(event["eventname"]).rpartition("\\")[2])
        deliver(self._made, event)
        if len(self.names) % self._every == 0:
            self.outcomes.append(self._run(self._made))

    def close(self) -> None:
        """Nothing is kept."""


@pytest.fixture
def fifty(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    with world(sqlite_kit, clock) as made:
        made.moodle.create_students(made.course, 50, groups=1)
        assert made.sync().counts == {"add": 50}
        made.kura.calls.clear()
        yield made


@pytest.fixture
def six(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    with world(sqlite_kit, clock) as made:
        yield in_step(made)


def in_step(made: World) -> World:
    for _ in range(6):
        made.enrol()
    assert made.sync().counts == {"add": 6}
    made.kura.calls.clear()
    return made


def nobody_was_removed(made: World, students: int) -> None:
    assert made.writes() == []
    assert (len(made.emails()), len(made.links()), made.hold()) == (students, students, None)


def gate(made: World) -> tuple[str, str | None]:
    with made.kit.database.reading() as tx:
        row = worklist.get(tx, made.mapping_id, "roster")
    assert row is not None
    return row.gate, row.gate_reason


def look_again(made: World) -> str:
    """The periodic look, when its time has come."""
    made.clock.advance(made.kit.settings.reconcile * 1.25 + 1)
    assert reconcile(made.kit, 10) == 1
    made.clock.advance(made.kit.settings.cap)
    return made.turn()


@pytest.mark.parametrize("every", [2, 5, 10])
def test_a_course_that_is_deleted_in_slow_motion_loses_nobody_in_kuracloud(fifty: World, every: int) -> None:
    """Every user's events come first, course_deleted last: 155 and more with 50 enrolled (contracts/moodle.md 4)."""
    slow = SlowMotion(fifty, every, run_unasked)
    fifty.moodle.delete_course(fifty.course)
    assert slow.names[-1] == "course_deleted"
    assert slow.names.count("user_enrolment_deleted") == slow.names.count("role_unassigned") == 50
    assert len(slow.names) >= 155
    assert set(slow.outcomes) <= {"done", "retry", "parked", "refused"}
    assert slow.outcomes.count("done") > 5
    nobody_was_removed(fifty, 50)
    fifty.clock.advance(3600)
    run_unasked(fifty)
    assert gate(fifty) == ("parked", "course_gone")
    nobody_was_removed(fifty, 50)


def test_a_deletion_without_a_recycle_bin_has_no_first_event_but_without_proof_all_is_held(fifty: World) -> None:
    """Not even who approves what was held meanwhile removes anybody: the course is gone by then."""
    slow = SlowMotion(fifty, 10, lambda made: str(made.sync().outcome))
    fifty.moodle.delete_course(fifty.course, recycle=False)
    hold = fifty.hold()
    assert hold is not None
    assert slow.outcomes.count("done") > 5
    assert {reason for item in hold.items for reason in item["reasons"]} == {"unproven"}
    approve(fifty.kit, hold.id, hold.digest, "a teacher")
    fifty.clock.advance(3600)
    assert run_unasked(fifty) == "parked"
    assert (fifty.writes(), len(fifty.emails()), len(fifty.links())) == ([], 50, 50)


def test_a_course_that_is_reset_in_slow_motion_loses_nobody_and_what_it_emptied_is_asked_afterwards(
    fifty: World,
) -> None:
    slow = SlowMotion(fifty, 4, run_unasked)
    fifty.moodle.reset_course(fifty.course)
    assert (slow.names[0], slow.names[-1]) == ("course_reset_started", "course_reset_ended")
    assert set(slow.outcomes) == {"done", "retry"}  # retry: no longer enrolled, and still in a group
    nobody_was_removed(fifty, 50)
    fifty.clock.advance(fifty.kit.settings.quieten + 1)
    assert run_unasked(fifty) == "done"
    hold = fifty.hold()
    assert hold is not None
    assert len(hold.items) == 50
    assert fifty.writes() == []


def test_students_who_come_while_a_course_is_reset_are_added(six: World) -> None:
    deliver(six, {**six.moodle.events[-1], "eventname": PUBLIC + "course_reset_started"})
    six.moodle.unenrol(six.links()[0].userid, six.course)
    six.enrol()
    run = six.sync()
    assert run.counts == {"add": 1}
    assert run.message == (
        "1 added; 1 left out, because the Moodle course is being deleted or reset: nobody is removed."
    )


def approved_removal(made: World) -> None:
    made.moodle.unenrol(made.links()[0].userid, made.course)
    made.sync()
    hold = made.hold()
    assert hold is not None
    approve(made.kit, hold.id, hold.digest, "a teacher")


def test_a_course_that_is_gone_just_before_removals_loses_nobody(six: World) -> None:
    approved_removal(six)
    six.before_call(*LOOK_BEFORE_REMOVALS, lambda: six.moodle.delete_course(six.course))
    run = six.sync()
    assert (run.outcome, run.reason, gate(six)) == ("parked", "course_gone", ("parked", "course_gone"))
    assert (six.writes(), len(six.links())) == ([], 6)


def test_a_mapping_that_is_removed_just_before_removals_loses_nobody(six: World) -> None:
    """Its rows are gone with it, so there is not even a run to be ended."""
    approved_removal(six)

    def forget() -> None:
        with six.kit.database.transaction() as tx:
            mappings.remove(tx, six.mapping_id)

    six.before_call(*LOOK_BEFORE_REMOVALS, forget)
    ask(six.kit, six.mapping_id, "roster")
    assert six.turn() == "lost"
    assert (six.writes(), len(six.emails())) == ([], 6)


@pytest.mark.parametrize("recycled", [True, False])
def test_a_restored_course_is_a_new_one_and_the_mapping_of_the_old_one_rests(six: World, recycled: bool) -> None:
    six.moodle.delete_course(six.course, recycle=recycled)
    assert six.sync().reason == "course_gone"
    if recycled:
        new = six.moodle.restore_from_recycle_bin(six.course)
        assert new != six.course
        assert len(six.moodle.expected_students(new)) == 6
    assert look_again(six) == "parked"
    nobody_was_removed(six, 6)


def test_a_hidden_course_that_the_service_user_may_not_see_rests_until_it_is_shown(six: World) -> None:
    six.moodle.without("moodle/course:viewhiddencourses")
    six.moodle.hide_course(six.course)
    assert six.sync().outcome == "parked"
    six.enrol()
    six.moodle.show_course(six.course)
    assert look_again(six) == "done"
    assert (len(six.emails()), gate(six)) == (7, ("open", None))


def test_after_the_end_of_a_course_nobody_is_removed_any_more_but_who_comes_is_added(six: World) -> None:
    six.moodle.set_course_enddate(six.course, int(six.clock()) - 60)
    six.moodle.unenrol(six.links()[0].userid, six.course)
    six.enrol()
    run = six.sync()
    assert (run.counts, six.hold()) == ({"add": 1}, None)
    assert run.message == "1 added; 1 left out, because the Moodle course is over: nobody is removed any more."
    assert (six.sync().drift, len(six.emails())) == (0, 7)


@pytest.mark.parametrize("ends", ["no freeze", "not yet", "never"])
def test_before_the_end_of_a_course_or_without_the_freeze_removals_are_as_ever(six: World, ends: str) -> None:
    six.set(freeze=ends != "no freeze")
    end = {"no freeze": int(six.clock()) - 60, "not yet": int(six.clock()) + 60, "never": 0}[ends]
    six.moodle.set_course_enddate(six.course, end)
    six.moodle.unenrol(six.links()[0].userid, six.course)
    assert six.sync().counts == {"held": 1}


def test_a_kuracloud_course_that_is_gone_rests_and_goes_on_when_it_is_back(six: World) -> None:
    six.kura.remove_course(six.kura_course)
    run = six.sync()
    assert (run.outcome, run.reason, gate(six)) == ("parked", "kuracloud_course_gone", ("parked", "course_gone"))
    six.enrol()
    assert look_again(six) == "parked"
    six.kura.bring_back_course(six.kura_course)
    assert look_again(six) == "done"
    assert (len(six.emails()), six.kura.invites[-1][1] in six.emails()) == (7, True)


# lmsEnabled


def switch_off(made: World) -> None:
    """What uninstalling the old block in Moodle does."""
    made.kura.set_course(made.kura_course, lmsEnabled=False)


def enabled(made: World) -> bool:
    return made.kura.courses[made.kura_course].lms_enabled


@pytest.mark.parametrize("dialect", [Dialect(), Dialect(lms_disabled="ignore")], ids=["refused", "as usual"])
def test_an_integration_that_was_switched_off_is_repaired_once_and_the_second_time_left_to_people(
    sqlite_kit: Kit, clock: SetClock, dialect: Dialect
) -> None:
    with world(sqlite_kit, clock, dialect) as made:
        in_step(made)
        switch_off(made)
        made.enrol()
        assert made.sync().counts == {"add": 1}
        assert (enabled(made), repairs(made)) == (True, ["begin", "end"])
        switch_off(made)
        made.enrol()
        run = made.sync()
        assert (run.outcome, run.reason, enabled(made)) == ("parked", "lms_disabled", False)
        assert "kurasync mapping resume" in str(run.message)
        assert len(made.emails()) == 7
        setup.resume(made.kit, made.mapping_id, "an administrator")
        assert made.sync().counts == {"add": 1}
        assert (enabled(made), repairs(made)) == (True, ["begin", "end"])


def repairs(made: World) -> list[str]:
    """Audit rows of what kurasync itself did about lmsEnabled, the oldest first."""
    with made.kit.database.reading() as tx:
        rows = audit.search(tx, mapping_id=made.mapping_id, operation="set_lms_enabled")
    return [row.phase for row in reversed(rows) if row.actor == "kurasync"]


def test_an_integration_switched_off_between_two_calls_is_repaired_too(six: World) -> None:
    six.enrol()
    six.kura.faults.add(Fault("status", match="GET .*/student$", status=403, times=1))
    assert six.sync().counts == {"add": 1}
    assert repairs(six) == ["begin", "end"]


def test_a_preview_does_not_repair(six: World) -> None:
    switch_off(six)
    with pytest.raises(Exception, match="The integration is off"):
        six.preview()
    assert (enabled(six), repairs(six), six.writes()) == (False, [], [])
