"""Carrying out a plan: each kind of write refused, lost or cut off; nobody is invited twice (design.md 5, 6, 9)."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.kit import Kit
from sandbox.faults import Fault
from sandbox.kuracloud.dialect import Dialect
from tests.applying import (
    KINDS,
    UNCLEAR,
    approved,
    class_of_six,
    deletes,
    every_call_has_two_rows,
    failed,
    in_step,
    invited_twice,
    reinvites,
    rows,
)
from tests.conftest import SetClock
from tests.world import World, world


@pytest.fixture
def six(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    with class_of_six(sqlite_kit, clock) as made:
        yield made


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", UNCLEAR)
def test_whatever_becomes_of_an_answer_the_next_run_finishes_the_work_and_invites_nobody_twice(
    sqlite_kit: Kit, clock: SetClock, kind: str, fault: str
) -> None:
    with class_of_six(sqlite_kit, clock) as made:
        KINDS[kind].prepare(made)
        made.kura.faults.add(replace(UNCLEAR[fault], match=KINDS[kind].match, times=1))
        assert made.sync().outcome == "retry"
        assert every_call_has_two_rows(made)
        time.sleep(0.15 if fault == "late" else 0)
        made.clock.advance(3600)
        assert made.sync().outcome == "done"
        in_step(made)


@pytest.mark.parametrize("refusal", [400, 404, 409, 413, 422])
@pytest.mark.parametrize("kind", [name for name in KINDS if not name.startswith("reinvite")])
def test_of_a_refused_batch_the_bad_record_is_found_and_listed_and_not_tried_again(
    six: World, kind: str, refusal: int
) -> None:
    """The batch of three is refused, then its first half, then the second record of that."""
    KINDS[kind].prepare(six)
    refused = Fault("status", match=KINDS[kind].match, status=refusal, body={"message": "No such student"})
    six.kura.faults.add(replace(refused, times=2), replace(refused, skip=1, times=1))
    run = six.sync()
    assert (run.outcome, run.counts) == ("done", {KINDS[kind].action: 2, "failed": 1})
    [(action, message)] = failed(run)
    assert action == KINDS[kind].action
    assert message == (
        f"kuraCloud refuses the change of some students with the error {refusal}. It says: “No such student”."
    )
    assert every_call_has_two_rows(six)
    assert Counter(row.outcome for row in rows(six)[2:] if row.phase == "end") == {"done": 2, "refused": 3}
    six.kura.calls.clear()
    again = six.sync()
    assert (again.counts, six.writes(), six.hold()) == ({"conflicts": 1}, [], None)
    assert [conflict["conflict"] for conflict in again.plan["conflicts"]] == ["refused"]


@pytest.mark.parametrize("kind", ["add", "edit"])
def test_a_refused_record_is_tried_again_when_it_has_changed(six: World, kind: str) -> None:
    KINDS[kind].prepare(six)
    six.kura.faults.add(Fault("status", match=KINDS[kind].match, status=400))
    run = six.sync()
    assert run.counts == {"failed": 3}
    six.kura.faults.clear()
    assert six.sync().counts == {"conflicts": 3}
    userid = run.plan["failed"][0]["userid"]
    six.moodle.rename_user(userid, firstname="Annabel")
    assert six.sync().counts == {kind: 1, "conflicts": 2}


@pytest.mark.parametrize("part", ["delete", "student"])
def test_a_refused_half_of_a_reinvitation_fails_the_whole(six: World, part: str) -> None:
    reinvites(six)
    six.kura.faults.add(Fault("status", match=f"POST .*/{part}$", status=400, times=1))
    run = six.sync()
    assert run.counts == {"reinvite": 2, "failed": 1}
    assert [action for action, _ in failed(run)] == ["reinvite"]
    six.kura.calls.clear()
    assert (six.sync().counts, six.writes()) == ({"conflicts": 1}, [])
    assert invited_twice(six) == []


def test_the_changes_of_a_student_who_could_not_be_restored_are_not_sent(six: World) -> None:
    link = six.links()[0]
    six.kura.delete_student(six.kura_course, link.studentid)
    six.moodle.rename_user(link.userid, firstname="Anna")
    six.kura.faults.add(Fault("status", match="POST .*/restore$", status=400))
    run = six.sync()
    assert run.counts == {"failed": 1}
    assert six.writes() == [f"POST /v2/course/{six.kura_course}/student/restore"]


@pytest.mark.parametrize("done", ["nothing_done", "part_done"])
@pytest.mark.parametrize("answer", ["refuse", "conflict"])
def test_one_address_that_kuracloud_takes_for_anothers_stops_nobody_else(
    sqlite_kit: Kit, clock: SetClock, done: Any, answer: Any
) -> None:
    """It folds more letters than we do: the two are one address there, and two here."""
    with world(sqlite_kit, clock, Dialect(refused_batch=done, duplicate_add=answer)) as made:
        made.set(unmanaged="keep")
        made.kura.put_student(made.kura_course, givenName="É", familyName="Lee", email="é@example.edu")
        for email in ("a@example.edu", "b@example.edu", "É@example.edu", "c@example.edu", "d@example.edu"):
            made.enrol(email=email)
        run = made.sync()
        assert run.counts == {"add": 4, "failed": 1}
        assert sorted(email for _, email, _ in made.kura.invites) == [f"{name}@example.edu" for name in "abcd"]
        assert made.sync().counts == {"conflicts": 1}


@pytest.mark.parametrize("kind", [name for name in KINDS if not name.startswith("reinvite")])
def test_a_batch_that_is_too_large_is_halved(
    sqlite_kit: Kit, clock: SetClock, kind: str
) -> None:
    with class_of_six(sqlite_kit, clock, Dialect(batch_maximum=2)) as made:
        KINDS[kind].prepare(made)
        made.kura.calls.clear()
        assert made.sync().counts == {KINDS[kind].action: 3}
        sizes = [(len(call.body), call.status) for call in made.kura.calls if call.method == "POST"]
        assert sizes == [(3, 400), (2, 200), (1, 200)]
        in_step(made)


def test_the_size_that_was_accepted_is_kept_for_the_rest_of_the_run(sqlite_kit: Kit, clock: SetClock) -> None:
    with world(sqlite_kit, clock, Dialect(batch_maximum=5)) as made:
        for _ in range(40):
            made.enrol()
        assert made.sync().counts == {"add": 40}
        sizes = [(len(call.body), call.status) for call in made.kura.calls if call.method == "POST"]
        assert [size for size, status in sizes if status == 400] == [40, 20, 10]
        assert [size for size, status in sizes if status == 200] == [5] * 8
        in_step(made)


def test_a_new_student_who_is_not_shown_is_reported_and_not_invited_again_unasked(six: World) -> None:
    six.enrol(email="new@example.edu")
    six.kura.faults.add(Fault("empty_list", match="GET .*/student$", skip=1, times=1))
    run = six.sync()
    assert (run.counts, failed(run)) == ({"failed": 1}, [("add", "kuraCloud does not show the added student.")])
    [lost] = [student for student in six.kura.students(six.kura_course) if student["email"] == "new@example.edu"]
    removed = six.kura.courses[six.kura_course].roster.active.pop(lost["studentId"])
    again = six.sync()
    assert [(held["action"], held["reasons"]) for held in again.plan["held"]] == [("add", ["invited_before"])]
    six.kura.courses[six.kura_course].roster.active[lost["studentId"]] = removed
    assert six.sync().counts == {"link": 1}
    in_step(six)


NOT_SHOWN = {
    "edit": "kuraCloud does not show the edited student.",
    "restore": "kuraCloud does not show the restored student.",
    "delete": "kuraCloud still shows the removed student.",
    "remove": "kuraCloud still shows the removed student.",
}


@pytest.mark.parametrize("kind", NOT_SHOWN)
def test_what_was_accepted_is_believed_only_when_it_is_shown(six: World, kind: str) -> None:
    """kuraCloud says yes and does nothing, or shows nobody afterwards."""
    KINDS[kind].prepare(six)
    six.kura.faults.add(Fault("exception", match=KINDS[kind].match, body=[]))
    if kind == "edit":
        six.kura.faults.add(Fault("empty_list", match="GET .*/student$", skip=1, times=1))
    links = six.links()
    run = six.sync()
    assert failed(run) == [(KINDS[kind].action, NOT_SHOWN[kind])] * 3
    assert run.counts == {"failed": 3}
    assert six.links() == links


def test_every_kind_of_write_has_its_audit_rows_with_who_answers_for_it(sqlite_kit: Kit, clock: SetClock) -> None:
    with class_of_six(sqlite_kit, clock) as made:
        deletes(made)
        made.moodle.rename_user(made.links()[4].userid, firstname="Anna")
        made.kura.delete_student(made.kura_course, made.links()[5].studentid)
        made.enrol()
        made.sync()
        told = [(row.operation, row.phase, row.actor, row.outcome) for row in rows(made)[2:]]
        begun_and_done = [
            [(operation, "begin", actor, None), (operation, "end", actor, "done")]
            for operation, actor in (
                ("restore_students", "kurasync"),
                ("edit_students", "kurasync"),
                ("add_students", "kurasync"),
                ("delete_students", "approved by a teacher"),
            )
        ]
        assert told == [row for pair in begun_and_done for row in pair]


def test_batches_are_answered_for_by_one_actor_each(six: World) -> None:
    """An approved addition and one that needs no approval go in two requests."""
    lost = six.links()[0]
    del six.kura.courses[six.kura_course].roster.active[lost.studentid]
    six.sync()
    approved(six)
    six.enrol()
    six.kura.calls.clear()
    assert six.sync().counts == {"add": 2}
    actors = [row.actor for row in rows(six)[2:] if row.phase == "begin"]
    assert actors == ["approved by a teacher", "kurasync"]
