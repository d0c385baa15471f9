"""The life of a hold, and previews that show what a run would do and touch nothing (design.md 6; 4, invariant 4)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import select

from app.errors import NotFound, Refused
from app.kit import Kit
from app.store import audit, holds, mappings
from app.store.holds import Hold
from app.store.runs import Run
from app.store.tables import metadata
from app.sync.holds import approve, reject
from sandbox.faults import Fault
from tests.conftest import SetClock
from tests.world import World, world


@pytest.fixture
def six(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    """Six students in step."""
    with world(sqlite_kit, clock) as made:
        yield with_six(made)


def with_six(made: World) -> World:
    for _ in range(6):
        made.enrol()
    assert made.sync().counts == {"add": 6}
    made.kura.calls.clear()
    return made


def leave(made: World, *numbers: int) -> None:
    """Students leave, by the order in which they came."""
    links = sorted([*made.links(), *made.links(ended=True)], key=lambda link: link.userid)
    for number in numbers:
        made.moodle.unenrol(links[number].userid, made.course)


def waiting(made: World) -> Hold:
    hold = made.hold()
    assert hold is not None
    return hold


def held_after_run(made: World) -> Hold:
    assert made.sync().outcome == "done"
    return waiting(made)


def again(made: World, hold: Hold) -> Hold:
    with made.kit.database.reading() as tx:
        found = holds.get(tx, hold.id)
    assert found is not None
    return found


def quieten(made: World, seconds: float) -> None:
    with made.kit.database.transaction() as tx:
        mappings.quieten(tx, [made.mapping_id], made.clock() + seconds)


def userids(hold: Hold) -> list[int]:
    return sorted(item["userid"] for item in hold.items)


def test_the_same_set_stays_the_same_hold(six: World) -> None:
    leave(six, 0)
    first = held_after_run(six)
    six.moodle.rename_user(first.items[0]["userid"], firstname="Anna")
    six.enrol()
    assert held_after_run(six).id == first.id
    assert (first.state, first.kind, len(first.items)) == ("open", "roster", 1)


def test_a_set_that_has_changed_is_a_new_hold_and_the_old_one_is_overtaken(six: World) -> None:
    leave(six, 0)
    first = held_after_run(six)
    leave(six, 1)
    second = held_after_run(six)
    assert (again(six, first).state, second.state, len(second.items)) == ("overtaken", "open", 2)
    with pytest.raises(Refused, match="was overtaken: the plan has changed since"):
        approve(six.kit, first.id, first.digest, "a teacher")
    with pytest.raises(Refused, match="was overtaken: the plan has changed since"):
        reject(six.kit, first.id, "a teacher")


def test_a_hold_dissolves_when_nothing_of_it_is_wanted_any_more(six: World) -> None:
    leave(six, 0)
    hold = held_after_run(six)
    six.moodle.enrol(userids(hold)[0], six.course)
    assert six.sync().counts == {}
    assert (six.hold(), again(six, hold).state, six.writes()) == (None, "overtaken", [])


def test_an_approval_is_applied_by_the_run_that_it_asks_for_and_then_used_up(six: World) -> None:
    leave(six, 0)
    hold = held_after_run(six)
    assert not six.wanted()
    assert approve(six.kit, hold.id, hold.digest, "a teacher").state == "approved"
    assert six.wanted()
    assert six.turn() == "done"
    applied = again(six, hold)
    assert (applied.state, applied.decided_by, six.hold()) == ("applied", "a teacher", None)
    leave(six, 1)
    assert held_after_run(six).id != hold.id
    assert len(six.emails()) == 5


def test_deciding_is_written_to_the_audit_log(six: World) -> None:
    leave(six, 0)
    first = held_after_run(six)
    reject(six.kit, first.id, "a teacher")
    leave(six, 1)
    second = held_after_run(six)
    approve(six.kit, second.id, second.digest, "an administrator")
    with six.kit.database.reading() as tx:
        rows = audit.search(tx, mapping_id=six.mapping_id, system="kurasync")
    told = [(row.operation, row.phase, row.actor) for row in reversed(rows)]
    assert told == [
        ("hold_rejected", "begin", "a teacher"),
        ("hold_rejected", "end", "a teacher"),
        ("hold_approved", "begin", "an administrator"),
        ("hold_approved", "end", "an administrator"),
    ]


def test_a_rejection_is_remembered_until_the_set_changes(six: World) -> None:
    leave(six, 0)
    hold = held_after_run(six)
    reject(six.kit, hold.id, "a teacher")
    for _ in range(2):
        assert six.sync().counts == {"held": 1}
        assert (six.hold(), six.writes()) == (None, [])
    leave(six, 1)
    assert len(held_after_run(six).items) == 2


def test_a_rejection_is_over_when_its_set_was_empty_in_between(six: World) -> None:
    leave(six, 0)
    hold = held_after_run(six)
    reject(six.kit, hold.id, "a teacher")
    six.moodle.enrol(userids(hold)[0], six.course)
    six.sync()
    leave(six, 0)
    asked = held_after_run(six)
    assert (asked.digest, asked.id == hold.id) == (hold.digest, False)
    over = again(six, hold)
    assert (over.state, over.decided_by) == ("overtaken", "a teacher")


@pytest.mark.parametrize("decide", ["approve", "reject"])
def test_a_decided_hold_is_not_decided_again(six: World, decide: str) -> None:
    leave(six, 0)
    hold = held_after_run(six)
    decisions: dict[str, Callable[[], Hold]] = {
        "approve": lambda: approve(six.kit, hold.id, hold.digest, "a teacher"),
        "reject": lambda: reject(six.kit, hold.id, "a teacher"),
    }
    decided = decisions[decide]().state
    for other in decisions.values():
        with pytest.raises(Refused) as refusal:
            other()
        assert refusal.value.reason == f"hold_{decided}"


def test_an_approval_of_something_else_than_was_shown_is_refused_with_words(six: World) -> None:
    leave(six, 0)
    hold = held_after_run(six)
    with pytest.raises(Refused, match="not what you looked at") as refusal:
        approve(six.kit, hold.id, "0" * 64, "a teacher")
    assert (refusal.value.reason, waiting(six).state) == ("stale_digest", "open")


def test_there_must_be_such_a_hold(six: World) -> None:
    with pytest.raises(NotFound, match="no hold 99"):
        approve(six.kit, 99, "", "a teacher")
    with pytest.raises(NotFound, match="no hold 99"):
        reject(six.kit, 99, "a teacher")


def test_of_an_approval_only_what_a_fresh_plan_still_contains_is_done_and_what_is_new_is_a_new_hold(six: World) -> None:
    leave(six, 0, 1)
    hold = held_after_run(six)
    back, gone = userids(hold)
    approve(six.kit, hold.id, hold.digest, "a teacher")
    six.moodle.enrol(back, six.course)
    leave(six, 2)
    assert six.sync().counts == {"delete": 1, "held": 1}
    assert gone not in {link.userid for link in six.links()}
    assert {link.userid for link in six.links()} >= {back, *userids(waiting(six))}


def test_an_approval_survives_a_run_that_fails(six: World) -> None:
    leave(six, 0)
    hold = held_after_run(six)
    approve(six.kit, hold.id, hold.digest, "a teacher")
    six.kura.faults.add(Fault("status", match="GET /v2/course$", times=1, status=503))
    assert six.sync().outcome == "retry"
    assert again(six, hold).state == "approved"
    six.clock.advance(3600)
    assert six.sync().counts == {"delete": 1}
    assert again(six, hold).state == "applied"


def test_an_approved_removal_waits_while_the_moodle_course_is_being_deleted_or_reset(six: World) -> None:
    leave(six, 0)
    hold = held_after_run(six)
    approve(six.kit, hold.id, hold.digest, "a teacher")
    quieten(six, 600)
    run = six.sync()
    assert (again(six, hold).state, len(six.emails())) == ("approved", 6)
    assert run.message == "1 left out, because the Moodle course is being deleted or reset: nobody is removed."
    assert six.wanted()
    six.clock.advance(601)
    assert six.turn() == "done"
    assert (again(six, hold).state, len(six.emails())) == ("applied", 5)


def test_an_approved_removal_waits_when_the_reset_is_noticed_just_before_it(six: World) -> None:
    leave(six, 0)
    hold = held_after_run(six)
    approve(six.kit, hold.id, hold.digest, "a teacher")
    six.before_call("core_course_get_courses_by_field", 2, lambda: quieten(six, 600))
    run = six.sync()
    assert run.message == "1 left out, because the Moodle course is being deleted or reset: nobody is removed."
    assert (again(six, hold).state, six.writes()) == ("approved", [])
    six.clock.advance(601)
    assert six.turn() == "done"
    assert again(six, hold).state == "applied"


def while_it_writes(made: World, decide: Callable[[], object]) -> Run:
    """A run that adds somebody, and what a person decides in the middle of it, after it has planned."""
    made.enrol()
    made.kura.faults.add(Fault("latency", match="POST .*/student$", seconds=0.4))

    def person() -> None:
        until = time.monotonic() + 10
        while not made.writes() and time.monotonic() < until:
            time.sleep(0.01)
        decide()

    thread = Thread(target=person)
    thread.start()
    run = made.sync()
    thread.join()
    return run


def test_an_approval_given_while_a_run_is_under_way_is_left_to_the_next_one(six: World) -> None:
    leave(six, 0)
    hold = held_after_run(six)
    leave(six, 1)
    run = while_it_writes(six, lambda: approve(six.kit, hold.id, hold.digest, "a teacher"))
    assert run.counts == {"add": 1, "held": 2}
    assert (again(six, hold).state, len(six.emails())) == ("approved", 7)
    assert six.turn() == "done"
    assert (len(six.emails()), again(six, hold).state, len(waiting(six).items)) == (6, "applied", 1)


def test_a_rejection_given_while_a_run_is_under_way_is_not_asked_again(six: World) -> None:
    leave(six, 0)
    hold = held_after_run(six)
    while_it_writes(six, lambda: reject(six.kit, hold.id, "a teacher"))
    assert (again(six, hold).state, six.hold()) == ("rejected", None)
    assert six.turn() == "done"
    assert (again(six, hold).state, six.hold(), len(six.emails())) == ("rejected", None, 7)


def test_an_approval_given_while_both_sides_are_read_is_applied_at_once(six: World) -> None:
    leave(six, 0)
    hold = held_after_run(six)
    six.before_call("core_group_get_course_groups", 1, lambda: approve(six.kit, hold.id, hold.digest, "a teacher"))
    assert six.sync().counts == {"delete": 1}
    assert (again(six, hold).state, six.turn(), len(six.emails())) == ("applied", "done", 5)


def test_an_approval_is_asked_again_when_kuraclouds_answer_is_not_believed(six: World) -> None:
    leave(six, 0)
    hold = held_after_run(six)
    approve(six.kit, hold.id, hold.digest, "a teacher")
    six.kura.faults.add(Fault("empty_list", match="GET .*/student$", times=1))
    run = six.sync()
    assert (run.counts, again(six, hold).state, six.writes()) == ({"held": 11}, "overtaken", [])
    assert len(six.links()) == 6
    assert held_after_run(six).digest == hold.digest


def test_a_loss_in_kuracloud_that_a_person_has_seen_is_taken_for_true(six: World) -> None:
    six.kura.courses[six.kura_course].roster.active.clear()
    hold = held_after_run(six)
    assert {reason for item in hold.items for reason in item["reasons"]} == {"links_lost", "invited_before"}
    assert six.approve().counts == {"end_link": 6, "add": 6}
    assert (again(six, hold).state, six.sync().counts) == ("applied", {})


def at_once(*acts: Callable[[], object]) -> list[BaseException | None]:
    """Do these in threads that start together; what each raised."""
    barrier, raised = Barrier(len(acts)), [None] * len(acts)

    def run(number: int, act: Callable[[], object]) -> None:
        barrier.wait()
        try:
            act()
        except Refused as refusal:
            raised[number] = refusal  # type: ignore[call-overload]

    threads = [Thread(target=run, args=each) for each in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return list(raised)


@pytest.mark.parametrize("other", ["approve", "reject"])
def test_of_two_decisions_at_the_same_moment_one_counts(kit: Kit, clock: SetClock, other: str) -> None:
    with world(kit, clock) as made:
        with_six(made)
        leave(made, 0)
        hold = held_after_run(made)
        raised = at_once(
            lambda: approve(kit, hold.id, hold.digest, "a teacher"),
            lambda: approve(kit, hold.id, hold.digest, "another") if other == "approve" else reject(kit, hold.id, "x"),
        )
        assert len([error for error in raised if error]) == 1
        assert again(made, hold).state in ("approved", "rejected" if other == "reject" else "approved")


def test_two_approvals_at_once_with_an_event_between_are_applied_once(kit: Kit, clock: SetClock) -> None:
    with world(kit, clock) as made:
        with_six(made)
        leave(made, 0)
        hold = held_after_run(made)

        def event() -> None:
            leave(made, 1)
            made.sync()

        raised = at_once(
            lambda: approve(kit, hold.id, hold.digest, "a teacher"),
            event,
            lambda: approve(kit, hold.id, hold.digest, "another"),
        )
        refused = len([error for error in raised if error])
        made.sync()
        # The event's run may have come first: then both approvals were for a hold that was overtaken.
        assert (refused, len(made.emails())) in ((1, 5), (2, 6))
        assert made.sync().counts == {"held": 1 if refused == 1 else 2}
        deleted = [call.body for call in made.kura.calls if call.path.endswith("/delete")]
        assert len(deleted) == (1 if refused == 1 else 0)


def test_an_approval_of_the_first_plan_lets_the_ordinary_rules_begin(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock, started=False) as made:
        made.enrol()
        hold = held_after_run(made)
        made.enrol()
        assert [item["reasons"] for item in hold.items] == [["first_run"]]
        approve(made.kit, hold.id, hold.digest, "a teacher")
        assert made.turn() == "done"
        assert len(made.emails()) == 1
        assert made.wanted()  # what came since is no first plan any more
        assert made.turn() == "done"
        assert (len(made.emails()), made.hold()) == (2, None)


def test_a_first_plan_that_was_rejected_is_asked_again_with_whoever_comes(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock, started=False) as made:
        made.enrol()
        reject(made.kit, held_after_run(made).id, "a teacher")
        assert (made.sync().counts, made.hold()) == ({"held": 1}, None)
        made.enrol()
        assert len(held_after_run(made).items) == 2
        assert made.writes() == []


def test_in_review_mode_everything_waits_every_time(six: World) -> None:
    six.set(mode="review")
    for number in (7, 8):
        six.enrol()
        assert [item["reasons"] for item in held_after_run(six).items] == [["review"]]
        assert six.approve().counts == {"add": 1}
        assert len(six.emails()) == number


# Drift: a difference that no event explains


def test_what_a_person_was_asked_about_is_drift_once(six: World) -> None:
    leave(six, 0)
    assert six.sync().drift == 1
    assert six.sync().drift == 0
    reject(six.kit, waiting(six).id, "a teacher")
    assert six.sync().drift == 0
    leave(six, 1)
    six.enrol()
    assert six.sync().drift == 2
    assert six.approve().drift == 0
    assert six.sync().drift == 0


# Preview


def busy(made: World) -> World:
    """Something of everything: to link, add, edit, restore, hold, leave out, and undecidable."""
    links = made.links()
    made.kura.put_student(made.kura_course, givenName="Link", familyName="Lee", email="link@example.edu")
    made.kura.put_student(made.kura_course, givenName="Hand", familyName="Lee", email="hand@example.edu")
    made.enrol("Link", email="link@example.edu")
    made.enrol("New", email="new@example.edu")
    made.enrol("No", email="nowhere")
    made.moodle.rename_user(links[0].userid, firstname="Anna")
    made.kura.delete_student(made.kura_course, links[1].studentid)
    made.moodle.change_email(links[2].userid, "changed@example.edu")
    made.moodle.unenrol(links[3].userid, made.course)
    return made


def database_of(made: World) -> dict[str, list[Any]]:
    with made.kit.database.reading() as tx:
        return {table.name: [tuple(row) for row in tx.execute(select(table))] for table in metadata.sorted_tables}


def test_a_preview_writes_nothing_anywhere(six: World) -> None:
    busy(six)
    before = database_of(six), six.kura.state(), six.moodle.state()
    look = six.preview()
    assert (database_of(six), six.kura.state(), six.moodle.state()) == before
    assert six.writes() == []
    assert {type(action).__name__ for action in look.verdict.go} == {"Link", "Add", "Edit", "Restore"}


@pytest.mark.parametrize("approved", [False, True])
@pytest.mark.parametrize("quiet", [False, True])
def test_a_preview_shows_exactly_what_the_run_then_does(six: World, approved: bool, quiet: bool) -> None:
    busy(six)
    if approved:
        hold = held_after_run(six)
        approve(six.kit, hold.id, hold.digest, "a teacher")
        six.moodle.rename_user(six.links()[-1].userid, firstname="Renamed")
    if quiet:
        quieten(six, 600)
    shown = json.loads(json.dumps(six.preview().as_json()))
    six.kura.calls.clear()
    run = six.sync()
    assert run.plan == {**shown, "failed": []}
    done = sum(number for name, number in (run.counts or {}).items() if name not in ("held", "conflicts"))
    assert done == len(shown["go"])
    assert (run.counts or {}).get("held", 0) == len(shown["held"])
    assert {each["reason"] for each in shown["dropped"]} == ({"quiet"} if quiet else set())


def test_a_preview_of_an_approved_plan_says_that_it_would_be_done(six: World) -> None:
    leave(six, 0)
    hold = held_after_run(six)
    assert [each["action"] for each in six.preview().as_json()["held"]] == ["delete"]
    approve(six.kit, hold.id, hold.digest, "a teacher")
    look = six.preview()
    assert look.known.waiting == waiting(six)
    assert [each["action"] for each in look.as_json()["go"]] == ["delete"]
