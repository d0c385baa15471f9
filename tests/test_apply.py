"""Carrying out a plan: each kind of write refused, lost or cut off; nobody is invited twice (design.md 5, 6, 9)."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest
from fakeredis import FakeRedis, FakeServer

from app.errors import Refused
from app.kit import Kit
from app.planning.rules import Rules
from app.planning.students import Reading
from app.store import audit, runs, worklist
from app.store.runs import Run
from app.store.worklist import Claim
from app.sync import roster
from app.sync.ask import ask
from app.sync.connect import Sides
from app.sync.dispatch import Dispatcher
from app.sync.holds import approve
from app.sync.read import read_roster
from app.sync.turn import take_turn
from sandbox.faults import Fault
from sandbox.kuracloud.dialect import Dialect
from tests.conftest import SetClock
from tests.world import World, world

DAY = 86_400
LOOK_BEFORE_REMOVALS = ("core_course_get_courses_by_field", 2)


@dataclass(frozen=True)
class Kind:
    """One kind of write: how to bring about three of it, and the route that it takes."""

    prepare: Callable[[World], object]
    route: str
    action: str

    @property
    def match(self) -> str:
        return f"POST .*/{self.route}$"


def _adds(made: World) -> None:
    for _ in range(3):
        made.enrol()


def _edits(made: World) -> None:
    for link in made.links()[:3]:
        made.moodle.rename_user(link.userid, firstname="Anna")


def _restores(made: World) -> None:
    for link in made.links()[:3]:
        made.kura.delete_student(made.kura_course, link.studentid)


def _deletes(made: World) -> None:
    for link in made.links()[:3]:
        made.moodle.unenrol(link.userid, made.course)
    approved(made)


def _removes(made: World) -> None:
    for number in range(3):
        made.kura.put_student(made.kura_course, givenName="Bo", familyName="Lee", email=f"bo{number}@example.edu")
    approved(made)


def _reinvites(made: World) -> None:
    for link in made.links()[:3]:
        made.moodle.change_email(link.userid, f"new{link.userid}@example.edu")
    approved(made)


KINDS = {
    "add": Kind(_adds, "student", "add"),
    "edit": Kind(_edits, "edit", "edit"),
    "restore": Kind(_restores, "restore", "restore"),
    "delete": Kind(_deletes, "delete", "delete"),
    "remove": Kind(_removes, "delete", "remove_unmanaged"),
    "reinvite, its removal": Kind(_reinvites, "delete", "reinvite"),
    "reinvite, its invitation": Kind(_reinvites, "student", "reinvite"),
}
UNCLEAR = {
    "reset before": Fault("reset_before"),
    "reset after": Fault("reset_after"),
    "503": Fault("status", status=503),
    "500 after acting": Fault("status_after", status=500),
    "no answer": Fault("hang"),
    "no answer after acting": Fault("hang_after"),
    "half an answer": Fault("truncated"),
    "short answer": Fault("short_read"),
    "a page for people": Fault("html"),
    "late": Fault("late", seconds=0.05),
}


def approved(made: World) -> None:
    """What a run holds is approved, and not yet applied."""
    assert made.sync().outcome == "done"
    hold = made.hold()
    assert hold is not None
    approve(made.kit, hold.id, hold.digest, "a teacher")


@contextmanager
def class_of_six(kit: Kit, clock: SetClock, dialect: Dialect | None = None, **settings: Any) -> Iterator[World]:
    """Six students in step; more than three, so that nothing empties the course."""
    with world(replace(kit, settings=replace(kit.settings, **settings)), clock, dialect) as made:
        for number in range(6):
            made.enrol(idnumber=f"S{number}")
        assert made.sync().counts == {"add": 6}
        made.kura.calls.clear()
        yield made


@pytest.fixture
def six(sqlite_kit: Kit, clock: SetClock) -> Iterator[World]:
    with class_of_six(sqlite_kit, clock) as made:
        yield made


def in_step(made: World) -> None:
    """Both sides hold the same people, nobody was invited twice, and another run plans nothing."""
    made.kura.calls.clear()
    assert (made.sync().counts, made.hold(), made.writes()) == ({}, None, [])
    truth = {student["email"]: student["firstname"] for student in made.moodle.expected_students(made.course)}
    shown = {student["email"]: student["givenName"] for student in made.kura.students(made.kura_course)}
    assert shown == truth
    assert invited_twice(made) == []


def invited_twice(made: World) -> list[str]:
    return [address for address, times in Counter(email for _, email, _ in made.kura.invites).items() if times > 1]


def rows(made: World) -> list[audit.Entry]:
    """Audit rows of calls to kuraCloud, the oldest first."""
    with made.kit.database.reading() as tx:
        return list(reversed(audit.search(tx, mapping_id=made.mapping_id, system="kuracloud", limit=1000)))


def every_call_has_two_rows(made: World) -> bool:
    phases: dict[str, list[str]] = {}
    for row in rows(made):
        phases.setdefault(row.call_uid, []).append(row.phase)
    return all(found == ["begin", "end"] for found in phases.values())


def failed(run: Run) -> list[tuple[str, str]]:
    return [(each["action"], each["message"]) for each in run.plan["failed"]]


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
    _reinvites(six)
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
        _deletes(made)
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


# The lease


@contextmanager
def rival(made: World) -> Iterator[list[Claim]]:
    """Somebody who takes the lease away when told to, and gives it back at the end."""
    taken: list[Claim] = []
    yield taken
    with made.kit.database.transaction() as tx:
        worklist.release(tx, made.kit.database.now(tx), taken[0], worklist.Later(0.0))


def steal(made: World, taken: list[Claim], frozen: float = 0.0) -> None:
    """End the lease of the run under way, let another worker have the row, and let the run sleep for some seconds."""
    with made.kit.database.transaction() as tx:
        now = made.kit.database.now(tx)
        worklist.expire(tx, now, "test:", 0.0)
        worklist.reap(tx, now, recheck=600.0, dead_crashes=5, backoff=lambda _: 0.0)
        claim = worklist.claim(tx, now, made.mapping_id, "roster", "rival:1:1:1", 120.0, 2)
        assert claim is not None
        taken.append(claim)
    time.sleep(frozen)


def test_a_run_that_lost_its_lease_while_reading_writes_nothing_not_even_links(
    sqlite_kit: Kit, clock: SetClock
) -> None:
    with class_of_six(sqlite_kit, clock, lease=1.6) as made:  # renewed after 0.1 s
        made.kura.put_student(made.kura_course, givenName="Ana", familyName="Lee", email="by.hand@example.edu")
        made.enrol(email="by.hand@example.edu")
        with rival(made) as taken:
            made.before_call("core_group_get_course_groups", 1, partial(steal, made, taken, 0.15))
            assert first_outcome(made) == "lost"
            assert (made.writes(), len(made.links())) == ([], 6)
        assert made.sync().counts == {"link": 1}


def test_links_are_not_tied_by_a_run_whose_lease_ended_after_its_last_call(sqlite_kit: Kit, clock: SetClock) -> None:
    """Between the last answer and the commit there is no request whose fence would notice."""
    with class_of_six(sqlite_kit, clock) as made:
        made.kura.put_student(made.kura_course, givenName="Ana", familyName="Lee", email="by.hand@example.edu")
        made.enrol(email="by.hand@example.edu")
        ask(made.kit, made.mapping_id, "roster")
        with rival(made) as taken:

            def read(kit: Kit, both: Sides, rules: Rules) -> Reading:
                reading = read_roster(kit, both, rules)
                steal(made, taken)
                return reading

            assert turn(made, read) == "lost"
            assert (made.writes(), len(made.links()), made.hold()) == ([], 6, None)


def test_a_run_that_loses_its_lease_between_two_writes_stops_there_and_asks_for_another(
    sqlite_kit: Kit, clock: SetClock
) -> None:
    with class_of_six(sqlite_kit, clock, lease=1.6) as made:
        _deletes(made)
        made.enrol(email="new@example.edu")
        made.kura.calls.clear()
        with rival(made) as taken:
            made.before_call(*LOOK_BEFORE_REMOVALS, partial(steal, made, taken, 0.15))
            assert first_outcome(made) == "lost"
            assert made.writes() == [f"POST /v2/course/{made.kura_course}/student"]
            assert every_call_has_two_rows(made)
            with made.kit.database.reading() as tx:
                row = worklist.get(tx, made.mapping_id, "roster")
            assert row is not None
            assert row.wanted > taken[0].gen_to
        assert made.sync().counts == {"link": 1, "delete": 3}
        in_step(made)


def first_outcome(made: World) -> str:
    """The outcome of the next run; the rival's is still under way then."""
    ask(made.kit, made.mapping_id, "roster")
    return made.turn()


def test_a_worker_that_is_stopped_between_two_batches_leaves_the_rest_to_another(
    sqlite_kit: Kit, clock: SetClock
) -> None:
    with class_of_six(sqlite_kit, clock, batch_size=2) as made:
        for _ in range(6):
            made.enrol()
        made.kura.calls.clear()
        ask(made.kit, made.mapping_id, "roster")
        outcome = take_turn(made.kit, made.mapping_id, "roster", "test:1:0:0", lambda: len(made.writes()) >= 2)
        assert (outcome, len(made.writes()), len(made.kura.invites)) == ("later", 2, 10)
        assert every_call_has_two_rows(made)
        assert made.sync().counts == {"link": 4, "add": 2}
        in_step(made)


def test_a_call_whose_worker_died_is_ended_in_the_audit_when_its_run_is_taken_back(six: World) -> None:
    ask(six.kit, six.mapping_id, "roster")
    with six.kit.database.transaction() as tx:
        now = six.kit.database.now(tx)
        claim = worklist.claim(tx, now, six.mapping_id, "roster", "dead:1:1:1", 3.0, 2)
        assert claim is not None
        audit.begin(
            tx,
            now,
            actor="kurasync",
            system="kuracloud",
            operation="add_students",
            subject={},
            mapping_id=six.mapping_id,
            run_id=claim.run_id,
        )
    assert not every_call_has_two_rows(six)
    six.clock.advance(60)
    with FakeRedis(server=FakeServer()) as redis:
        Dispatcher(six.kit, redis).dispatch()
    assert every_call_has_two_rows(six)
    assert rows(six)[-1].outcome == "unknown"


# Limits over 24 hours


def proven(kit: Kit, both: Sides, rules: Rules) -> Reading:
    """A reading as with a total, by which a missing user is known to have left."""
    return replace(read_roster(kit, both, rules), proven=True)


def turn(made: World, read: roster.Reader) -> str:
    verbs = {"roster": partial(roster.run, read=read)}
    return take_turn(made.kit, made.mapping_id, "roster", "test:1:0:0", verbs=verbs)


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
    _deletes(six)
    hold = six.hold()
    assert hold is not None
    with pytest.raises(Refused, match="approved already"):
        approve(six.kit, hold.id, hold.digest, "another teacher")
